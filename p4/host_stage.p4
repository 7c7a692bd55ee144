// The stage in front of one host: serves a packet or reroutes it to the host that should, by connection state, else by hash.
// Port 1 is the network, port 2 the host.

#include "arch/v1model.p4"
#include "include/headers.p4"
#include "include/group.p4"
#include "include/checksum.p4"
#include "include/ip_parser.p4"
#include "src/probe.rs"
#include "stage/types.p4"
#include "stage/parser.p4"
#include "stage/decide.p4"
#include "stage/tunnel.p4"
#include "stage/reroute.p4"
#include "stage/translate.p4"
#include "stage/answer.p4"

const bit<32> SERVICES_SIZE = 1024;
const bit<32> COMPUTERS_SIZE = 65536;

// Fragments meet by one of so many slots; a first fragment's decision stands for 30 s (in units of 1,024 ticks), longer than
// hosts keep fragments (RFC 791: 15 s).
const bit<32> GATHERERS_SIZE = 256;
const bit<32> FIRST_FRAGMENTS_SLOTS = 32768;
const bit<20> FIRST_FRAGMENT_TTL = 30;

control StageIngress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    Decapsulate() decapsulate;
    TellClient() tell_client;
    Decide() decide;
    AnswerEcho() answer_echo;

    // Probes that passed to the host, by who sent them.
    ARCH_COUNTER(probes, MAX_HOSTS);
    // What was decided of first fragments, by hash: 26 bits of fingerprint (never 0), 20 of time, the host and how it is to
    // take the others.
    ARCH_REGISTER(bit<64>, first_fragments, FIRST_FRAGMENTS_SLOTS);

    bit<128> asked_address = 0;
    bool is_published = false;
    bool is_at_home = false;
    bool is_answered_here = false;
    bit<32> datagram = 0;
    bit<26> fingerprint = 0;
    host_id_t gatherer = NO_HOST;
    bool has_first = false;
    host_id_t first_host = NO_HOST;
    Arrival first_arrival = Arrival.router;
    host_id_t computer = NO_HOST;
    bit<16> computers_group = 0;

    action be(host_id_t host, bit<48> host_mac, bit<48> stage_mac, bit<48> gateway_mac, bit<32> address, bit<128> address6,
              bit<32> nat_address, bit<128> nat_address6) {
        meta.self = host;
        meta.host_mac = host_mac;
        meta.stage_mac = stage_mac;
        meta.gateway_mac = gateway_mac;
        meta.host_address = address;
        meta.host_address6 = address6;
        meta.nat_address = nat_address;
        meta.nat_address6 = nat_address6;
    }

    // Who this stage is, as its default action. The controller writes it first.
    table identity {
        actions = {
            be;
            @defaultonly NoAction;
        }
        default_action = NoAction();
    }

    action published(bit<1> at_home) {
        is_published = true;
        is_at_home = at_home == 1;
    }

    // The addresses of services, for packets that have no ports. One that is at home with this host is the one that routers
    // without knowledge of the group find here: only for it the host answers ARP and NDP.
    table published_addresses {
        key = {
            asked_address: exact @name("address");
        }
        actions = {
            published;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = SERVICES_SIZE;
    }

    action gathered_at(host_id_t host) {
        gatherer = host;
    }

    // Where the fragments of a datagram meet, by the hash of what they have in common.
    table gatherers {
        key = {
            datagram[7:0]: exact @name("slot");
        }
        actions = {
            gathered_at;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = GATHERERS_SIZE;
    }

    // The service's bucket map, its number of buckets (a power of two) less one, and what of a flow chooses its bucket. With
    // `by_class`, clients of some classes have maps of their own.
    action in_map(bit<16> map_id, bit<16> mask, Affinity affinity, bit<1> by_class) {
        meta.is_service = true;
        meta.map = map_id;
        meta.bucket_mask = mask;
        meta.affinity = affinity;
        meta.by_class = by_class == 1;
    }

    // The same while the service comes from another map, or its buckets are chosen by something else than before. Until the
    // change is committed here, the former ones count.
    action changes_map(bit<16> map_id, bit<16> mask, Affinity affinity, bit<1> by_class, bit<16> former_map_id,
                       Affinity former_affinity, bit<1> committed) {
        in_map(map_id, mask, affinity, by_class);
        meta.is_changing = true;
        meta.is_committed = committed == 1;
        meta.former_map = former_map_id;
        meta.former_affinity = former_affinity;
    }

    // What any host may answer: echo requests.
    action answer_here() {
        is_answered_here = true;
    }

    // The published services. The controller writes it last on a stage that starts empty: until then nothing is served.
    table services {
        key = {
            meta.service.address: exact @name("address");
            meta.service.protocol: exact @name("protocol");
            meta.service.port: range @name("port");
        }
        actions = {
            in_map;
            changes_map;
            answer_here;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = SERVICES_SIZE;
    }

    action at(host_id_t host) {
        computer = host;
    }

    // The same for a destination that is several computers: the multicast group has a replica for each host, by its number.
    action at_several(bit<16> group) {
        computers_group = group;
    }

    // The LAN's other computers, by the host that each is behind (or is), and destinations that are several of them. The groups
    // are written before what names them.
    table computers {
        key = {
            meta.destination: exact @name("address");
        }
        actions = {
            at;
            at_several;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = COMPUTERS_SIZE;
    }

    // A fragment's datagram: where it is remembered, and what tells it from others there.
    action know_datagram() {
        bit<32> other;
        ARCH_HASH_DATAGRAM(datagram, meta.flow, meta.fragment);
        ARCH_FINGERPRINT_DATAGRAM(other, meta.flow, meta.fragment);
        fingerprint = other[25:0] | 1;
    }

    // What was decided of a datagram's first fragment, if that has come by.
    action recall_first() {
        bit<64> first;
        ARCH_REGISTER_READ(first_fragments, first, (bit<32>)datagram[22:8]);
        has_first = first[63:38] == fingerprint && (bit<20>)(ARCH_NOW(standard) >> 10) - first[37:18] < FIRST_FRAGMENT_TTL;
        first_host = first[17:2];
        first_arrival = (Arrival)first[1:0];
    }

    action remember_first(host_id_t host, Arrival as) {
        bit<20> now = (bit<20>)(ARCH_NOW(standard) >> 10);
        ARCH_REGISTER_WRITE(first_fragments, (bit<32>)datagram[22:8], fingerprint ++ now ++ host ++ (bit<2>)as);
    }

    // What the host sends as a service has the service's address.
    action translate_source(bit<128> from, bit<128> to) {
        meta.is_translated = from != to;
        meta.translates_source = true;
        meta.translated_from = from;
        meta.translated_to = to;
    }

    // A packet whose service must be known first.
    action ask_for_service(bit<128> address, bit<16> port) {
        meta.service.address = address;
        meta.service.protocol = meta.flow.protocol;
        meta.service.port = port;
    }

    apply {
        identity.apply();
        bit<48> to = headers.link.ethernet.dst;
        bool is_to_group = to[40:40] == 1;
        bool is_to_stage = to[47:2] == meta.stage_mac[47:2];
        bool is_from_host = ARCH_INGRESS_PORT(standard) == PORT_HOST;
        bool is_own = false;
        bool is_asked = false;
        bit<128> own_address = meta.host_address6;
        bit<128> nat_address = meta.nat_address6;
        meta.hops = HOPS;
        meta.arrival = Arrival.router;
        if (is_to_stage) {
            meta.arrival = (Arrival)to[1:0];
        }

        if (ARCH_PARSER_ERROR(standard) != error.NoError) {
            drop_because(meta, DropReason.parser_error);
        } else if (ARCH_CHECKSUM_ERROR(standard)) {
            drop_because(meta, DropReason.bad_checksum);
        } else if (!is_from_host && ARCH_INGRESS_PORT(standard) != PORT_NETWORK) {
            drop_because(meta, DropReason.unknown_port);
        } else if (!is_from_host && !is_to_group && !is_to_stage && to != meta.host_mac) {
            drop_because(meta, DropReason.not_to_me);
        } else {
            if (headers.outer_ipv4.isValid() || headers.outer_ipv6.isValid()) {
                decapsulate.apply(headers, meta);
            }
            if (headers.ip.ipv4.isValid()) {
                own_address = IPV4_MAPPED ++ meta.host_address;
                nat_address = 0;
                if (meta.nat_address != 0) {
                    nat_address = IPV4_MAPPED ++ meta.nat_address;
                }
            }
            // Of what does not go by ports: is the address a published one?
            if (headers.ip.arp.isValid()) {
                asked_address = IPV4_MAPPED ++ headers.ip.arp.target_address;
            } else if (headers.ndp_target.isValid()) {
                asked_address = headers.ndp_target.address;
            } else if (meta.fragment.is_fragment) {
                asked_address = meta.flow.dst;
                if (nat_address != 0 && meta.flow.dst == own_address) {
                    asked_address = nat_address;
                }
            }
            if (asked_address != 0) {
                published_addresses.apply();
            }

            if (is_from_host) {
                deliver(meta, Outcome.from_host);
                // An ICMP error is the host's own if it says so, too.
                if (nat_address != 0 && meta.flow.src == own_address && (!headers.ip.icmp.isValid()
                        || headers.ip.ipv4.isValid() && headers.ip.ipv4.src == own_address[31:0]
                        || headers.ip.ipv6.isValid() && headers.ip.ipv6.src == own_address)) {
                    if (meta.fragment.is_fragment) {
                        know_datagram();
                    }
                    if (meta.fragment.offset != 0) {
                        recall_first();
                        if (has_first) {
                            translate_source(own_address, nat_address);
                        }
                    } else {
                        is_asked = true;
                        ask_for_service(nat_address, meta.flow.src_port);
                    }
                }
            } else if (headers.ip.arp.isValid()) {
                // Every host has the published addresses; if one answered for them, it would draw all the traffic to itself.
                if (headers.ip.arp.operation == ARP_REQUEST && headers.ip.arp.target_address != meta.host_address
                        && headers.ip.arp.target_address != headers.ip.arp.sender_address && !is_at_home) {
                    drop_because(meta, DropReason.arp_for_another);
                } else {
                    deliver(meta, Outcome.own_traffic);
                }
            } else if (meta.is_tunnelled) {
                if (is_to_group || meta.ends_here) {
                    deliver(meta, Outcome.own_traffic);
                } else {
                    drop_because(meta, DropReason.stray_tunnel);
                }
            } else if (headers.ndp_target.isValid()) {
                if (meta.self == NO_HOST || (is_published && !is_at_home)) {
                    drop_because(meta, DropReason.arp_for_another);
                } else {
                    deliver(meta, Outcome.own_traffic);
                }
            } else if (is_to_group || !(headers.ip.ipv4.isValid() || headers.ip.ipv6.isValid())) {
                deliver(meta, Outcome.own_traffic);
            } else {
                // A link-local address is nobody else's either.
                is_own = meta.destination == own_address || meta.destination[127:118] == 0x3fa;
                bool is_misled = headers.ip.icmp.isValid() && meta.flow.dst != meta.destination;
                if (nat_address != 0 && is_own && meta.flow.dst == own_address) {
                    meta.flow.dst = nat_address;
                }
                if (headers.probe.isValid() && is_own) {
                    deliver(meta, Outcome.own_traffic);
                    if (headers.probe.magic == PROBE_MAGIC) {
                        ARCH_COUNT(probes, headers.probe.prober);
                    }
                } else if ((headers.quoted_outer_ipv4.isValid() || headers.quoted_outer_ipv6.isValid()) && is_own) {
                    tell_client.apply(headers, meta);
                } else if (is_misled) {
                    // An ICMP error is for whoever sent what it quotes.
                    if (is_own) {
                        deliver(meta, Outcome.own_traffic);
                    } else {
                        drop_because(meta, DropReason.no_service);
                    }
                } else {
                    is_asked = true;
                    ask_for_service(meta.flow.dst, meta.flow.dst_port);
                    if (is_published) {
                        // A fragment.
                        know_datagram();
                        if (meta.arrival == Arrival.router && gatherers.apply().hit && gatherer != meta.self) {
                            is_asked = false;
                            reroute_to(meta, gatherer, Arrival.router, Outcome.gathered);
                        } else if (meta.fragment.offset != 0) {
                            is_asked = false;
                            recall_first();
                            if (!has_first) {
                                drop_because(meta, DropReason.fragment);
                            } else if (first_host == meta.self) {
                                meta.is_service = true;
                                deliver(meta, Outcome.served_as_first);
                            } else {
                                reroute_to(meta, first_host, first_arrival, Outcome.rerouted_as_first);
                            }
                        }
                    }
                }
            }

            if (is_asked) {
                services.apply();
                if (is_from_host) {
                    deliver(meta, Outcome.from_host);
                    if (meta.is_service) {
                        translate_source(own_address, nat_address);
                        if (meta.fragment.is_fragment) {
                            remember_first(meta.self, Arrival.final);
                        }
                    }
                } else if (meta.is_service) {
                    decide.apply(headers, meta, standard);
                    if (is_published) {
                        // The first fragment of a datagram.
                        if (meta.verdict == Verdict.reroute) {
                            remember_first(meta.next_host, meta.next_arrival);
                        } else if (meta.verdict == Verdict.deliver) {
                            remember_first(meta.self, Arrival.final);
                        }
                    }
                } else if (is_own) {
                    deliver(meta, Outcome.own_traffic);
                } else if (is_answered_here) {
                    deliver(meta, Outcome.answered_here);
                    if (nat_address != 0) {
                        answer_echo.apply(headers, meta);
                    }
                } else if (!meta.is_tunnelled && computers.apply().hit) {
                    if (computer == meta.self || meta.arrival == Arrival.final) {
                        deliver(meta, Outcome.forwarded);
                    } else if (computers_group != 0) {
                        meta.verdict = Verdict.replicate;
                    } else {
                        reroute_to(meta, computer, Arrival.final, Outcome.forwarded);
                    }
                } else {
                    drop_because(meta, DropReason.no_service);
                }
            }
        }

        // What is dropped is dropped by egress, which counts it and may have something to say about it to the network.
        ARCH_SEND_TO(standard, PORT_NETWORK);
        if (meta.verdict == Verdict.replicate) {
            ARCH_REPLICATE(standard, computers_group);
        } else if (meta.verdict == Verdict.deliver && !is_from_host) {
            if (meta.is_service && nat_address != 0) {
                translate_destination(meta, own_address);
            }
            if (is_to_stage) {
                headers.link.ethernet.dst = meta.host_mac;
            }
            ARCH_SEND_TO(standard, PORT_HOST);
        }
    }
}

// Does what ingress has decided: for a packet, or for each of its copies.
control StageEgress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    Reroute() reroute;
    Translate() translate;
    TellSender() tell_sender;

    ARCH_COUNTER(outcomes, 32);
    ARCH_COUNTER(drops, 16);

    apply {
        // A copy is for the host of its replica's number.
        if (meta.verdict == Verdict.replicate) {
            if (ARCH_INSTANCE(standard) == meta.self) {
                deliver(meta, Outcome.forwarded);
                headers.link.ethernet.dst = meta.host_mac;
            } else {
                reroute_to(meta, ARCH_INSTANCE(standard), Arrival.final, Outcome.forwarded);
            }
        }
        if (meta.verdict == Verdict.reroute) {
            reroute.apply(headers, meta);
        }
        if (meta.is_translated) {
            translate.apply(headers, meta);
        }
        if (meta.verdict == Verdict.drop) {
            ARCH_COUNT(drops, meta.drop_reason);
            if (meta.drop_reason == DropReason.ttl_expired || meta.drop_reason == DropReason.too_big) {
                tell_sender.apply(headers, meta);
            }
        }
        if (meta.verdict == Verdict.drop) {
            ARCH_DROP(standard);
        }
        ARCH_COUNT(outcomes, meta.outcome);
    }
}

ARCH_PIPELINE(StageParser, StageVerify, StageIngress, StageEgress, StageCompute, StageDeparser);
