// Priorities of entries, and entries with one key.
#include <core.p4>

struct s_t { bit<8> a; bit<8> b; }

control C(inout s_t s) {
    action set(bit<8> value) { s.a = value; }
    table constant {
        key = { s.a: ternary; }
        actions = { set; }
        const entries = {
            priority = 5: 1: set(1); //~ ERROR E0613 `const entries` have no priorities: the first that matches is taken
        }
    }
    table exact_only {
        key = { s.a: exact; } //~ ERROR E0613 entries of a table with this key cannot overlap and have no priorities
        actions = { set; }
        entries = {
            priority = 5: 1: set(1);
        }
    }
    table late {
        key = { s.a: ternary; }
        actions = { set; }
        entries = {
            1: set(1); //~ ERROR E0613 the first entry needs a priority, since others have one
            priority = 5: 2: set(1);
        }
    }
    table below_zero { //~ ERROR E0613 the priorities of the entries of `below_zero` leave their range
        key = { s.a: ternary; }
        actions = { set; }
        priority_delta = 10;
        entries = {
            priority = 15: 1: set(1);
            2: set(1);
            3: set(1);
        }
    }
    table right {
        key = { s.a: ternary; s.b: exact; }
        actions = { set; }
        largest_priority_wins = false;
        entries = {
            priority = 15: (1, 1): set(1);
            (2, 1): set(1); //~ WARNING W0412 the entry below comes before this one, whose priority is 16
            priority = 10: (_, 1): set(1);
        }
    }
    table twice {
        key = { s.a: exact; s.b: exact; }
        actions = { set; }
        entries = {
            (1, 2): set(1);
            (2, 2): set(1);
            (1, 2): set(2); //~ ERROR E0505 another entry has the same key
        }
    }
    apply {
        constant.apply();
        exact_only.apply();
        late.apply();
        below_zero.apply();
        right.apply();
        twice.apply();
    }
}
