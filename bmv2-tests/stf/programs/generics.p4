// Generic structs, functions and controls, with type arguments that are said or inferred.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

struct pair<T> {
    T first;
    T second;
}

T larger<T>(in T left, in T right, in bool left_wins) {
    return left_wins ? left : right;
}

control Swap<T>(inout T left, inout T right) {
    apply {
        T kept = left;
        left = right;
        right = kept;
    }
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    Swap<bit<16>>() swap;

    apply {
        pair<bit<16>> both = { h.op.left, h.op.right };
        h.op.result[31:16] = larger<bit<16>>(both.first, both.second, both.first > both.second);
        h.op.result[15:0] = larger(both.first, both.second, both.first < both.second);
        swap.apply(h.op.left, h.op.right);
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
