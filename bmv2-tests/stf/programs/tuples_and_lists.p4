// Tuples by index, and list and structure-valued expressions.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

struct sizes_t {
    bit<8> small;
    bit<16> large;
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        tuple<bit<16>, bit<8>> both = { h.op.left, h.op.right[7:0] };
        sizes_t sizes = { large = both[0], small = both[1] };
        sizes_t listed = { 8w7, 16w0x0102 };
        if (sizes == listed) {
            h.op.result = 1;
        } else {
            h.op.result = sizes.small ++ listed.small ++ (both[0] + listed.large);
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
