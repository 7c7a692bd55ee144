// Indirect counters, indexed by the program, and direct counters, one for each entry.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    counter(8, CounterType.packets_and_bytes) seen;
    direct_counter(CounterType.packets) hits;

    action known() {
        hits.count();
    }

    table lefts {
        key = { h.op.left : exact; }
        actions = { known; NoAction; }
        default_action = NoAction();
        counters = hits;
    }

    apply {
        lefts.apply();
        seen.count((bit<32>)h.op.right);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
