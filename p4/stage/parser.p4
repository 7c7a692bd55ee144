// What a host stage reads of a packet. From the network it looks into tunnels, for they may end here.

#ifndef DPR_STAGE_PARSER_P4
#define DPR_STAGE_PARSER_P4

// An IPv4 packet of this length that carries an echo request is a probe: 20 bytes IPv4, 8 ICMP, the probe.
const bit<16> PROBE_IPV4_LENGTH = 28 + PROBE_T_BYTES;

// The shortest ICMP errors that quote a packet with ports, and one in a tunnel.
const bit<16> ICMP_QUOTE = IPV4_BYTES + ICMP_BYTES + IPV4_BYTES + QUOTED_TRANSPORT_BYTES;
const bit<16> ICMP_TUNNEL_QUOTE = ICMP_QUOTE + IPV4_BYTES;
const bit<16> ICMPV6_QUOTE = ICMP_BYTES + IPV6_BYTES + QUOTED_TRANSPORT_BYTES;
const bit<16> ICMPV6_TUNNEL_QUOTE = ICMPV6_QUOTE + IPV6_BYTES;
// Enough for a fragment's header, too: such errors quote all that fits (RFC 4443).
const bit<16> ICMPV6_FRAGMENT_QUOTE = ICMPV6_TUNNEL_QUOTE + IPV6_FRAGMENT_BYTES;

// The first ten bytes of an IPv4 header without options that is no fragment, and the first seven of an IPv6 one, by what
// they carry.
#define IPV4_CARRIES(protocol) 0x45000000000000000000 + protocol &&& 0xff00000000003fff00ff
#define IPV6_CARRIES(protocol) 0x60000000000000 + protocol &&& 0xf00000000000ff

