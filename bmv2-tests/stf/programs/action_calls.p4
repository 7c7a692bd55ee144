// Actions as subroutines: called from controls and from one another, with directions, and in a table with some arguments bound.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

const bit<8> STEPS = 2;
const bool STEPS_ARE_CHECKED = static_assert(STEPS == 2, "the result of `twice` is for two steps");

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action add_to(inout bit<32> sum, in bit<16> value, out bool carried) {
        bit<33> wide = (bit<33>)sum + (bit<33>)value;
        carried = wide[32:32] == 1;
        sum = wide[31:0];
    }

    action swap(inout bit<16> a, inout bit<16> b) {
        bit<16> kept = a;
        a = b;
        b = kept;
    }

    action twice(inout bit<32> sum, in bit<16> value, bit<8> extra) {
        bool carried;
        add_to(sum, value, carried);
        add_to(sum, value, carried);
        sum = sum + (bit<32>)extra;
        if (carried) {
            sum = 0xffffffff;
        }
    }

    table bound {
        key = { h.op.left : exact; }
        actions = { twice(h.op.result, h.op.right); NoAction; }
        default_action = NoAction;
    }

    apply {
        if (h.op.right == 0xffff) {
            // Copied out from left to right: both are one field.
            swap(h.op.left, h.op.left);
            swap(h.op.left, h.op.right);
        } else {
            bound.apply();
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
