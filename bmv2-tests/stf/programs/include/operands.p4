// Packets for programs that compute something: two operands, and room for a result.

header operands_t {
    bit<16> left;
    bit<16> right;
    bit<32> result;
}

struct headers_t {
    operands_t op;
}

struct meta_t {}

parser ReadOperands(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.op);
        transition accept;
    }
}

#include "empty_blocks.p4"
