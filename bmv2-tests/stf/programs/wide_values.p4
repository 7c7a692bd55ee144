// Values of more than 128 bits that a control plane says: keys of every kind, parameters, and cells of registers.
#include <core.p4>
#include <v1model.p4>

header value_t {
    bit<8> what;
    bit<160> value;
    bit<8> found;
}

struct headers_t {
    value_t value;
}

struct meta_t {}

#include "include/empty_blocks.p4"

parser ReadValue(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.value);
        transition accept;
    }
}

control Find(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<160>>(2) cells;

    action set(bit<160> value) {
        h.value.value = value;
        h.value.found = 1;
    }
    action mark(bit<8> found) {
        h.value.found = found;
    }

    table exactly {
        key = { h.value.value: exact; }
        actions = { set; NoAction; }
        default_action = NoAction();
    }
    table prefix {
        key = { h.value.value: lpm; }
        actions = { mark; NoAction; }
        default_action = NoAction();
        const entries = {
            0x10000000000000000000000000000000000000ff &&& 0xf000000000000000000000000000000000000000: mark(0x10);
        }
    }
    table masked {
        key = { h.value.value: ternary; }
        actions = { mark; NoAction; }
        default_action = NoAction();
    }
    table between {
        key = { h.value.value: range; }
        actions = { mark; NoAction; }
        default_action = NoAction();
    }

    apply {
        s.egress_spec = 1;
        if (h.value.what == 0) {
            exactly.apply();
        } else if (h.value.what == 1) {
            prefix.apply();
        } else if (h.value.what == 2) {
            masked.apply();
        } else if (h.value.what == 3) {
            between.apply();
        } else if (h.value.what == 4) {
            cells.write(1, h.value.value + 1);
        } else {
            cells.read(h.value.value, 1);
        }
    }
}

V1Switch(ReadValue(), NoVerify(), Find(), NoEgress(), NoUpdate(), EmitAll()) main;
