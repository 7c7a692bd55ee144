// Functions with in, out and inout parameters, and an action that is called directly.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

bit<32> squared(in bit<16> value) {
    return (bit<32>)value * (bit<32>)value;
}

void divide_by_16(inout bit<16> value, out bit<4> rest) {
    rest = value[3:0];
    value = value >> 4;
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action add_to_result(bit<32> amount) {
        h.op.result = h.op.result + amount;
    }

    apply {
        bit<4> rest;
        h.op.result = squared(h.op.left);
        divide_by_16(h.op.right, rest);
        add_to_result((bit<32>)rest);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
