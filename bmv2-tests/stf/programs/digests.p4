// Digests: what a program tells its control plane.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

struct seen_t {
    bit<16> left;
    bit<9> port;
}

control Report(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (h.op.right == 1) {
            digest<seen_t>(1, { h.op.left, s.ingress_port });
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Report(), NoEgress(), NoUpdate(), EmitAll()) main;
