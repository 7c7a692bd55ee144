// A deparser that decides and computes: what it emits depends on headers, on a checksum, and on copies that it changes.
#include <core.p4>
#include <v1model.p4>

header start_t {
    bit<8> what;
    bit<8> value;
}

header body_t {
    bit<16> sum;
    bit<16> data;
}

header trailer_t {
    bit<8> length;
    varbit<32> rest;
}

struct headers_t {
    start_t start;
    body_t[2] bodies;
    trailer_t trailer;
}

struct meta_t {
    bit<8> flags;
}

#include "include/empty_blocks.p4"

parser ReadAll(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.start);
        packet.extract(h.bodies[0]);
        packet.extract(h.bodies[1]);
        bit<8> length = packet.lookahead<bit<8>>();
        packet.extract(h.trailer, (bit<32>)length * 8);
        transition accept;
    }
}

control ToOne(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply {
        s.egress_spec = 1;
    }
}

control Leave(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action end_here() {
        exit;
    }
    table ends {
        key = { h.start.what : exact; }
        actions = { end_here; NoAction; }
        const entries = { 0x70: end_here(); }
    }
    apply {
        ends.apply();
        h.start.value = h.start.value + 1;
    }
}

control Sum(inout headers_t h, inout meta_t m) {
    apply {
        update_checksum(true, { h.bodies[0].data }, h.bodies[0].sum, HashAlgorithm.csum16);
    }
}

control Decide(packet_out packet, in headers_t h) {
    start_t changed;
    bit<16> total;

    apply {
        changed = h.start;
        changed.value = changed.value ^ 0xff;
        total = 0;
        for (body_t body in h.bodies) {
            total = total + (body.isValid() ? body.data : 0);
        }
        packet.emit(h.start);
        if (h.start.what == 1) {
            packet.emit(h.bodies[1]);
            packet.emit(h.bodies[0]);
            packet.emit(changed);
            return;
        }
        // The checksum of this packet, not the one that it came with.
        if (h.bodies[0].sum == 0xfffe) {
            packet.emit(changed);
            packet.emit(h.bodies[0]);
        } else if (total[7:0] > 0x10) {
            packet.emit(h.bodies);
        }
        switch (h.start.what) {
            2: { changed.setInvalid(); }
            3: {
                changed.what = (bit<8>)(total >> 8);
                packet.emit(changed);
            }
            default: { packet.emit(h.trailer); }
        }
        packet.emit(changed);
    }
}

V1Switch(ReadAll(), NoVerify(), ToOne(), Leave(), Sum(), Decide()) main;
