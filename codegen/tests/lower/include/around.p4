// The blocks of a pipeline that a test does not write itself. It has declared headers_t and meta_t, and the control I.

#ifndef OWN_PARSER
parser P(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        transition accept;
    }
}
#endif

#ifndef OWN_INGRESS
control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {}
}
#endif

control V(inout headers_t h, inout meta_t m) {
    apply {}
}

control E(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {}
}

control U(inout headers_t h, inout meta_t m) {
    apply {}
}

#ifndef OWN_DEPARSER
control D(packet_out packet, in headers_t h) {
    apply {}
}
#endif

V1Switch(P(), V(), I(), E(), U(), D()) main;
