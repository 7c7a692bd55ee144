// Messages to the log, assertions and assumptions that hold.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        log_msg("a packet");
        log_msg("left {} right {}", { h.op.left, h.op.right });
        assert(h.op.left < 0x8000);
        assume(h.op.right < 0x8000);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
