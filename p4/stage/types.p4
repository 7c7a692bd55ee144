// What the parts of the host stage say to each other.

#ifndef DPR_STAGE_TYPES_P4
#define DPR_STAGE_TYPES_P4

const bit<9> PORT_NETWORK = 1;
const bit<9> PORT_HOST = 2;

const bit<32> MAX_HOSTS = 1024;

// A tunnelled packet's class (two bits) and how many tunnels it may still pass (four bits) travel in the low bits of the outer
// IPv4 identification or the outer IPv6 flow label.
const bit<4> HOPS = 8;

// Of packets that begin here: tunnels' outer ones, and what a stage tells clients.
const bit<8> OWN_TTL = 64;
const bit<6> DSCP_NETWORK_CONTROL = 48;

// What became of a packet, in the order of the decision rule; indexes the counter `outcomes`.
enum bit<8> Outcome {
    served_final = 0,           // step 1
    served_by_state = 1,        // step 2
    rerouted_by_state = 2,      // step 2
    served_by_chain = 3,        // step 3
    rerouted_by_chain = 4,      // step 3
    rerouted_to_owner = 5,      // step 4
    rerouted_to_previous = 6,   // step 5
    served_as_owner = 7,        // step 6
    answered_here = 8,          // what any host may answer: an echo request to a published address
    own_traffic = 9,            // for the host itself
    from_host = 10,             // from the host to the network
    dropped = 11,               // see `drops`; of some the sender is told
    served_by_id = 12,          // step 2, by the server id in a QUIC connection id
    rerouted_by_id = 13,        // step 2, by the server id in a QUIC connection id
    gathered = 14,              // a fragment, to where its datagram's others go
    served_as_first = 15,       // a fragment, as its datagram's first was
    rerouted_as_first = 16,     // a fragment, as its datagram's first was
    forwarded = 17,             // to the host of another computer of the LAN; of what is for several, each copy
    told_client = 18,           // a tunnel's too-big message, passed on to whose packet was too big
    served_by_session = 19,     // step 3 or 6, by the client's session
    rerouted_by_session = 20    // step 3 or 6, by the client's session
}

// Why a packet was dropped; indexes the counter `drops`.
enum bit<8> DropReason {
    parser_error = 0,           // truncated or malformed
    bad_checksum = 1,           // of an IPv4 header
    not_to_me = 2,              // a flooded frame for another MAC
    no_service = 3,             // neither a service nor the host's own address, nor another computer's
    fragment = 4,               // its datagram's first fragment has not come by
    no_bucket = 5,              // the bucket map has no such bucket
    unknown_host = 6,           // no entry in `hosts`
    ttl_expired = 7,            // TTL, hop limit, or a tunnel's hop budget; the sender is told
    arp_for_another = 8,        // ARP or NDP: no host answers for a published address that is not at home with it
    unknown_port = 9,
    too_big = 10,               // for the tunnel; the sender is told, unless it allows fragments
    stray_tunnel = 11           // one that neither a peer sent nor ends here; an ICMP error about one, of no use to a client
}

enum bit<3> Verdict {
    undecided = 0,
    deliver = 1,
    reroute = 2,
    drop = 3,
    answer = 4,
    replicate = 5
}

// What of a flow chooses its bucket or its server.
enum bit<2> Affinity {
    connection = 0,     // the five-tuple
    client = 1,         // the client's address
    connection_id = 2,  // the server id in a QUIC connection id; the five-tuple if it has none
    session = 3         // the client's address, and where its session is
}

// How a packet gets to another host.
enum bit<2> Rewriting {
    mac = 0,
    ipip = 1,
    ipip6 = 2,
    nat = 3
}

struct headers_t {
    link_t                   link;
    ipv4_t                   outer_ipv4;
    ipv6_t                   outer_ipv6;
    // An ICMP error about what follows.
    icmp_t                   message;
    ip_t                     ip;
    probe_t                  probe;
    ndp_target_t             ndp_target;
    // What an ICMP error quotes. The outer ones are a tunnel's.
    ipv4_t                   quoted_outer_ipv4;
    ipv6_t                   quoted_outer_ipv6;
    ipv4_t                   quoted_ipv4;
    ipv4_options_t           quoted_ipv4_options;
    ipv6_t                   quoted_ipv6;
    ipv6_extension_t         quoted_fragment;
    quoted_transport_t       quoted_transport;
}

// A published address with a protocol and a port, as `services` has it.
struct service_t {
    bit<128> address;
    bit<8>   protocol;
    bit<16>  port;
}

struct metadata_t {
    five_tuple_t flow;
    fragment_t   fragment;
    // The packet's own destination; the flow's is the published address, even where `nat` has written another.
    bit<128>     destination;
    // Of a QUIC packet: the configuration and the server that its connection id names.
    bool         has_connection_id;
    bit<3>       id_config;
    bit<16>      id_server;
    // Who this stage is.
    host_id_t    self;
    bit<48>      host_mac;
    bit<48>      stage_mac;
    bit<48>      gateway_mac;
    bit<32>      host_address;
    bit<128>     host_address6;
    // The published addresses that the host does not have and its own stand for; 0 if it has all.
    bit<32>      nat_address;
    bit<128>     nat_address6;
    // What the packet is.
    Arrival      arrival;
    bit<4>       hops;
    service_t    service;
    bool         is_service;
    bit<16>      map;
    bit<16>      bucket_mask;
    Affinity     affinity;
    // Whether classes of clients have maps of their own.
    bool         by_class;
    // While flows change from one map or affinity to another: whether the new ones count here already, and the former ones.
    bool         is_changing;
    bool         is_committed;
    bit<16>      former_map;
    Affinity     former_affinity;
    // What becomes of it.
    Verdict      verdict;
    Outcome      outcome;
    DropReason   drop_reason;
    host_id_t    next_host;
    Arrival      next_arrival;
    // In a tunnel that is none of the group's, and whether it is the host's.
    bool         is_tunnelled;
    bool         ends_here;
    bit<16>      too_big_mtu;
    // Which address takes another's place, if any: the source's (of what the host sends) or the destination's.
    bool         is_translated;
    bool         translates_source;
    bit<128>     translated_from;
    bit<128>     translated_to;
    // Which checksums are to be computed anew.
    bool         sums_ipv4;
    bool         sums_icmp;
    bool         sums_icmpv6;
}

// The packet goes to the host, or out if it came from there.
void deliver(inout metadata_t meta, in Outcome outcome) {
    meta.verdict = Verdict.deliver;
    meta.outcome = outcome;
}

// The packet goes to another host's stage.
void reroute_to(inout metadata_t meta, in host_id_t host, in Arrival as, in Outcome outcome) {
    meta.verdict = Verdict.reroute;
    meta.next_host = host;
    meta.next_arrival = as;
    meta.outcome = outcome;
}

// The packet ends here.
void drop_because(inout metadata_t meta, in DropReason reason) {
    meta.verdict = Verdict.drop;
    meta.outcome = Outcome.dropped;
    meta.drop_reason = reason;
}

// The destination's address becomes another.
void translate_destination(inout metadata_t meta, in bit<128> to) {
    meta.is_translated = meta.destination != to;
    meta.translated_from = meta.destination;
    meta.translated_to = to;
}

#endif
