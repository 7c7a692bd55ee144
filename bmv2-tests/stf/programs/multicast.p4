// Multicast: a copy for each replica of a group, told apart in egress by egress_rid.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control In(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        s.mcast_grp = h.op.left;
    }
}

control Out(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.op.right = s.egress_rid;
        h.op.result = s.instance_type;
        if (s.egress_port == s.ingress_port) {
            mark_to_drop(s);
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), In(), Out(), NoUpdate(), EmitAll()) main;
