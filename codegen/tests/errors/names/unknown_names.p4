// Names that nothing has, with what was probably meant.
#include <core.p4>

header ethernet_t {
    bit<48> dst;
    bit<48> src;
}

struct headers_t {
    ethernt_t ethernet; //~ ERROR E0301 nothing is named `ethernt_t` here
    ethernet_t inner;
}

control C(inout headers_t headers) {
    action forward(bit<9> port) {
        headres.inner.dst = 1; //~ ERROR E0301 nothing is named `headres` here
        headers.inner.dts = 1; //~ ERROR E0305 `ethernet_t` has no member `dts`
        headers.outer.setValid(); //~ ERROR E0305 `headers_t` has no member `outer`
    }
    apply {
        forwrad(3); //~ ERROR E0301 nothing is named `forwrad` here
        undeclared = 4; //~ ERROR E0301 nothing is named `undeclared` here
        error e = error.PacketToShort; //~ ERROR E0305 `error` has no member `PacketToShort`
    }
}
