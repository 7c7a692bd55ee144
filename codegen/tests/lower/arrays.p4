// Arrays of numbers and structs, and stacks of header unions, by indexes that are computed.
#include <core.p4>
#include <v1model.p4>

header short_h { bit<8> a; }
header long_h { bit<16> a; }
header_union either_h {
    short_h small;
    long_h large;
}
header list_h {
    bit<8> at;
    bit<4>[2] halves;
}
struct pair_t { bit<8> x; bool y; }
struct headers_t {
    list_h list;
    either_h[2] either;
}
struct meta_t {
    pair_t[3] pairs;
    bit<8> found;
}

parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(hdr.list);
        packet.extract(hdr.either.next.small);
        transition select(hdr.either.last.small.a) {
            0: accept;
            default: more;
        }
    }
    state more {
        packet.extract(hdr.either.next.large);
        transition accept;
    }
}

void change(inout bit<8> value, inout bit<8> at) {
    at = 7;
    value = value + 1;
}

control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    apply {
        meta.pairs[hdr.list.at].x = 1;
        meta.found = meta.pairs[hdr.list.at].x;
        if (hdr.either[hdr.list.at].small.isValid()) {
            hdr.either[hdr.list.at].large.setValid();
        }
        // The element is settled before the call changes the index.
        change(meta.pairs[hdr.list.at].x, hdr.list.at);
        hdr.list.halves[1] = hdr.list.halves[0];
    }
}
control V(inout headers_t hdr, inout meta_t meta) { apply { } }
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr); } }

V1Switch(P(), V(), I(), E(), V(), D()) main;
