// Checksums of what is computed: they are verified and updated over expressions, into slices, and with local variables.
#include <core.p4>
#include <v1model.p4>

header sealed_t {
    bit<16> value;
    bit<16> other;
    bit<32> checksums;
}

struct headers_t {
    sealed_t sealed;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadSealed(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.sealed);
        transition accept;
    }
}

control Verify(inout headers_t h, inout meta_t m) {
    bit<16> doubled;

    apply {
        doubled = h.sealed.value << 1;
        if (h.sealed.value != 0) {
            verify_checksum(true, { doubled, h.sealed.other + 1 }, h.sealed.checksums[31:16], HashAlgorithm.csum16);
            verify_checksum_with_payload(h.sealed.other > 0xff, { h.sealed.other ^ h.sealed.value }, h.sealed.checksums[15:0],
                HashAlgorithm.csum16);
        }
    }
}

control Tell(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = s.checksum_error == 1 ? 9w2 : 1;
    }
}

control LeaveIfEven(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action leave() {
        exit;
    }
    table parity {
        key = { h.sealed.value[0:0] : exact; }
        actions = { leave; NoAction; }
        const entries = { 0: leave(); }
    }
    apply {
        if (parity.apply().hit) {
            h.sealed.other = 0xdead;
        } else {
            h.sealed.other = h.sealed.other + 1;
        }
    }
}

control Update(inout headers_t h, inout meta_t m) {
    apply {
        h.sealed.value = 0x0100 ^ h.sealed.value;
        update_checksum(h.sealed.isValid(), { h.sealed.value + h.sealed.other }, h.sealed.checksums[31:16], HashAlgorithm.csum16);
        update_checksum_with_payload(h.sealed.other != 5, { h.sealed.other }, h.sealed.checksums[15:0], HashAlgorithm.csum16);
    }
}

V1Switch(ReadSealed(), Verify(), Tell(), LeaveIfEven(), Update(), EmitAll()) main;
