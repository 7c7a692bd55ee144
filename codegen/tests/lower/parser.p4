// Sub-parsers, stacks, looking ahead, and selects.
#define OWN_PARSER
#define OWN_DEPARSER
#include "include/types.p4"

struct headers_t { one_t x; one_t y; two_t[3] stack; }
struct pair_t { bit<8> first; bit<8> second; }
struct meta_t { bit<8> p; pair_t pair; bit<32> index; }

error { Mine }

parser One(packet_in packet, out one_t one, inout bit<8> seen)(bit<8> limit) {
    bit<8> rounds = 0;
    state start {
        packet.extract(one);
        rounds = rounds + 1;
        seen = rounds;
        transition select(one.a) {
            0: reject;
            1 .. 5: again;
            limit: accept;
            default: accept;
        }
    }
    state again {
        verify(rounds < limit, error.Mine);
        transition start;
    }
}

parser P(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    One(3) first;
    One(4) second;
    value_set<bit<8>>(4) kinds;
    state start {
        first.apply(packet, h.x, m.p);
        m.p = m.p + 1;
        second.apply(packet, h.y, m.p);
        m.pair = packet.lookahead<pair_t>();
        transition select(packet.lookahead<bit<8>>(), m.p, h.x.isValid()) {
            (0x10 &&& 0xf0, 1, true): stack;
            (1, 2, _): stack;
            (_, _, false): accept;
        }
    }
    state stack {
        packet.extract(h.stack.next);
        m.index = h.stack.lastIndex;
        packet.advance(8);
        transition select(h.stack.last.c) {
            kinds: stack;
            5: stack;
            _: accept;
        }
    }
    state unreachable {
        transition start;
    }
}

control D(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.x);
        packet.emit(h.stack);
        packet.emit({ h.y, h.x });
    }
}

#include "include/around.p4"
