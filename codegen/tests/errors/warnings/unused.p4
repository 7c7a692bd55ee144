// What nothing refers to, and what is deprecated.
#include <core.p4>

struct s_t { bit<8> a; }

control Shape(inout s_t s);
package Top(Shape one);

@deprecated("use " ++ "fresh")
bit<8> stale() { return 1; }
bit<8> fresh() { return 2; }
bit<8> never() { return 3; } //~ WARNING W0401 the function `never` is unused

action of_nothing() { } //~ WARNING W0401 the action `of_nothing` is unused

control Part(inout s_t s) { apply { s.a = fresh(); } }
control Lonely(inout s_t s) { apply { s.a = 1; } } //~ WARNING W0401 the control `Lonely` is unused

control Main(inout s_t s) {
    bit<8> used = stale(); //~ WARNING W0410 `stale` is deprecated: use fresh
    bit<8> unused_one; //~ WARNING W0401 the variable `unused_one` is unused
    const bit<8> LIMIT = 4; //~ WARNING W0401 the constant `LIMIT` is unused
    action run() { s.a = used; }
    action rest() { s.a = 0; } //~ WARNING W0401 the action `rest` is unused
    table applied {
        actions = { run; }
        default_action = run();
    }
    table idle { //~ WARNING W0401 the table `idle` is unused
        actions = { run; }
        default_action = run();
    }
    @noWarn("unused") bit<8> meant;
    bit<8> _also_meant;
    Part() part;
    Part() spare; //~ WARNING W0401 the instance `spare` is unused
    apply {
        applied.apply();
        part.apply(s);
    }
}

@noWarn("no-such-kind") //~ WARNING W0414 there are no warnings of the kind `no-such-kind`
control Another(inout s_t s) { apply { s.a = 2; } } //~ WARNING W0401 the control `Another` is unused

Top(Main()) main;
