// Table entries that do not fit.
#include <core.p4>

match_kind { range }

struct s_t { bit<8> a; bit<16> b; }

control C(inout s_t s, inout bit<8> result) {
    action set(bit<8> value) { result = value; }
    action other() {}

    table t {
        key = {
            s.a: exact;
            s.b: ternary;
        }
        actions = { set; }
        const entries = {
            (1, 2): set(1);
            (1, 2 &&& 3): set(1);
            (1, _): set(1);
            (1, 2, 3): set(1); //~ ERROR E0606 the table `t` has 2 keys, but 3 values are given
            1: set(1); //~ ERROR E0606 the table `t` has 2 keys, but 1 values are given
            (true, 2): set(1); //~ ERROR E0401 expected `bit<8>`, but this is `bool`
            (s.a, 2): set(1); //~ ERROR E0501 what a value is compared with must be known at compile time
            (1, 2): other(); //~ ERROR E0604 `other` is not in the list of actions of the table `t`
            (1, 2): set(); //~ ERROR E0405 arguments of `set` are missing: `value`
            (1, 2): set(1, 2); //~ ERROR E0405 `set` takes 1 arguments, but 2 are given
        }
    }
    table without_key { //~ ERROR E0606 the table `without_key` has entries but no key
        actions = { set; }
        const entries = {
            1: set(1);
        }
    }
    apply {
        t.apply();
        without_key.apply();
    }
}
