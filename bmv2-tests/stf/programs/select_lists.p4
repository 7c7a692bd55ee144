// Transitions that select by several values at once: with masks, ranges, wildcards, booleans, errors, enums and signed numbers.
#include <core.p4>
#include <v1model.p4>

enum bit<8> kind_t {
    first = 0x11,
    second = 0x22
}

header choice_t {
    kind_t kind;
    bit<8> low;
    int<8> signed;
    bit<7> rest;
    bool flag;
}

header way_t {
    bit<8> way;
}

struct headers_t {
    way_t way;
    choice_t choice;
}

struct meta_t {
    bit<8> way;
}

#include "include/empty_blocks.p4"

const bit<8> LIMIT = 0x40;

parser ReadChoice(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.choice);
        transition select(h.choice.kind, h.choice.low, h.choice.flag) {
            (kind_t.first, 0x10 .. LIMIT - 1, true) : one;
            (kind_t.first, 0x80 &&& 0xc0, _) : two;
            (kind_t.second, default, false) : signed;
            (_, 0xff, true) : three;
            (kind_t.second, _, _) : four;
            default : accept;
        }
    }
    state signed {
        transition select(h.choice.signed, h.choice.rest ++ 1w0) {
            (-8s5 .. 8s3, 0) : five;
            (-1 &&& -8s16, _) : six;
            _ : accept;
        }
    }
    state one {
        m.way = 1;
        transition accept;
    }
    state two {
        m.way = 2;
        transition accept;
    }
    state three {
        m.way = 3;
        transition accept;
    }
    state four {
        m.way = 4;
        transition accept;
    }
    state five {
        m.way = 5;
        transition accept;
    }
    state six {
        m.way = 6;
        transition accept;
    }
}

control Tell(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        h.way = { m.way };
    }
}

V1Switch(ReadChoice(), NoVerify(), Tell(), NoEgress(), NoUpdate(), EmitAll()) main;
