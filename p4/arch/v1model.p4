// The externs that the programs use, as v1model spells them. Another architecture has a file like this one;
// the programs name no extern themselves.

#ifndef DPR_ARCH_V1MODEL_P4
#define DPR_ARCH_V1MODEL_P4

#include <core.p4>
#include <v1model.p4>

#define ARCH_METADATA standard_metadata_t
#define ARCH_INGRESS_PORT(standard) (standard.ingress_port)
#define ARCH_SEND_TO(standard, port) standard.egress_spec = (port)
#define ARCH_DROP(standard) mark_to_drop(standard)
// A copy for each replica of a multicast group goes to egress, which sees the replica's instance.
#define ARCH_REPLICATE(standard, group) standard.mcast_grp = (group)
#define ARCH_INSTANCE(standard) (standard.egress_rid)
// What is left of the packet when it leaves, in bytes.
#define ARCH_TRUNCATE(length) truncate((bit<32>)(length))
#define ARCH_PARSER_ERROR(standard) (standard.parser_error)
#define ARCH_CHECKSUM_ERROR(standard) (standard.checksum_error == 1)

// Ticks of 1,024 microseconds in 32 bits (they wrap after 50 days).
#define ARCH_NOW(standard) ((bit<32>)(standard.ingress_global_timestamp >> 10))

#define ARCH_COUNTER(name, size) counter(size, CounterType.packets_and_bytes) name
#define ARCH_COUNT(name, index) name.count((bit<32>)(index))

#define ARCH_REGISTER(type, name, size) register<type>(size) name
#define ARCH_REGISTER_READ(name, value, index) name.read(value, index)
#define ARCH_REGISTER_WRITE(name, index, value) name.write(index, value)

// A uniformly random number in 0..=high.
#define ARCH_RANDOM(result, high) random(result, (bit<16>)0, high)

// CRC-32 (IEEE 802.3) of a five-tuple, and of the same fields in another order: two independent 32-bit hashes. IPv4 addresses
// go in as they are on the wire, without what maps them to IPv6.
#define ARCH_HASH_FIVE_TUPLE(result, flow) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, \
         { flow.src[31:0], flow.dst[31:0], flow.protocol, flow.src_port, flow.dst_port }, (bit<64>)0x100000000)
#define ARCH_HASH_FIVE_TUPLE6(result, flow) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, \
         { flow.src, flow.dst, flow.protocol, flow.src_port, flow.dst_port }, (bit<64>)0x100000000)
#define ARCH_FINGERPRINT_FIVE_TUPLE(result, flow) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, \
         { flow.dst_port, flow.src_port, flow.dst, flow.src, flow.protocol }, (bit<64>)0x100000000)
// CRC-32 of the client's address alone: the same for all its connections.
#define ARCH_HASH_CLIENT(result, flow) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, { flow.src[31:0] }, (bit<64>)0x100000000)
#define ARCH_HASH_CLIENT6(result, flow) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, { flow.src }, (bit<64>)0x100000000)
// Two hashes of what the fragments of a datagram have in common (RFC 791, RFC 8200).
#define ARCH_HASH_DATAGRAM(result, flow, fragment) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, \
         { flow.src, flow.dst, fragment.protocol, fragment.identification }, (bit<64>)0x100000000)
#define ARCH_FINGERPRINT_DATAGRAM(result, flow, fragment) \
    hash(result, HashAlgorithm.crc32, (bit<32>)0, \
         { fragment.identification, flow.dst, flow.src, fragment.protocol }, (bit<64>)0x100000000)

#define IPV4_CHECKSUM_FIELDS(ip) \
    ip.version, ip.ihl, ip.dscp, ip.ecn, ip.total_length, ip.identification, ip.flags, ip.fragment_offset, \
      ip.ttl, ip.protocol, ip.src, ip.dst
#define ARCH_VERIFY_IPV4_CHECKSUM(ip) \
    verify_checksum(ip.isValid(), { IPV4_CHECKSUM_FIELDS(ip) }, ip.header_checksum, HashAlgorithm.csum16)
#define ARCH_VERIFY_IPV4_CHECKSUM_WITH_OPTIONS(ip, more) \
    verify_checksum(ip.isValid(), { IPV4_CHECKSUM_FIELDS(ip), more.options }, ip.header_checksum, HashAlgorithm.csum16)
#define ARCH_UPDATE_IPV4_CHECKSUM(condition, ip) \
    update_checksum(condition, { IPV4_CHECKSUM_FIELDS(ip) }, ip.header_checksum, HashAlgorithm.csum16)
#define ARCH_UPDATE_IPV4_CHECKSUM_WITH_OPTIONS(condition, ip, more) \
    update_checksum(condition, { IPV4_CHECKSUM_FIELDS(ip), more.options }, ip.header_checksum, HashAlgorithm.csum16)
// Of an error that quotes a packet up to eight bytes of layer 4: two ports and what follows them.
#define ARCH_UPDATE_ICMP_CHECKSUM(condition, icmp, quoted, more, src_port, dst_port, rest_of_eight) \
    update_checksum(condition, { icmp.type, icmp.code, icmp.rest, IPV4_CHECKSUM_FIELDS(quoted), quoted.header_checksum, \
        more.options, src_port, dst_port, rest_of_eight }, icmp.checksum, HashAlgorithm.csum16)
// The same with RFC 8200's pseudo-header.
#define ARCH_UPDATE_ICMPV6_CHECKSUM(condition, ip, icmp, quoted, src_port, dst_port, rest_of_eight) \
    update_checksum(condition, { ip.src, ip.dst, ip.payload_length, (bit<8>)0, ip.next_header, icmp.type, icmp.code, icmp.rest, \
        quoted.version, quoted.dscp, quoted.ecn, quoted.flow_label, quoted.payload_length, quoted.next_header, quoted.hop_limit, \
        quoted.src, quoted.dst, src_port, dst_port, rest_of_eight }, icmp.checksum, HashAlgorithm.csum16)
// Of a neighbor advertisement with an option.
#define ARCH_UPDATE_NDP_CHECKSUM(condition, ip, icmp, target, option) \
    update_checksum(condition, { ip.src, ip.dst, ip.payload_length, (bit<8>)0, ip.next_header, icmp.type, icmp.code, icmp.rest, \
        target.address, option.type, option.length, option.address }, icmp.checksum, HashAlgorithm.csum16)

#define ARCH_PIPELINE(parser, verify, ingress, egress, compute, deparser) \
    V1Switch(parser(), verify(), ingress(), egress(), compute(), deparser()) main

#endif