parser StageParser(packet_in packet, out headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    LinkParser() link;
    IpParser() ip;
    bit<16> ether_type;

    state start {
        link.apply(packet, headers.link, ether_type);
        transition select(ARCH_INGRESS_PORT(standard), ether_type) {
            (PORT_NETWORK, ETHERTYPE_IPV4): look_for_tunnel_by_ipv4;
            (PORT_NETWORK, ETHERTYPE_IPV6): look_for_tunnel_by_ipv6;
            default: parse_ip;
        }
    }

    state look_for_tunnel_by_ipv4 {
        transition select(packet.lookahead<bit<80>>()) {
            IPV4_CARRIES(4): parse_outer_ipv4;
            IPV4_CARRIES(41): parse_outer_ipv4;
            default: parse_ip;
        }
    }

    state parse_outer_ipv4 {
        packet.extract(headers.outer_ipv4);
        transition select(headers.outer_ipv4.protocol) {
            PROTOCOL_IPIP: parse_inner_ipv4;
            default: parse_inner_ipv6;
        }
    }

    state look_for_tunnel_by_ipv6 {
        transition select(packet.lookahead<bit<56>>()) {
            IPV6_CARRIES(4): parse_outer_ipv6;
            IPV6_CARRIES(41): parse_outer_ipv6;
            default: parse_ip;
        }
    }

    state parse_outer_ipv6 {
        packet.extract(headers.outer_ipv6);
        transition select(headers.outer_ipv6.next_header) {
            PROTOCOL_IPIP: parse_inner_ipv4;
            default: parse_inner_ipv6;
        }
    }

    state parse_inner_ipv4 {
        ether_type = ETHERTYPE_IPV4;
        transition parse_ip;
    }

    state parse_inner_ipv6 {
        ether_type = ETHERTYPE_IPV6;
        transition parse_ip;
    }

    state parse_ip {
        ip.apply(packet, headers.ip, meta.flow, meta.fragment, ether_type);
        meta.destination = meta.flow.dst;
        transition select(headers.ip.tcp.isValid(), headers.ip.udp.isValid(), headers.ip.icmp.isValid()) {
            (true, _, _): accept;
            (_, true, _): parse_datagram;
            (_, _, true): parse_icmp;
            default: accept;
        }
    }

    // QUIC (RFC 8999): the first bit says whether a long header follows. A connection id that a server chose by QUIC-LB (its
    // plaintext form) begins with three bits of configuration and, after that byte, the server's number.
    state parse_datagram {
        transition select(headers.ip.udp.length) {
            17..65535: look_for_long_header;
            12..16: parse_short_header;
            default: accept;
        }
    }

    state look_for_long_header {
        transition select(packet.lookahead<bit<1>>()) {
            1: parse_long_header;
            default: parse_short_header;
        }
    }

    state parse_long_header {
        bit<72> start = packet.lookahead<bit<72>>();
        meta.has_connection_id = start[31:24] >= 3;
        meta.id_config = start[23:21];
        meta.id_server = start[15:0];
        transition accept;
    }

    state parse_short_header {
        bit<32> start = packet.lookahead<bit<32>>();
        meta.has_connection_id = start[31:31] == 0;
        meta.id_config = start[23:21];
        meta.id_server = start[15:0];
        transition accept;
    }

    state parse_icmp {
        transition select(meta.flow.protocol, headers.ip.icmp.type, headers.ip.ipv4.total_length) {
            (PROTOCOL_ICMP, ICMP_ECHO_REQUEST, PROBE_IPV4_LENGTH): parse_probe;
            (PROTOCOL_ICMP, ICMP_UNREACHABLE, ICMP_TUNNEL_QUOTE..65535): look_for_quoted_tunnel_by_ipv4;
            (PROTOCOL_ICMP, ICMP_UNREACHABLE, ICMP_QUOTE..65535): parse_quoted_ipv4;
            (PROTOCOL_ICMP, ICMP_TIME_EXCEEDED, ICMP_QUOTE..65535): parse_quoted_ipv4;
            (PROTOCOL_ICMP, ICMP_PARAMETER_PROBLEM, ICMP_QUOTE..65535): parse_quoted_ipv4;
            (PROTOCOL_ICMPV6, _, _): parse_icmpv6;
            default: accept;
        }
    }

    state parse_probe {
        packet.extract(headers.probe);
        transition accept;
    }

    state look_for_quoted_tunnel_by_ipv4 {
        transition select(packet.lookahead<bit<80>>()) {
            IPV4_CARRIES(4): parse_quoted_outer_ipv4;
            default: parse_quoted_ipv4;
        }
    }

    state parse_quoted_outer_ipv4 {
        packet.extract(headers.quoted_outer_ipv4);
        transition parse_quoted_ipv4;
    }

    state parse_quoted_ipv4 {
        packet.extract(headers.quoted_ipv4);
        transition select(headers.quoted_ipv4.version, headers.quoted_ipv4.ihl) {
            (4, 5): parse_quoted_layer_4_of_ipv4;
            (4, 6..15): parse_quoted_ipv4_options;
            default: accept;
        }
    }

    state parse_quoted_ipv4_options {
        packet.extract(headers.quoted_ipv4_options, (bit<32>)(headers.quoted_ipv4.ihl - 5) << 5);
        transition parse_quoted_layer_4_of_ipv4;
    }

    // The quoted packet went the other way.
    state parse_quoted_layer_4_of_ipv4 {
        meta.flow.src = IPV4_MAPPED ++ headers.quoted_ipv4.dst;
        meta.flow.dst = IPV4_MAPPED ++ headers.quoted_ipv4.src;
        meta.flow.protocol = headers.quoted_ipv4.protocol;
        transition select(headers.quoted_ipv4.fragment_offset, headers.quoted_ipv4.protocol) {
            (0, PROTOCOL_TCP): parse_quoted_transport;
            (0, PROTOCOL_UDP): parse_quoted_transport;
            default: accept;
        }
    }

    state parse_icmpv6 {
        transition select(headers.ip.icmp.type, headers.ip.ipv6.payload_length) {
            (ICMPV6_UNREACHABLE, ICMPV6_QUOTE..65535): parse_quoted_ipv6;
            (ICMPV6_TOO_BIG, ICMPV6_TUNNEL_QUOTE..65535): look_for_quoted_tunnel_by_ipv6;
            (ICMPV6_TOO_BIG, ICMPV6_QUOTE..65535): parse_quoted_ipv6;
            (ICMPV6_TIME_EXCEEDED, ICMPV6_QUOTE..65535): parse_quoted_ipv6;
            (ICMPV6_PARAMETER_PROBLEM, ICMPV6_QUOTE..65535): parse_quoted_ipv6;
            (ICMPV6_NEIGHBOR_SOLICITATION, _): parse_ndp_target;
            default: accept;
        }
    }

    state look_for_quoted_tunnel_by_ipv6 {
        transition select(packet.lookahead<bit<56>>()) {
            IPV6_CARRIES(41): parse_quoted_outer_ipv6;
            default: parse_quoted_ipv6;
        }
    }

    state parse_quoted_outer_ipv6 {
        packet.extract(headers.quoted_outer_ipv6);
        transition parse_quoted_ipv6;
    }

    state parse_quoted_ipv6 {
        packet.extract(headers.quoted_ipv6);
        meta.flow.src = headers.quoted_ipv6.dst;
        meta.flow.dst = headers.quoted_ipv6.src;
        meta.flow.protocol = headers.quoted_ipv6.next_header;
        transition select(headers.quoted_ipv6.next_header, headers.ip.ipv6.payload_length) {
            (PROTOCOL_TCP, _): parse_quoted_transport;
            (PROTOCOL_UDP, _): parse_quoted_transport;
            (PROTOCOL_FRAGMENT, ICMPV6_FRAGMENT_QUOTE..65535): parse_quoted_fragment;
            default: accept;
        }
    }

    state parse_quoted_fragment {
        packet.extract(headers.quoted_fragment, 0);
        meta.flow.protocol = headers.quoted_fragment.next_header;
        transition select(headers.quoted_fragment.data[47:35], headers.quoted_fragment.next_header) {
            (0, PROTOCOL_TCP): parse_quoted_transport;
            (0, PROTOCOL_UDP): parse_quoted_transport;
            default: accept;
        }
    }

    state parse_quoted_transport {
        packet.extract(headers.quoted_transport);
        meta.flow.src_port = headers.quoted_transport.dst_port;
        meta.flow.dst_port = headers.quoted_transport.src_port;
        transition accept;
    }

    state parse_ndp_target {
        packet.extract(headers.ndp_target);
        transition accept;
    }
}

control StageVerify(inout headers_t headers, inout metadata_t meta) {
    apply {
        ARCH_VERIFY_IPV4_CHECKSUM(headers.outer_ipv4);
        ARCH_VERIFY_IPV4_CHECKSUM_WITH_OPTIONS(headers.ip.ipv4, headers.ip.ipv4_options);
    }
}

control StageDeparser(packet_out packet, in headers_t headers) {
    apply {
        packet.emit(headers.link);
        packet.emit(headers.outer_ipv4);
        packet.emit(headers.outer_ipv6);
        packet.emit(headers.message);
        packet.emit(headers.ip);
        packet.emit(headers.probe);
        packet.emit(headers.ndp_target);
        packet.emit(headers.quoted_outer_ipv4);
        packet.emit(headers.quoted_outer_ipv6);
        packet.emit(headers.quoted_ipv4);
        packet.emit(headers.quoted_ipv4_options);
        packet.emit(headers.quoted_ipv6);
        packet.emit(headers.quoted_fragment);
        packet.emit(headers.quoted_transport);
    }
}

#endif
