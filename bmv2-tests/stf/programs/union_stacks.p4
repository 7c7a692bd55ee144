// Stacks of header unions: next, last, push_front and pop_front.
#include <core.p4>
#include <v1model.p4>

header command_t {
    bit<8> code;
}

header brief_t {
    bit<8> kind;
    bit<8> value;
}

header full_t {
    bit<8> kind;
    bit<16> value;
}

header_union option_t {
    brief_t brief;
    full_t full;
}

struct headers_t {
    command_t command;
    option_t[3] options;
    command_t end;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadOptions(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.command);
        transition option;
    }
    state option {
        transition select(packet.lookahead<bit<8>>()) {
            1: brief;
            2: full;
            default: end;
        }
    }
    state brief {
        packet.extract(h.options.next.brief);
        transition option;
    }
    state full {
        packet.extract(h.options.next.full);
        transition option;
    }
    state end {
        packet.extract(h.end);
        transition accept;
    }
}

control Shift(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (s.parser_error == error.StackOutOfBounds) {
            s.egress_spec = 2;
        }
        if (h.command.code == 1) {
            h.options.push_front(1);
            h.options[0].brief.setValid();
            h.options[0].brief.kind = 1;
            h.options[0].brief.value = 0x11;
        } else if (h.command.code == 2) {
            h.options.pop_front(1);
        } else if (h.command.code == 3) {
            h.options.push_front(2);
        }
        if (h.options[1].isValid()) {
            h.end.code = h.end.code + 1;
        }
    }
}

V1Switch(ReadOptions(), NoVerify(), Shift(), NoEgress(), NoUpdate(), EmitAll()) main;
