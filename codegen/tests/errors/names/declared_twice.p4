// Names that are declared twice in one scope.
#include <core.p4>

const bit<8> LIMIT = 1;
const bit<8> LIMIT = 2; //~ ERROR E0302 `LIMIT` is declared twice

struct pair_t {
    bit<8> left;
    bit<8> left; //~ ERROR E0302 the field `left` is declared twice
}

enum Color { red, green, red } //~ ERROR E0302 the member `red` is declared twice

error {
    NoError, //~ ERROR E0302 the error `NoError` is declared twice
    Mine,
    Mine //~ ERROR E0302 the error `Mine` is declared twice
}

match_kind { exact } //~ ERROR E0302 the match kind `exact` is declared twice

control C(inout bit<8> x) {
    bit<8> y = 0;
    bit<8> y = 1; //~ ERROR E0302 `y` is declared twice
    bit<8> x;
    apply {
        bit<8> z = 0;
        { bit<8> z = 1; }
        bit<8> z = 2; //~ ERROR E0302 `z` is declared twice
    }
}

parser P() {
    state start { transition accept; }
    state start { transition accept; } //~ ERROR E0302 `start` is declared twice
    state accept { transition reject; } //~ ERROR E0302 the state `accept` is part of every parser
}
