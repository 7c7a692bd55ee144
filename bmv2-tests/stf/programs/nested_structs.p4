// Structs in structs, copied and compared as wholes.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

struct point_t {
    bit<8> x;
    bit<8> y;
}

struct line_t {
    point_t from;
    point_t to;
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        line_t line = { { h.op.left[15:8], h.op.left[7:0] }, { h.op.right[15:8], h.op.right[7:0] } };
        line_t back = { from = line.to, to = line.from };
        h.op.result = back.from.x ++ back.from.y ++ back.to.x ++ back.to.y;
        if (line == back) {
            h.op.result = 0xffffffff;
        }
        if (line.from == line.to) {
            h.op.left = 0;
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
