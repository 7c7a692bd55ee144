// A bridge that counts what it forwards: a table's hit, a direct call, a header's field in bits, a conditional action.
#include <core.p4>
#include <v1model.p4>

header frame_t {
    bit<48> to;
    bit<48> from;
    bit<16> kind;
}

header label_t {
    bit<4>  class;
    bit<12> number;
}

struct headers_t {
    frame_t frame;
    label_t label;
}

struct meta_t {
    bit<9> port;
    @field_list(1)
    bool   is_labelled;
}

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.frame);
        transition select(h.frame.kind, s.ingress_port) {
            (0x0900 .. 0x0902, 1): labelled;
            (0x0800, _): accept;
        }
    }
    state labelled {
        packet.extract(h.label);
        m.is_labelled = h.label.class != 0;
        transition accept;
    }
}

control Verify(inout headers_t h, inout meta_t m) {
    apply { }
}

control Forward(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    counter(512, CounterType.packets) forwarded;

    action send(bit<9> port, bit<4> class) {
        m.port = port;
        if (h.label.isValid()) {
            h.label.class = class;
        } else {
            h.label.number[3:0] = class;
        }
    }

    table stations {
        key = { h.frame.to: exact; h.label.number[11:4] : ternary @name("area"); }
        actions = { send; NoAction; }
        const entries = {
            (0x020000000001, 0x10 &&& 0xf0): send(2, 3);
            (0x020000000002, _): send(3, 4) @priority(1);
        }
        default_action = NoAction();
    }

    apply {
        if (stations.apply().hit) {
            s.egress_spec = m.port;
            forwarded.count((bit<32>) m.port);
        } else {
            mark_to_drop(s);
        }
        if (m.is_labelled && h.frame.from == 0) {
            clone_preserving_field_list(CloneType.I2E, 7, 1);
        }
    }
}

control Leave(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    apply { }
}

control Compute(inout headers_t h, inout meta_t m) {
    apply { }
}

control Write(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h);
    }
}

V1Switch(Read(), Verify(), Forward(), Leave(), Compute(), Write()) main;
