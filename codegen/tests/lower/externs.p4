// v1model's functions.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; }
struct meta_t { bit<16> a; bit<32> b; @field_list(1) bit<8> c; }
struct report_t { bit<16> a; bit<8> c; }

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<16>>(8) cells;
    apply {
        cells.read(m.a, m.b);
        cells.write(m.b + 1, m.a);
        hash(m.a, HashAlgorithm.crc16, (bit<16>)0, { h.x, m.b, 8w3 }, (bit<32>)64);
        random(m.b, 0, 9);
        digest<report_t>(1, { m.a, m.c });
        clone_preserving_field_list(CloneType.I2E, 5, 1);
        resubmit_preserving_field_list(1);
        truncate(64);
        log_msg("seen {}", { m.a });
        assert(m.a > 1);
        verify_checksum(h.x.isValid(), { h.x.a }, h.x.b, HashAlgorithm.csum16);
        update_checksum_with_payload(true, { h.x.a }, h.x.b, HashAlgorithm.csum16);
        mark_to_drop(s);
    }
}

#include "include/around.p4"
