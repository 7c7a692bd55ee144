// What `exit` and `return` end: the innermost control, or all of them, also from an action that a table runs further in.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Innermost(inout operands_t op, in bit<16> by) {
    action stop() {
        op.result[31:24] = 0x55;
        exit;
    }
    action go_on() {
        op.result[31:24] = 0x66;
        return;
    }
    table stops {
        key = { op.left : exact @name("left"); }
        actions = { stop; go_on; }
        const entries = {
            1: stop();
            2: go_on();
        }
        const default_action = go_on();
    }

    apply {
        stops.apply();
        if (by == 3) {
            return;
        }
        op.result[23:16] = 0x77;
    }
}

control Middle(inout operands_t op) {
    Innermost() first;
    Innermost() second;

    apply {
        first.apply(op, 3);
        second.apply(op, 4);
        if (op.right == 1) {
            exit;
        } else if (op.right == 2) {
            return;
        }
        op.result[15:8] = 0x88;
    }
}

control Outer(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Middle() middle;

    apply {
        s.egress_spec = 1;
        middle.apply(h.op);
        h.op.result[7:0] = 0x99;
    }
}

control Last(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.op.right = h.op.right + 0x100;
    }
}

V1Switch(ReadOperands(), NoVerify(), Outer(), Last(), NoUpdate(), EmitAll()) main;
