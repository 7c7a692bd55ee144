// Arithmetic: what is folded, widths, signs and casts.
#define OWN_INGRESS
#include "include/types.p4"

const int BIG = (1 << 80) / 3;
const bit<8> SMALL = (bit<8>)BIG;
enum Plain { none, some }
enum bit<4> Kind { low = 1, high = 15 }
type bit<8> id_t;

struct headers_t { one_t x; }
struct meta_t { bit<8> a; bit<16> b; int<8> c; bool d; Plain e; Kind f; id_t g; error h; }

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        m.a = SMALL;
        m.a = 300;
        m.a = -1;
        m.c = -1;
        m.c = 200;
        m.a = m.a + 1;
        m.a = 2 - m.a;
        m.b = (bit<16>)m.a;
        m.b = (bit<16>)(int<16>)(int<8>)m.a;
        m.b = m.a ++ m.a;
        m.b = m.a ++ 8w3;
        m.a = m.b[11:4];
        m.b[11:4] = m.a;
        m.b[3:0] = 5;
        m.a = m.a << 3;
        m.a = m.a >> m.a;
        m.c = m.c >> 2;
        m.a = m.a |+| 200;
        m.d = (bool)m.a[0:0];
        m.a[0:0] = (bit<1>)m.d;
        m.e = Plain.some;
        m.d = m.e == Plain.none;
        m.f = Kind.high;
        m.f = (Kind)m.a[3:0];
        m.a = (bit<8>)m.f;
        m.g = (id_t)m.a;
        m.h = error.NoMatch;
        m.a = one_t.minSizeInBytes() + (bit<8>)h.x.minSizeInBits();
        m.a = m.a / 3 * 2 % 5;
        m.a += 1;
        m.a <<= 1;
        m.a = ~m.a & -m.a;
        if (BIG > 3) { m.a = 1; } else { m.a = 2; }
        m.a = m.b[m.a+:8];
    }
}

#include "include/around.p4"
