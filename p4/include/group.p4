// Words that the stages, the front router and the control plane share.

#ifndef DPR_GROUP_P4
#define DPR_GROUP_P4

// A host of the group; 0 is nobody.
typedef bit<16> host_id_t;
const host_id_t NO_HOST = 0;

// How a packet came to a stage: the low two bits of the destination MAC. Each stage owns four consecutive MACs.
enum bit<2> Arrival {
    router = 0,     // from the front router, or from anyone who knows no better
    peer = 1,       // from a stage that took this one for the bucket's owner
    chain = 2,      // from the bucket's new owner, to the previous one
    final = 3       // deliver, do not ask
}

// IPv4 addresses are kept with IPv6 ones, as IPv4-mapped addresses (RFC 4291, section 2.5.5.2): these bits go before them.
const bit<96> IPV4_MAPPED = 0xffff;

// RFC 1112 and RFC 4291, section 2.7.
bool is_multicast(in bit<128> address) {
    return address[127:120] == 0xff || (address[127:32] == IPV4_MAPPED && address[31:28] == 0xe);
}

// What identifies a connection; the published address is dst. An ICMP error has that of the packet that it quotes, from the
// client's point of view.
struct five_tuple_t {
    bit<128> src;
    bit<128> dst;
    bit<8>   protocol;
    bit<16>  src_port;
    bit<16>  dst_port;
}

// What says that a packet is a piece of a datagram, and of which.
struct fragment_t {
    bool     is_fragment;
    bit<13>  offset;
    bit<8>   protocol;
    bit<32>  identification;
}

#endif
