// Operators on booleans do not look further than they must; the conditional operator nests.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<16>>(1) calls;

    action count(out bool zero) {
        bit<16> seen;
        calls.read(seen, 0);
        calls.write(0, seen + 1);
        zero = false;
    }

    apply {
        bool ignored;
        if (h.op.left == 1 && h.op.right == 1) {
            count(ignored);
        }
        bool either = h.op.left == 1 || h.op.right == 1;
        bool neither = !either && h.op.left != 9;
        h.op.result = either ? 32w1 : neither ? 32w2 : 3;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
