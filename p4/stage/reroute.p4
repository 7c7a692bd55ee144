// How a packet gets to another host: by its MAC, by its address in place of the published one, or through a tunnel.

#ifndef DPR_STAGE_REROUTE_P4
#define DPR_STAGE_REROUTE_P4

control Reroute(inout headers_t headers, inout metadata_t meta) {
    ARCH_COUNTER(rerouted_to, MAX_HOSTS);

    Rewriting rewriting = Rewriting.mac;
    bit<48> next_mac = 0;
    bit<32> address = 0;
    bit<128> address6 = 0;
    bit<16> mtu = 0;

    // Only the Ethernet addresses change: the stage's first MAC and the arrival class, from this stage.
    action by_mac(bit<48> stage_mac) {
        rewriting = Rewriting.mac;
        next_mac = stage_mac;
    }

    // The published address becomes the peer's own as well: of IPv4 and of IPv6.
    action by_nat(bit<48> stage_mac, bit<32> peer_address, bit<128> peer_address6) {
        rewriting = Rewriting.nat;
        next_mac = stage_mac;
        address = peer_address;
        address6 = peer_address6;
    }

    // Through a tunnel to the peer's IPv4 address by a next hop, in packets of at most `path_mtu` bytes.
    action by_ipip(bit<48> next_hop_mac, bit<32> peer_address, bit<16> path_mtu) {
        rewriting = Rewriting.ipip;
        next_mac = next_hop_mac;
        address = peer_address;
        mtu = path_mtu;
    }

    // The same to its IPv6 address.
    action by_ipip6(bit<48> next_hop_mac, bit<128> peer_address6, bit<16> path_mtu) {
        rewriting = Rewriting.ipip6;
        next_mac = next_hop_mac;
        address6 = peer_address6;
        mtu = path_mtu;
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
            by_nat;
            by_ipip;
            by_ipip6;
            @defaultonly unknown_host;
        }
        const default_action = unknown_host();
        size = MAX_HOSTS;
    }

    apply {
        bool is_ipv4 = headers.ip.ipv4.isValid();
        bit<8> ttl = is_ipv4 ? headers.ip.ipv4.ttl : headers.ip.ipv6.hop_limit;
        bit<16> length = is_ipv4 ? headers.ip.ipv4.total_length : headers.ip.ipv6.payload_length + IPV6_BYTES;
        bit<16> overhead = 0;

        // What this host's own address stands for goes on with the published one.
        if (meta.destination != meta.flow.dst) {
            translate_destination(meta, meta.flow.dst);
        }
        if (ttl <= 1 || meta.hops == 0) {
            drop_because(meta, DropReason.ttl_expired);
        } else if (hosts.apply().hit) {
            if (rewriting == Rewriting.ipip) {
                overhead = IPV4_BYTES;
            } else if (rewriting == Rewriting.ipip6) {
                overhead = IPV6_BYTES;
            }
            if (overhead != 0 && length > mtu - overhead) {
                meta.too_big_mtu = mtu - overhead;
                drop_because(meta, DropReason.too_big);
            } else {
                meta.sums_ipv4 = is_ipv4;
                if (is_ipv4) {
                    headers.ip.ipv4.ttl = ttl - 1;
                } else {
                    headers.ip.ipv6.hop_limit = ttl - 1;
                }
                headers.link.ethernet.src = meta.stage_mac;
                headers.link.ethernet.dst = next_mac;
                if (overhead == 0) {
                    headers.link.ethernet.dst = next_mac[47:2] ++ (bit<2>)meta.next_arrival;
                }
                if (rewriting == Rewriting.ipip) {
                    headers.outer_ipv4.setValid();
                    headers.outer_ipv4.version = 4;
                    headers.outer_ipv4.ihl = 5;
                    headers.outer_ipv4.dscp = is_ipv4 ? headers.ip.ipv4.dscp : headers.ip.ipv6.dscp;
                    headers.outer_ipv4.ecn = is_ipv4 ? headers.ip.ipv4.ecn : headers.ip.ipv6.ecn;
                    headers.outer_ipv4.total_length = length + IPV4_BYTES;
                    headers.outer_ipv4.identification = 10w0 ++ (meta.hops - 1) ++ (bit<2>)meta.next_arrival;
                    headers.outer_ipv4.flags = IPV4_FLAG_DONT_FRAGMENT;
                    headers.outer_ipv4.fragment_offset = 0;
                    headers.outer_ipv4.ttl = OWN_TTL;
                    headers.outer_ipv4.protocol = is_ipv4 ? PROTOCOL_IPIP : PROTOCOL_IPV6;
                    headers.outer_ipv4.src = meta.host_address;
                    headers.outer_ipv4.dst = address;
                    set_ether_type(headers.link, ETHERTYPE_IPV4);
                } else if (rewriting == Rewriting.ipip6) {
                    headers.outer_ipv6.setValid();
                    headers.outer_ipv6.version = 6;
                    headers.outer_ipv6.dscp = is_ipv4 ? headers.ip.ipv4.dscp : headers.ip.ipv6.dscp;
                    headers.outer_ipv6.ecn = is_ipv4 ? headers.ip.ipv4.ecn : headers.ip.ipv6.ecn;
                    headers.outer_ipv6.flow_label = 14w0 ++ (meta.hops - 1) ++ (bit<2>)meta.next_arrival;
                    headers.outer_ipv6.payload_length = length;
                    headers.outer_ipv6.next_header = is_ipv4 ? PROTOCOL_IPIP : PROTOCOL_IPV6;
                    headers.outer_ipv6.hop_limit = OWN_TTL;
                    headers.outer_ipv6.src = meta.host_address6;
                    headers.outer_ipv6.dst = address6;
                    set_ether_type(headers.link, ETHERTYPE_IPV6);
                }
                // Another computer's address is its own.
                if (rewriting == Rewriting.nat && meta.outcome != Outcome.forwarded) {
                    translate_destination(meta, is_ipv4 ? IPV4_MAPPED ++ address : address6);
                }
                ARCH_COUNT(rerouted_to, meta.next_host);
            }
        }
    }
}

#endif
