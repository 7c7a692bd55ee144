// What is written twice, compared with what never changes, or falls through to nothing.
match_kind { exact, ternary }

header h_t { bit<8> a; bit<8> b; }
struct headers_t { h_t one; h_t two; h_t[2] more; }

control Main(inout headers_t headers, inout bit<8> x) {
    h_t mine;
    h_t[2] many;
    bool chosen = x == 1;
    action both(out bit<8> left, inout bit<8> right) { left = right; }
    action drop_one() { headers.one.setInvalid(); }
    action keep(bit<8> spare) { } //~ WARNING W0401 `spare` is unused
    table of_one_value {
        key = { 8w4: exact; x: ternary; } //~ WARNING W0409 this key has one value
        actions = { drop_one; keep; }
        const default_action = drop_one();
        const entries = {
            (4, 0x1f &&& 0x0f): keep(1); //~ WARNING W0409 what is matched is 0xf
        }
    }
    apply {
        both(headers.two.a, headers.two.a); //~ WARNING W0415 written by another argument
        of_one_value.apply();
        headers.one.a = 1; //~ WARNING W0404 may be not valid here is written
        if (headers.one.isValid() && x > 1) {
            headers.one.b = 2;
        }
        if (chosen) {
            mine.setValid();
        }
        mine.a = 1; //~ WARNING W0404 may be not valid here is written
        x = many[1].a; //~ WARNING W0404 not valid here is read
        switch (x) {
            1: { x = 2; }
            2: //~ WARNING W0413 this case has no body
        }
    }
}

control Shape(inout headers_t headers, inout bit<8> x);
package Top(Shape shape);
Top(Main()) main;
