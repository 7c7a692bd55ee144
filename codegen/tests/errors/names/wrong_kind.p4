// Types where values should be, and values where types should be.
#include <core.p4>

const bit<8> WIDTH = 8;

struct s_t { bit<8> x; }

control C(inout WIDTH a, inout s_t s) { //~ ERROR E0304 `WIDTH` is not a type
    apply {
        s.x = s_t; //~ ERROR E0401 expected `bit<8>`, but this is `the type s_t`
        bit<8> y = C; //~ ERROR E0303 `C` is used before its declaration
        WIDTH z; //~ ERROR E0304 `WIDTH` is not a type
        s = NoAction; //~ ERROR E0401 expected `s_t`, but this is `something to call`
    }
}
