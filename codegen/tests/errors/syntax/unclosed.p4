header first_t { //~ ERROR E0203 this `{` has no `}`
    bit<8> a;

header second_t {
    bit<8> b;
}

control c(inout bit<8> x) { //~ ERROR E0203 this `{` has no `}`
    apply {
        x = 1;
}

struct last_t { bit<8> c; }
} //~ ERROR E0207 expected a declaration, found `}`
