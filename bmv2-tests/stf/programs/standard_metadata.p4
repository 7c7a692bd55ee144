// Metadata that the switch sets: the ports, the length, the time.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.op.left = 7w0 ++ s.ingress_port;
        h.op.right = (bit<16>)s.packet_length;
        h.op.result = s.ingress_global_timestamp > 0 ? 32w1 : 0;
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
