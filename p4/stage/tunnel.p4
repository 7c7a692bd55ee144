// The end of tunnels: what peers sent here through one comes out of it, and what the network says of one that starts here is
// passed on to the client whose packet was in it.

#ifndef DPR_STAGE_TUNNEL_P4
#define DPR_STAGE_TUNNEL_P4

// Takes the outer header off, if it is a peer's and for this host. Otherwise the tunnel is the host's own affair, or nobody's here.
control Decapsulate(inout headers_t headers, inout metadata_t meta) {
    bit<128> source = 0;
    bit<6> tag = 0;

    // Who may tunnel packets here: the other hosts' addresses.
    table tunnel_peers {
        key = {
            source: exact @name("address");
        }
        actions = {
            NoAction;
        }
        const default_action = NoAction();
        size = 2 * MAX_HOSTS;
    }

    apply {
        bool is_here = false;
        bit<2> ecn = 0;
        if (headers.outer_ipv4.isValid()) {
            source = IPV4_MAPPED ++ headers.outer_ipv4.src;
            is_here = headers.outer_ipv4.dst == meta.host_address;
            ecn = headers.outer_ipv4.ecn;
            tag = headers.outer_ipv4.identification[5:0];
        } else {
            source = headers.outer_ipv6.src;
            is_here = headers.outer_ipv6.dst == meta.host_address6;
            ecn = headers.outer_ipv6.ecn;
            tag = headers.outer_ipv6.flow_label[5:0];
        }
        if (is_here && tunnel_peers.apply().hit) {
            meta.arrival = (Arrival)tag[1:0];
            meta.hops = tag[5:2];
            headers.outer_ipv4.setInvalid();
            headers.outer_ipv6.setInvalid();
            if (headers.ip.ipv4.isValid()) {
                set_ether_type(headers.link, ETHERTYPE_IPV4);
                // Congestion in the tunnel is congestion on the way (RFC 6040).
                if (ecn == 3 && headers.ip.ipv4.ecn != 0) {
                    headers.ip.ipv4.header_checksum = adjusted(headers.ip.ipv4.header_checksum,
                                                               (bit<32>)headers.ip.ipv4.ecn, 3);
                    headers.ip.ipv4.ecn = 3;
                }
            } else {
                set_ether_type(headers.link, ETHERTYPE_IPV6);
                if (ecn == 3 && headers.ip.ipv6.ecn != 0) {
                    headers.ip.ipv6.ecn = 3;
                }
            }
        } else {
            meta.is_tunnelled = true;
            meta.ends_here = is_here;
            meta.fragment.is_fragment = false;
        }
    }
}

// A tunnel of this host's is too narrow for the packet that the network quotes: its sender gets to know it, as if it had been
// too big without the tunnel (RFC 2003, section 5.1).
control TellClient(inout headers_t headers, inout metadata_t meta) {
    apply {
        bool is_too_big = false;
        if (headers.quoted_outer_ipv4.isValid()) {
            is_too_big = headers.ip.icmp.code == ICMP_CODE_TOO_BIG && headers.quoted_outer_ipv4.src == meta.host_address
                && headers.ip.icmp.rest[15:0] >= IPV4_LEAST_MTU + IPV4_BYTES && !headers.ip.ipv4_options.isValid();
            bit<32> removed = sum_of_ipv4(headers.quoted_outer_ipv4) + (bit<32>)headers.ip.icmp.rest[15:0];
            headers.ip.icmp.rest[15:0] = headers.ip.icmp.rest[15:0] - IPV4_BYTES;
            headers.ip.icmp.checksum = adjusted(headers.ip.icmp.checksum, removed, (bit<32>)headers.ip.icmp.rest[15:0]);
            headers.quoted_outer_ipv4.setInvalid();
            headers.ip.ipv4.src = headers.quoted_ipv4.dst;
            headers.ip.ipv4.dst = headers.quoted_ipv4.src;
            headers.ip.ipv4.total_length = headers.ip.ipv4.total_length - IPV4_BYTES;
            headers.ip.ipv4.ttl = OWN_TTL;
            meta.sums_ipv4 = true;
        } else {
            is_too_big = headers.quoted_outer_ipv6.src == meta.host_address6
                && headers.ip.icmp.rest >= (bit<32>)(IPV4_LEAST_MTU + IPV6_BYTES) && !headers.ip.extensions[0].isValid();
            // The quoted header, and of the pseudo-header (RFC 8200, section 8.1) the addresses and the length.
            bit<32> removed = sum_of_ipv6(headers.quoted_outer_ipv6) + sum_of_32(headers.ip.icmp.rest)
                + sum_of_128(headers.ip.ipv6.src) + sum_of_128(headers.ip.ipv6.dst)
                + (bit<32>)headers.ip.ipv6.payload_length;
            headers.quoted_outer_ipv6.setInvalid();
            headers.ip.icmp.rest = headers.ip.icmp.rest - (bit<32>)IPV6_BYTES;
            headers.ip.ipv6.src = headers.quoted_ipv6.dst;
            headers.ip.ipv6.dst = headers.quoted_ipv6.src;
            headers.ip.ipv6.payload_length = headers.ip.ipv6.payload_length - IPV6_BYTES;
            headers.ip.ipv6.hop_limit = OWN_TTL;
            bit<32> added = sum_of_32(headers.ip.icmp.rest) + sum_of_128(headers.ip.ipv6.src)
                + sum_of_128(headers.ip.ipv6.dst) + (bit<32>)headers.ip.ipv6.payload_length;
            headers.ip.icmp.checksum = adjusted(headers.ip.icmp.checksum, removed, added);
        }
        if (is_too_big) {
            meta.verdict = Verdict.answer;
            meta.outcome = Outcome.told_client;
            headers.link.ethernet.src = meta.stage_mac;
            headers.link.ethernet.dst = meta.gateway_mac;
        } else {
            drop_because(meta, DropReason.stray_tunnel);
        }
    }
}

#endif
