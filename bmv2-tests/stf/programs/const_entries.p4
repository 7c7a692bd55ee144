// Entries that the program says, with priorities of their own, and table properties.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action found(bit<8> mark) {
        h.op.result = h.op.result << 8 | (bit<32>)mark;
    }

    table in_order {
        key = { h.op.left : ternary; }
        actions = { found; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 4;
        const entries = {
            0x0010 &&& 0x00f0 : found(1);
            0x0100 &&& 0x0f00 : found(2);
            _ : found(3);
        }
    }

    table largest_wins {
        key = { h.op.left : ternary; }
        actions = { found; }
        const default_action = found(0xee);
        largest_priority_wins = true;
        priority_delta = 10;
        entries = {
            const priority = 10 : 0x0010 &&& 0x00f0 : found(4);
            priority = 30 : 0x0100 &&& 0x0f00 : found(5);
        }
    }

    table exactly {
        key = {
            h.op.left : exact;
            h.op.isValid() : exact;
        }
        actions = { found; }
        const entries = {
            (0x0110, true) : found(6);
            (0x0110, false) : found(7);
        }
        default_action = found(8);
    }

    apply {
        s.egress_spec = 1;
        in_order.apply();
        largest_wins.apply();
        exactly.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
