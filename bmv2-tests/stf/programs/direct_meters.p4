// A meter for each entry of a table, and how long ago each entry was hit.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Police(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    direct_meter<bit<32>>(MeterType.packets) rate;

    action measure() {
        rate.read(h.op.result);
    }

    table by_left {
        key = { h.op.left : exact; }
        actions = { measure; NoAction; }
        meters = rate;
        support_timeout = true;
        size = 16;
    }

    apply {
        s.egress_spec = 1;
        by_left.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Police(), NoEgress(), NoUpdate(), EmitAll()) main;
