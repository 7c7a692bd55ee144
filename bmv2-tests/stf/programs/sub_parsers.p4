// Parsers that call parsers, with arguments of the call and of the constructor.
#include <core.p4>
#include <v1model.p4>

header item_t {
    bit<8> value;
}

struct headers_t {
    item_t first;
    item_t second;
}

struct meta_t {
    bit<8> sum;
}

#include "include/empty_blocks.p4"

parser ReadItem(packet_in packet, out item_t item, inout bit<8> sum)(bit<8> weight) {
    state start {
        packet.extract(item);
        sum = sum + item.value * weight;
        transition accept;
    }
}

parser ReadBoth(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    ReadItem(1) light;
    ReadItem(10) heavy;

    state start {
        m.sum = 0;
        light.apply(packet, h.first, m.sum);
        transition select(h.first.value) {
            0: accept;
            default: more;
        }
    }
    state more {
        heavy.apply(packet, h.second, m.sum);
        transition accept;
    }
}

control Show(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.first.value = m.sum;
        s.egress_spec = 1;
    }
}

V1Switch(ReadBoth(), NoVerify(), Show(), NoEgress(), NoUpdate(), EmitAll()) main;
