// Types that the control plane sees as others: a port that is a number of 32 bits there, in a key and in an action's parameter.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

@p4runtime_translation("example.org/port", 32)
type bit<9> switch_port_t;

control Forward(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    switch_port_t came_from = (switch_port_t)s.ingress_port;

    action send_to(switch_port_t port, bit<32> mark) {
        s.egress_spec = (bit<9>)port;
        h.op.result = mark;
    }

    table wires {
        key = { came_from : exact @name("from"); }
        actions = { send_to; NoAction; }
        default_action = NoAction;
    }

    apply {
        s.egress_spec = 1;
        wires.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Forward(), NoEgress(), NoUpdate(), EmitAll()) main;
