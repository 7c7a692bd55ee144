// Priorities of entries: the annotation, the smallest that wins, and steps between those that are not said.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action found(bit<8> mark) {
        h.op.result = h.op.result << 8 | (bit<32>)mark;
    }

    table annotated {
        key = { h.op.left : ternary; }
        actions = { found; }
        const entries = {
            @priority(20) 0x0010 &&& 0x00f0 : found(1);
            @priority(10) 0x0100 &&& 0x0f00 : found(2);
        }
        const default_action = found(0xee);
    }
    table smallest_wins {
        key = { h.op.left : range; }
        actions = { found; }
        largest_priority_wins = false;
        entries = {
            const priority = 10 : 0x0000 .. 0x0fff : found(3);
            const priority = 5 : 0x0100 .. 0x01ff : found(4);
            const priority = 30 : _ : found(5);
        }
        const default_action = found(0xee);
    }
    table stepped {
        key = { h.op.left : ternary; }
        actions = { found; }
        largest_priority_wins = false;
        priority_delta = 5;
        entries = {
            const priority = 10 : 0x0010 &&& 0x00f0 : found(6);
            const 0x0100 &&& 0x0f00 : found(7);
            const priority = 12 : 0x0100 &&& 0xff00 : found(8);
        }
        const default_action = found(0xee);
    }

    apply {
        s.egress_spec = 1;
        annotated.apply();
        smallest_wins.apply();
        stepped.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
