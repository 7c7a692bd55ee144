// Clones from ingress and from egress, with metadata that goes along in a field list.
#include <core.p4>
#include <v1model.p4>

header message_t {
    bit<8> what;
    bit<8> kept;
    bit<8> lost;
    bit<8> instance;
}

struct headers_t {
    message_t message;
}

struct meta_t {
    @field_list(1)
    bit<8> kept;
    bit<8> lost;
}

#include "include/empty_blocks.p4"

parser ReadMessage(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.message);
        transition accept;
    }
}

control In(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        m.kept = 0x11;
        m.lost = 0x22;
        if (h.message.what == 1) {
            clone_preserving_field_list(CloneType.I2E, 5, 1);
        } else if (h.message.what == 2) {
            clone(CloneType.I2E, 5);
        }
        h.message.what = h.message.what | 0x80;
    }
}

control Out(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.message.kept = m.kept;
        h.message.lost = m.lost + (bit<8>)s.ingress_port;
        h.message.instance = (bit<8>)s.instance_type;
        if (h.message.what == 0x83 && s.instance_type == 0) {
            h.message.what = 0x84;
            clone_preserving_field_list(CloneType.E2E, 6, 1);
        }
    }
}

V1Switch(ReadMessage(), NoVerify(), In(), Out(), NoUpdate(), EmitAll()) main;
