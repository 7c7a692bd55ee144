// Constants that are none, or wrong.
#include <core.p4>

const bit<8> SMALL = 3;
const bit<8> ZERO = 0;
const bit<8> QUOTIENT = SMALL / ZERO; //~ ERROR E0502 division by zero
const int BIG = 1 << 100000; //~ ERROR E0504 the number is too large
const int NEGATIVE = -7 / 2; //~ ERROR E0503 division is not defined for negative numbers
const bool WRONG = 5; //~ ERROR E0401 expected `bool`, but this is `int`
const bit<(SMALL - 3)> EMPTY = 0;
const bool CHECKED = static_assert(SMALL == 4, "SMALL is 4"); //~ ERROR E0506 SMALL is 4

control C(inout bit<8> a, inout bit<16> b) {
    const bit<8> LOCAL = a; //~ ERROR E0501 the value of a constant must be known at compile time
    const bit<16> FINE = (bit<16>)SMALL;
    apply {
        b = FINE;
        bit<(a)> dynamic; //~ ERROR E0501 a width or size must be known at compile time
    }
}
