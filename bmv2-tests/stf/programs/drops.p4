// Packets that are dropped in ingress, in egress, and not after all.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control In(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (h.op.left == 1) {
            mark_to_drop(s);
        }
        if (h.op.left == 2) {
            mark_to_drop(s);
            s.egress_spec = 2;
        }
    }
}

control Out(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        if (h.op.left == 3) {
            mark_to_drop(s);
        }
        h.op.result = (bit<32>)s.egress_port;
    }
}

V1Switch(ReadOperands(), NoVerify(), In(), Out(), NoUpdate(), EmitAll()) main;
