// Fields behind one of variable length, one that does not begin at a byte, stacks of such headers, and what can be done with varbits:
// assignment, comparison, hashes, and emission after the header was copied.
#include <core.p4>
#include <v1model.p4>

header name_t {
    bit<8> bytes;
    varbit<32> text;
    bit<8> more;
}

header odd_t {
    bit<4> first;
    varbit<32> middle;
    bit<12> last;
}

header verdict_t {
    bit<8> same;
    bit<16> hash;
}

struct headers_t {
    verdict_t verdict;
    name_t[2] names;
    odd_t odd;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadNames(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        transition name;
    }
    state name {
        packet.extract(h.names.next, (bit<32>)packet.lookahead<bit<8>>() * 8);
        transition select(h.names.last.more) {
            1: name;
            default: odd;
        }
    }
    state odd {
        packet.extract(h.odd, 16);
        transition accept;
    }
}

control Compare(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        h.verdict.setValid();
        h.verdict.same = h.names[0].text == h.names[1].text ? 8w1 : 0;
        if (h.names[0] == h.names[1]) {
            h.verdict.same = h.verdict.same + 2;
        }
        hash(h.verdict.hash, HashAlgorithm.xor16, 16w0, { h.names[0].bytes, h.names[0].text, h.names[0].more }, 32w0x10000);
        if (h.odd.first == 0xf) {
            h.names[1] = h.names[0];
            h.odd.middle = h.names[0].text;
            h.odd.last = 0xabc;
        }
    }
}

V1Switch(ReadNames(), NoVerify(), Compare(), NoEgress(), NoUpdate(), EmitAll()) main;
