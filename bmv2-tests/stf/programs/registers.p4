// Registers keep what one packet wrote for the next.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<32>>(16) totals;

    apply {
        bit<32> total;
        totals.read(total, (bit<32>)h.op.left);
        total = total + (bit<32>)h.op.right;
        totals.write((bit<32>)h.op.left, total);
        h.op.result = total;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
