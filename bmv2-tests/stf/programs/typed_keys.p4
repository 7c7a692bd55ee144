// Keys and cases of every type: enums with and without values, errors, booleans, types of their own, signed numbers and slices.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

enum bit<8> kind_t {
    plain = 1,
    marked = 7
}

enum mood_t {
    calm,
    busy
}

error {
    TooBig
}

type bit<8> label_t;

control Look(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    kind_t kind;
    mood_t mood;
    error wrong;
    bool even;
    label_t label;
    int<8> signed;

    action found(bit<8> mark) {
        h.op.result = h.op.result << 8 | (bit<32>)mark;
    }
    table kinds {
        key = {
            kind : exact @name("kind");
            even : exact @name("even");
        }
        actions = { found; }
        const entries = {
            (kind_t.plain, true) : found(1);
            (kind_t.marked, false) : found(2);
        }
        const default_action = found(0xee);
    }
    table moods {
        key = {
            mood : exact @name("mood");
            wrong : exact @name("wrong");
        }
        actions = { found; }
        const entries = {
            (mood_t.busy, error.NoError) : found(3);
            (mood_t.calm, error.TooBig) : found(4);
        }
        const default_action = found(0xee);
    }
    table labels {
        key = {
            label : ternary @name("label");
            signed : exact @name("signed");
            h.op.right[11:8] : ternary @name("nibble");
        }
        actions = { found; }
        default_action = found(0xee);
    }

    apply {
        s.egress_spec = 1;
        kind = (kind_t)h.op.left[15:8];
        even = h.op.left[0:0] == 0;
        mood = h.op.left[7:4] == 0 ? mood_t.calm : mood_t.busy;
        wrong = h.op.right > 0xff ? error.TooBig : error.NoError;
        label = (label_t)h.op.right[7:0];
        signed = (int<8>)h.op.left[7:0];
        kinds.apply();
        moods.apply();
        labels.apply();
        switch (kind) {
            kind_t.plain: { h.op.result[31:28] = 1; }
            kind_t.marked: { h.op.result[31:28] = 2; }
            default: { h.op.result[31:28] = 3; }
        }
        switch (mood) {
            mood_t.busy: { h.op.result[27:24] = 1; }
            default: {}
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Look(), NoEgress(), NoUpdate(), EmitAll()) main;
