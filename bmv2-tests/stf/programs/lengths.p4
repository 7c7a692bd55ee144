// The length of a packet: in egress it is what headers that were made valid or invalid have made of it.
#include <core.p4>
#include <v1model.p4>

header kind_t {
    bit<8> kind;
    bit<32> length;
}

header tag_t {
    bit<24> tag;
}

header text_t {
    bit<8> bytes;
    varbit<64> text;
}

struct headers_t {
    kind_t kind;
    text_t text;
    tag_t tag;
}

struct meta_t {
    bit<32> at_ingress;
}

#include "include/empty_blocks.p4"

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.kind);
        packet.extract(h.text, (bit<32>)packet.lookahead<bit<8>>() * 8);
        transition accept;
    }
}

control Change(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        m.at_ingress = s.packet_length;
        if (h.kind.kind & 1 == 1) {
            h.tag.setValid();
            h.tag.tag = 0xabcdef;
        }
        if (h.kind.kind & 2 == 2) {
            h.text.setInvalid();
        }
    }
}

control Measure(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.kind.length = s.packet_length + (m.at_ingress << 16);
    }
}

V1Switch(Read(), NoVerify(), Change(), Measure(), NoUpdate(), EmitAll()) main;
