// A parser value set: what the control plane puts into it decides how the parser goes on.
#include <core.p4>
#include <v1model.p4>

header kind_t {
    bit<16> kind;
}

header known_t {
    bit<8> value;
}

struct headers_t {
    kind_t kind;
    known_t known;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadKnown(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    value_set<bit<16>>(4) known_kinds;

    state start {
        packet.extract(h.kind);
        transition select(h.kind.kind) {
            known_kinds: known;
            default: accept;
        }
    }
    state known {
        packet.extract(h.known);
        transition accept;
    }
}

control Sort(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = h.known.isValid() ? 9w1 : 2;
    }
}

V1Switch(ReadKnown(), NoVerify(), Sort(), NoEgress(), NoUpdate(), EmitAll()) main;
