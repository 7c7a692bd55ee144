//! The packets of clients and hosts, with the header types that are generated from the P4.

use std::fmt;

use dpr_controller::core::FlowKey as Flow;
use dpr_p4::address;
use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Ipv6, Tcp, Udp};
use dpr_p4::host_stage::{
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, PROTOCOL_ICMP,
    PROTOCOL_IPIP, PROTOCOL_IPV6, PROTOCOL_TCP, PROTOCOL_UDP, TCP_FLAG_ACK, TCP_FLAG_SYN,
};
use dpr_runtime::checksum;

const FIN: u8 = 0x01;
const RST: u8 = 0x04;

/// A segment of a client's connection: of TCP, or the same header and payload in a UDP datagram, as a transport above UDP has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The connection; its `src` is the client whichever way the segment goes.
    pub flow: Flow,
    /// FIN, SYN, RST and ACK as on the wire.
    pub flags: u8,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgment number.
    pub acknowledgment: u32,
    /// Bytes of payload.
    pub payload: u16,
    /// The first byte of the payload asks the server to close.
    pub asks_to_close: bool,
}

impl Segment {
    /// A segment without payload.
    pub fn new(flow: Flow, flags: u8, sequence: u32, acknowledgment: u32) -> Self {
        Segment {
            flow,
            flags,
            sequence,
            acknowledgment,
            payload: 0,
            asks_to_close: false,
        }
    }

    /// The first of a connection.
    pub fn is_first_syn(&self) -> bool {
        self.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK) == TCP_FLAG_SYN
    }

    /// SYN-ACK.
    pub fn is_syn_ack(&self) -> bool {
        self.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK) == TCP_FLAG_SYN | TCP_FLAG_ACK
    }

    /// FIN is set.
    pub fn is_fin(&self) -> bool {
        self.flags & FIN != 0
    }

    /// RST is set.
    pub fn is_rst(&self) -> bool {
        self.flags & RST != 0
    }

    /// The sequence number after it.
    pub fn end(&self) -> u32 {
        self.sequence
            .wrapping_add(u32::from(self.payload))
            .wrapping_add(u32::from(self.is_fin()))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (TCP_FLAG_SYN, "SYN "),
            (FIN, "FIN "),
            (RST, "RST "),
            (TCP_FLAG_ACK, "ACK "),
        ];
        for (_, name) in names.iter().filter(|(flag, _)| self.flags & flag != 0) {
            f.write_str(name)?;
        }
        write!(
            f,
            "seq {} ack {} len {}",
            self.sequence, self.acknowledgment, self.payload
        )
    }
}

/// Flags of the segments that the endpoints send.
pub mod flags {
    use super::{FIN, RST, TCP_FLAG_ACK, TCP_FLAG_SYN};

    /// The first segment.
    pub const SYN: u8 = TCP_FLAG_SYN;
    /// The host's answer to it.
    pub const SYN_ACK: u8 = TCP_FLAG_SYN | TCP_FLAG_ACK;
    /// All others.
    pub const ACK: u8 = TCP_FLAG_ACK;
    /// The last of a side.
    pub const FIN_ACK: u8 = FIN | TCP_FLAG_ACK;
    /// The client has gone away.
    pub const RST_ACK: u8 = RST | TCP_FLAG_ACK;
    /// What a host says to a segment that it does not know.
    pub const RESET: u8 = RST;
}

/// First byte of a payload that asks the server to close.
const CLOSE: u8 = b'X';

