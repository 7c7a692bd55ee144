// Entries that share actions: members of an action profile, and groups of an action selector.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Share(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action_profile(8) members;
    action_selector(HashAlgorithm.crc16, 16, 8) spread;

    action set_port(bit<9> port) {
        s.egress_spec = port;
    }

    table by_left {
        key = { h.op.left : exact; }
        actions = { set_port; NoAction; }
        implementation = members;
    }

    table by_right {
        key = {
            h.op.right : exact;
            h.op.result : selector;
        }
        actions = { set_port; NoAction; }
        implementation = spread;
    }

    apply {
        s.egress_spec = 9;
        by_left.apply();
        by_right.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Share(), NoEgress(), NoUpdate(), EmitAll()) main;
