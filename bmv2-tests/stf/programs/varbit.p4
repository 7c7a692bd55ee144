// A field whose length the packet says: extracted, emitted, and too long.
#include <core.p4>
#include <v1model.p4>

header options_t {
    bit<8> bytes;
    varbit<64> data;
}

header after_t {
    bit<8> value;
}

struct headers_t {
    options_t options;
    after_t after;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadOptions(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.options, (bit<32>)packet.lookahead<bit<8>>() * 8);
        packet.extract(h.after);
        transition accept;
    }
}

control Mark(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (s.parser_error == error.HeaderTooShort) {
            s.egress_spec = 2;
        } else {
            h.after.value = h.after.value + 1;
        }
    }
}

V1Switch(ReadOptions(), NoVerify(), Mark(), NoEgress(), NoUpdate(), EmitAll()) main;
