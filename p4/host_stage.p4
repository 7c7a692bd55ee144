// The stage in front of one host: serves a packet or reroutes it to the host that should, by connection state, else by hash.
// Port 1 is the network, port 2 the host.

#include "arch/v1model.p4"
#include "include/headers.p4"
#include "include/group.p4"
#include "include/ipv4_parser.p4"
#include "src/probe.rs"

const bit<9> PORT_NETWORK = 1;
const bit<9> PORT_HOST = 2;

const bit<32> MAX_HOSTS = 1024;
const bit<32> FLOW_STATE_SIZE = 1048576;
const bit<32> BUCKETS_SIZE = 262144;

// Slots of the register that remembers delivered SYNs, and for how long (60 s, in ticks of 1,024 microseconds).
const bit<32> RECENT_SLOTS = 131072;
const bit<32> RECENT_TTL = 58594;

// An IPv4 packet of this length that carries an echo request is a probe: 20 bytes IPv4, 8 ICMP, the probe.
const bit<16> PROBE_IPV4_LENGTH = 28 + PROBE_T_BYTES;

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
    dropped = 11                // see `drops`
}

// Why a packet was dropped; indexes the counter `drops`.
enum bit<8> DropReason {
    parser_error = 0,           // truncated or malformed
    bad_checksum = 1,           // of the IPv4 header
    not_to_me = 2,              // a flooded frame for another MAC
    no_service = 3,             // neither a service nor the host's own address
    fragment = 4,               // no ports to decide by
    no_bucket = 5,              // the bucket map has no such bucket
    unknown_host = 6,           // no entry in `hosts`
    ttl_expired = 7,
    arp_for_another = 8,        // no host answers ARP for a published address
    unknown_port = 9
}

enum bit<2> Verdict {
    deliver = 0,
    reroute = 1,
    drop = 2
}

struct headers_t {
    ip_headers_t ip;
    probe_t      probe;
}

struct metadata_t {
    five_tuple_t flow;
    // Who this stage is.
    host_id_t    self;
    bit<48>      host_mac;
    bit<48>      stage_mac;
    bit<32>      host_address;
    // What the packet is, and what becomes of it.
    Arrival      arrival;
    bool         is_service;
    Verdict      verdict;
    Outcome      outcome;
    DropReason   drop_reason;
    host_id_t    next_host;
    Arrival      next_arrival;
}

// The packet goes to the host, or out if it came from there.
void deliver(inout metadata_t meta, in Outcome outcome) {
    meta.verdict = Verdict.deliver;
    meta.outcome = outcome;
}

// The packet ends here.
void drop_because(inout metadata_t meta, in DropReason reason) {
    meta.verdict = Verdict.drop;
    meta.outcome = Outcome.dropped;
    meta.drop_reason = reason;
}

parser StageParser(packet_in packet, out headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    IpParser() ip;

    state start {
        ip.apply(packet, headers.ip, meta.flow);
        transition select(headers.ip.icmp.isValid()) {
            true: parse_echo;
            default: accept;
        }
    }

    state parse_echo {
        transition select(headers.ip.icmp.type, headers.ip.ipv4.total_length) {
            (ICMP_ECHO_REQUEST, PROBE_IPV4_LENGTH): parse_probe;
            default: accept;
        }
    }

    state parse_probe {
        packet.extract(headers.probe);
        transition accept;
    }
}

control StageVerify(inout headers_t headers, inout metadata_t meta) {
    apply {
        ARCH_VERIFY_IPV4_CHECKSUM(headers.ip.ipv4, headers.ip.ipv4_options);
    }
}

