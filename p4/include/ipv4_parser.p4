// The part of parsing that both programs share: Ethernet, ARP, IPv4 with options, and what the hash needs of layer 4.
// A packet whose layer 4 is not there (a fragment that is not the first, another protocol) is accepted without it.

#ifndef DPR_IPV4_PARSER_P4
#define DPR_IPV4_PARSER_P4

error {
    Ipv4BadVersion,
    Ipv4BadHeaderLength,
    Ipv4BadTotalLength
}

struct ip_headers_t {
    ethernet_t     ethernet;
    arp_t          arp;
    ipv4_t         ipv4;
    ipv4_options_t ipv4_options;
    tcp_t          tcp;
    udp_t          udp;
    icmp_t         icmp;
}

parser IpParser(packet_in packet, inout ip_headers_t headers, inout five_tuple_t flow) {
    state start {
        packet.extract(headers.ethernet);
        transition select(headers.ethernet.ether_type) {
            ETHERTYPE_ARP: parse_arp;
            ETHERTYPE_IPV4: parse_ipv4;
            default: accept;
        }
    }

    state parse_arp {
        packet.extract(headers.arp);
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(headers.ipv4);
        verify(headers.ipv4.version == 4, error.Ipv4BadVersion);
        verify(headers.ipv4.ihl >= 5, error.Ipv4BadHeaderLength);
        verify(headers.ipv4.total_length >= ((bit<16>)headers.ipv4.ihl << 2), error.Ipv4BadTotalLength);
        flow.src = headers.ipv4.src;
        flow.dst = headers.ipv4.dst;
        flow.protocol = headers.ipv4.protocol;
        transition select(headers.ipv4.ihl) {
            5: parse_layer_4;
            default: parse_ipv4_options;
        }
    }

    state parse_ipv4_options {
        packet.extract(headers.ipv4_options, (bit<32>)(headers.ipv4.ihl - 5) << 5);
        transition parse_layer_4;
    }

    state parse_layer_4 {
        transition select(headers.ipv4.fragment_offset, headers.ipv4.protocol) {
            (0, PROTOCOL_TCP): parse_tcp;
            (0, PROTOCOL_UDP): parse_udp;
            (0, PROTOCOL_ICMP): parse_icmp;
            default: accept;
        }
    }

    state parse_tcp {
        packet.extract(headers.tcp);
        flow.src_port = headers.tcp.src_port;
        flow.dst_port = headers.tcp.dst_port;
        transition accept;
    }

    state parse_udp {
        packet.extract(headers.udp);
        flow.src_port = headers.udp.src_port;
        flow.dst_port = headers.udp.dst_port;
        transition accept;
    }

    state parse_icmp {
        packet.extract(headers.icmp);
        transition accept;
    }
}

#endif
