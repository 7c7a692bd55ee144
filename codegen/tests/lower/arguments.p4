// Storage stands for itself where nothing can tell, and is copied where something can.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; one_t y; }
struct meta_t { bit<8> p; bit<8> q; bit<16> w; }

bit<8> sum(in bit<8> a, in bit<8> b) {
    return a + b;
}

void swap(inout bit<8> a, inout bit<8> b) {
    bit<8> saved = a;
    a = b;
    b = saved;
}

control Copy(in one_t from, out one_t to) {
    apply {
        to = from;
        to.a = 1;
    }
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Copy() copy;
    Copy() copy_again;

    action add(inout bit<8> to, in bit<8> value) {
        m.q = 5;
        to = to + value;
    }

    apply {
        swap(m.p, m.q);
        swap(m.p, m.p);
        copy.apply(h.x, h.y);
        copy_again.apply(h.x, h.x);
        add(m.p, m.q);
        add(m.p, 7);
        m.p = sum(m.q, sum(m.p, 1));
        m.w[7:0] = sum(m.w[15:8], 2);
        swap(m.w[7:0], m.w[15:8]);
    }
}

#include "include/around.p4"
