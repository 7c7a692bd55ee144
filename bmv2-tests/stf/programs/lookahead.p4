// A parser that looks ahead, advances over bytes that it leaves to nobody, and selects on several values and masks.
#include <core.p4>
#include <v1model.p4>

header first_t {
    bit<4> kind;
    bit<12> value;
}

header second_t {
    bit<8> value;
}

struct headers_t {
    first_t first;
    second_t second;
}

struct meta_t {
    bit<8> path;
}

#include "include/empty_blocks.p4"

parser Look(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        m.path = 0;
        bit<4> kind = packet.lookahead<bit<4>>();
        bit<16> both = packet.lookahead<bit<16>>();
        transition select(kind, both[7:0]) {
            (1, _): first;
            (2, 8w0x10 .. 8w0x1f): skip;
            (2 &&& 2, 0xff): second;
            default: accept;
        }
    }
    state first {
        m.path = 1;
        packet.extract(h.first);
        transition accept;
    }
    state skip {
        m.path = 2;
        packet.advance(16);
        packet.extract(h.second);
        transition accept;
    }
    state second {
        m.path = 3;
        packet.extract(h.second);
        transition accept;
    }
}

control Leave(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = (bit<9>)m.path;
    }
}

V1Switch(Look(), NoVerify(), Leave(), NoEgress(), NoUpdate(), EmitAll()) main;
