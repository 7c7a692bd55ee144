// Header stacks: next and last in the parser, indexes, push and pop in a control.
#include <core.p4>
#include <v1model.p4>

header label_t {
    bit<15> value;
    bit<1> bottom;
}

header command_t {
    bit<8> what;
}

struct headers_t {
    command_t command;
    label_t[3] labels;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadLabels(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.command);
        transition label;
    }
    state label {
        packet.extract(h.labels.next);
        transition select(h.labels.last.bottom) {
            0: label;
            1: accept;
        }
    }
}

control Change(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (s.parser_error == error.StackOutOfBounds) {
            s.egress_spec = 2;
        } else if (h.command.what == 1) {
            h.labels.push_front(1);
            h.labels[0].setValid();
            h.labels[0].value = 0x7f;
            h.labels[0].bottom = 0;
        } else if (h.command.what == 2) {
            h.labels.pop_front(1);
        } else if (h.command.what == 3) {
            h.labels[1].setInvalid();
        } else if (h.command.what == 4) {
            h.labels[0] = h.labels[1];
        }
    }
}

V1Switch(ReadLabels(), NoVerify(), Change(), NoEgress(), NoUpdate(), EmitAll()) main;
