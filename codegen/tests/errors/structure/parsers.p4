// Parsers that cannot be.
#include <core.p4>

header h_t { bit<8> a; bit<16> b; }
header options_t { varbit<32> bytes; }
struct headers_t { h_t h; h_t[2] stack; options_t options; }

parser no_start(packet_in packet, out headers_t headers) { //~ ERROR E0601 the parser `no_start` has no state `start`
    state first { transition accept; }
}

parser selects(packet_in packet, out headers_t headers) {
    state start {
        transition select(headers.h.a, headers.h.b) {
            (1, 2): accept;
            1: accept; //~ ERROR E0606 2 values are matched, but 1 are given
            (1, 2, 3): accept; //~ ERROR E0606 2 values are matched, but 3 are given
            (true, 2): accept; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
            (1, _): reject;
        }
    }
    state extracts {
        packet.extract(headers.h, 3, 4); //~ ERROR E0405 `extract` takes 1 arguments, but 3 are given
        bit<8> next = packet.lookahead<bit<16>>(); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        headers.h.a = headers.stack.nex.a; //~ ERROR E0305 `h_t[2]` has no member `nex`
        return; //~ ERROR E0602 `return` is not allowed in the states of a parser
    }
    state accept { } //~ ERROR E0302 the state `accept` is part of every parser
}

control misuse(inout headers_t headers) {
    apply {
        headers.stack[1].a = headers.stack[true].a; //~ ERROR E0412 an index is a number, not `bool`
        break; //~ ERROR E0607 `break` and `continue` stand in loops only
    }
}
