// Headers, structs and stacks with type parameters.
#include <core.p4>
#include <v1model.p4>

header tagged_t<T, V> {
    T tag;
    V value;
}

struct two_t<T> {
    T left;
    T right;
}

header_union one_of_t<A, B> {
    A first;
    B second;
}

header byte_t {
    bit<8> value;
}

struct headers_t {
    tagged_t<bit<8>, bit<16>> narrow;
    tagged_t<bit<8>, two_t<bit<8>>>[2] wide;
    one_of_t<byte_t, tagged_t<bit<8>, bit<8>>> last;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadTagged(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.narrow);
        packet.extract(h.wide.next);
        packet.extract(h.wide.next);
        transition select(h.narrow.tag) {
            1: byte;
            2: tagged;
            default: accept;
        }
    }
    state byte {
        packet.extract(h.last.first);
        transition accept;
    }
    state tagged {
        packet.extract(h.last.second);
        transition accept;
    }
}

control Swap(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        two_t<bit<8>> kept = h.wide[0].value;
        h.wide[0].value = h.wide[1].value;
        h.wide[1].value = { kept.right, kept.left };
        if (h.last.second.isValid()) {
            h.narrow.value = h.last.second.tag ++ h.last.second.value;
        } else if (h.last.isValid()) {
            h.narrow.value = (bit<16>)h.last.first.value;
        }
    }
}

V1Switch(ReadTagged(), NoVerify(), Swap(), NoEgress(), NoUpdate(), EmitAll()) main;
