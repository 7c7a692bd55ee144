// Wire formats that both programs parse. Field names follow the RFCs.

#ifndef DPR_HEADERS_P4
#define DPR_HEADERS_P4

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP = 0x0806;
const bit<16> ETHERTYPE_VLAN = 0x8100;
const bit<16> ETHERTYPE_SERVICE_VLAN = 0x88a8;
const bit<16> ETHERTYPE_IPV6 = 0x86dd;

const bit<8> PROTOCOL_HOP_BY_HOP = 0;
const bit<8> PROTOCOL_ICMP = 1;
const bit<8> PROTOCOL_IPIP = 4;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;
const bit<8> PROTOCOL_IPV6 = 41;
const bit<8> PROTOCOL_ROUTING = 43;
const bit<8> PROTOCOL_FRAGMENT = 44;
const bit<8> PROTOCOL_ICMPV6 = 58;
const bit<8> PROTOCOL_DESTINATION = 60;

const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY = 2;

// RFC 792.
const bit<8> ICMP_ECHO_REPLY = 0;
const bit<8> ICMP_UNREACHABLE = 3;
const bit<8> ICMP_ECHO_REQUEST = 8;
const bit<8> ICMP_TIME_EXCEEDED = 11;
const bit<8> ICMP_PARAMETER_PROBLEM = 12;
const bit<8> ICMP_CODE_TOO_BIG = 4;

// RFC 4443 and RFC 4861.
const bit<8> ICMPV6_UNREACHABLE = 1;
const bit<8> ICMPV6_TOO_BIG = 2;
const bit<8> ICMPV6_TIME_EXCEEDED = 3;
const bit<8> ICMPV6_PARAMETER_PROBLEM = 4;
const bit<8> ICMPV6_ECHO_REQUEST = 128;
const bit<8> ICMPV6_ECHO_REPLY = 129;
const bit<8> ICMPV6_NEIGHBOR_SOLICITATION = 135;
const bit<8> ICMPV6_NEIGHBOR_ADVERTISEMENT = 136;
const bit<8> NDP_SOURCE_LINK_LAYER_ADDRESS = 1;
const bit<8> NDP_TARGET_LINK_LAYER_ADDRESS = 2;

const bit<8> TCP_FLAG_SYN = 0x02;
const bit<8> TCP_FLAG_ACK = 0x10;

const bit<3> IPV4_FLAG_DONT_FRAGMENT = 2;

const bit<16> IPV4_BYTES = 20;
// Below this no link may be (RFC 791): routers that say less know no better.
const bit<16> IPV4_LEAST_MTU = 68;
const bit<16> IPV6_BYTES = 40;
const bit<16> IPV6_FRAGMENT_BYTES = 8;
const bit<16> ICMP_BYTES = 8;
// What an ICMP error quotes of layer 4 at least.
const bit<16> QUOTED_TRANSPORT_BYTES = 8;

// IEEE 802.3.
header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> ether_type;
}

// IEEE 802.1Q; what follows the EtherType before it.
header vlan_t {
    bit<3>  priority;
    bit<1>  drop_eligible;
    bit<12> id;
    bit<16> ether_type;
}

// RFC 826, for IPv4 over Ethernet.
header arp_t {
    bit<16> hardware_type;
    bit<16> protocol_type;
    bit<8>  hardware_length;
    bit<8>  protocol_length;
    bit<16> operation;
    bit<48> sender_mac;
    bit<32> sender_address;
    bit<48> target_mac;
    bit<32> target_address;
}

// RFC 791.
header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<6>  dscp;
    bit<2>  ecn;
    bit<16> total_length;
    bit<16> identification;
    bit<3>  flags;
    bit<13> fragment_offset;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> header_checksum;
    bit<32> src;
    bit<32> dst;
}

// RFC 791: at most 40 bytes of options.
header ipv4_options_t {
    varbit<320> options;
}

// RFC 8200.
header ipv6_t {
    bit<4>   version;
    bit<6>   dscp;
    bit<2>   ecn;
    bit<20>  flow_label;
    bit<16>  payload_length;
    bit<8>   next_header;
    bit<8>   hop_limit;
    bit<128> src;
    bit<128> dst;
}

// RFC 8200: hop-by-hop options, routing, destination options and fragment begin alike. `length` counts what follows the
// first eight bytes, in units of eight; the fragment header has nothing there.
header ipv6_extension_t {
    bit<8>      next_header;
    bit<8>      length;
    bit<48>     data;
    varbit<448> more;
}

// RFC 9293, without options.
header tcp_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<32> sequence_number;
    bit<32> acknowledgment_number;
    bit<4>  data_offset;
    bit<4>  reserved;
    bit<8>  flags;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent_pointer;
}

// RFC 768.
header udp_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<16> length;
    bit<16> checksum;
}

// RFC 792 and RFC 4443. The last word is an echo's identifier and sequence number, or the MTU of a packet that was too big.
header icmp_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<32> rest;
}

// RFC 4861: what solicitations and advertisements ask for, after the ICMPv6 header.
header ndp_target_t {
    bit<128> address;
}

// RFC 4861: a link-layer address option.
header ndp_link_layer_address_t {
    bit<8>  type;
    bit<8>  length;
    bit<48> address;
}

// The first eight bytes of TCP and UDP alike: what an ICMP error quotes of them at least (RFC 792).
header quoted_transport_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<32> rest;
}

#endif
