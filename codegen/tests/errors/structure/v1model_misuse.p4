// A program for v1model with mistakes that only show where it is put together.
#include <core.p4>
#include <v1model.p4>

header h_t { bit<8> x; }
struct headers_t { h_t h; }
struct meta_t { bit<8> m; }

parser P(packet_in packet, out headers_t headers, inout meta_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(headers.h);
        transition accept;
    }
}
control V(inout headers_t headers, inout meta_t meta) {
    apply {
        verify_checksum(true, { headers.h.x }, headers.h.x, HashAlgorithm.csum); //~ ERROR E0305 `HashAlgorithm` has no member `csum`
    }
}
control I(inout headers_t headers, inout meta_t meta, inout standard_metadata_t standard) {
    counter(16, CounterType.both) hits; //~ ERROR E0305 `CounterType` has no member `both`
    register<bit<8>>(4) cells;
    apply {
        hits.count(headers.h.x); //~ ERROR E0401 expected `bit<32>`, but this is `bit<8>`
        cells.read(meta.m, 0);
        cells.write(0, 16w1); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        standard.egress_port = 600;
        standard.egress_prt = 6; //~ ERROR E0305 `standard_metadata_t` has no member `egress_prt`
        mark_to_drop(meta); //~ ERROR E0401 expected `standard_metadata_t`, but this is `meta_t` (nothing converts for `inout`)
        hash(meta.m, HashAlgorithm.crc32, 8w0, { headers.h.x }, 8w16);
        random(meta.m, 0, standard.egress_spec); //~ ERROR E0401 expected `bit<8>`, but this is `bit<9>`
    }
}
control E(inout headers_t headers, inout meta_t meta, inout standard_metadata_t standard) {
    apply {}
}
control U(inout headers_t headers, inout meta_t meta) {
    apply {}
}
control D(packet_out packet, in headers_t headers) {
    apply {
        packet.emit(headers);
    }
}

V1Switch(
    P(),
    V(),
    E(),
    E(),
    D(), //~ ERROR E0401 expected `ComputeChecksum<headers_t, meta_t>`, but this is `D`
    U()) main; //~ ERROR E0401 expected `Deparser<headers_t>`, but this is `U`
