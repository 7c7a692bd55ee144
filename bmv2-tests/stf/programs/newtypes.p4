// Types of their own: a newtype needs a cast to mix with its base, a typedef does not.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

typedef bit<16> plain_t;
type bit<16> port_id_t;

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        port_id_t in_port = (port_id_t)h.op.left;
        plain_t other = h.op.right;
        if (in_port == (port_id_t)7) {
            other = other + 1;
        }
        h.op.result = (bit<16>)in_port ++ other;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
