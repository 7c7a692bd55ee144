// The router in front of the group: sprays packets to published addresses over the hosts, with no idea of connections, and
// routes the rest by longest prefix.

#include "arch/v1model.p4"
#include "include/headers.p4"
#include "include/group.p4"
#include "include/ip_parser.p4"

const bit<32> MAX_ROUTES = 4096;
const bit<32> MAX_MEMBERS = 4096;
const bit<32> MAX_PORTS = 512;

// Every node of a link (RFC 4291), and its MAC (RFC 2464).
const bit<128> ALL_NODES = 0xff020000000000000000000000000001;
const bit<48> ALL_NODES_MAC = 0x333300000001;

// What the MACs of multicast addresses begin with (RFC 1112, RFC 2464): the address's low bits follow.
const bit<25> MULTICAST_MAC = 24w0x01005e ++ 1w0;
const bit<16> MULTICAST6_MAC = 0x3333;

// The flags of a neighbor advertisement (RFC 4861, section 4.4).
const bit<32> NDP_ROUTER_SOLICITED_OVERRIDE = 0xe0000000;
const bit<32> NDP_ROUTER_OVERRIDE = 0xa0000000;

// What became of a packet; indexes the counter `outcomes`.
enum bit<8> Outcome {
    sprayed = 0,
    routed = 1,
    answered_arp = 2,           // or NDP
    dropped = 3                 // see `drops`
}

// Why a packet was dropped; indexes the counter `drops`.
enum bit<8> DropReason {
    parser_error = 0,           // truncated or malformed
    bad_checksum = 1,           // of the IPv4 header
    not_to_me = 2,              // a flooded frame, a protocol that is not routed, ARP or NDP for another
    no_route = 3,
    no_member = 4,              // the member set is empty
    ttl_expired = 5,
    tunnel_from_outside = 6,    // IP in IP: only hosts of the group may tunnel to each other
    unknown_port = 7
}

struct headers_t {
    link_t                   link;
    ip_t                     ip;
    ndp_target_t             ndp_target;
    ndp_link_layer_address_t ndp_address;
}

struct metadata_t {
    five_tuple_t flow;
    fragment_t   fragment;
    bit<48>      port_mac;
    bool         is_outside;
    // By a frame to a multicast address (RFC 1112, RFC 2464): what is not sprayed is not for the router.
    bool         is_to_group;
    bool         is_sprayed;
    bit<16>      set;
    bit<16>      index;
    Outcome      outcome;
    DropReason   drop_reason;
}

parser RouterParser(packet_in packet, out headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    LinkParser() link;
    IpParser() ip;
    bit<16> ether_type;

    state start {
        link.apply(packet, headers.link, ether_type);
        transition parse_ip;
    }

    state parse_ip {
        ip.apply(packet, headers.ip, meta.flow, meta.fragment, ether_type);
        transition select(headers.ip.icmp.isValid(), meta.flow.protocol, headers.ip.icmp.type, headers.ip.ipv6.payload_length) {
            // Alone, and with one option.
            (true, PROTOCOL_ICMPV6, ICMPV6_NEIGHBOR_SOLICITATION, 24): parse_ndp_target;
            (true, PROTOCOL_ICMPV6, ICMPV6_NEIGHBOR_SOLICITATION, 32): parse_ndp_target_and_option;
            default: accept;
        }
    }

    state parse_ndp_target {
        packet.extract(headers.ndp_target);
        transition accept;
    }

    state parse_ndp_target_and_option {
        packet.extract(headers.ndp_target);
        packet.extract(headers.ndp_address);
        transition accept;
    }
}

control RouterVerify(inout headers_t headers, inout metadata_t meta) {
    apply {
        ARCH_VERIFY_IPV4_CHECKSUM_WITH_OPTIONS(headers.ip.ipv4, headers.ip.ipv4_options);
    }
}

