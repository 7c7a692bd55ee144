// Tables with an action profile or selector that have entries of the program's own.
#include <core.p4>
#include <v1model.p4>

header number_t {
    bit<8> key;
    bit<8> value;
}

struct headers_t {
    number_t number;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadNumber(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.number);
        transition accept;
    }
}

control Route(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action_profile(8) members;
    action_selector(HashAlgorithm.crc16, 8, 14) choices;

    action set(bit<8> value) {
        h.number.value = value;
    }
    action to(bit<9> port) {
        s.egress_spec = port;
    }

    table fixed {
        key = { h.number.key : ternary; }
        actions = { set; NoAction; }
        implementation = members;
        const entries = {
            0x10 &&& 0xf0: set(0x11);
            0x22: set(0x22);
        }
    }
    table free {
        key = { h.number.value : exact; }
        actions = { set; NoAction; }
        implementation = members;
    }
    table ports {
        key = {
            h.number.key : exact;
            h.number.value : selector;
        }
        actions = { to; NoAction; }
        implementation = choices;
        const entries = {
            (0x15, _): to(3);
            (0x22, _): to(4);
        }
    }

    table more_ports {
        key = {
            h.number.key : exact;
            h.number.value : selector;
        }
        actions = { to; NoAction; }
        implementation = choices;
    }

    apply {
        s.egress_spec = 1;
        fixed.apply();
        free.apply();
        if (!ports.apply().hit) {
            more_ports.apply();
            h.number.key = 0xff;
        }
    }
}

V1Switch(ReadNumber(), NoVerify(), Route(), NoEgress(), NoUpdate(), EmitAll()) main;
