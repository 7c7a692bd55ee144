// States of parsers that nothing leads to or that lead nowhere, and cases that cannot match.
#include <core.p4>

header h_t { bit<8> kind; }

parser P(packet_in packet, out h_t h) { //~ WARNING W0401 the parser `P` is unused
    state start {
        packet.extract(h);
        transition select(h.kind) {
            1: one;
            _: accept;
            2: two; //~ WARNING W0405 a case before this one matches everything
        }
    }
    state one { } //~ WARNING W0405 the state `one` has no transition, so it goes to `reject`
    state two { transition accept; }
    state island { transition mainland; } //~ WARNING W0406 no way leads to the state `island`
    state mainland { transition accept; } //~ WARNING W0406 no way leads to the state `mainland`
}
