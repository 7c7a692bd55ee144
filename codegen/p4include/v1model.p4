// The architecture of BMv2's `simple_switch`: parser, checksum verification, ingress, egress, checksum update, deparser.
// Declared as its documentation describes it. V1MODEL_VERSION selects between the two forms of the index types.

#ifndef _V1_MODEL_P4_
#define _V1_MODEL_P4_

#include <core.p4>

#ifndef V1MODEL_VERSION
#define V1MODEL_VERSION 20180101
#endif

const bit<32> __v1model_version = V1MODEL_VERSION;

match_kind {
    range,      // least and greatest value, both included
    optional,   // exact, or anything
    selector    // input of an action selector's hash; not matched
}

#if V1MODEL_VERSION >= 20200408
typedef bit<9> PortId_t;
#define V1MODEL_PORT PortId_t
#else
#define V1MODEL_PORT bit<9>
#endif

@metadata @name("standard_metadata")
struct standard_metadata_t {
    V1MODEL_PORT ingress_port;
    V1MODEL_PORT egress_spec;       // where ingress wants the packet to go
    V1MODEL_PORT egress_port;       // where it goes; egress only
    bit<32> instance_type;          // 0 for a packet from a port, else how the copy came to be
    bit<32> packet_length;

    @alias("queueing_metadata.enq_timestamp")
    bit<32> enq_timestamp;          // microseconds
    @alias("queueing_metadata.enq_qdepth")
    bit<19> enq_qdepth;
    @alias("queueing_metadata.deq_timedelta")
    bit<32> deq_timedelta;          // microseconds
    @alias("queueing_metadata.deq_qdepth")
    bit<19> deq_qdepth;

    @alias("intrinsic_metadata.ingress_global_timestamp")
    bit<48> ingress_global_timestamp;   // microseconds
    @alias("intrinsic_metadata.egress_global_timestamp")
    bit<48> egress_global_timestamp;    // microseconds
    @alias("intrinsic_metadata.mcast_grp")
    bit<16> mcast_grp;              // 0 for none
    @alias("intrinsic_metadata.egress_rid")
    bit<16> egress_rid;             // which replica of a multicast packet

    bit<1>  checksum_error;
    error   parser_error;
    @alias("intrinsic_metadata.priority")
    bit<3>  priority;
}

#undef V1MODEL_PORT

enum CounterType { packets, bytes, packets_and_bytes }

enum MeterType { packets, bytes }

#define V1MODEL_METER_COLOR_GREEN  0
#define V1MODEL_METER_COLOR_YELLOW 1
#define V1MODEL_METER_COLOR_RED    2

enum HashAlgorithm { crc32, crc32_custom, crc16, crc16_custom, random, identity, csum16, xor16 }

enum CloneType { I2E, E2E }

#if V1MODEL_VERSION >= 20200408

extern counter<I> {
    counter(bit<32> size, CounterType type);
    void count(in I index);
}

extern meter<I> {
    meter(bit<32> size, MeterType type);
    void execute_meter<T>(in I index, out T result);
}

extern register<T, I> {
    register(bit<32> size);
    @noSideEffects
    void read(out T result, in I index);
    void write(in I index, in T value);
}

#else

extern counter {
    counter(bit<32> size, CounterType type);
    void count(in bit<32> index);
}

extern meter {
    meter(bit<32> size, MeterType type);
    void execute_meter<T>(in bit<32> index, out T result);
}

extern register<T> {
    register(bit<32> size);
    @noSideEffects
    void read(out T result, in bit<32> index);
    void write(in bit<32> index, in T value);
}

#endif

/// One counter for each entry of a table.
extern direct_counter {
    direct_counter(CounterType type);
    void count();
}

/// One meter for each entry of a table.
extern direct_meter<T> {
    direct_meter(MeterType type);
    void read(out T result);
}

extern action_profile {
    action_profile(bit<32> size);
}

extern action_selector {
    action_selector(HashAlgorithm algorithm, bit<32> size, bit<32> outputWidth);
}

/// A uniformly random number from `lo` to `hi`, both included.
extern void random<T>(out T result, in T lo, in T hi);

/// Sends data to the control plane.
extern void digest<T>(in bit<32> receiver, in T data);

/// Has the packet dropped at the end of ingress or egress, unless `egress_spec` is set after.
@pure
extern void mark_to_drop(inout standard_metadata_t standard_metadata);
@deprecated("use mark_to_drop(standard_metadata)")
extern void mark_to_drop();

/// `base` plus a hash of `data` modulo `max`; `base` if `max` is 0.
@pure
extern void hash<O, T, D, M>(out O result, in HashAlgorithm algo, in T base, in D data, in M max);

@deprecated("use verify_checksum and update_checksum")
extern Checksum16 {
    Checksum16();
    bit<16> get<D>(in D data);
}

/// Sets `checksum_error` if the condition holds and the checksum is another.
extern void verify_checksum<T, O>(in bool condition, in T data, in O checksum, HashAlgorithm algo);

/// Writes the checksum if the condition holds.
@pure
extern void update_checksum<T, O>(in bool condition, in T data, inout O checksum, HashAlgorithm algo);

/// As `verify_checksum`, over the data followed by what the parser has not extracted.
extern void verify_checksum_with_payload<T, O>(in bool condition, in T data, in O checksum, HashAlgorithm algo);

/// As `update_checksum`, over the data followed by what the parser has not extracted.
@noSideEffects
extern void update_checksum_with_payload<T, O>(in bool condition, in T data, inout O checksum, HashAlgorithm algo);

// Copies and second passes. Those that preserve fields keep the metadata fields with `@field_list(index)`.
extern void clone(in CloneType type, in bit<32> session);
extern void clone_preserving_field_list(in CloneType type, in bit<32> session, bit<8> index);
extern void resubmit_preserving_field_list(bit<8> index);
extern void recirculate_preserving_field_list(bit<8> index);
@deprecated("use clone_preserving_field_list")
extern void clone3<T>(in CloneType type, in bit<32> session, in T data);
@deprecated("use resubmit_preserving_field_list")
extern void resubmit<T>(in T data);
@deprecated("use recirculate_preserving_field_list")
extern void recirculate<T>(in T data);

/// Cuts the packet to so many bytes at the end of egress.
extern void truncate(in bit<32> length);

extern void assert(in bool check);
extern void assume(in bool check);

extern void log_msg(string msg);
extern void log_msg<T>(string msg, in T data);

parser Parser<H, M>(
    packet_in b, out H parsedHdr, inout M meta, inout standard_metadata_t standard_metadata);

/// May only call `verify_checksum` and `verify_checksum_with_payload`.
control VerifyChecksum<H, M>(inout H hdr, inout M meta);

@pipeline
control Ingress<H, M>(inout H hdr, inout M meta, inout standard_metadata_t standard_metadata);

@pipeline
control Egress<H, M>(inout H hdr, inout M meta, inout standard_metadata_t standard_metadata);

/// May only call `update_checksum` and `update_checksum_with_payload`.
control ComputeChecksum<H, M>(inout H hdr, inout M meta);

/// May only call `emit`.
@deparser
control Deparser<H>(packet_out b, in H hdr);

package V1Switch<H, M>(
    Parser<H, M> p,
    VerifyChecksum<H, M> vr,
    Ingress<H, M> ig,
    Egress<H, M> eg,
    ComputeChecksum<H, M> ck,
    Deparser<H> dep);

#endif
