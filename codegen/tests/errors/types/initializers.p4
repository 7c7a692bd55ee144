// Lists and struct expressions with the wrong parts.
header h_t { bit<8> x; bit<16> y; }
struct s_t { bit<8> left; bit<8> right; }

control C(inout s_t s, inout h_t h, inout bit<16> wide) {
    apply {
        s = { 1, 2 };
        s = { 1 }; //~ ERROR E0410 `s_t` has 2 fields, but 1 values are given
        s = { 1, 2, 3 }; //~ ERROR E0410 `s_t` has 2 fields, but 3 values are given
        s = { 1, wide }; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        s = { left = 1, right = 2 };
        s = { left = 1 }; //~ ERROR E0410 the fields `right` of `s_t` are missing
        s = { left = 1, rigth = 2 }; //~ ERROR E0305 `s_t` has no field `rigth`
        s = { left = 1, left = 2, right = 3 }; //~ ERROR E0410 the field `left` is given twice
        s = { left = 1, ... };
        h = { 1, 2 };
        h = {#};
        s = {#}; //~ ERROR E0401 expected `s_t`, but this is `{#}`
        h.x = { 1 }; //~ ERROR E0401 expected `bit<8>`, but this is `{int}`
        tuple<bit<8>, bit<16>> pair = { 1, 2 };
        wide = pair[1];
        wide = pair[2]; //~ ERROR E0412 there is no such element in `tuple<bit<8>, bit<16>>`
        wide = pair[0]; //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
    }
}
