// Controls in controls, with constructor parameters, and instances that differ.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Scale(inout bit<16> value)(bit<16> factor, bool negate) {
    apply {
        value = value * factor;
        if (negate) {
            value = -value;
        }
    }
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Scale(3, false) triple;
    Scale(2, true) opposite;

    apply {
        triple.apply(h.op.left);
        opposite.apply(h.op.right);
        h.op.result = (bit<32>)(h.op.left + h.op.right);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
