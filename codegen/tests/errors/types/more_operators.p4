// Operators that do not apply, and operands that do not go together.
control C(inout bit<8> a, inout bit<16> b, inout int<8> c, inout bool d, inout bit<8> r) {
    apply {
        r = a + b; //~ ERROR E0403 the operands of `+` have different types: `bit<8>` and `bit<16>`
        r = a & c; //~ ERROR E0403 the operands of `&` have different types: `bit<8>` and `int<8>`
        d = a < b; //~ ERROR E0403 the operands of `<` have different types: `bit<8>` and `bit<16>`
        d = a == b; //~ ERROR E0403 the operands of `==` have different types: `bit<8>` and `bit<16>`
        r = a + d; //~ ERROR E0402 `+` is not defined for `bool`
        d = !a; //~ ERROR E0402 `!` is not defined for `bit<8>`
        r = ~d; //~ ERROR E0402 `~` is not defined for `bool`
        r = -d; //~ ERROR E0402 `-` is not defined for `bool`
        d = d && a; //~ ERROR E0402 `&&` is not defined for `bit<8>`
        r = a << c; //~ ERROR E0402 the amount of a shift must not have a sign, but this is `int<8>`
        r = a << 2;
        r = a << -1; //~ ERROR E0503 a shift by a negative number
        r = a ++ 1; //~ ERROR E0414 this integer needs a width here
        c = c / c; //~ ERROR E0402 `/` is not defined for `int<8>`
        r = a / 0; //~ ERROR E0502 division by zero
        r = a % -1; //~ ERROR E0503 division is not defined for negative numbers
        r = 1 |+| 2; //~ ERROR E0414 this integer needs a width here
        d = d > d; //~ ERROR E0402 `>` is not defined for `bool`
    }
}
