// Slices as values and on the left of an assignment.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.op.result[31:24] = h.op.left[11:4];
        h.op.result[23:20] = h.op.right[3:0];
        h.op.result[7:0] = h.op.result[31:24];
        bit<16> swapped = h.op.left;
        swapped[15:8] = h.op.left[7:0];
        swapped[7:0] = h.op.left[15:8];
        h.op.left = swapped;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
