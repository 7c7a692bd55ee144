// Entries in a form that the match kind does not have.
#include <core.p4>
#include <v1model.p4>

header h_t { bit<8> a; bit<8> b; bit<8> c; bit<8> d; }
struct headers_t { h_t h; }
struct metadata_t { }

parser P(packet_in packet, out headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    state start { packet.extract(headers.h); transition accept; }
}
control V(inout headers_t headers, inout metadata_t metadata) { apply { } }
control I(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    action set(bit<8> value) { headers.h.a = value; }
    table all {
        key = {
            headers.h.a: exact;
            headers.h.b: lpm;
        }
        actions = { set; }
        const entries = {
            (_, 1): set(1); //~ ERROR E0401 a key that is matched by `exact` cannot be given by `_`
            (1 &&& 3, 1): set(2); //~ ERROR E0401 a key that is matched by `exact` cannot be given by a mask
            (1 .. 3, 1): set(3); //~ ERROR E0401 a key that is matched by `exact` cannot be given by a range
            (2, 0xA0 &&& 0xF0): set(4);
            (3, 0xA0 &&& 0x0F): set(5); //~ WARNING W0409 the mask hides a part of the value: what is matched is 0x0 //~ ERROR E0401 the mask of a prefix is ones and then zeros
            (4, 1 .. 2): set(6);
        }
    }
    table more {
        key = {
            headers.h.c: ternary;
            headers.h.d: range;
        }
        actions = { set; }
        const entries = {
            (1 .. 2, 1 .. 2): set(1); //~ ERROR E0401 a key that is matched by `ternary` cannot be given by a range
            (1 &&& 1, 1 &&& 1): set(2); //~ ERROR E0401 a key that is matched by `range` cannot be given by a mask
            (_, _): set(3);
        }
    }
    apply {
        all.apply();
        more.apply();
    }
}
control E(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) { apply { } }
control D(packet_out packet, in headers_t headers) { apply { packet.emit(headers.h); } }

V1Switch(P(), V(), I(), E(), V(), D()) main;