// Answers ARP requests and neighbor solicitations for the router's own addresses, so that they need no host behind them.
control AnswerArp(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    action answer() {
        bit<32> asked = headers.ip.arp.target_address;
        headers.ip.arp.operation = ARP_REPLY;
        headers.ip.arp.target_mac = headers.ip.arp.sender_mac;
        headers.ip.arp.target_address = headers.ip.arp.sender_address;
        headers.ip.arp.sender_mac = meta.port_mac;
        headers.ip.arp.sender_address = asked;
        headers.link.ethernet.dst = headers.link.ethernet.src;
        headers.link.ethernet.src = meta.port_mac;
        meta.outcome = Outcome.answered_arp;
        ARCH_SEND_TO(standard, ARCH_INGRESS_PORT(standard));
    }

    // RFC 4861, section 7.2.4: from a router, solicited, and in place of what the other may know. Who has no address yet is told
    // with all others.
    action advertise() {
        bool has_address = headers.ip.ipv6.src != 0;
        headers.ip.ipv6.dst = has_address ? headers.ip.ipv6.src : ALL_NODES;
        headers.link.ethernet.dst = has_address ? headers.link.ethernet.src : ALL_NODES_MAC;
        headers.ip.ipv6.src = headers.ndp_target.address;
        headers.ip.ipv6.payload_length = 32;
        headers.ip.ipv6.hop_limit = 255;
        headers.link.ethernet.src = meta.port_mac;
        headers.ip.icmp.type = ICMPV6_NEIGHBOR_ADVERTISEMENT;
        headers.ip.icmp.code = 0;
        headers.ip.icmp.rest = has_address ? NDP_ROUTER_SOLICITED_OVERRIDE : NDP_ROUTER_OVERRIDE;
        headers.ndp_address.setValid();
        headers.ndp_address.type = NDP_TARGET_LINK_LAYER_ADDRESS;
        headers.ndp_address.length = 1;
        headers.ndp_address.address = meta.port_mac;
        meta.outcome = Outcome.answered_arp;
        ARCH_SEND_TO(standard, ARCH_INGRESS_PORT(standard));
    }

    action not_to_me() {
        meta.outcome = Outcome.dropped;
        meta.drop_reason = DropReason.not_to_me;
    }

    // The router's addresses, per port. Written from the configuration.
    table gateways {
        key = {
            ARCH_INGRESS_PORT(standard): exact @name("port");
            headers.ip.arp.target_address: exact @name("address");
        }
        actions = {
            answer;
            @defaultonly not_to_me;
        }
        const default_action = not_to_me();
        size = MAX_PORTS;
    }

    // The same for IPv6.
    table gateways6 {
        key = {
            ARCH_INGRESS_PORT(standard): exact @name("port");
            headers.ndp_target.address: exact @name("address");
        }
        actions = {
            advertise;
            @defaultonly not_to_me;
        }
        const default_action = not_to_me();
        size = MAX_PORTS;
    }

    apply {
        if (headers.ndp_target.isValid()) {
            // A solicitation has come no hop, or is a forgery (RFC 4861, section 7.1.1).
            if (headers.ip.ipv6.hop_limit == 255 && !headers.ip.extensions[0].isValid()) {
                gateways6.apply();
            } else {
                not_to_me();
            }
        } else if (headers.ip.arp.operation == ARP_REQUEST) {
            gateways.apply();
        } else {
            not_to_me();
        }
    }
}

// Where a packet goes: a next hop by longest prefix, or for a published address one host of a set.
control Route(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    ARCH_COUNTER(sprayed_to, MAX_MEMBERS);

    action send(bit<9> port, bit<48> src_mac, bit<48> dst_mac) {
        headers.link.ethernet.src = src_mac;
        headers.link.ethernet.dst = dst_mac;
        if (headers.ip.ipv4.isValid()) {
            headers.ip.ipv4.ttl = headers.ip.ipv4.ttl - 1;
        } else {
            headers.ip.ipv6.hop_limit = headers.ip.ipv6.hop_limit - 1;
        }
        ARCH_SEND_TO(standard, port);
    }

    action drop_because(in DropReason reason) {
        meta.outcome = Outcome.dropped;
        meta.drop_reason = reason;
    }

    action next_hop(bit<9> port, bit<48> src_mac, bit<48> dst_mac) {
        meta.outcome = Outcome.routed;
        send(port, src_mac, dst_mac);
    }

    // One member of the set at random for every packet; `last` is the number of members less one.
    action spray_randomly(bit<16> set, bit<16> last) {
        meta.is_sprayed = true;
        meta.set = set;
        ARCH_RANDOM(meta.index, last);
    }

    // The same member for all packets of a flow, as routers with ECMP do it.
    action spray_by_flow(bit<16> set, bit<16> last) {
        bit<32> flow_hash;
        if (headers.ip.ipv4.isValid()) {
            ARCH_HASH_FIVE_TUPLE(flow_hash, meta.flow);
        } else {
            ARCH_HASH_FIVE_TUPLE6(flow_hash, meta.flow);
        }
        meta.is_sprayed = true;
        meta.set = set;
        meta.index = (bit<16>)(((bit<48>)flow_hash * ((bit<48>)last + 1)) >> 32);
    }

    action no_route() {
        drop_because(DropReason.no_route);
    }

    // Prefixes to next hops, published addresses to sets. A set changes at once for all packets: the new one is written
    // under another number, then the route to it.
    table routes {
        key = {
            headers.ip.ipv4.dst: lpm @name("prefix");
        }
        actions = {
            next_hop;
            spray_randomly;
            spray_by_flow;
            @defaultonly no_route;
        }
        const default_action = no_route();
        size = MAX_ROUTES;
    }

    // The same for IPv6.
    table routes6 {
        key = {
            headers.ip.ipv6.dst: lpm @name("prefix");
        }
        actions = {
            next_hop;
            spray_randomly;
            spray_by_flow;
            @defaultonly no_route;
        }
        const default_action = no_route();
        size = MAX_ROUTES;
    }

    action to_member(host_id_t host, bit<9> port, bit<48> src_mac, bit<48> stage_mac) {
        meta.outcome = Outcome.sprayed;
        send(port, src_mac, stage_mac[47:2] ++ (bit<2>)Arrival.router);
        ARCH_COUNT(sprayed_to, host);
    }

    action no_member() {
        drop_because(DropReason.no_member);
    }

    // The hosts of a set, at 0 and up. The controller writes a set before it is used and deletes it after.
    table members {
        key = {
            meta.set: exact @name("set");
            meta.index: exact @name("index");
        }
        actions = {
            to_member;
            @defaultonly no_member;
        }
        const default_action = no_member();
        size = MAX_MEMBERS;
    }

    apply {
        bit<8> ttl = headers.ip.ipv4.isValid() ? headers.ip.ipv4.ttl : headers.ip.ipv6.hop_limit;
        if (ttl <= 1) {
            drop_because(DropReason.ttl_expired);
        } else if (meta.is_outside && (meta.flow.protocol == PROTOCOL_IPIP || meta.flow.protocol == PROTOCOL_IPV6)) {
            drop_because(DropReason.tunnel_from_outside);
        } else {
            if (headers.ip.ipv4.isValid()) {
                routes.apply();
            } else {
                routes6.apply();
            }
            if (meta.is_sprayed) {
                members.apply();
            } else if (meta.is_to_group) {
                drop_because(DropReason.not_to_me);
            }
        }
    }
}

