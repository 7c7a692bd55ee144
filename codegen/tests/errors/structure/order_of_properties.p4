// Properties of tables in an order that the language does not have, and arguments that differ from the list of actions.
#include <core.p4>

struct s_t { bit<8> a; bit<8> b; }

control Deep() { apply { } }
control C(inout s_t s) {
    action set(inout bit<8> place, bit<8> value) { place = value; }
    action both(in bit<8> x, in bit<8> y) { s.a = x + y; }
    table default_first {
        default_action = NoAction; //~ ERROR E0602 `default_action` comes after `actions`
        actions = { NoAction; }
    }
    table entries_first {
        actions = { NoAction; }
        entries = { 1: NoAction; } //~ ERROR E0602 `entries` comes after `key`
        key = { s.a: exact; }
    }
    table bound {
        key = { s.a: exact; }
        actions = { set(s.a); both(s.a, s.b + 1); }
        default_action = set(s.b, 1); //~ ERROR E0614 `place` is another argument in the list of actions
        entries = {
            1: set(s.a, 7);
            2: both(s.a, s.b + 2); //~ ERROR E0614 `y` is another argument in the list of actions
            3: both(s.a, s.b + 1);
        }
    }
    table self {
        key = { self: exact; } //~ ERROR E0301 nothing is named `self` here //~ ERROR E0609 `self` is the table itself here
        actions = { NoAction; }
    }
    apply {
        default_first.apply();
        entries_first.apply();
        bound.apply();
        if (bound.apply().action_run == bound.apply().action_run) { } //~ ERROR E0602 `action_run` is only for `switch` to look at //~ ERROR E0602 `action_run` is only for `switch` to look at
        Deep() late; //~ ERROR E0602 objects cannot be instantiated in `apply` blocks
        set(_, 1); //~ ERROR E0404 `_` stands for `out` arguments only
        both(_, 1); //~ ERROR E0401 `_` stands for `out` arguments only
    }
}
