// return leaves a control, exit leaves the whole pipeline; both after what came before.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Inner(inout headers_t h) {
    apply {
        if (h.op.left == 1) {
            return;
        }
        h.op.result[7:0] = 0x11;
        if (h.op.left == 2) {
            exit;
        }
        h.op.result[15:8] = 0x22;
    }
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Inner() inner;

    apply {
        s.egress_spec = 2;
        inner.apply(h);
        h.op.result[31:24] = 0x44;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
