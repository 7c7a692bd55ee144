// Names that mean something else in what a compiler makes of a program: those of other languages' words and standard types, of the
// generated module's own items, and those that differ in their spelling only.
#include <core.p4>
#include <v1model.p4>

const bit<8> PROGRAM = 1;
const bit<8> program = 2;

enum bit<8> State {
    Ok = 1,
    ok = 2,
    self = 3,
    ALL = 4
}

enum Result {
    Err,
    None
}

header Option {
    bit<8> at;
    bit<8> set_at;
    bit<8> match;
    bit<8> data;
}

header option_t {
    bit<8> packet;
    bit<8> aB;
    bit<8> a_b;
    State self;
}

struct headers_t {
    Option first;
    option_t head;
}

struct meta_t {
    bit<8> length;
    bit<8> worker;
    bit<8> key_0;
    bit<8> value;
    Result Vec;
}

#include "include/empty_blocks.p4"

parser Read(packet_in packet, out headers_t h, inout meta_t m, inout standard_metadata_t s) {
    state start {
        packet.extract(h.first);
        packet.extract(h.head);
        m.key_0 = h.first.match;
        transition select(h.first.at, h.first.set_at) {
            (1 &&& 1, _): loop;
            default: accept;
        }
    }
    state loop {
        m.length = m.key_0;
        transition accept;
    }
}

control Self(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    register<bit<8>>(2) headers;
    counter(2, CounterType.packets) std;

    action match(bit<8> aB, bit<8> a_b) {
        h.head.aB = aB;
        h.head.a_b = a_b;
    }
    action Some() {
        h.head.self = State.self;
    }
    action some(bit<8> found) {
        h.head.packet = found + m.length;
    }

    table Entry {
        key = {
            h.first.at: exact;
            h.head.self: exact @name("at");
        }
        actions = { match; Some; some; NoAction; }
        default_action = Some();
    }
    table Vec {
        actions = { Some; match; }
        default_action = match(PROGRAM, program);
    }
    table schema {
        key = { h.first.data: ternary; }
        actions = { some; NoAction; }
        default_action = NoAction();
    }

    apply {
        s.egress_spec = 1;
        m.Vec = Result.None;
        headers.write(1, h.first.data);
        headers.read(m.value, 1);
        std.count(1);
        Vec.apply();
        Entry.apply();
        schema.apply();
        if (m.Vec == Result.None) {
            h.first.data = m.value + 1;
        }
    }
}

V1Switch(Read(), NoVerify(), Self(), NoEgress(), NoUpdate(), EmitAll()) main;
