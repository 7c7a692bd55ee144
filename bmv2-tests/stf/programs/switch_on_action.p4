// What a table did decides how a control goes on: action_run, hit and miss.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action keep() {}
    action double() {
        h.op.left = h.op.left << 1;
    }

    table kinds {
        key = { h.op.right : exact; }
        actions = { keep; double; NoAction; }
        default_action = NoAction();
    }

    apply {
        switch (kinds.apply().action_run) {
            keep: { h.op.result = 0xaa; }
            double: { h.op.result = 0xdb; }
            default: { h.op.result = 0xff; }
        }
        if (kinds.apply().hit) {
            h.op.result[31:24] = 1;
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
