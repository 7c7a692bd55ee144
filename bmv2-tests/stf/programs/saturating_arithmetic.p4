// Saturating sums and differences, of unsigned and of signed numbers.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<8> sum = h.op.left[7:0] |+| h.op.right[7:0];
        bit<8> difference = h.op.left[7:0] |-| h.op.right[7:0];
        int<8> signed_sum = (int<8>)h.op.left[7:0] |+| (int<8>)h.op.right[7:0];
        int<8> signed_difference = (int<8>)h.op.left[7:0] |-| (int<8>)h.op.right[7:0];
        h.op.result = sum ++ difference ++ (bit<8>)signed_sum ++ (bit<8>)signed_difference;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
