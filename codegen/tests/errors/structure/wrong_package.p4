// Blocks in the wrong places of the package.
#include <core.p4>
#include <v1model.p4>

header h_t { bit<8> a; }
struct headers_t { h_t h; }
struct metadata_t { }

parser P(packet_in packet, out headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    state start { packet.extract(headers.h); transition accept; }
}
control V(inout headers_t headers, inout metadata_t metadata) { apply { } }
control I(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t headers) { apply { packet.emit(headers); } }

V1Switch(P(), V(), V(), I(), V(), D()) main; //~ ERROR E0401 expected `Ingress<headers_t, metadata_t>`, but this is `V`
