// Values of which only a part is said: `...` leaves the rest at its default, and `{#}` is a header that is not valid.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

enum bit<8> kind_t {
    other = 0,
    known = 3
}

struct inner_t {
    bit<8> low;
    bool is_set;
}

struct outer_t {
    bit<16> number;
    kind_t kind;
    inner_t inner;
    operands_t header_part;
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        outer_t nothing = ...;
        outer_t some = { kind = kind_t.known, inner = { low = h.op.left[7:0], ... }, ... };
        tuple<bit<8>, bit<8>> pair = { 9, ... };
        h.op.result = 0;
        if (nothing.number == 0 && nothing.kind == kind_t.other && !nothing.inner.is_set && !nothing.header_part.isValid()) {
            h.op.result[7:0] = 1;
        }
        if (some.number == 0 && some.kind == kind_t.known && some.inner.low == h.op.left[7:0] && !some.inner.is_set) {
            h.op.result[15:8] = 2;
        }
        h.op.result[31:24] = pair[0] + pair[1];
        if (h.op.right == 1) {
            h.op = { left = 0x1234, ... };
        } else if (h.op.right == 2) {
            h.op = (operands_t){#};
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
