// Checksums by what changed (RFC 1624, equation 3), for fields that a packet's sender has summed and that a stage changes.

#ifndef DPR_CHECKSUM_P4
#define DPR_CHECKSUM_P4

// The 16-bit words of some bits, added up.
bit<32> sum_of_32(in bit<32> bits) {
    return (bit<32>)bits[31:16] + (bit<32>)bits[15:0];
}

bit<32> sum_of_128(in bit<128> bits) {
    return (bit<32>)bits[127:112] + (bit<32>)bits[111:96] + (bit<32>)bits[95:80] + (bit<32>)bits[79:64]
        + (bit<32>)bits[63:48] + (bit<32>)bits[47:32] + (bit<32>)bits[31:16] + (bit<32>)bits[15:0];
}

// Of whole headers.
bit<32> sum_of_ipv4(in ipv4_t ip) {
    return (bit<32>)(ip.version ++ ip.ihl ++ ip.dscp ++ ip.ecn) + (bit<32>)ip.total_length + (bit<32>)ip.identification
        + (bit<32>)(ip.flags ++ ip.fragment_offset) + (bit<32>)(ip.ttl ++ ip.protocol) + (bit<32>)ip.header_checksum
        + sum_of_32(ip.src) + sum_of_32(ip.dst);
}

bit<32> sum_of_ipv6(in ipv6_t ip) {
    return sum_of_32(ip.version ++ ip.dscp ++ ip.ecn ++ ip.flow_label) + (bit<32>)ip.payload_length
        + (bit<32>)(ip.next_header ++ ip.hop_limit) + sum_of_128(ip.src) + sum_of_128(ip.dst);
}

// A checksum after words that added up to `removed` made way for words that add up to `added`. Up to 2^15 words each.
bit<16> adjusted(in bit<16> checksum, in bit<32> removed, in bit<32> added) {
    bit<32> gone = (removed & 0xffff) + (removed >> 16);
    gone = (gone & 0xffff) + (gone >> 16);
    bit<32> sum = (bit<32>)(~checksum) + (bit<32>)(~gone[15:0]) + added;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ~sum[15:0];
}

#endif
