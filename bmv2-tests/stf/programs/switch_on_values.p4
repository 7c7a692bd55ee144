// A switch over values, with labels that share a block, and a default.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        switch (h.op.left) {
            1: { h.op.result = 0x11; }
            2:
            3: { h.op.result = 0x23; }
            default: { h.op.result = 0xdd; }
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
