// Headers that are exchanged, copied, taken away and renewed keep the fields that nobody wrote, or have none.

#include <core.p4>
#include <v1model.p4>

header piece_t {
    bit<8>  kind;
    bit<4>  high;
    bit<4>  low;
    bit<16> number;
    bit<32> rest;
}

struct headers_t {
    piece_t    first;
    piece_t    second;
    piece_t    third;
    piece_t[2] spare;
}

struct metadata_t {
    piece_t kept;
}

parser P(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.first);
        transition select(h.first.kind[7:7]) {
            1: parse_second;
            default: accept;
        }
    }

    state parse_second {
        packet.extract(h.second);
        transition accept;
    }
}

control V(inout headers_t h, inout metadata_t m) {
    apply {}
}

// Its parameters may be one header.
control Marked(out piece_t to, in piece_t from) {
    apply {
        to = from;
        to.low = 3;
    }
}

control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    Marked() marked;

    action exchange() {
        piece_t held = h.first;
        h.first = h.second;
        h.second = held;
    }

    action copy_changed(bit<4> low) {
        h.first.number = h.first.number + 1;
        h.second = h.first;
        h.second.low = low;
    }

    action take_away() {
        h.first.setInvalid();
    }

    action renew(bit<16> number) {
        h.first.setInvalid();
        h.first.setValid();
        h.first.number = number;
    }

    action renew_valid(bit<16> number) {
        h.first.setValid();
        h.first.number = number;
    }

    action insert(bit<32> rest) {
        h.second.setValid();
        h.second.rest = rest;
    }

    action keep_and_restore() {
        m.kept = h.first;
        h.first.high = 0;
        h.first.setInvalid();
        h.first = m.kept;
    }

    action mark(bit<4> low) {
        h.first.low = low;
    }

    table steps {
        key = {
            h.first.kind: exact;
        }
        actions = {
            exchange;
            copy_changed;
            take_away;
            renew;
            renew_valid;
            insert;
            keep_and_restore;
            mark;
            NoAction;
        }
        const default_action = NoAction();
    }

    apply {
        s.egress_spec = 1;
        if (h.first.kind == 0x0a) {
            marked.apply(h.first, h.first);
        } else if (h.first.kind == 0x0b) {
            // From an element of a stack that is also named by a number: fields that share a byte come along.
            h.spare[0].setValid();
            h.spare[0].rest = h.spare[(bit<32>)h.first.number].rest + h.first.rest;
            h.third = h.spare[0];
            h.third.low = 7;
        }
        steps.apply();
    }
}

control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    apply {}
}

control C(inout headers_t h, inout metadata_t m) {
    apply {}
}

control D(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.first);
        packet.emit(h.second);
        packet.emit(h.third);
    }
}

V1Switch(P(), V(), I(), E(), C(), D()) main;
