// Slices and indexes out of range.
header h_t { bit<8> x; }

control C(inout bit<8> a, inout h_t[4] stack, inout bit<4> r, inout bit<8> i, inout bool flag) {
    apply {
        r = a[3:0];
        r = a[8:5]; //~ ERROR E0411 bit 8 is not in `bit<8>`
        r = a[0:3]; //~ ERROR E0411 the high bit 0 is below the low bit 3
        r = a[-1:0]; //~ ERROR E0411 a bound of a slice must not be negative
        r = a[i:0]; //~ ERROR E0501 a bound of a slice must be known at compile time
        r = a[4:0]; //~ ERROR E0401 expected `bit<4>`, but this is `bit<5>`
        a[7:4] = r;
        a[8:5] = r; //~ ERROR E0411 bit 8 is not in `bit<8>`
        r = flag[3:0]; //~ ERROR E0402 `[:]` is not defined for `bool`
        stack[4].x = 1; //~ ERROR E0412 there is no element 4 in `h_t[4]`
        stack[i].x = 1;
        stack[flag].x = 1; //~ ERROR E0412 an index is a number, not `bool`
        stack[-1].x = 1; //~ ERROR E0412 there is no element -1 in `h_t[4]`
        r = a[0+:9]; //~ ERROR E0411 `bit<8>` has no 9 bits from bit 0 on
        a[1] = 1; //~ ERROR E0402 `[]` is not defined for `bit<8>`
    }
}
