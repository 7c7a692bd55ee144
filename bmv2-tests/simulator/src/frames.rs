//! The packets of clients and hosts, with the header types that are generated from the P4.

use std::fmt;

use dpr_p4::host_stage::flow_state::Key as Flow;
use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Tcp};
use dpr_p4::host_stage::{
    ETHERTYPE_IPV4, ICMP_ECHO_REQUEST, PROTOCOL_ICMP, PROTOCOL_TCP, TCP_FLAG_ACK, TCP_FLAG_SYN,
};
use dpr_runtime::checksum;

const FIN: u8 = 0x01;
const RST: u8 = 0x04;
const ICMP_ECHO_REPLY: u8 = 0;

/// A TCP segment of a client's connection.
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

fn frame(macs: (u64, u64), src: u32, dst: u32, protocol: u8, body: usize) -> Vec<u8> {
    let mut bytes = vec![b'.'; Ethernet::LEN + Ipv4::LEN + body];
    Ethernet {
        dst: macs.1,
        src: macs.0,
        ether_type: ETHERTYPE_IPV4,
    }
    .emit(&mut bytes);
    let mut ipv4 = Ipv4 {
        version: 4,
        ihl: 5,
        dscp: 0,
        ecn: 0,
        total_length: (Ipv4::LEN + body) as u16,
        identification: 0,
        flags: 0b010,
        fragment_offset: 0,
        ttl: 64,
        protocol,
        header_checksum: 0,
        src,
        dst,
    };
    ipv4.emit(&mut bytes[Ethernet::LEN..]);
    ipv4.header_checksum = checksum::internet(&bytes[Ethernet::LEN..Ethernet::LEN + Ipv4::LEN]);
    ipv4.emit(&mut bytes[Ethernet::LEN..]);
    bytes
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
    let body = Tcp::LEN + usize::from(segment.payload);
    let mut bytes = frame((src_mac, dst_mac), from.0, to.0, PROTOCOL_TCP, body);
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
    let at = Ethernet::LEN + Ipv4::LEN;
    tcp.emit(&mut bytes[at..]);
    if segment.asks_to_close
        && let Some(first) = bytes.get_mut(at + Tcp::LEN)
    {
        *first = CLOSE;
    }
    bytes
}

/// What a frame carries, as far as it matters to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A segment from a client, or to one.
    Tcp(Segment),
    /// An echo request.
    EchoRequest,
    /// Something else.
    Other,
}

/// Reads a frame.
pub fn parse(bytes: &[u8], is_from_client: bool) -> Payload {
    let parsed = || {
        let (ethernet, rest) = Ethernet::parse(bytes)?;
        if ethernet.ether_type != ETHERTYPE_IPV4 {
            return None;
        }
        let (ipv4, rest) = Ipv4::parse(rest)?;
        match ipv4.protocol {
            PROTOCOL_TCP => {
                let (tcp, payload) = Tcp::parse(rest)?;
                let (client, server) = ((ipv4.src, tcp.src_port), (ipv4.dst, tcp.dst_port));
                let (client, server) = if is_from_client {
                    (client, server)
                } else {
                    (server, client)
                };
                let flow = Flow {
                    src: client.0,
                    dst: server.0,
                    protocol: PROTOCOL_TCP,
                    src_port: client.1,
                    dst_port: server.1,
                };
                Some(Payload::Tcp(Segment {
                    flow,
                    flags: tcp.flags,
                    sequence: tcp.sequence_number,
                    acknowledgment: tcp.acknowledgment_number,
                    payload: payload.len() as u16,
                    asks_to_close: payload.first() == Some(&CLOSE),
                }))
            }
            PROTOCOL_ICMP => {
                let (icmp, _) = Icmp::parse(rest)?;
                (icmp.r#type == ICMP_ECHO_REQUEST).then_some(Payload::EchoRequest)
            }
            _ => None,
        }
    };
    parsed().unwrap_or(Payload::Other)
}

/// A network stack's answer to an echo request.
pub fn echo_reply(request: &[u8]) -> Option<Vec<u8>> {
    let (ethernet, rest) = Ethernet::parse(request)?;
    let (ipv4, rest) = Ipv4::parse(rest)?;
    let (icmp, payload) = Icmp::parse(rest)?;
    let mut bytes = frame(
        (ethernet.dst, ethernet.src),
        ipv4.dst,
        ipv4.src,
        PROTOCOL_ICMP,
        Icmp::LEN + payload.len(),
    );
    let at = Ethernet::LEN + Ipv4::LEN;
    let mut reply = Icmp {
        r#type: ICMP_ECHO_REPLY,
        checksum: 0,
        ..icmp
    };
    reply.emit(&mut bytes[at..]);
    bytes[at + Icmp::LEN..].copy_from_slice(payload);
    reply.checksum = checksum::internet(&bytes[at..]);
    reply.emit(&mut bytes[at..]);
    Some(bytes)
}
