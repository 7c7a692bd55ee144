// What cannot stand at the top level, and parsers that never end.
#include <core.p4>

control Inner() { apply { } }
Inner() inner; //~ ERROR E0602 `inner` cannot be instantiated at the top level

extern Object { Object(); }
Object() main; //~ ERROR E0602 `main` must be a package

parser Endless(packet_in packet) { //~ ERROR E0615 the parser `Endless` never comes to `accept` or `reject`
    state start { transition again; }
    state again {
        packet.advance(8);
        transition start;
    }
}
parser Ending(packet_in packet) {
    state start { transition again; }
    state again {
        packet.advance(8);
        transition select(packet.lookahead<bit<8>>()) {
            1: start;
        }
    }
}
