// Enums: those without representation are compared only, those with one are numbers.
#include <core.p4>
#include <v1model.p4>
#include "include/operands.p4"

enum Colour {
    Red,
    Green,
    Blue
}

enum bit<16> Protocol {
    Tcp = 6,
    Udp = 17,
    Lookalike = 6
}

control Compute(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        Colour colour = Colour.Red;
        if (h.op.left > 9) {
            colour = Colour.Blue;
        }
        Protocol protocol = (Protocol)h.op.right;
        h.op.result = 0;
        if (colour == Colour.Blue) {
            h.op.result[31:24] = 0xbb;
        }
        if (protocol == Protocol.Lookalike) {
            h.op.result[15:0] = (bit<16>)Protocol.Udp;
        }
        s.egress_spec = 1;
    }
}

V1Switch(ReadOperands(), NoVerify(), Compute(), NoEgress(), NoUpdate(), EmitAll()) main;
