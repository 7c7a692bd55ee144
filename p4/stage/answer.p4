// What a stage says to a client itself, with the published address as its own: that a packet lived too long or was too big for a tunnel
// (RFC 792, RFC 4443), and echo replies where the host does not have the published address.

#ifndef DPR_STAGE_ANSWER_P4
#define DPR_STAGE_ANSWER_P4

// For a packet that is dropped: the message goes in front of it, and it is cut to what is quoted. Of what is no client's packet,
// or no first fragment, nobody is told; nor of an ICMP error, or of what was sent to a multicast address (RFC 1122, section 3.2.2).
control TellSender(inout headers_t headers, inout metadata_t meta) {
    apply {
        bit<16> length = 0;
        bool is_too_big = meta.drop_reason == DropReason.too_big;
        bool has_ports = headers.ip.tcp.isValid() || headers.ip.udp.isValid();

        if (meta.gateway_mac != 0 && has_ports && !is_multicast(meta.destination)) {
            if (headers.ip.ipv4.isValid() && (!is_too_big || headers.ip.ipv4.flags[1:1] == 1)) {
                length = IPV4_BYTES + ICMP_BYTES + ((bit<16>)headers.ip.ipv4.ihl << 2) + QUOTED_TRANSPORT_BYTES;
                headers.message.setValid();
                headers.message.type = is_too_big ? ICMP_UNREACHABLE : ICMP_TIME_EXCEEDED;
                headers.message.code = is_too_big ? ICMP_CODE_TOO_BIG : 0;
                headers.outer_ipv4.setValid();
                headers.outer_ipv4.version = 4;
                headers.outer_ipv4.ihl = 5;
                headers.outer_ipv4.dscp = DSCP_NETWORK_CONTROL;
                headers.outer_ipv4.total_length = length;
                headers.outer_ipv4.flags = IPV4_FLAG_DONT_FRAGMENT;
                headers.outer_ipv4.ttl = OWN_TTL;
                headers.outer_ipv4.protocol = PROTOCOL_ICMP;
                headers.outer_ipv4.src = headers.ip.ipv4.dst;
                headers.outer_ipv4.dst = headers.ip.ipv4.src;
                meta.sums_icmp = true;
            } else if (headers.ip.ipv6.isValid() && !headers.ip.extensions[0].isValid()) {
                length = IPV6_BYTES + ICMPV6_QUOTE;
                headers.message.setValid();
                headers.message.type = is_too_big ? ICMPV6_TOO_BIG : ICMPV6_TIME_EXCEEDED;
                headers.outer_ipv6.setValid();
                headers.outer_ipv6.version = 6;
                headers.outer_ipv6.dscp = DSCP_NETWORK_CONTROL;
                headers.outer_ipv6.payload_length = ICMPV6_QUOTE;
                headers.outer_ipv6.next_header = PROTOCOL_ICMPV6;
                headers.outer_ipv6.hop_limit = OWN_TTL;
                headers.outer_ipv6.src = headers.ip.ipv6.dst;
                headers.outer_ipv6.dst = headers.ip.ipv6.src;
                meta.sums_icmpv6 = true;
            }
        }
        if (headers.message.isValid()) {
            bit<16> link_bytes = 14;
            if (headers.link.vlan[0].isValid()) {
                link_bytes = link_bytes + 4;
            }
            if (headers.link.vlan[1].isValid()) {
                link_bytes = link_bytes + 4;
            }
            headers.message.rest = (bit<32>)meta.too_big_mtu;
            headers.link.ethernet.src = meta.stage_mac;
            headers.link.ethernet.dst = meta.gateway_mac;
            meta.verdict = Verdict.answer;
            ARCH_TRUNCATE(link_bytes + length);
        }
    }
}

// Answers an echo request; the host, which does not have the address that it is for, would not.
control AnswerEcho(inout headers_t headers, inout metadata_t meta) {
    apply {
        bit<16> removed = headers.ip.icmp.type ++ headers.ip.icmp.code;
        bit<8> request = headers.ip.ipv4.isValid() ? ICMP_ECHO_REQUEST : ICMPV6_ECHO_REQUEST;
        if (!headers.ip.icmp.isValid() || headers.ip.icmp.type != request || meta.fragment.is_fragment
                || meta.gateway_mac == 0) {
            drop_because(meta, DropReason.no_service);
        } else {
            if (headers.ip.ipv4.isValid()) {
                bit<32> asked = headers.ip.ipv4.dst;
                headers.ip.ipv4.dst = headers.ip.ipv4.src;
                headers.ip.ipv4.src = asked;
                headers.ip.ipv4.ttl = OWN_TTL;
                headers.ip.icmp.type = ICMP_ECHO_REPLY;
                meta.sums_ipv4 = true;
            } else {
                bit<128> asked = headers.ip.ipv6.dst;
                headers.ip.ipv6.dst = headers.ip.ipv6.src;
                headers.ip.ipv6.src = asked;
                headers.ip.ipv6.hop_limit = OWN_TTL;
                headers.ip.icmp.type = ICMPV6_ECHO_REPLY;
            }
            headers.ip.icmp.checksum = adjusted(headers.ip.icmp.checksum, (bit<32>)removed,
                                                (bit<32>)(headers.ip.icmp.type ++ headers.ip.icmp.code));
            headers.link.ethernet.src = meta.stage_mac;
            headers.link.ethernet.dst = meta.gateway_mac;
            meta.verdict = Verdict.answer;
        }
    }
}

control StageCompute(inout headers_t headers, inout metadata_t meta) {
    apply {
        // A packet for this host keeps the checksum that it came with.
        ARCH_UPDATE_IPV4_CHECKSUM(headers.outer_ipv4.isValid() && !meta.is_tunnelled, headers.outer_ipv4);
        ARCH_UPDATE_IPV4_CHECKSUM_WITH_OPTIONS(meta.sums_ipv4, headers.ip.ipv4, headers.ip.ipv4_options);
        // Of TCP the first eight bytes are quoted, of UDP the header.
        ARCH_UPDATE_ICMP_CHECKSUM(meta.sums_icmp && headers.ip.tcp.isValid(), headers.message, headers.ip.ipv4,
                                  headers.ip.ipv4_options, headers.ip.tcp.src_port, headers.ip.tcp.dst_port,
                                  headers.ip.tcp.sequence_number);
        ARCH_UPDATE_ICMP_CHECKSUM(meta.sums_icmp && headers.ip.udp.isValid(), headers.message, headers.ip.ipv4,
                                  headers.ip.ipv4_options, headers.ip.udp.src_port, headers.ip.udp.dst_port,
                                  headers.ip.udp.length ++ headers.ip.udp.checksum);
        ARCH_UPDATE_ICMPV6_CHECKSUM(meta.sums_icmpv6 && headers.ip.tcp.isValid(), headers.outer_ipv6, headers.message,
                                    headers.ip.ipv6, headers.ip.tcp.src_port, headers.ip.tcp.dst_port,
                                    headers.ip.tcp.sequence_number);
        ARCH_UPDATE_ICMPV6_CHECKSUM(meta.sums_icmpv6 && headers.ip.udp.isValid(), headers.outer_ipv6, headers.message,
                                    headers.ip.ipv6, headers.ip.udp.src_port, headers.ip.udp.dst_port,
                                    headers.ip.udp.length ++ headers.ip.udp.checksum);
    }
}

#endif
