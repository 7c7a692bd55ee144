// What is used before it is declared.
const bit<8> FIRST = SECOND + 1; //~ ERROR E0303 `SECOND` is used before its declaration
const bit<8> SECOND = 1;

control C(inout later_t value) { //~ ERROR E0303 `later_t` is used before its declaration
    apply {}
}

struct later_t {
    bit<8> x;
}
