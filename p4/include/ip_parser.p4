// The parts of parsing that both programs share: Ethernet with VLAN tags; then ARP, IPv4 with options or IPv6 with extension
// headers, and what the hash needs of layer 4. A packet whose layer 4 is not there (a fragment that is not the first, another
// protocol) is accepted without it.

#ifndef DPR_IP_PARSER_P4
#define DPR_IP_PARSER_P4

error {
    Ipv4BadVersion,
    Ipv4BadHeaderLength,
    Ipv4BadTotalLength,
    Ipv6BadVersion,
    Ipv6LongExtension
}

struct link_t {
    ethernet_t ethernet;
    vlan_t[2]  vlan;
}

struct ip_t {
    arp_t               arp;
    ipv4_t              ipv4;
    ipv4_options_t      ipv4_options;
    ipv6_t              ipv6;
    ipv6_extension_t[4] extensions;
    tcp_t               tcp;
    udp_t               udp;
    icmp_t              icmp;
}

// Up to two tags; `ether_type` is what they carry.
parser LinkParser(packet_in packet, inout link_t link, out bit<16> ether_type) {
    state start {
        packet.extract(link.ethernet);
        ether_type = link.ethernet.ether_type;
        transition select(link.ethernet.ether_type) {
            ETHERTYPE_VLAN: parse_tag;
            ETHERTYPE_SERVICE_VLAN: parse_tag;
            default: accept;
        }
    }

    state parse_tag {
        packet.extract(link.vlan[0]);
        ether_type = link.vlan[0].ether_type;
        transition select(link.vlan[0].ether_type) {
            ETHERTYPE_VLAN: parse_inner_tag;
            default: accept;
        }
    }

    state parse_inner_tag {
        packet.extract(link.vlan[1]);
        ether_type = link.vlan[1].ether_type;
        transition accept;
    }
}

// One extension header, if one comes next. After a fragment header that is not of the first fragment there is none.
parser ExtensionParser(packet_in packet, inout ipv6_extension_t extension, inout bit<8> next_header, inout fragment_t fragment) {
    state start {
        transition select(next_header, fragment.offset) {
            (PROTOCOL_HOP_BY_HOP, 0): parse_extension;
            (PROTOCOL_ROUTING, 0): parse_extension;
            (PROTOCOL_DESTINATION, 0): parse_extension;
            (PROTOCOL_FRAGMENT, 0): parse_fragment;
            default: accept;
        }
    }

    state parse_extension {
        bit<8> length = packet.lookahead<bit<16>>()[7:0];
        verify(length <= 7, error.Ipv6LongExtension);
        packet.extract(extension, (bit<32>)length << 6);
        next_header = extension.next_header;
        transition accept;
    }

    state parse_fragment {
        packet.extract(extension, 0);
        fragment.is_fragment = extension.data[47:35] != 0 || extension.data[32:32] == 1;
        fragment.offset = extension.data[47:35];
        fragment.protocol = extension.next_header;
        fragment.identification = extension.data[31:0];
        next_header = extension.next_header;
        transition accept;
    }
}

parser IpParser(packet_in packet, inout ip_t ip, inout five_tuple_t flow, inout fragment_t fragment, in bit<16> ether_type) {
    ExtensionParser() extension;

    state start {
        transition select(ether_type) {
            ETHERTYPE_IPV4: parse_ipv4;
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_ARP: parse_arp;
            default: accept;
        }
    }

    state parse_arp {
        packet.extract(ip.arp);
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(ip.ipv4);
        verify(ip.ipv4.version == 4, error.Ipv4BadVersion);
        verify(ip.ipv4.ihl >= 5, error.Ipv4BadHeaderLength);
        verify(ip.ipv4.total_length >= ((bit<16>)ip.ipv4.ihl << 2), error.Ipv4BadTotalLength);
        flow.src = IPV4_MAPPED ++ ip.ipv4.src;
        flow.dst = IPV4_MAPPED ++ ip.ipv4.dst;
        flow.protocol = ip.ipv4.protocol;
        fragment.is_fragment = ip.ipv4.fragment_offset != 0 || ip.ipv4.flags[0:0] == 1;
        fragment.offset = ip.ipv4.fragment_offset;
        fragment.protocol = ip.ipv4.protocol;
        fragment.identification = (bit<32>)ip.ipv4.identification;
        transition select(ip.ipv4.ihl) {
            5: parse_layer_4_of_ipv4;
            default: parse_ipv4_options;
        }
    }

    state parse_ipv4_options {
        packet.extract(ip.ipv4_options, (bit<32>)(ip.ipv4.ihl - 5) << 5);
        transition parse_layer_4_of_ipv4;
    }

    state parse_layer_4_of_ipv4 {
        transition select(ip.ipv4.fragment_offset, ip.ipv4.protocol) {
            (0, PROTOCOL_TCP): parse_tcp;
            (0, PROTOCOL_UDP): parse_udp;
            (0, PROTOCOL_ICMP): parse_icmp;
            default: accept;
        }
    }

    state parse_ipv6 {
        packet.extract(ip.ipv6);
        verify(ip.ipv6.version == 6, error.Ipv6BadVersion);
        flow.src = ip.ipv6.src;
        flow.dst = ip.ipv6.dst;
        flow.protocol = ip.ipv6.next_header;
        transition select(ip.ipv6.next_header) {
            PROTOCOL_TCP: parse_tcp;
            PROTOCOL_UDP: parse_udp;
            PROTOCOL_ICMPV6: parse_icmp;
            default: parse_extensions;
        }
    }

    state parse_extensions {
        extension.apply(packet, ip.extensions[0], flow.protocol, fragment);
        extension.apply(packet, ip.extensions[1], flow.protocol, fragment);
        extension.apply(packet, ip.extensions[2], flow.protocol, fragment);
        extension.apply(packet, ip.extensions[3], flow.protocol, fragment);
        transition parse_layer_4_of_ipv6;
    }

    state parse_layer_4_of_ipv6 {
        transition select(fragment.offset, flow.protocol) {
            (0, PROTOCOL_TCP): parse_tcp;
            (0, PROTOCOL_UDP): parse_udp;
            (0, PROTOCOL_ICMPV6): parse_icmp;
            default: accept;
        }
    }

    state parse_tcp {
        packet.extract(ip.tcp);
        flow.src_port = ip.tcp.src_port;
        flow.dst_port = ip.tcp.dst_port;
        transition accept;
    }

    state parse_udp {
        packet.extract(ip.udp);
        flow.src_port = ip.udp.src_port;
        flow.dst_port = ip.udp.dst_port;
        transition accept;
    }

    state parse_icmp {
        packet.extract(ip.icmp);
        transition accept;
    }
}

// Says what the link layer carries, wherever it says so.
void set_ether_type(inout link_t link, in bit<16> ether_type) {
    if (link.vlan[1].isValid()) {
        link.vlan[1].ether_type = ether_type;
    } else if (link.vlan[0].isValid()) {
        link.vlan[0].ether_type = ether_type;
    } else {
        link.ethernet.ether_type = ether_type;
    }
}

#endif
