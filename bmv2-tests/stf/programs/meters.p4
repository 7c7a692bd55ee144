// An array of meters.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Police(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    meter(4, MeterType.packets) rates;

    apply {
        s.egress_spec = 1;
        rates.execute_meter((bit<32>)h.op.left, h.op.result);
    }
}

V1Switch(ReadOperands(), NoVerify(), Police(), NoEgress(), NoUpdate(), EmitAll()) main;
