// Messages to the log, and assertions and assumptions, which drop the packet if they do not hold.
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

control Check(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        log_msg("signed {}", { (int<16>)h.op.left - 2 });
        assert(h.op.left != h.op.right);
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), Check(), NoUpdate(), EmitAll()) main;
