// Entries whose order an annotation says: the smaller number is looked at first.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action found(bit<32> mark) {
        h.op.result = mark;
    }

    table annotated {
        key = {
            h.op.left : ternary;
            h.op.right : range;
        }
        actions = { found; }
        const default_action = found(0xff);
        const entries = {
            @priority(30) (0x0010 &&& 0x00f0, _) : found(1);
            @priority(10) (0x0100 &&& 0x0f00, 5 .. 9) : found(2);
            @priority(20) (0x0110, 5 .. 6) : found(3);
        }
    }

    apply {
        annotated.apply();
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
