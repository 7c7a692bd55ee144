// Integer constants of any size: they are exact before they get a width.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

const int BIG = 1 << 200;
const bit<32> FROM_BIG = (BIG >> 170) / 3;
const int<8> NEGATIVE = -(BIG >> 194);

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.op.result = FROM_BIG;
        h.op.left = (bit<16>)(0xffff_ffff_ffff_ffff_ffff & 0x1234);
        h.op.right = (bit<16>)(bit<8>)NEGATIVE;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
