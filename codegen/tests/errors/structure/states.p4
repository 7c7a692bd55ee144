// Parsers with wrong states and transitions.
#include <core.p4>

header h_t { bit<8> kind; bit<16> value; }
header v_t { varbit<32> data; }
struct s_t { h_t h; h_t[2] stack; v_t v; }

parser WithoutStart(packet_in packet, out s_t s) { //~ ERROR E0601 the parser `WithoutStart` has no state `start`
    state begin {
        transition accept;
    }
}

parser P(packet_in packet, out s_t s) {
    state start {
        packet.extract(s.h);
        packet.extract(s.h.kind); //~ ERROR E0401 `bit<8>` is no header: only headers can be extracted
        packet.extract(s.v); //~ ERROR E0401 `v_t` has a `varbit` field, whose size must be given
        packet.extract(s.h, 32w8); //~ ERROR E0401 `h_t` has no `varbit` field whose size could be given
        packet.extract(s.v, 16w8); //~ ERROR E0401 expected `bit<32>`, but this is `bit<16>`
        packet.extract(s.stack.next);
        verify(s.h.kind, error.NoMatch); //~ ERROR E0401 expected `bool`, but this is `bit<8>`
        verify(true, 1); //~ ERROR E0401 expected `error`, but this is `int`
        transition select(s.h.kind, s.h.value) {
            (1, 2): next;
            (1, 2, 3): accept; //~ ERROR E0606 2 values are matched, but 3 are given
            1: accept; //~ ERROR E0606 2 values are matched, but 1 are given
            (true, 2): accept; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
            (1 &&& 3, 2 .. 5): accept;
            (s.h.kind, 2): accept; //~ ERROR E0501 what a value is compared with must be known at compile time
            default: nxet; //~ ERROR E0306 the parser `P` has no state `nxet`
        }
    }
    state next {
        return; //~ ERROR E0602 `return` is not allowed in the states of a parser
        exit; //~ ERROR E0602 `exit` is allowed in controls and actions only
        transition missing; //~ ERROR E0306 the parser `P` has no state `missing`
    }
    state number {
        transition select(1) { //~ ERROR E0414 this integer needs a width here
            1: accept;
        }
    }
}