control RouterIngress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    AnswerArp() answer_arp;
    Route() route;

    ARCH_COUNTER(outcomes, 16);
    ARCH_COUNTER(drops, 16);

    action drop_because(in DropReason reason) {
        meta.outcome = Outcome.dropped;
        meta.drop_reason = reason;
    }

    action use_port(bit<48> mac, bit<1> outside) {
        meta.port_mac = mac;
        meta.is_outside = outside == 1;
    }

    action unknown_port() {
        drop_because(DropReason.unknown_port);
    }

    // The router's ports and their MACs; `outside` marks those that do not lead to the group. Written from the configuration.
    table ports {
        key = {
            ARCH_INGRESS_PORT(standard): exact @name("port");
        }
        actions = {
            use_port;
            @defaultonly unknown_port;
        }
        const default_action = unknown_port();
        size = MAX_PORTS;
    }

    apply {
        if (ARCH_PARSER_ERROR(standard) != error.NoError) {
            drop_because(DropReason.parser_error);
        } else if (ARCH_CHECKSUM_ERROR(standard)) {
            drop_because(DropReason.bad_checksum);
        } else if (ports.apply().hit) {
            if (headers.ip.arp.isValid() || headers.ndp_target.isValid()) {
                answer_arp.apply(headers, meta, standard);
            } else if (headers.ip.ipv4.isValid() || headers.ip.ipv6.isValid()) {
                // Inside, hosts have heard it already.
                if (meta.is_outside && is_multicast(meta.flow.dst)) {
                    bit<48> group_mac = headers.ip.ipv4.isValid() ? MULTICAST_MAC ++ headers.ip.ipv4.dst[22:0]
                                                                  : MULTICAST6_MAC ++ headers.ip.ipv6.dst[31:0];
                    meta.is_to_group = headers.link.ethernet.dst == group_mac;
                }
                if (meta.is_to_group || headers.link.ethernet.dst == meta.port_mac) {
                    route.apply(headers, meta, standard);
                } else {
                    drop_because(DropReason.not_to_me);
                }
            } else {
                drop_because(DropReason.not_to_me);
            }
        }
        if (meta.outcome == Outcome.dropped) {
            ARCH_COUNT(drops, meta.drop_reason);
            ARCH_DROP(standard);
        }
        ARCH_COUNT(outcomes, meta.outcome);
    }
}

control RouterEgress(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    apply {}
}

control RouterCompute(inout headers_t headers, inout metadata_t meta) {
    apply {
        ARCH_UPDATE_IPV4_CHECKSUM_WITH_OPTIONS(headers.ip.ipv4.isValid(), headers.ip.ipv4, headers.ip.ipv4_options);
        ARCH_UPDATE_NDP_CHECKSUM(headers.ndp_target.isValid(), headers.ip.ipv6, headers.ip.icmp, headers.ndp_target,
                                 headers.ndp_address);
    }
}

control RouterDeparser(packet_out packet, in headers_t headers) {
    apply {
        packet.emit(headers.link);
        packet.emit(headers.ip);
        packet.emit(headers.ndp_target);
        packet.emit(headers.ndp_address);
    }
}

ARCH_PIPELINE(RouterParser, RouterVerify, RouterIngress, RouterEgress, RouterCompute, RouterDeparser);
