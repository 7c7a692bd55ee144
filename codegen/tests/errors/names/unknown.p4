// Names that nothing has.
#include <core.p4>
#include <v1model.p4>

header h_t { bit<8> a; unknown_t b; } //~ ERROR E0301 nothing is named `unknown_t` here
struct headers_t { h_t h; }
struct metadata_t { bit<8> m; }
const bit<8> A = NOWHERE; //~ ERROR E0301 nothing is named `NOWHERE` here
enum Color { red, green }
const Color C = Color.blue; //~ ERROR E0501 the value of a constant must be known at compile time //~ ERROR E0305 `Color` has no member `blue`
const error E = error.Nowhere; //~ ERROR E0501 the value of a constant must be known at compile time //~ ERROR E0305 `error` has no member `Nowhere`

control names(inout headers_t headers, inout metadata_t metadata) {
    action known() { metadata.m = 1; }
    table t {
        key = {
            headers.h.a : exact;
            headers.h.c : exact; //~ ERROR E0305 `h_t` has no member `c`
            metadata.m : exactly; //~ ERROR E0307 there is no match kind `exactly`
        }
        actions = { known; unknown; } //~ ERROR E0301 nothing is named `unknown` here
        default_action = nobody(); //~ ERROR E0301 nothing is named `nobody` here
    }
    apply {
        metadata.n = 1; //~ ERROR E0305 `metadata_t` has no member `n`
        x = 1; //~ ERROR E0301 nothing is named `x` here
        missing(1); //~ ERROR E0301 nothing is named `missing` here
        bit<8> y = z + 1; //~ ERROR E0301 nothing is named `z` here
        t.lookup(); //~ ERROR E0305 `t` has no member `lookup`
        headers.h.isGood(); //~ ERROR E0305 `h_t` has no member `isGood`
        knwon(); //~ ERROR E0301 nothing is named `knwon` here
    }
}

parser states(packet_in packet, out headers_t headers) {
    state start {
        packet.extrakt(headers.h); //~ ERROR E0305 `packet_in` has no member `extrakt`
        transition select(headers.h.a) {
            1: nowhere; //~ ERROR E0306 the parser `states` has no state `nowhere`
            default: accept;
        }
    }
    state unreached { transition elsewhere; } //~ ERROR E0306 the parser `states` has no state `elsewhere`
}
