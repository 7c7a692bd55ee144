// What comes of a table decides what comes next: hits and misses in conditions, actions in switches, one within the other.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action set(bit<16> value) {
        h.op.right = value;
    }
    action add(bit<16> value) {
        h.op.right = h.op.right + value;
    }
    table outer {
        key = { h.op.left : exact; }
        actions = { set; add; NoAction; }
        const default_action = NoAction();
    }
    table inner {
        key = { h.op.right : ternary; }
        actions = { set; add; NoAction; }
        default_action = add(1);
    }
    table third {
        key = { h.op.right[7:0] : exact @name("low"); }
        actions = { NoAction; }
    }

    apply {
        s.egress_spec = 1;
        switch (outer.apply().action_run) {
            set: {
                if (inner.apply().hit) {
                    h.op.result[31:24] = 1;
                } else if (third.apply().miss) {
                    h.op.result[31:24] = 2;
                } else {
                    h.op.result[31:24] = 3;
                }
            }
            add:
            NoAction: {
                bool found = third.apply().hit;
                h.op.result[23:16] = found ? 8w0x11 : 0x22;
                if (!inner.apply().hit && h.op.left != 0) {
                    h.op.result[15:8] = 4;
                }
            }
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
