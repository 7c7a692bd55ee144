// A checksum that is verified and updated over a header, and one that goes on over the payload.
#include <core.p4>
#include <v1model.p4>

header sealed_t {
    bit<16> value;
    bit<16> other;
    bit<16> checksum;
    bit<16> with_payload;
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
    apply {
        verify_checksum(h.sealed.value != 0, { h.sealed.value, h.sealed.other }, h.sealed.checksum, HashAlgorithm.csum16);
    }
}

control Count(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = s.checksum_error == 1 ? 9w2 : 1;
        h.sealed.other = h.sealed.other + 1;
    }
}

control Update(inout headers_t h, inout meta_t m) {
    apply {
        update_checksum(h.sealed.isValid(), { h.sealed.value, h.sealed.other }, h.sealed.checksum, HashAlgorithm.csum16);
        update_checksum_with_payload(h.sealed.isValid(), { h.sealed.value }, h.sealed.with_payload, HashAlgorithm.csum16);
    }
}

V1Switch(ReadSealed(), Verify(), Count(), NoEgress(), Update(), EmitAll()) main;
