// Recirculation: the packet as it leaves comes in again, as if it were new.
#include <core.p4>
#include <v1model.p4>

header layer_t {
    bit<8> rest;
}

header total_t {
    bit<8> rounds;
}

struct headers_t {
    layer_t layer;
    total_t total;
}

struct meta_t {
    @field_list(1)
    bit<8> rounds;
}

#include "include/empty_blocks.p4"

parser ReadLayer(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.layer);
        transition accept;
    }
}

control In(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
    }
}

// Takes layers off until there is one with 0, and says how many there were in front of it.
control Out(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        if (h.layer.rest != 0) {
            h.layer.setInvalid();
            m.rounds = m.rounds + 1;
            recirculate_preserving_field_list(1);
        } else {
            h.total.setValid();
            h.total.rounds = m.rounds;
        }
    }
}

V1Switch(ReadLayer(), NoVerify(), In(), Out(), NoUpdate(), EmitAll()) main;
