// What an expression leaves out: `...` stands for defaults, `{#}` for an invalid header, and parameters have values of their own.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

struct pair_t {
    bit<8> first;
    bit<8> second;
}

struct nested_t {
    pair_t inner;
    bool flag;
    bit<16> rest;
}

bit<8> scaled(in bit<8> value, in bit<8> by = 3) {
    return value * by;
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
        nested_t some = { rest = h.op.left, ... };
        nested_t none = ...;
        pair_t first = { 7, ... };
        if (some.flag || none != { inner = { 0, 0 }, flag = false, rest = 0 }) {
            h.op = (operands_t){#};
        } else if (h.op.right == 0xffff) {
            h.op = { left = 1, ... };
        } else {
            h.op.result = some.rest ++ scaled(first.first) ++ scaled(by = 2, value = first.first + first.second);
        }
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
