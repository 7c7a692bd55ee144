// Copies of a packet: each starts from what ingress left, and what one becomes is nothing to the next.
#include <core.p4>
#include <v1model.p4>

header link_t {
    bit<8> group;
    bit<8> count;
    bit<16> note;
}

header tag_t {
    bit<16> tag;
}

header text_t {
    bit<8> bytes;
    varbit<64> text;
}

struct headers_t {
    link_t link;
    tag_t tag;
    text_t text;
}

struct meta_t {
    bit<16> seen;
}

#include "include/empty_blocks.p4"

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.link);
        packet.extract(h.text, (bit<32>)packet.lookahead<bit<8>>() * 8);
        transition accept;
    }
}

control Prepare(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        s.mcast_grp = (bit<16>)h.link.group;
        h.link.count = h.link.count + 1;
        m.seen = h.link.note + 1;
        if (h.link.count == 0) {
            h.tag.setValid();
            h.tag.tag = 0x1234;
        }
    }
}

control ForEach(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    counter(8, CounterType.packets_and_bytes) copies;

    apply {
        m.seen = m.seen + 1;
        h.link.note = m.seen;
        copies.count((bit<32>)s.egress_rid);
        if (s.egress_rid == 2) {
            h.tag.setValid();
            h.tag.tag = 0xabcd;
        } else if (s.egress_rid == 3) {
            h.text.setInvalid();
        } else if (s.egress_rid == 4) {
            truncate(5);
        }
    }
}

V1Switch(Read(), NoVerify(), Prepare(), ForEach(), NoUpdate(), EmitAll()) main;
