// Whole values compared: tuples, structs, headers with their validity, stacks and unions.
#include <core.p4>
#include <v1model.p4>

header byte_t {
    bit<8> value;
}

header word_t {
    bit<16> value;
}

header marks_t {
    bit<8> equal;
    bit<8> kinds;
}

header_union either_t {
    byte_t byte;
    word_t word;
}

struct headers_t {
    marks_t marks;
    byte_t[2] left;
    byte_t[2] right;
    either_t one;
    either_t other;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadAll(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.marks);
        packet.extract(h.left.next);
        packet.extract(h.left.next);
        packet.extract(h.right.next);
        transition select(h.marks.kinds) {
            0: accept;
            1: both_bytes;
            2: both_words;
            3: mixed;
            default: second;
        }
    }
    state second {
        packet.extract(h.right.next);
        transition accept;
    }
    state both_bytes {
        packet.extract(h.one.byte);
        packet.extract(h.other.byte);
        transition accept;
    }
    state both_words {
        packet.extract(h.one.word);
        packet.extract(h.other.word);
        transition accept;
    }
    state mixed {
        packet.extract(h.one.byte);
        packet.extract(h.other.word);
        transition accept;
    }
}

control Compare(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        tuple<bit<8>, bool> ahead = { h.left[0].value, h.left[1].isValid() };
        tuple<bit<8>, bool> behind = { h.right[0].value, h.right[1].isValid() };
        h.marks.equal = 0;
        if (ahead == behind) {
            h.marks.equal = h.marks.equal | 1;
        }
        if (h.left[0] == h.right[0]) {
            h.marks.equal = h.marks.equal | 2;
        }
        if (h.left[1] == h.right[1]) {
            h.marks.equal = h.marks.equal | 4;
        }
        if (h.left == h.right) {
            h.marks.equal = h.marks.equal | 8;
        }
        if (h.one == h.other) {
            h.marks.equal = h.marks.equal | 16;
        }
        if (h.one != h.other && h.one.isValid()) {
            h.marks.equal = h.marks.equal | 32;
        }
    }
}

V1Switch(ReadAll(), NoVerify(), Compare(), NoEgress(), NoUpdate(), EmitAll()) main;
