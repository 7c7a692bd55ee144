// Operands that do not fit.
#include <core.p4>

header h_t { bit<8> a; }
struct s_t { bit<8> a; }
enum Color { red, green }

control c(inout bit<8> x, inout bit<16> w, inout int<8> i, inout bool b, inout h_t h, inout s_t s) {
    apply {
        x = w; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        w = x + w; //~ ERROR E0403 the operands of `+` have different types: `bit<8>` and `bit<16>`
        x = b; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
        b = x; //~ ERROR E0401 expected `bool`, but this is `bit<8>`
        x = true + 1; //~ ERROR E0402 `+` is not defined for `bool`
        b = x && b; //~ ERROR E0402 `&&` is not defined for `bit<8>`
        b = !x; //~ ERROR E0402 `!` is not defined for `bit<8>`
        x = ~b; //~ ERROR E0402 `~` is not defined for `bool`
        x = -b; //~ ERROR E0402 `-` is not defined for `bool`
        b = x == w; //~ ERROR E0403 the operands of `==` have different types: `bit<8>` and `bit<16>`
        b = h < h; //~ ERROR E0402 `<` is not defined for `h_t`
        x = i; //~ ERROR E0401 expected `bit<8>`, but this is `int<8>`
        x = x + i; //~ ERROR E0403 the operands of `+` have different types: `bit<8>` and `int<8>`
        x = x ++ x; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        x = w[7:8]; //~ ERROR E0411 the high bit 7 is below the low bit 8
        x = w[16:9]; //~ ERROR E0411 bit 16 is not in `bit<16>`
        x = b ? w : x; //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
        if (x) { x = 1; } //~ ERROR E0401 expected `bool`, but this is `bit<8>`
        x = (bit<8>) h; //~ ERROR E0409 `h_t` cannot be cast to `bit<8>`
        x = (bool) w; //~ ERROR E0409 `bit<16>` cannot be cast to `bool`
        x = "text"; //~ ERROR E0401 expected `bit<8>`, but this is `string`
        x = Color.red; //~ ERROR E0401 expected `bit<8>`, but this is `Color`
        h = s; //~ ERROR E0401 expected `h_t`, but this is `s_t`
        x = x.a; //~ ERROR E0305 `bit<8>` has no member `a`
        x = x[0]; //~ ERROR E0402 `[]` is not defined for `bit<8>`
        x += w; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        x = x << i; //~ ERROR E0402 the amount of a shift must not have a sign, but this is `int<8>`
    }
}
