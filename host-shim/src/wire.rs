//! What the shim reads of a packet, and the two frames that it sends itself. Lengths are checked once, when a packet is parsed.

use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Probe, Tcp, Udp};
use dpr_p4::host_stage::{
    ETHERTYPE_IPV4, ICMP_ECHO_REQUEST, PROBE_MAGIC, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP,
};

use crate::Direction;
use crate::FiveTuple;

const ICMP_ECHO_REPLY: u8 = 0;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// As much of a frame as the shim ever reads: Ethernet, and IPv4 and TCP with all their options.
pub(crate) const SNAP_LEN: usize = Ethernet::LEN + 60 + 60;

/// A packet that may concern the shim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A TCP segment, and the connection that it would belong to.
    Tcp(FiveTuple, TcpSegment),
    /// A UDP datagram.
    Udp(FiveTuple),
    /// An answer to a probe of this shim.
    ProbeReply(Probe),
}

/// The fields of a TCP segment that connection tracking needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpSegment {
    pub sequence: u32,
    pub acknowledgment: u32,
    pub window: u16,
    /// The option of RFC 7323, in a SYN.
    pub window_scale: Option<u8>,
    pub payload_len: u32,
    pub fin: bool,
    pub syn: bool,
    pub rst: bool,
    pub ack: bool,
}

impl TcpSegment {
    /// A SYN without options, at sequence number 0.
    pub(crate) fn empty_syn() -> Self {
        TcpSegment {
            sequence: 0,
            acknowledgment: 0,
            window: u16::MAX,
            window_scale: None,
            payload_len: 0,
            fin: false,
            syn: true,
            rst: false,
            ack: false,
        }
    }

    /// The sequence number after the segment.
    pub(crate) fn end(&self) -> u32 {
        self.sequence
            .wrapping_add(self.payload_len)
            .wrapping_add(u32::from(self.syn))
            .wrapping_add(u32::from(self.fin))
    }
}

/// Reads an Ethernet frame; absent if it is cut short, malformed, or of no interest. Checksums are the host's to verify: frames
/// that a host sends may not have them yet.
pub(crate) fn parse(direction: Direction, frame: &[u8]) -> Option<Parsed> {
    let (ethernet, rest) = Ethernet::parse(frame)?;
    if ethernet.ether_type != ETHERTYPE_IPV4 {
        return None;
    }
    let (ipv4, after_fixed) = Ipv4::parse(rest)?;
    let header_len = usize::from(ipv4.ihl) * 4;
    // What follows the packet is Ethernet padding, and its end may not have been captured.
    let body_len = usize::from(ipv4.total_length).checked_sub(header_len)?;
    let body = after_fixed.get(header_len.checked_sub(Ipv4::LEN)?..)?;
    let body = body.get(..body_len).unwrap_or(body);
    if ipv4.version != 4 || ipv4.fragment_offset != 0 {
        return None;
    }
    let flow = |src_port: u16, dst_port: u16| match direction {
        Direction::ToHost => FiveTuple {
            src: ipv4.src,
            dst: ipv4.dst,
            protocol: ipv4.protocol,
            src_port,
            dst_port,
        },
        Direction::FromHost => FiveTuple {
            src: ipv4.dst,
            dst: ipv4.src,
            protocol: ipv4.protocol,
            src_port: dst_port,
            dst_port: src_port,
        },
    };
    match ipv4.protocol {
        PROTOCOL_TCP => {
            let (tcp, after_fixed) = Tcp::parse(body)?;
            let header_len = usize::from(tcp.data_offset) * 4;
            let options = after_fixed.get(..header_len.checked_sub(Tcp::LEN)?)?;
            let flag = |bit: u8| tcp.flags & bit != 0;
            let segment = TcpSegment {
                sequence: tcp.sequence_number,
                acknowledgment: tcp.acknowledgment_number,
                window: tcp.window,
                window_scale: if flag(SYN) {
                    window_scale(options)
                } else {
                    None
                },
                payload_len: u32::try_from(body_len.checked_sub(header_len)?).ok()?,
                fin: flag(FIN),
                syn: flag(SYN),
                rst: flag(RST),
                ack: flag(ACK),
            };
            Some(Parsed::Tcp(flow(tcp.src_port, tcp.dst_port), segment))
        }
        PROTOCOL_UDP => {
            let (udp, _) = Udp::parse(body)?;
            Some(Parsed::Udp(flow(udp.src_port, udp.dst_port)))
        }
        PROTOCOL_ICMP if direction == Direction::ToHost => {
            let (icmp, payload) = Icmp::parse(body)?;
            let (probe, _) = Probe::parse(payload)?;
            let is_reply = icmp.r#type == ICMP_ECHO_REPLY && probe.magic == PROBE_MAGIC;
            is_reply.then_some(Parsed::ProbeReply(probe))
        }
        _ => None,
    }
}

