// One mistake does not hide the next, and none is reported twice.
control C(inout bit<8> x) {
    missing_t value; //~ ERROR E0301 nothing is named `missing_t` here
    apply {
        value.field = 1;
        value.other.deep = x;
        x = value.field + unknown; //~ ERROR E0301 nothing is named `unknown` here
        x = 16w1; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        x = unknown2(value, x); //~ ERROR E0301 nothing is named `unknown2` here
        if (x) { //~ ERROR E0401 expected `bool`, but this is `bit<8>`
            x = true; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
        }
    }
}
