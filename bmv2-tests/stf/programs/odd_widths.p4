// Numbers of widths that are no whole bytes: each wraps at its own width.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<3> three = h.op.left[2:0] + h.op.right[2:0];
        bit<13> thirteen = (bit<13>)h.op.left * (bit<13>)h.op.right;
        int<5> five = (int<5>)h.op.left[4:0] - (int<5>)h.op.right[4:0];
        h.op.result = 11w0 ++ three ++ thirteen ++ (bit<5>)five;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
