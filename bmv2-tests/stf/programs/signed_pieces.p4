// Signed numbers put together, cut, and cast: widths and signs change in one step each.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        int<8> high = (int<8>)h.op.left[15:8];
        int<8> low = (int<8>)h.op.left[7:0];
        int<16> both = high ++ low;
        int<24> mixed = high ++ h.op.right;
        int<12> narrow = (int<12>)both;
        int<32> wide = (int<32>)narrow;
        bit<16> halved = (bit<16>)(both >> 1);
        h.op.result = (bit<32>)(wide + (int<32>)mixed);
        h.op.right = both[15:8] ++ (bit<8>)(int<8>)(int<4>)low[3:0];
        h.op.left = halved;
        if (both < -16s0x100 || narrow > 12s0x7f0) {
            h.op.left[0:0] = 1;
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
