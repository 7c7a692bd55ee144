// Wire formats that both programs parse. Field names follow the RFCs.

#ifndef DPR_HEADERS_P4
#define DPR_HEADERS_P4

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP = 0x0806;

const bit<8> PROTOCOL_ICMP = 1;
const bit<8> PROTOCOL_IPIP = 4;
const bit<8> PROTOCOL_TCP = 6;
const bit<8> PROTOCOL_UDP = 17;
const bit<8> PROTOCOL_IPV6 = 41;

const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY = 2;

const bit<8> ICMP_ECHO_REQUEST = 8;

const bit<8> TCP_FLAG_SYN = 0x02;
const bit<8> TCP_FLAG_ACK = 0x10;

// IEEE 802.3.
header ethernet_t {
    bit<48> dst;
    bit<48> src;
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

// RFC 792, the part that all messages share, and an echo's identifier and sequence number.
header icmp_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<16> identifier;
    bit<16> sequence_number;
}

#endif
