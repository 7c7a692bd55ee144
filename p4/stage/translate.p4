// One address for another, with the checksums that it is in.

#ifndef DPR_STAGE_TRANSLATE_P4
#define DPR_STAGE_TRANSLATE_P4

control Translate(inout headers_t headers, inout metadata_t meta) {
    apply {
        bit<32> removed = sum_of_128(meta.translated_from);
        bit<32> added = sum_of_128(meta.translated_to);
        bit<32> address = meta.translated_to[31:0];

        if (headers.ip.ipv4.isValid()) {
            if (meta.translates_source) {
                headers.ip.ipv4.src = address;
            } else {
                headers.ip.ipv4.dst = address;
            }
            headers.ip.ipv4.header_checksum = adjusted(headers.ip.ipv4.header_checksum, removed, added);
        } else {
            if (meta.translates_source) {
                headers.ip.ipv6.src = meta.translated_to;
            } else {
                headers.ip.ipv6.dst = meta.translated_to;
            }
        }

        if (headers.ip.tcp.isValid()) {
            headers.ip.tcp.checksum = adjusted(headers.ip.tcp.checksum, removed, added);
        } else if (headers.ip.udp.isValid()) {
            // No checksum stays none; one that comes out as none is written as its other form (RFC 768).
            if (headers.ip.udp.checksum != 0) {
                headers.ip.udp.checksum = adjusted(headers.ip.udp.checksum, removed, added);
                if (headers.ip.udp.checksum == 0) {
                    headers.ip.udp.checksum = 0xffff;
                }
            }
        } else if (headers.ip.icmp.isValid()) {
            // The quoted packet went the other way. In IPv4 the quoted header's checksum makes up for the address, and the
            // message's own stays as it is.
            if (headers.quoted_ipv4.isValid()) {
                if (meta.translates_source) {
                    headers.quoted_ipv4.dst = address;
                } else {
                    headers.quoted_ipv4.src = address;
                }
                headers.quoted_ipv4.header_checksum = adjusted(headers.quoted_ipv4.header_checksum, removed, added);
            }
            if (headers.ip.ipv6.isValid()) {
                headers.ip.icmp.checksum = adjusted(headers.ip.icmp.checksum, removed, added);
                if (headers.quoted_ipv6.isValid()) {
                    if (meta.translates_source) {
                        headers.quoted_ipv6.dst = meta.translated_to;
                    } else {
                        headers.quoted_ipv6.src = meta.translated_to;
                    }
                    headers.ip.icmp.checksum = adjusted(headers.ip.icmp.checksum, removed, added);
                }
            }
        }
    }
}

#endif
