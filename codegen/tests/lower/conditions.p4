// Tables in conditions, and the order of side effects.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; }
struct meta_t { bit<8> p; bit<8> q; bool flag; }

bit<8> next(inout bit<8> value) {
    value = value + 1;
    return value;
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action set(bit<8> value) { m.p = value; }
    table first {
        key = { m.q: exact; }
        actions = { set; NoAction; }
    }
    table second {
        key = { m.p: ternary; h.x.isValid(): exact; m.q[3:0]: exact; }
        actions = { set; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 16;
    }
    apply {
        if (first.apply().hit) { m.q = 1; } else { m.q = 2; }
        if (!first.apply().hit) { m.q = 3; }
        if (first.apply().miss && m.flag) { m.q = 4; }
        if (m.flag && second.apply().hit) { m.q = 5; } else { m.q = 6; }
        if (m.flag || second.apply().hit) { m.q = 7; } else { m.q = 8; }
        m.flag = first.apply().hit;
        m.flag = m.flag && first.apply().miss;
        switch (first.apply().action_run) {
            set: { m.q = 9; }
            NoAction:
            default: { m.q = 10; }
        }
        switch (m.q) {
            1:
            2: { m.p = 1; }
            3: {}
            default: { m.p = 2; }
        }
        m.p = m.q + next(m.q) + m.q;
        m.p = m.flag ? next(m.q) : 3;
        m.p = m.flag ? m.q : 3;
    }
}

#include "include/around.p4"
