// Values of other types than their places want.
#include <core.p4>

header h_t { bit<8> x; }
struct s_t { bit<8> x; bool flag; h_t h; }
enum Color { red, green }
enum bit<2> Kind { one = 1, two = 2 }

control C(inout s_t s, inout bit<16> wide, inout Kind kind, inout Color color) {
    apply {
        s.x = wide; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        s.flag = s.x; //~ ERROR E0401 expected `bool`, but this is `bit<8>`
        s.flag = 1; //~ ERROR E0401 expected `bool`, but this is `int`
        s.x = true; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
        kind = 1; //~ ERROR E0401 expected `Kind`, but this is `int`
        kind = (bit<2>)1; //~ ERROR E0401 expected `Kind`, but this is `bit<2>`
        color = Color.red;
        color = Kind.one; //~ ERROR E0401 expected `Color`, but this is `Kind`
        s.h = s; //~ ERROR E0401 expected `h_t`, but this is `s_t`
        s.x = error.NoMatch; //~ ERROR E0401 expected `bit<8>`, but this is `error`
        wide = s.x; //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
        int<16> signed = wide; //~ ERROR E0401 expected `int<16>`, but this is `bit<16>`
        bit<2> fine = kind;
        bit<3> not_fine = kind; //~ ERROR E0401 expected `bit<3>`, but this is `Kind`
    }
}
