// Without core.p4 there is no action to fall back on, and no error.
struct s_t { bit<8> a; error e; } //~ ERROR E0301 nothing declares errors here

control C(inout s_t s) {
    action set() { s.a = 1; }
    table t { //~ ERROR E0610 the table `t` has no default action, and there is no `NoAction`
        actions = { set; }
    }
    table with_default {
        actions = { set; }
        default_action = set;
    }
    apply {
        t.apply();
        with_default.apply();
    }
}
