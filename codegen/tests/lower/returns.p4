// `return` and `exit` in inlined bodies.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; }
struct meta_t { bit<8> p; bit<8> q; }

bit<8> early(in bit<8> value) {
    if (value == 0) {
        return 1;
    }
    return value;
}

control Part(inout bit<8> value) {
    apply {
        if (value == 1) {
            return;
        }
        if (value == 2) {
            exit;
        }
        value = 3;
    }
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Part() part;
    action stop() {
        if (m.p == 9) {
            return;
        }
        m.p = 10;
        exit;
    }
    apply {
        m.p = early(m.q);
        part.apply(m.p);
        stop();
        m.p = 11;
        if (m.q == 1) {
            return;
        }
        m.p = 12;
    }
}

#include "include/around.p4"
