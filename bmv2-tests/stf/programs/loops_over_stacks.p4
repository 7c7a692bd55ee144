// Loops over the elements of a stack and between bounds that are computed, one in the other, with break and continue.
#include <core.p4>
#include <v1model.p4>

header count_t {
    bit<8> count;
    bit<8> sum;
    bit<16> found;
}

header item_t {
    bit<8> value;
}

struct headers_t {
    count_t count;
    item_t[4] items;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadItems(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    bit<8> left;

    state start {
        packet.extract(h.count);
        left = h.count.count;
        transition next;
    }
    state next {
        transition select(left) {
            0: accept;
            default: item;
        }
    }
    state item {
        packet.extract(h.items.next);
        left = left - 1;
        transition next;
    }
}

control Sum(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        for (item_t item in h.items) {
            if (!item.isValid()) {
                break;
            }
            if (item.value == 0xff) {
                continue;
            }
            h.count.sum = h.count.sum + item.value;
        }
        // Pairs of items that are equal; none is compared with itself.
        bit<16> pairs = 0;
        for (bit<8> i in 8w0 .. h.count.count - 1) {
            for (bit<8> j in i + 1 .. h.count.count - 1) {
                if (h.items[i].value == 0) {
                    break;
                }
                if (h.items[i].value != h.items[j].value) {
                    continue;
                }
                pairs = pairs + 1;
            }
        }
        h.count.found = pairs;
    }
}

V1Switch(ReadItems(), NoVerify(), Sum(), NoEgress(), NoUpdate(), EmitAll()) main;
