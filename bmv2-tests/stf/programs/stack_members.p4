// What a header stack says of itself: its size, the index of what was extracted last, and loops over its members.
#include <core.p4>
#include <v1model.p4>

header item_t {
    bit<8> value;
}

header summary_t {
    bit<8> size;
    bit<8> last_index;
    bit<8> last;
    bit<8> sum;
}

struct headers_t {
    item_t[4] items;
    summary_t summary;
}

struct meta_t {
    bit<8> last_index;
    bit<8> last;
}

#include "include/empty_blocks.p4"

parser ReadItems(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.items.next);
        m.last_index = (bit<8>)h.items.lastIndex;
        m.last = h.items.last.value;
        transition select(h.items.last.value) {
            0x80 &&& 0x80: start;
            default: accept;
        }
    }
}

control Sum(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        bit<8> sum = 0;
        for (item_t item in h.items) {
            if (item.isValid()) {
                sum = sum + item.value;
            }
        }
        h.summary.setValid();
        h.summary = { (bit<8>)h.items.size, m.last_index, m.last, sum };
        s.egress_spec = 1;
    }
}

V1Switch(ReadItems(), NoVerify(), Sum(), NoEgress(), NoUpdate(), EmitAll()) main;
