// Signed numbers: comparison, shift and widening keep the sign.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        int<16> left = (int<16>)h.op.left;
        int<16> right = (int<16>)h.op.right;
        bit<8> smaller = left < right ? 8w1 : 8w0;
        int<24> wide = (int<24>)(left >> 4);
        h.op.result = smaller ++ (bit<24>)wide;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
