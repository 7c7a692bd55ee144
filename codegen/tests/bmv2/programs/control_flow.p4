// What branches: action_run, switch, exit, a table that is applied twice, parser states with conditions, value sets, stacks.
#include <core.p4>
#include <v1model.p4>

header hop_t {
    bit<7> next;
    bit<1> last;
}

header total_t {
    bit<16> sum;
    int<16> offset;
}

struct headers_t {
    total_t  total;
    hop_t[3] hops;
}

struct learned_t {
    bit<7>  hop;
    bit<16> sum;
}

struct meta_t {
    bit<2>  index;
    bit<8>  steps;
    bit<16> chosen;
}

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    value_set<bit<8>>(4) marked;

    state start {
        packet.extract(h.total);
        if (h.total.sum > 100) {
            m.steps = 1;
        } else if (h.total.sum == 0) {
            m.steps = 2;
        }
        verify(h.total.offset >= -5, error.ParserInvalidArgument);
        transition select(packet.lookahead<bit<8>>(), m.steps) {
            (marked, 1): accept;
            (0xff, _): accept;
            default: hop;
        }
    }
    state hop {
        packet.extract(h.hops.next);
        transition select(h.hops.last.last) {
            1: accept;
            0: hop;
        }
    }
}

control Verify(inout headers_t h, inout meta_t m) {
    apply {
        verify_checksum(h.hops[0].isValid(), { h.total.offset, 8w0 ++ m.steps }, h.total.sum, HashAlgorithm.csum16);
    }
}

control Choose(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<16>>(4) sums;
    action_selector(HashAlgorithm.crc16, 32, 8) spread;
    direct_meter<bit<2>>(MeterType.bytes) colours;

    action pick(bit<16> value) {
        m.chosen = value + h.total.sum;
        colours.read(m.index);
    }
    action stop() {
        m.steps = 9;
        exit;
    }
    table paths {
        key = { m.chosen : range; h.total.sum : selector; }
        actions = { pick; stop; }
        implementation = spread;
    }
    table marks {
        key = { h.hops[m.index].next + 1 : exact @name("after"); }
        actions = { pick; stop; NoAction; }
        meters = colours;
    }

    apply {
        switch (paths.apply().action_run) {
            pick: { m.steps = 3; }
            stop: { return; }
        }
        if (m.steps == 3) {
            marks.apply();
            h.hops[m.index].next = 5;
        } else {
            marks.apply();
            digest<learned_t>(1, { h.hops[0].next, h.total.sum });
        }
        switch (m.index) {
            0: { h.hops.push_front(1); h.hops[0].setValid(); }
            1: { sums.read(m.chosen, (bit<32>) m.index); }
            default: { exit; }
        }
        hash(m.chosen, HashAlgorithm.crc32, 16w0, { m.chosen, h.total.sum + 1 }, 16w64);
        h.total.offset = (h.total.offset |+| 3) >> 1;
    }
}

control Leave(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply { }
}

control Compute(inout headers_t h, inout meta_t m) {
    apply {
        update_checksum(true, { h.total.offset, m.chosen ^ 16w1 }, h.total.sum, HashAlgorithm.csum16);
    }
}

control Write(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h);
    }
}

V1Switch(Read(), Verify(), Choose(), Leave(), Compute(), Write()) main;
