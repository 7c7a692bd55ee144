// A table for each match kind, filled by the control plane.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action found(bit<8> mark) {
        h.op.result = h.op.result << 8 | (bit<32>)mark;
    }

    action missed() {
        h.op.result = h.op.result << 8;
    }

    table exactly {
        key = { h.op.left : exact; }
        actions = { found; missed; }
        default_action = missed();
    }

    table longest {
        key = { h.op.left : lpm; }
        actions = { found; missed; }
        default_action = missed();
    }

    table masked {
        key = {
            h.op.left : ternary;
            h.op.right : ternary @name("other");
        }
        actions = { found; missed; }
        default_action = missed();
    }

    table between {
        key = {
            h.op.left : range;
            h.op.right : optional;
        }
        actions = { found; missed; }
        default_action = missed();
    }

    apply {
        s.egress_spec = 1;
        exactly.apply();
        longest.apply();
        masked.apply();
        between.apply();
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
