// Tables that cannot be.
#include <core.p4>

control c(inout bit<8> x, inout bit<16> w) {
    action one() { }
    action two(bit<8> value) { x = value; }
    action three(inout bit<8> target) { target = 1; }
    table no_actions { key = { x : exact; } } //~ ERROR E0603 the table `no_actions` has no actions
    table not_listed {
        key = { x : exact; }
        actions = { one; }
        default_action = two(1); //~ ERROR E0604 `two` is not in the list of actions of the table `not_listed`
    }
    table unbound {
        actions = { two; one; three; } //~ ERROR E0405 arguments of `three` are missing: `target`
        default_action = two(); //~ ERROR E0405 arguments of `two` are missing: `value`
    }
    table entries_wrong {
        key = { x : exact; w : lpm; }
        actions = { one; two; }
        const entries = {
            (1, 2) : one();
            (1) : one(); //~ ERROR E0606 the table `entries_wrong` has 2 keys, but 1 values are given
            (1, 2, 3) : one(); //~ ERROR E0606 the table `entries_wrong` has 2 keys, but 3 values are given
            (true, 2) : one(); //~ ERROR E0401 expected `bit<8>`, but this is `bool`
            (1, 2) : two(); //~ ERROR E0405 arguments of `two` are missing: `value`
            (1, 2) : two(true); //~ ERROR E0401 expected `bit<8>`, but this is `bool`
        }
    }
    table size_wrong {
        actions = { one; }
        size = x; //~ ERROR E0501 `size` must be known at compile time
    }
    table keys_twice {
        key = { x : exact; }
        key = { w : exact; } //~ ERROR E0605 the property `key` is given twice
        actions = { one; }
    }
    action applies() { no_actions.apply(); } //~ ERROR E0602 tables are applied in the `apply` block of a control only
    apply {
        switch (not_listed.apply().action_run) {
            one: { }
            two: { } //~ ERROR E0604 `two` is no action of the table `not_listed`
            one: { } //~ ERROR E0505 this action has a case already
        }
        switch (x) {
            true: { } //~ ERROR E0401 expected `bit<8>`, but this is `bool`
        }
        if (not_listed.apply()) { } //~ ERROR E0401 expected `bool`, but this is `the result of a table`
        if (not_listed.apply().hits) { } //~ ERROR E0305 `the result of a table` has no member `hits`
        not_listed.apply(1); //~ ERROR E0405 `apply` of a table takes no arguments
    }
}
