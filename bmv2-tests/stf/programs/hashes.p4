// Every hash algorithm of v1model over the same bytes, by the left operand.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action set_result(bit<32> value) {
        h.op.result = value;
    }

    apply {
        bit<32> found = 0;
        if (h.op.left == 0) {
            hash(found, HashAlgorithm.crc32, 32w0, { h.op.right }, 64w0x100000000);
        } else if (h.op.left == 1) {
            hash(found, HashAlgorithm.crc16, 32w0, { h.op.right }, 64w0x100000000);
        } else if (h.op.left == 2) {
            hash(found, HashAlgorithm.identity, 32w0, { h.op.right }, 64w0x100000000);
        } else if (h.op.left == 3) {
            hash(found, HashAlgorithm.csum16, 32w0, { h.op.right }, 64w0x100000000);
        } else if (h.op.left == 4) {
            hash(found, HashAlgorithm.xor16, 32w0, { h.op.right, 16w0x00ff }, 64w0x100000000);
        } else if (h.op.left == 5) {
            hash(found, HashAlgorithm.crc32, 32w10, { h.op.right }, 64w4);
        } else if (h.op.left == 6) {
            hash(found, HashAlgorithm.crc32_custom, 32w0, { h.op.right }, 64w0x100000000);
        } else if (h.op.left == 7) {
            hash(found, HashAlgorithm.crc16_custom, 32w0, { h.op.right }, 64w0x100000000);
        }
        set_result(found);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