/// An IP packet with its layer 4, whose checksum field is at `checksum_at` and 0, in a frame.
fn frame(
    macs: (u64, u64),
    ends: (u128, u128),
    protocol: u8,
    body: &mut [u8],
    checksum_at: usize,
) -> Vec<u8> {
    let (src, dst) = ends;
    let mut bytes = vec![0; Ethernet::LEN];
    let mut ethernet = Ethernet {
        dst: macs.1,
        src: macs.0,
        ether_type: ETHERTYPE_IPV4,
    };
    if protocol != PROTOCOL_ICMP {
        let sum = layer_4_checksum(src, dst, protocol, body);
        body[checksum_at..checksum_at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    match (address::ipv4(src), address::ipv4(dst)) {
        (Some(src), Some(dst)) => {
            let mut ipv4 = Ipv4 {
                version: 4,
                ihl: 5,
                dscp: 0,
                ecn: 0,
                total_length: (Ipv4::LEN + body.len()) as u16,
                identification: 0,
                flags: 0b010,
                fragment_offset: 0,
                ttl: 64,
                protocol,
                header_checksum: 0,
                src,
                dst,
            };
            bytes.resize(Ethernet::LEN + Ipv4::LEN, 0);
            ipv4.emit(&mut bytes[Ethernet::LEN..]);
            ipv4.header_checksum = checksum::internet(&bytes[Ethernet::LEN..]);
            ipv4.emit(&mut bytes[Ethernet::LEN..]);
        }
        _ => {
            ethernet.ether_type = ETHERTYPE_IPV6;
            let ipv6 = Ipv6 {
                version: 6,
                dscp: 0,
                ecn: 0,
                flow_label: 0,
                payload_length: body.len() as u16,
                next_header: protocol,
                hop_limit: 64,
                src,
                dst,
            };
            bytes.resize(Ethernet::LEN + Ipv6::LEN, 0);
            ipv6.emit(&mut bytes[Ethernet::LEN..]);
        }
    }
    ethernet.emit(&mut bytes);
    bytes.extend_from_slice(body);
    bytes
}

/// The checksum of TCP or UDP with the pseudo-header (RFC 9293, RFC 768, RFC 8200), over bytes that may have it already.
fn layer_4_checksum(src: u128, dst: u128, protocol: u8, body: &[u8]) -> u16 {
    // IPv4-mapped addresses differ from IPv4 ones by a word of all ones on both sides, which adds nothing.
    let mut pseudo = Vec::with_capacity(36);
    pseudo.extend(src.to_be_bytes());
    pseudo.extend(dst.to_be_bytes());
    pseudo.extend((body.len() as u16).to_be_bytes());
    pseudo.extend([0, protocol]);
    let sum = u64::from(checksum::sum(&pseudo)) + u64::from(checksum::sum(body));
    match !checksum::fold(sum) {
        0 if protocol == PROTOCOL_UDP => 0xffff,
        sum => sum,
    }
}

/// The frame of a segment, from one MAC to another.
pub fn emit(segment: &Segment, is_from_client: bool, src_mac: u64, dst_mac: u64) -> Vec<u8> {
    let flow = &segment.flow;
    let (client, server) = ((flow.src, flow.src_port), (flow.dst, flow.dst_port));
    let (from, to) = if is_from_client {
        (client, server)
    } else {
        (server, client)
    };
    let is_udp = flow.protocol == PROTOCOL_UDP;
    let tcp_at = if is_udp { Udp::LEN } else { 0 };
    let mut body = vec![b'.'; tcp_at + Tcp::LEN + usize::from(segment.payload)];
    if is_udp {
        let udp = Udp {
            src_port: from.1,
            dst_port: to.1,
            length: body.len() as u16,
            checksum: 0,
        };
        udp.emit(&mut body);
    }
    let tcp = Tcp {
        src_port: from.1,
        dst_port: to.1,
        sequence_number: segment.sequence,
        acknowledgment_number: segment.acknowledgment,
        data_offset: 5,
        reserved: 0,
        flags: segment.flags,
        window: 65_535,
        checksum: 0,
        urgent_pointer: 0,
    };
    tcp.emit(&mut body[tcp_at..]);
    if segment.asks_to_close
        && let Some(first) = body.get_mut(tcp_at + Tcp::LEN)
    {
        *first = CLOSE;
    }
    let checksum_at = if is_udp { 6 } else { 16 };
    frame(
        (src_mac, dst_mac),
        (from.0, to.0),
        flow.protocol,
        &mut body,
        checksum_at,
    )
}

/// What a frame carries, as far as it matters to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A segment from a client, or to one.
    Segment(Segment),
    /// An echo request.
    EchoRequest,
    /// Something whose checksum or length is wrong.
    Damaged,
    /// Something else.
    Other,
}

/// A packet without its IP header.
struct Packet<'a> {
    src: u128,
    dst: u128,
    protocol: u8,
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn parse(ether_type: u16, bytes: &'a [u8]) -> Option<Self> {
        if ether_type == ETHERTYPE_IPV4 {
            let (ipv4, body) = Ipv4::parse(bytes)?;
            let is_right = checksum::sum(&bytes[..Ipv4::LEN]) == 0xffff;
            let has_length = usize::from(ipv4.total_length) == bytes.len();
            return (is_right && has_length).then_some(Packet {
                src: address::mapped(ipv4.src),
                dst: address::mapped(ipv4.dst),
                protocol: ipv4.protocol,
                body,
            });
        }
        let (ipv6, body) = Ipv6::parse(bytes)?;
        (usize::from(ipv6.payload_length) == body.len()).then_some(Packet {
            src: ipv6.src,
            dst: ipv6.dst,
            protocol: ipv6.next_header,
            body,
        })
    }
}

