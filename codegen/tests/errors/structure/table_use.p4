// Tables and actions that are used where they cannot be.
#include <core.p4>

control C(inout bit<8> x) {
    action set(bit<8> value) { x = value; }
    action again() {}
    action nested() {
        t.apply(); //~ ERROR E0301 nothing is named `t` here
    }
    table t {
        actions = { set; again; }
    }
    action late() {
        t.apply(); //~ ERROR E0602 tables are applied in the `apply` block of a control only
    }
    apply {
        t.apply(1); //~ ERROR E0405 `apply` of a table takes no arguments
        t(); //~ ERROR E0406 `t` cannot be called
        bool b = t.apply(); //~ ERROR E0401 expected `bool`, but this is `the result of a table`
        if (t.apply()) {} //~ ERROR E0401 expected `bool`, but this is `the result of a table`
        if (t.apply().hit) {}
        if (t.apply().hits) {} //~ ERROR E0305 `the result of a table` has no member `hits`
        switch (t.apply().action_run) {
            set: {}
            set: {} //~ ERROR E0505 this action has a case already
            late: {} //~ ERROR E0604 `late` is no action of the table `t`
            missing: {} //~ ERROR E0301 nothing is named `missing` here
            1: {} //~ ERROR E0401 a label here is the name of an action
            default: {}
            again: {} //~ ERROR E0610 nothing comes after `default`
        }
        switch (x) {
            1: {}
            1: {} //~ ERROR E0505 this value has a case already
            true: {} //~ ERROR E0401 expected `bit<8>`, but this is `bool`
            x: {} //~ ERROR E0501 a label must be known at compile time
            default: {}
        }
        switch (x == 1) {
            true: {}
        }
    }
}