// The decision rule: for a packet to a service, whether this host serves it, or which other host is to see it and as what.
control Decide(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    // SYNs delivered here: fingerprint (upper half; never 0) and time (lower half), by hash. Read when this stage is asked as a
    // bucket's previous owner.
    ARCH_REGISTER(bit<64>, recent, RECENT_SLOTS);

    bit<16> map = 0;
    bit<16> bucket_mask = 0;
    bit<16> bucket = 0;
    bool by_client = false;
    bit<32> flow_hash = 0;
    bit<32> client_hash = 0;
    bool is_recent = false;
    host_id_t server = NO_HOST;
    host_id_t owner = NO_HOST;
    host_id_t previous = NO_HOST;
    bool accept_as_peer = false;

    action reroute(in host_id_t host, in Arrival as, in Outcome outcome) {
        meta.verdict = Verdict.reroute;
        meta.next_host = host;
        meta.next_arrival = as;
        meta.outcome = outcome;
    }

    // The service's bucket map, and its number of buckets (a power of two) less one.
    action in_map(bit<16> map_id, bit<16> mask) {
        meta.is_service = true;
        map = map_id;
        bucket_mask = mask;
    }

    // The same, with one bucket for all that a client's address does on any of the map's services.
    action in_map_by_client(bit<16> map_id, bit<16> mask) {
        meta.is_service = true;
        map = map_id;
        bucket_mask = mask;
        by_client = true;
    }

    action answer_here() {
        deliver(meta, Outcome.answered_here);
    }

    action no_service() {
        drop_because(meta, DropReason.no_service);
    }

    // The published services. The controller writes it last on a stage that starts empty: until then nothing is served.
    table services {
        key = {
            meta.flow.dst: exact @name("address");
            meta.flow.protocol: exact @name("protocol");
            meta.flow.dst_port: range @name("port");
        }
        actions = {
            in_map;
            in_map_by_client;
            answer_here;
            @defaultonly no_service;
        }
        const default_action = no_service();
        size = 1024;
    }

    action serve_at(host_id_t host) {
        server = host;
    }

    // The host that holds a connection. Each live connection has an entry at its server, and one at its bucket's owner
    // if that is another host; the controller writes them from the shims' reports.
    table flow_state {
        key = {
            meta.flow.src: exact @name("src");
            meta.flow.dst: exact @name("dst");
            meta.flow.protocol: exact @name("protocol");
            meta.flow.src_port: exact @name("src_port");
            meta.flow.dst_port: exact @name("dst_port");
        }
        actions = {
            serve_at;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = FLOW_STATE_SIZE;
    }

    action owned_by(host_id_t owner_id, host_id_t previous_id, bit<1> accept) {
        owner = owner_id;
        previous = previous_id;
        accept_as_peer = accept == 1;
    }

    action no_bucket() {
        drop_because(meta, DropReason.no_bucket);
    }

    // Where a flow without state goes. The controller changes it by moves only, in the order that the protocol prescribes.
    table buckets {
        key = {
            map: exact @name("map");
            bucket: exact @name("bucket");
        }
        actions = {
            owned_by;
            @defaultonly no_bucket;
        }
        const default_action = no_bucket();
        size = BUCKETS_SIZE;
    }

    // The slot of a flow: the low bits of its hash choose its bucket and say little here.
    action recall() {
        bit<32> fingerprint;
        bit<64> slot;
        ARCH_FINGERPRINT_FIVE_TUPLE(fingerprint, meta.flow);
        ARCH_REGISTER_READ(recent, slot, (bit<32>)flow_hash[31:15]);
        is_recent = slot[63:32] == (fingerprint | 1) && ARCH_NOW(standard) - slot[31:0] < RECENT_TTL;
    }

    action remember() {
        bit<32> fingerprint;
        ARCH_FINGERPRINT_FIVE_TUPLE(fingerprint, meta.flow);
        ARCH_REGISTER_WRITE(recent, (bit<32>)flow_hash[31:15], (fingerprint | 1) ++ ARCH_NOW(standard));
    }

    apply {
        if (services.apply().hit && meta.is_service) {
            ARCH_HASH_FIVE_TUPLE(flow_hash, meta.flow);
            if (headers.ip.ipv4.fragment_offset != 0 || headers.ip.ipv4.flags[0:0] == 1) {
                drop_because(meta, DropReason.fragment);
            } else if (meta.arrival == Arrival.final) {
                deliver(meta, Outcome.served_final);
            } else if (flow_state.apply().hit) {
                if (server == meta.self) {
                    deliver(meta, Outcome.served_by_state);
                } else {
                    reroute(server, Arrival.final, Outcome.rerouted_by_state);
                }
            } else {
                bucket = flow_hash[15:0] & bucket_mask;
                if (by_client) {
                    ARCH_HASH_CLIENT(client_hash, meta.flow);
                    bucket = client_hash[15:0] & bucket_mask;
                }
                if (buckets.apply().hit) {
                    if (meta.arrival == Arrival.chain) {
                        recall();
                        if (is_recent || owner == meta.self) {
                            deliver(meta, Outcome.served_by_chain);
                        } else {
                            reroute(owner, Arrival.final, Outcome.rerouted_by_chain);
                        }
                    } else if (owner != meta.self && !(meta.arrival == Arrival.peer && accept_as_peer)) {
                        reroute(owner, Arrival.peer, Outcome.rerouted_to_owner);
                    } else if (previous != NO_HOST) {
                        reroute(previous, Arrival.chain, Outcome.rerouted_to_previous);
                    } else {
                        deliver(meta, Outcome.served_as_owner);
                    }
                }
            }
            // A SYN is remembered wherever it is delivered. Without a handshake, every packet that the hash decides counts as one.
            if (meta.verdict == Verdict.deliver) {
                if (headers.ip.tcp.isValid()) {
                    if ((headers.ip.tcp.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN) {
                        remember();
                    }
                } else if (meta.outcome == Outcome.served_by_chain || meta.outcome == Outcome.served_as_owner) {
                    remember();
                }
            }
        }
    }
}

// Sends a packet to another host's stage.
control Reroute(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    ARCH_COUNTER(rerouted_to, MAX_HOSTS);

    // Only the Ethernet addresses change: the stage's first MAC and the arrival class, from this stage.
    action by_mac(bit<48> stage_mac) {
        headers.ip.ethernet.dst = stage_mac[47:2] ++ (bit<2>)meta.next_arrival;
        headers.ip.ethernet.src = meta.stage_mac;
        headers.ip.ipv4.ttl = headers.ip.ipv4.ttl - 1;
        ARCH_SEND_TO(standard, PORT_NETWORK);
    }

    action unknown_host() {
        drop_because(meta, DropReason.unknown_host);
    }

    // The other hosts of the group, by how a packet gets there. The controller writes it before anything that names them.
    table hosts {
        key = {
            meta.next_host: exact @name("host");
        }
        actions = {
            by_mac;
            @defaultonly unknown_host;
        }
        const default_action = unknown_host();
        size = MAX_HOSTS;
    }

    apply {
        if (headers.ip.ipv4.ttl <= 1) {
            drop_because(meta, DropReason.ttl_expired);
        } else if (hosts.apply().hit) {
            ARCH_COUNT(rerouted_to, meta.next_host);
        }
    }
}

control StageIngress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    Decide() decide;
    Reroute() reroute;

    ARCH_COUNTER(outcomes, 16);
    ARCH_COUNTER(drops, 16);
    // Probes that passed to the host, by who sent them.
    ARCH_COUNTER(probes, MAX_HOSTS);

    action be(host_id_t host, bit<48> host_mac, bit<48> stage_mac, bit<32> address) {
        meta.self = host;
        meta.host_mac = host_mac;
        meta.stage_mac = stage_mac;
        meta.host_address = address;
    }

    // Who this stage is, as its default action. The controller writes it first.
    table identity {
        actions = {
            be;
            @defaultonly NoAction;
        }
        default_action = NoAction();
    }

    apply {
        identity.apply();
        bit<48> to = headers.ip.ethernet.dst;
        bool is_to_group = to[40:40] == 1;
        bool is_to_stage = to[47:2] == meta.stage_mac[47:2];
        meta.arrival = (Arrival)to[1:0];

        if (ARCH_PARSER_ERROR(standard) != error.NoError) {
            drop_because(meta, DropReason.parser_error);
        } else if (ARCH_CHECKSUM_ERROR(standard)) {
            drop_because(meta, DropReason.bad_checksum);
        } else if (ARCH_INGRESS_PORT(standard) == PORT_HOST) {
            deliver(meta, Outcome.from_host);
        } else if (ARCH_INGRESS_PORT(standard) != PORT_NETWORK) {
            drop_because(meta, DropReason.unknown_port);
        } else if (!is_to_group && !is_to_stage && to != meta.host_mac) {
            drop_because(meta, DropReason.not_to_me);
        } else if (headers.ip.arp.isValid()) {
            // Every host has the published addresses; if one answered for them, it would draw all the traffic to itself.
            if (headers.ip.arp.operation == ARP_REQUEST && headers.ip.arp.target_address != meta.host_address
                    && headers.ip.arp.target_address != headers.ip.arp.sender_address) {
                drop_because(meta, DropReason.arp_for_another);
            } else {
                deliver(meta, Outcome.own_traffic);
            }
        } else if (!headers.ip.ipv4.isValid() || is_to_group || headers.ip.ipv4.dst == meta.host_address) {
            deliver(meta, Outcome.own_traffic);
            if (headers.probe.isValid() && headers.probe.magic == PROBE_MAGIC) {
                ARCH_COUNT(probes, headers.probe.prober);
            }
        } else {
            // For echo requests to a published address the service's port is 0.
            decide.apply(headers, meta, standard);
            if (meta.verdict == Verdict.reroute) {
                reroute.apply(headers, meta, standard);
            }
        }

        if (meta.verdict == Verdict.drop) {
            ARCH_COUNT(drops, meta.drop_reason);
            ARCH_DROP(standard);
        } else if (meta.outcome == Outcome.from_host) {
            ARCH_SEND_TO(standard, PORT_NETWORK);
        } else if (meta.verdict == Verdict.deliver) {
            if (is_to_stage) {
                headers.ip.ethernet.dst = meta.host_mac;
            }
            ARCH_SEND_TO(standard, PORT_HOST);
        }
        ARCH_COUNT(outcomes, meta.outcome);
    }
}

control StageEgress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    apply {}
}

control StageCompute(inout headers_t headers, inout metadata_t meta) {
    apply {
        // A packet for this host keeps the checksum that it came with.
        ARCH_UPDATE_IPV4_CHECKSUM(meta.verdict == Verdict.reroute, headers.ip.ipv4, headers.ip.ipv4_options);
    }
}

control StageDeparser(packet_out packet, in headers_t headers) {
    apply {
        packet.emit(headers.ip);
        packet.emit(headers.probe);
    }
}

ARCH_PIPELINE(StageParser, StageVerify, StageIngress, StageEgress, StageCompute, StageDeparser);
