// Keys that are no plain numbers: a bool, an error, enums of both kinds, a slice, a computed value and a valid bit.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

enum color_t {
    red,
    green
}

enum bit<8> level_t {
    low = 1,
    high = 9
}

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    bool is_large = h.op.left > 255;
    level_t level = level_t.low;
    color_t color = color_t.red;

    action found(bit<32> mark) {
        h.op.result = mark;
    }

    table mixed {
        key = {
            is_large : exact;
            s.parser_error : exact;
            level : exact;
            color : exact;
            h.op.left[3:0] : ternary;
            h.op.left ^ h.op.right : exact @name("difference");
            h.op.isValid() : exact;
        }
        actions = { found; }
        const default_action = found(0);
        const entries = {
            (true, error.NoError, level_t.high, color_t.green, 1, 0, true) : found(1);
            (false, error.NoError, level_t.low, color_t.red, _, 0, true) : found(2);
        }
    }

    apply {
        if (is_large) {
            level = level_t.high;
            color = color_t.green;
        }
        mixed.apply();
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
