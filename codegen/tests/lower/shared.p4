// Tables and actions that are used from several places: a control that is applied twice, an action of the top level with locals,
// and a parser that is applied under a condition.
#include <core.p4>
#include <v1model.p4>
header h_t { bit<8> a; bit<8> b; bit<8> c; }
struct headers_t { h_t h; h_t g; }
struct meta_t { bit<8> m; }
parser Sub(packet_in packet, out h_t h) {
    state start { packet.extract(h); transition accept; }
}
parser P(packet_in packet, out headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    Sub() sub;
    state start {
        packet.extract(hdr.h);
        if (hdr.h.a == 1) {
            sub.apply(packet, hdr.g);
            meta.m = 1;
        } else { meta.m = 2; }
        meta.m = meta.m + 1;
        transition accept;
    }
}
action shared(inout bit<8> x) { bit<8> t = x; t = t + 1; x = t; if (x == 3) { return; } x = 9; }
control C(inout bit<8> x, in bit<8> y) {
    action set(bit<8> v) { x = v + y; }
    action leave() { x = 77; }
    table t { key = { x: exact; } actions = { set; leave; shared(x); } default_action = leave(); }
    apply { t.apply(); x = x + 1; }
}
control I(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    C() c;
    table u { key = { hdr.h.a: exact; } actions = { shared(hdr.h.b); } default_action = shared(hdr.h.b); }
    apply {
        c.apply(hdr.h.a, hdr.h.b);
        c.apply(hdr.h.c, hdr.h.c);
        u.apply();
        shared(meta.m);
    }
}
control V(inout headers_t hdr, inout meta_t meta) { apply { } }
control E(inout headers_t hdr, inout meta_t meta, inout standard_metadata_t standard) {
    table w { actions = { shared(hdr.h.c); } default_action = shared(hdr.h.c); }
    apply { w.apply(); }
}
control D(packet_out packet, in headers_t hdr) { apply { packet.emit(hdr.h); } }
V1Switch(P(), V(), I(), E(), V(), D()) main;
