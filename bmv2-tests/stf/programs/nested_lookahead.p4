// Looking ahead at structs, headers and pieces of them, before and after the packet is advanced by what was seen.
#include <core.p4>
#include <v1model.p4>

header mark_t {
    bit<16> seen;
    bit<8> more;
}

header record_t {
    bit<4> kind;
    bit<4> skip;
    bit<8> value;
}

struct peek_t {
    bit<4> kind;
    bit<4> skip;
    bit<8> value;
}

struct headers_t {
    mark_t mark;
    record_t record;
}

struct meta_t {
    bit<16> seen;
    bit<8> more;
}

#include "include/empty_blocks.p4"

parser ReadRecord(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        peek_t peek = packet.lookahead<peek_t>();
        m.seen = (bit<16>)peek.value;
        // Two bytes of the record, then as many as it says.
        packet.advance(16 + 8 * (bit<32>)peek.skip);
        transition select(packet.lookahead<tuple<bit<4>, bit<12>>>()[1], packet.lookahead<record_t>().kind) {
            (0, _) : accept;
            (_, 0xf) : twice;
            default : record;
        }
    }
    state twice {
        m.more = packet.lookahead<bit<24>>()[7:0] + packet.lookahead<bit<8>>();
        packet.advance(8);
        transition record;
    }
    state record {
        packet.extract(h.record);
        transition accept;
    }
}

control Tell(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        h.mark = { m.seen, m.more };
        if (s.parser_error == error.PacketTooShort) {
            h.mark.more = 0xee;
        }
    }
}

V1Switch(ReadRecord(), NoVerify(), Tell(), NoEgress(), NoUpdate(), EmitAll()) main;
