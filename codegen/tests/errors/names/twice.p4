// Names that two things have.
#include <core.p4>

header h_t { bit<8> a; bit<8> a; } //~ ERROR E0302 the field `a` is declared twice
header h_t { bit<8> b; } //~ ERROR E0302 `h_t` is declared twice
enum Color { red, red } //~ ERROR E0302 the member `red` is declared twice
const bit<8> X = 1;
const bit<8> X = 2; //~ ERROR E0302 `X` is declared twice

control c(inout bit<8> x, inout bit<8> x) { //~ ERROR E0302 `x` is declared twice
    bit<8> y;
    bit<8> y; //~ ERROR E0302 `y` is declared twice
    apply {
        bit<8> z;
        bit<8> z; //~ ERROR E0302 `z` is declared twice
        { bit<8> z; }
    }
}

parser p(inout bit<8> x) {
    state start { transition next; }
    state next { transition accept; }
    state next { transition accept; } //~ ERROR E0302 `next` is declared twice
}
