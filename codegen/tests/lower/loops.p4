// Loops of a known number of rounds, stacks of unions, and cases for actions with arguments in the table's list.
#define OWN_INGRESS
#include "include/types.p4"

header_union either_t { one_t left; two_t right; }
struct headers_t { two_t[2] stack; either_t[2] either; }
struct meta_t { bit<8> total; bit<16> wide; }

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action add(in bit<8> amount) { m.total = m.total + amount; }
    table t {
        actions = { add(m.total); NoAction; }
        default_action = add(m.total);
    }
    apply {
        for (bit<8> i in 1 .. 3) {
            m.total = m.total + i;
        }
        for (two_t each in h.stack) {
            m.total = m.total + each.c;
        }
        h.either[1].left.setValid();
        h.either[0] = h.either[1];
        m.wide[11:4][3:0] = 5;
        switch (t.apply().action_run) {
            add: { m.wide = 1; }
        }
    }
}

#include "include/around.p4"
