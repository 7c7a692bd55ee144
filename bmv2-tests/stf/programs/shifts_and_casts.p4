// Shifts by constants and by values, concatenation, and casts between bool, bit and int.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<16> far = h.op.left << 17;
        bit<16> near = h.op.left >> (bit<8>)h.op.right;
        bool odd = (bool)h.op.left[0:0];
        bit<8> flags = (bit<1>)odd ++ 7w0x55;
        h.op.result = far[7:0] ++ near[7:0] ++ flags ++ (bit<8>)(int<8>)(int<4>)h.op.left[3:0];
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
