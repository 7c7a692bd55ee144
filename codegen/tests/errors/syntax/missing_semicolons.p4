header h_t {
    bit<8> a //~ ERROR E0202 expected `;` after field `a`
    bit<8> b;
    bit<8> c //~ ERROR E0202 expected `;` after field `c`
}
const bit<8> X = 3 //~ ERROR E0202 expected `;` after constant `X`
typedef bit<8> byte_t //~ ERROR E0202 expected `;` after `typedef byte_t`
control c(inout bit<8> x) {
    apply {
        x = 1 //~ ERROR E0202 expected `;` after the statement
        x = 2;
        bit<8> y = 3 //~ ERROR E0202 expected `;` after variable `y`
    }
}
