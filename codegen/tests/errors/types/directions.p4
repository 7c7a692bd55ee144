// Places that cannot be written.
#include <core.p4>

const bit<8> LIMIT = 4;

struct s_t { bit<8> x; }

extern void fill(out bit<8> value);
extern void change(inout bit<8> value);
extern void wide(out bit<16> value);

control C(in s_t given, inout s_t s, out bit<8> result) {
    action set(in bit<8> value, bit<8> data) {
        value = 1; //~ ERROR E0404 this cannot be assigned to: `value` is an `in` parameter
        data = 2; //~ ERROR E0404 this cannot be assigned to: `data` is a parameter without direction
        s.x = value + data;
    }
    apply {
        given.x = 1; //~ ERROR E0404 this cannot be assigned to: `given` is an `in` parameter
        LIMIT = 5; //~ ERROR E0404 this cannot be assigned to: `LIMIT` is a constant
        fill(s.x);
        fill(given.x); //~ ERROR E0404 an argument for an `out` parameter must be something that can be written: `given` is an `in` parameter
        fill(s.x + 1); //~ ERROR E0404 an argument for an `out` parameter must be something that can be written: it is a value, not a variable or field
        fill(3); //~ ERROR E0401 expected `bit<8>`, but this is `int` (nothing converts for `out`)
        fill(_);
        change(_); //~ ERROR E0404 `_` stands for `out` arguments only
        wide(s.x); //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>` (nothing converts for `out`)
        result = 1;
        set(1, 2);
    }
}
