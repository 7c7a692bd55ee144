// Loops over a range and with a condition, with break and continue.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<32> sum = 0;
        for (bit<16> i = 0; i < 8; i = i + 1) {
            if (i == 2) {
                continue;
            }
            if (i == h.op.left) {
                break;
            }
            sum = sum + (bit<32>)i;
        }
        for (bit<32> i in 1 .. 3) {
            sum = sum * 2 + i;
        }
        h.op.result = sum;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
