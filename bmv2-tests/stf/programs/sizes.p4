// The sizes of types and of values, as constants: in bits and in bytes, at least and at most.
#include <core.p4>
#include <v1model.p4>

header fixed_t {
    bit<4> high;
    bit<12> low;
}

header growing_t {
    bit<8> length;
    varbit<40> data;
}

header sizes_t {
    bit<16> least_bits;
    bit<16> most_bits;
    bit<8> least_bytes;
    bit<8> most_bytes;
    bit<8> of_type;
}

struct headers_t {
    fixed_t fixed;
    growing_t growing;
    sizes_t sizes;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.fixed);
        transition accept;
    }
}

control Measure(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        h.sizes = {
            (bit<16>)h.growing.minSizeInBits(),
            (bit<16>)h.growing.maxSizeInBits(),
            (bit<8>)h.growing.minSizeInBytes(),
            (bit<8>)h.growing.maxSizeInBytes(),
            (bit<8>)fixed_t.minSizeInBytes()
        };
        s.egress_spec = 1;
    }
}

V1Switch(Read(), NoVerify(), Measure(), NoEgress(), NoUpdate(), EmitAll()) main;
