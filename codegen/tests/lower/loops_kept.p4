// Loops that are not written out: their bounds are not known, or they are left early.
#include <core.p4>
#include <v1model.p4>

header count_h {
    bit<8> rounds;
    bit<8> limit;
    bit<32> sum;
}
struct headers_t {
    count_h count;
}
struct meta_t {
}

parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(hdr.count);
        transition accept;
    }
}

bit<32> first_above(bit<8> limit) {
    for (bit<8> i in 0..limit) {
        if (i > 3) {
            return (bit<32>)i;
        }
    }
    return 0;
}

control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    action add_up() {
        for (bit<8> i = 1; i <= hdr.count.rounds; i += 1) {
            if (i[0:0] == 1) {
                continue;
            }
            hdr.count.sum = hdr.count.sum + (bit<32>)i;
        }
    }
    action until_nine() {
        for (bit<32> n in (list<bit<32>>){7, 9, 11}) {
            if (n == 9) {
                break;
            }
            hdr.count.sum = hdr.count.sum + n;
        }
    }
    table t {
        actions = { add_up; until_nine; }
        default_action = add_up();
    }
    apply {
        t.apply();
        hdr.count.sum = first_above(hdr.count.limit);
        for (bit<8> known = 0; known < 3; known = known + 1) {
            hdr.count.limit = hdr.count.limit ^ known;
        }
    }
}

control V(inout headers_t hdr, inout meta_t meta) { apply { } }
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr.count); } }

V1Switch(P(), V(), I(), E(), V(), D()) main;
