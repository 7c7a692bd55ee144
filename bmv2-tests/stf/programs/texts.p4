// Texts: constants of type string in annotations, messages and assertions about constants.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

const bit<16> LIMIT = 0x1000;
const bool CHECKED = static_assert(LIMIT > 0xff, "the limit has two bytes");

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        static_assert(LIMIT != 0);
        s.egress_spec = 1;
        log_msg("braces {} and a \"quoted\" word");
        log_msg("left {} right {}", { h.op.left, h.op.right });
        if (CHECKED && h.op.left < LIMIT) {
            h.op.result = 1;
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
