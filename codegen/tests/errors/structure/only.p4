// Actions in places that their annotations forbid.
#include <core.p4>

control C(inout bit<8> x) {
    action set(bit<8> value) { x = value; }
    action keep() {}
    table t {
        key = { x: exact; }
        actions = {
            @tableonly set;
            @defaultonly keep;
        }
        default_action = set(1); //~ ERROR E0604 `set` is `@tableonly` and cannot be the default action
        entries = {
            1: set(2);
            2: keep(); //~ ERROR E0604 `keep` is `@defaultonly` and cannot be an entry
        }
    }
    apply {
        t.apply();
    }
}
