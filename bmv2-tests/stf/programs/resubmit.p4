// Resubmission: the packet as it came passes ingress again, with the metadata of a field list.
#include <core.p4>
#include <v1model.p4>

header count_t {
    bit<8> rounds;
    bit<8> kept;
    bit<8> lost;
}

struct headers_t {
    count_t count;
}

struct meta_t {
    @field_list(3)
    bit<8> kept;
    bit<8> lost;
}

#include "include/empty_blocks.p4"

parser ReadCount(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.count);
        transition accept;
    }
}

control In(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        if (m.kept < h.count.rounds) {
            m.kept = m.kept + 1;
            m.lost = m.lost + 1;
            h.count.rounds = 0xff;
            resubmit_preserving_field_list(3);
        } else {
            h.count.kept = m.kept;
            h.count.lost = m.lost;
            // A resubmitted packet's instance type is 6.
            if (s.instance_type == 6) {
                s.egress_spec = 2;
            }
        }
    }
}

V1Switch(ReadCount(), NoVerify(), In(), NoEgress(), NoUpdate(), EmitAll()) main;
