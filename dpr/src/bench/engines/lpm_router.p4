// The smallest router that is of use: what `dpr bench engines` measures beside our own programs.

#include <core.p4>
#include <v1model.p4>

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> ether_type;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  header_words;
    bit<8>  service;
    bit<16> total_length;
    bit<16> identification;
    bit<3>  flags;
    bit<13> fragment;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t     ipv4;
}

struct metadata_t {}

parser ReadHeaders(packet_in packet, out headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    state start {
        packet.extract(headers.ethernet);
        transition select(headers.ethernet.ether_type) {
            0x0800: ipv4;
            default: accept;
        }
    }
    state ipv4 {
        packet.extract(headers.ipv4);
        transition accept;
    }
}

control CheckSum(inout headers_t headers, inout metadata_t metadata) {
    apply {
        verify_checksum(headers.ipv4.isValid(),
            { headers.ipv4.version, headers.ipv4.header_words, headers.ipv4.service, headers.ipv4.total_length,
              headers.ipv4.identification, headers.ipv4.flags, headers.ipv4.fragment, headers.ipv4.ttl,
              headers.ipv4.protocol, headers.ipv4.src, headers.ipv4.dst },
            headers.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control Route(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    action unreachable() {
        mark_to_drop(standard);
    }
    action forward(bit<9> port, bit<48> src, bit<48> dst) {
        standard.egress_spec = port;
        headers.ethernet.src = src;
        headers.ethernet.dst = dst;
        headers.ipv4.ttl = headers.ipv4.ttl - 1;
    }
    // Filled once, before packets are sent.
    table routes {
        key = { headers.ipv4.dst: lpm; }
        actions = { forward; unreachable; }
        const default_action = unreachable();
        size = 4096;
    }
    apply {
        if (headers.ipv4.isValid() && headers.ipv4.ttl > 1 && standard.checksum_error == 0) {
            routes.apply();
        } else {
            mark_to_drop(standard);
        }
    }
}

control Leave(inout headers_t headers, inout metadata_t metadata, inout standard_metadata_t standard) {
    apply {}
}

control SetSum(inout headers_t headers, inout metadata_t metadata) {
    apply {
        update_checksum(headers.ipv4.isValid(),
            { headers.ipv4.version, headers.ipv4.header_words, headers.ipv4.service, headers.ipv4.total_length,
              headers.ipv4.identification, headers.ipv4.flags, headers.ipv4.fragment, headers.ipv4.ttl,
              headers.ipv4.protocol, headers.ipv4.src, headers.ipv4.dst },
            headers.ipv4.checksum, HashAlgorithm.csum16);
    }
}

control WriteHeaders(packet_out packet, in headers_t headers) {
    apply {
        packet.emit(headers.ethernet);
        packet.emit(headers.ipv4);
    }
}

V1Switch(ReadHeaders(), CheckSum(), Route(), Leave(), SetSum(), WriteHeaders()) main;
