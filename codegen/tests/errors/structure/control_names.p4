// Names for the control plane that are missing or given twice, and actions in places that their annotations forbid.
#include <core.p4>
#include <v1model.p4>

header h_t { bit<8> a; }
struct headers_t { h_t h; }
struct metadata_t { bit<8> m; }

parser P(packet_in packet, out headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    state start { packet.extract(headers.h); transition accept; }
}
control V(inout headers_t headers, inout metadata_t metadata) { apply { } }
control I(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    action set(bit<8> value) { metadata.m = value; }
    @name("set") action other() { metadata.m = 1; } //~ ERROR E0708 two actions have the name `I.set` for the control plane
    table first {
        key = { metadata.m: exact; }
        actions = { set; other; }
    }
    @name("first") table second { //~ ERROR E0708 two tables have the name `I.first` for the control plane
        actions = { set; }
    }
    apply {
        first.apply();
        second.apply();
    }
}
control E(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t headers) { apply { packet.emit(headers); } }

V1Switch(P(), V(), I(), E(), V(), D()) main;
