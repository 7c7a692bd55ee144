// Variables, parameters and headers that are read before they have a value.
#include <core.p4>

header h_t { bit<8> a; bit<8> b; }
struct headers_t { h_t one; h_t two; }
struct pair_t { bit<8> first; bit<8> second; }

bit<8> half(in bit<8> x, out bit<8> rest) { //~ WARNING W0401 the function `half` is unused //~ WARNING W0403 the `out` parameter `rest` may be left without a value
    if (x == 0) { return 0; }
    rest = x & 1;
    return x >> 1;
}

parser P(packet_in packet, out headers_t headers, out bit<8> count) { //~ WARNING W0401 the parser `P` is unused //~ WARNING W0403 the `out` parameter `count` may be left without a value
    bit<8> seen;
    state start {
        headers.one.a = 1; //~ WARNING W0404 a field of a header that is not valid here is written
        packet.extract(headers.one);
        transition select(headers.one.a) {
            1: more;
            default: accept;
        }
    }
    state more {
        count = headers.two.a; //~ WARNING W0404 a field of a header that is not valid here is read
        seen = 1;
        packet.extract(headers.two);
        transition select(headers.two.a ++ seen) { //~ WARNING W0405 whatever this is, the next state is the same
            default: accept;
        }
    }
}

control C(inout headers_t headers, inout bit<8> x, out bit<8> y, out bit<8> z) { //~ WARNING W0401 the control `C` is unused //~ WARNING W0403 the `out` parameter `z` may be left without a value
    bit<8> never;
    bit<8> sometimes;
    bit<8> by_action;
    pair_t pair;
    action give() { by_action = 1; }
    action take(out bit<8> place) { } //~ WARNING W0401 the action's parameter `place` is unused //~ WARNING W0403 the `out` parameter `place` never gets a value
    table gives {
        actions = { give; }
        default_action = give();
    }
    table may_give {
        actions = { give; NoAction; }
    }
    apply {
        x = never; //~ WARNING W0402 `never` is read before it is written
        x = never;
        if (x == 1) { sometimes = 2; }
        x = sometimes; //~ WARNING W0402 `sometimes` may be read before it is written
        may_give.apply();
        x = by_action; //~ WARNING W0402 `by_action` may be read before it is written
        gives.apply();
        x = by_action;
        pair.first = 1;
        x = pair.second;
        take(x);
        h_t fresh;
        fresh.a = 1; //~ WARNING W0404 a field of a header that is not valid here is written
        fresh.setValid();
        fresh.a = 1;
        headers.one = fresh;
        headers.two.setInvalid();
        x = headers.two.b; //~ WARNING W0404 a field of a header that is not valid here is read
        if (headers.one.isValid()) { y = 1; } else { y = 2; }
        switch (x) {
            1: { z = 1; }
            2: { exit; }
            default: { }
        }
    }
}