/// Reads a frame, also one in a tunnel.
pub fn parse(bytes: &[u8], is_from_client: bool) -> Payload {
    match Ethernet::parse(bytes) {
        Some((ethernet, rest))
            if matches!(ethernet.ether_type, ETHERTYPE_IPV4 | ETHERTYPE_IPV6) =>
        {
            parse_packet(ethernet.ether_type, rest, is_from_client)
        }
        _ => Payload::Other,
    }
}

fn parse_packet(ether_type: u16, bytes: &[u8], is_from_client: bool) -> Payload {
    let Some(packet) = Packet::parse(ether_type, bytes) else {
        return Payload::Damaged;
    };
    match packet.protocol {
        PROTOCOL_IPIP => parse_packet(ETHERTYPE_IPV4, packet.body, is_from_client),
        PROTOCOL_IPV6 => parse_packet(ETHERTYPE_IPV6, packet.body, is_from_client),
        PROTOCOL_TCP | PROTOCOL_UDP => {
            parse_segment(&packet, is_from_client).unwrap_or(Payload::Damaged)
        }
        PROTOCOL_ICMP => match Icmp::parse(packet.body) {
            Some((icmp, _)) if icmp.r#type == ICMP_ECHO_REQUEST => Payload::EchoRequest,
            _ => Payload::Other,
        },
        _ => Payload::Other,
    }
}

fn parse_segment(packet: &Packet<'_>, is_from_client: bool) -> Option<Payload> {
    let mut body = packet.body;
    let sum = layer_4_checksum(packet.src, packet.dst, packet.protocol, body);
    if !matches!(sum, 0 | 0xffff) {
        return None;
    }
    if packet.protocol == PROTOCOL_UDP {
        let (udp, rest) = Udp::parse(body)?;
        if usize::from(udp.length) != packet.body.len() {
            return None;
        }
        body = rest;
    }
    let (tcp, payload) = Tcp::parse(body)?;
    let (client, server) = ((packet.src, tcp.src_port), (packet.dst, tcp.dst_port));
    let (client, server) = if is_from_client {
        (client, server)
    } else {
        (server, client)
    };
    Some(Payload::Segment(Segment {
        flow: Flow {
            src: client.0,
            dst: server.0,
            protocol: packet.protocol,
            src_port: client.1,
            dst_port: server.1,
        },
        flags: tcp.flags,
        sequence: tcp.sequence_number,
        acknowledgment: tcp.acknowledgment_number,
        payload: payload.len() as u16,
        asks_to_close: payload.first() == Some(&CLOSE),
    }))
}

/// A network stack's answer to an echo request.
pub fn echo_reply(request: &[u8]) -> Option<Vec<u8>> {
    let (ethernet, rest) = Ethernet::parse(request)?;
    let (ipv4, rest) = Ipv4::parse(rest)?;
    let (icmp, _) = Icmp::parse(rest)?;
    let mut body = rest.to_vec();
    let mut reply = Icmp {
        r#type: ICMP_ECHO_REPLY,
        checksum: 0,
        ..icmp
    };
    reply.emit(&mut body);
    reply.checksum = checksum::internet(&body);
    reply.emit(&mut body);
    Some(frame(
        (ethernet.dst, ethernet.src),
        (address::mapped(ipv4.dst), address::mapped(ipv4.src)),
        PROTOCOL_ICMP,
        &mut body,
        0,
    ))
}
