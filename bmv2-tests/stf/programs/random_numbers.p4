// Random numbers stay within their bounds.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<16> drawn;
        random(drawn, 5, 8);
        h.op.result = drawn >= 5 && drawn <= 8 ? 32w1 : 0;
        random(drawn, h.op.left, h.op.left);
        h.op.right = drawn;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
