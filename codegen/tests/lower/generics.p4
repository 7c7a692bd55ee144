// Generic blocks, functions and structs.
#define OWN_INGRESS
#include "include/types.p4"

struct wrapped<T> { T value; bit<8> count; }
struct headers_t { one_t x; two_t y; }
struct meta_t { wrapped<bit<16>> w; wrapped<one_t> in_header; bit<16> a; bit<8> b; }

T either<T>(in T left, in T right, in bool first) {
    if (first) { return left; }
    return right;
}

control Count<T>(inout wrapped<T> w, in T value) {
    apply {
        w.value = value;
        w.count = w.count + 1;
    }
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Count<bit<16>>() numbers;
    Count<one_t>() headers;
    apply {
        m.a = either(m.a, 5, h.x.isValid());
        m.b = either<bit<8>>(1, m.b, false);
        numbers.apply(m.w, m.a);
        headers.apply(m.in_header, h.x);
    }
}

#include "include/around.p4"
