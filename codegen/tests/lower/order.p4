// What is evaluated first: parts of a list from left to right, the place of an assignment before its value.
#include <core.p4>
#include <v1model.p4>

header slot_h { bit<8> at; }
struct headers_t {
    slot_h head;
    slot_h[2] slots;
}
struct meta_t { bit<8> a; bit<8> b; }

parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(hdr.head);
        transition accept;
    }
}

bit<8> take(inout bit<8> value) {
    value = value - 1;
    return 5;
}

control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    action mark(bit<8> by) { meta.a = by; }
    table kinds {
        key = { hdr.head.at: ternary; }
        actions = { mark; NoAction; }
        const entries = {
            1 &&& 3: mark(1) @priority(2);
            1 &&& 7: mark(2) @priority(1);
        }
    }
    apply {
        meta = { hdr.head.at, take(hdr.head.at) };
        hdr.slots[hdr.head.at].at = take(hdr.head.at);
        hdr.head.at += take(hdr.head.at);
        kinds.apply();
    }
}
control V(inout headers_t hdr, inout meta_t meta) { apply { } }
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr); } }

V1Switch(P(), V(), I(), E(), V(), D()) main;
