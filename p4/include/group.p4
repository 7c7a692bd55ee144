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

// What identifies a connection; the published address is dst.
struct five_tuple_t {
    bit<32> src;
    bit<32> dst;
    bit<8>  protocol;
    bit<16> src_port;
    bit<16> dst_port;
}

#endif