/// The shift of RFC 7323's option among TCP options.
fn window_scale(mut options: &[u8]) -> Option<u8> {
    loop {
        match *options {
            [] | [0, ..] => return None,
            [1, ref rest @ ..] => options = rest,
            [3, 3, shift, ..] => return Some(shift),
            [_, len, ..] if len >= 2 => options = options.get(usize::from(len)..)?,
            _ => return None,
        }
    }
}

/// RFC 1071's checksum over an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

/// Where a frame goes to and comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub src_mac: u64,
    pub dst_mac: u64,
    pub src: u32,
    pub dst: u32,
}

/// An ICMP echo request that carries a probe.
pub(crate) fn probe_request(addresses: Addresses, probe: &Probe) -> Vec<u8> {
    const ICMP_AT: usize = Ethernet::LEN + Ipv4::LEN;
    const PROBE_AT: usize = ICMP_AT + Icmp::LEN;
    const LEN: usize = PROBE_AT + Probe::LEN;
    let mut frame = vec![0; LEN];
    let ethernet = Ethernet {
        dst: addresses.dst_mac,
        src: addresses.src_mac,
        ether_type: ETHERTYPE_IPV4,
    };
    let mut ipv4 = Ipv4 {
        version: 4,
        ihl: 5,
        dscp: 0,
        ecn: 0,
        total_length: (LEN - Ethernet::LEN) as u16,
        identification: 0,
        flags: 0b010,
        fragment_offset: 0,
        ttl: 64,
        protocol: PROTOCOL_ICMP,
        header_checksum: 0,
        src: addresses.src,
        dst: addresses.dst,
    };
    let mut icmp = Icmp {
        r#type: ICMP_ECHO_REQUEST,
        code: 0,
        checksum: 0,
        identifier: probe.prober,
        sequence_number: probe.sequence as u16,
    };
    ethernet.emit(&mut frame);
    ipv4.emit(&mut frame[Ethernet::LEN..]);
    ipv4.header_checksum = checksum(&frame[Ethernet::LEN..ICMP_AT]);
    ipv4.emit(&mut frame[Ethernet::LEN..]);
    icmp.emit(&mut frame[ICMP_AT..]);
    probe.emit(&mut frame[PROBE_AT..]);
    icmp.checksum = checksum(&frame[ICMP_AT..]);
    icmp.emit(&mut frame[ICMP_AT..]);
    frame
}

/// IEEE's first experimental EtherType: nobody acts on a frame that is there only to be seen by switches.
const ETHERTYPE_EXPERIMENTAL: u16 = 0x88b5;
const BROADCAST: u64 = 0xffff_ffff_ffff;
const SHORTEST_FRAME: usize = 60;

/// A frame that says where `src_mac` is.
pub(crate) fn announcement(src_mac: u64) -> Vec<u8> {
    let mut frame = vec![0; SHORTEST_FRAME];
    Ethernet {
        dst: BROADCAST,
        src: src_mac,
        ether_type: ETHERTYPE_EXPERIMENTAL,
    }
    .emit(&mut frame);
    frame
}
