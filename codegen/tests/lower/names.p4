// What a control plane sees: paths, annotations, comments.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; }
struct meta_t { bit<8> p; @name("renamed") bit<8> q; }

typedef bit<9> port_t;
enum bit<8> Kind { one = 1, two = 2 }

control Inner(inout meta_t m)(bit<32> size) {
    counter(size, CounterType.bytes) hits;
    action set(bit<8> value) { m.p = value; }
    @name("plain") table t {
        key = { m.q: exact; m.p & 0xf: exact @name("low"); }
        actions = { set; }
        size = size;
    }
    apply {
        t.apply();
        hits.count(3);
    }
}

control Never(inout meta_t m) {
    table unused {
        actions = { NoAction; }
    }
    apply {}
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Inner(4) first;
    @name("second_name") Inner(8) second;
    Never() never;
    register<bit<8>>(2) cells;
    direct_counter(CounterType.packets) seen;
    @hidden action hidden() {}
    // Ports and kinds.
    // Written by nobody.
    table here {
        key = { s.ingress_port: exact; }
        actions = { hidden; NoAction; }
        counters = seen;
        default_action = hidden;
    }
    @name(".absolute") table u {
        actions = { NoAction; }
    }
    table never_applied {
        actions = { NoAction; }
    }
    apply {
        first.apply(m);
        second.apply(m);
        never.apply(m);
        here.apply();
        u.apply();
        cells.write(1, m.p);
    }
}

#include "include/around.p4"
