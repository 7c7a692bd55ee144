// Names for the control plane that differ from the program's, and what it does not see at all.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Renamed(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    @name("send.to")
    action forward(@name("out") bit<9> port) {
        s.egress_spec = port;
    }

    @noWarn("unused") @name(".ports")
    table where_to {
        key = { h.op.left : exact @name("leftmost"); }
        actions = { forward; @tableonly NoAction; }
        default_action = forward(1);
        size = 16;
    }

    @hidden
    table unseen {
        actions = { NoAction; }
        const default_action = NoAction;
    }

    apply {
        where_to.apply();
        unseen.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Renamed(), NoEgress(), NoUpdate(), EmitAll()) main;
