// Sends every frame of a known type back to where it came from, through port PORT.

#include <core.p4>
#include <v1model.p4>
#include <ethernet.p4>

struct headers_t { ethernet_t ethernet; }
struct metadata_t { }

parser ReflectParser(packet_in packet, out headers_t headers, inout metadata_t metadata,
                     inout standard_metadata_t standard) {
    state start {
        packet.extract(headers.ethernet);
        transition accept;
    }
}

control ReflectVerify(inout headers_t headers, inout metadata_t metadata) { apply { } }
control ReflectUpdate(inout headers_t headers, inout metadata_t metadata) { apply { } }

control ReflectIngress(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    action reflect() {
        bit<48> sender = headers.ethernet.src;
        headers.ethernet.src = headers.ethernet.dst;
        headers.ethernet.dst = sender;
        standard.egress_spec = PORT;
    }
    action drop() { mark_to_drop(standard); }
    table types {
        key = { headers.ethernet.ether_type : exact; }
        actions = { reflect; drop; }
        const default_action = drop();
        const entries = { 0x0800 : reflect(); }
    }
    apply { types.apply(); }
}

control ReflectEgress(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) { apply { } }
control ReflectDeparser(packet_out packet, in headers_t headers) { apply { packet.emit(headers.ethernet); } }

V1Switch(ReflectParser(), ReflectVerify(), ReflectIngress(), ReflectEgress(), ReflectUpdate(), ReflectDeparser()) main;
