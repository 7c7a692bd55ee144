// Errors of a parser: those of core.p4, the program's own with verify, and what of the packet goes on.
#include <core.p4>
#include <v1model.p4>

error {
    BadVersion
}

header version_t {
    bit<8> version;
}

header body_t {
    bit<16> value;
}

struct headers_t {
    version_t version;
    body_t body;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser Strict(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.version);
        verify(h.version.version == 4, error.BadVersion);
        packet.extract(h.body);
        transition select(h.body.value) {
            0x0001: accept;
            0x0002: reject;
            0x0003 .. 0x00ff: accept;
        }
    }
}

control Sort(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        if (s.parser_error == error.NoError) {
            s.egress_spec = 1;
        } else if (s.parser_error == error.BadVersion) {
            s.egress_spec = 2;
        } else if (s.parser_error == error.PacketTooShort) {
            s.egress_spec = 3;
        } else if (s.parser_error == error.NoMatch) {
            s.egress_spec = 4;
        } else {
            s.egress_spec = 5;
        }
    }
}

V1Switch(Strict(), NoVerify(), Sort(), NoEgress(), NoUpdate(), EmitAll()) main;
