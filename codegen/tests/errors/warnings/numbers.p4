// Numbers that do not fit, and names that hide others.
const bit<8> TOO_LARGE = 256; //~ WARNING W0401 the constant `TOO_LARGE` is unused //~ WARNING W0408 256 does not fit in `bit<8>` and becomes 0
const bit<8> FITS = 255; //~ WARNING W0401 the constant `FITS` is unused
const bit<8> NEGATIVE = -1; //~ WARNING W0401 the constant `NEGATIVE` is unused //~ WARNING W0409 a negative number for the unsigned `bit<8>` becomes 255
const int<8> LOWEST = -128; //~ WARNING W0401 the constant `LOWEST` is unused
const int<8> TOO_HIGH = 128; //~ WARNING W0401 the constant `TOO_HIGH` is unused //~ WARNING W0408 128 does not fit in `int<8>` and becomes -128
const bit<4> WIDE = 4w16; //~ WARNING W0401 the constant `WIDE` is unused //~ WARNING W0408 16 does not fit in `bit<4>` and becomes 0
const bit<8> COMPUTED = (1 << 9) - 1; //~ WARNING W0401 the constant `COMPUTED` is unused

control C(inout bit<8> x) { //~ WARNING W0401 the control `C` is unused
    bit<8> y = 1;
    action set(bit<8> y) { x = y; } //~ WARNING W0407 `y` hides another declaration of this name
    table t {
        actions = { set; }
        default_action = set(300); //~ WARNING W0408 300 does not fit in `bit<8>` and becomes 44
    }
    apply {
        t.apply();
        if (x == 1) {
            bit<8> y = 2; //~ WARNING W0407 `y` hides another declaration of this name
            x = y;
        }
        x = y;
    }
}
