// Header unions: at most one member is valid, and setting one makes the others invalid.
#include <core.p4>
#include <v1model.p4>

header kind_t {
    bit<8> kind;
}

header short_t {
    bit<8> value;
}

header long_t {
    bit<24> value;
}

header_union body_t {
    short_t brief;
    long_t full;
}

struct headers_t {
    kind_t kind;
    body_t body;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadBody(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.kind);
        transition select(h.kind.kind) {
            1: brief;
            2: full;
            default: accept;
        }
    }
    state brief {
        packet.extract(h.body.brief);
        transition accept;
    }
    state full {
        packet.extract(h.body.full);
        transition accept;
    }
}

control Widen(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (h.body.brief.isValid()) {
            bit<8> value = h.body.brief.value;
            h.body.full.setValid();
            h.body.full.value = 16w0 ++ value;
            h.kind.kind = 2;
        } else if (h.body.full.isValid()) {
            h.kind.kind = 0x0f;
        }
    }
}

V1Switch(ReadBody(), NoVerify(), Widen(), NoEgress(), NoUpdate(), EmitAll()) main;
