// The blocks of a v1model switch that a program leaves as they are. Include it after `headers_t` and `meta_t`.

control NoVerify(inout headers_t h, inout meta_t m) {
    apply {}
}

control NoEgress(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {}
}

control NoUpdate(inout headers_t h, inout meta_t m) {
    apply {}
}

control EmitAll(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h);
    }
}
