// Structs, lists, headers, unions and stacks as values.
#define OWN_INGRESS
#define OWN_DEPARSER
#include "include/types.p4"

header_union either_t { one_t left; two_t right; }
struct pair_t { bit<8> first; bit<8> second; }
struct headers_t { one_t x; one_t y; two_t[2] stack; two_t[2] other; either_t either; }
struct meta_t { pair_t p; pair_t q; bit<8> index; bool same; tuple<bit<8>, bool> mixed; }

const pair_t FIXED = { 1, 2 };
const bit<16> WIDE = 0x1234;

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    pair_t local;
    one_t scratch;
    apply {
        m.p = m.q;
        m.p = { m.p.second, m.p.first };
        m.p = { second = 1, first = m.q.first };
        m.q = FIXED;
        m.q.first = FIXED.second;
        m.index = WIDE[15:8];
        m.same = m.p == m.q;
        m.mixed = { 5, m.same };
        m.index = m.mixed[0];
        local = m.p;
        h.x = h.y;
        h.x = { 1, 2 };
        h.x = {#};
        scratch = h.x;
        h.y = scratch;
        m.same = h.x == h.y;
        h.x.setValid();
        h.stack[1] = h.stack[0];
        h.stack[m.index].c = 3;
        h.stack[m.index + 1] = { 4 };
        h.stack = h.other;
        h.stack.push_front(1);
        h.either.left = h.x;
        h.either.right.setValid();
        m.same = h.either.isValid();
        h.either = {#};
        m.index = m.same ? h.x.a : h.y.a;
        h.x = m.same ? h.x : h.y;
    }
}

control D(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h);
    }
}

#include "include/around.p4"
