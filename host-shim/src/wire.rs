//! What the shim reads of a packet, and the two frames that it sends itself. Lengths are checked once, when a packet is parsed.

use dpr_p4::host_stage::headers::{Ethernet, Icmp, Ipv4, Ipv6, Probe, Tcp, Udp, Vlan};
use dpr_p4::host_stage::{
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN, ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST, PROBE_MAGIC, PROTOCOL_DESTINATION, PROTOCOL_FRAGMENT, PROTOCOL_HOP_BY_HOP,
    PROTOCOL_ICMP, PROTOCOL_ROUTING, PROTOCOL_TCP, PROTOCOL_UDP,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Direction;
use crate::FiveTuple;

/// VLAN tags and IPv6 extension headers that are looked behind, as in the stages.
const MAX_TAGS: usize = 2;
const MAX_EXTENSIONS: usize = 4;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// As much of a frame as the shim ever reads: Ethernet with tags, IPv6 with the extension headers that a stage takes, and TCP with
/// all its options.
pub(crate) const SNAP_LEN: usize =
    Ethernet::LEN + MAX_TAGS * Vlan::LEN + Ipv6::LEN + MAX_EXTENSIONS * 64 + 60;

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
    let (ethernet, mut rest) = Ethernet::parse(frame)?;
    let mut ether_type = ethernet.ether_type;
    for _ in 0..MAX_TAGS {
        if !matches!(ether_type, ETHERTYPE_VLAN | ETHERTYPE_SERVICE_VLAN) {
            break;
        }
        let (tag, after) = Vlan::parse(rest)?;
        (ether_type, rest) = (tag.ether_type, after);
    }
    let packet = match ether_type {
        ETHERTYPE_IPV4 => IpPacket::parse_ipv4(rest)?,
        ETHERTYPE_IPV6 => IpPacket::parse_ipv6(rest)?,
        _ => return None,
    };
    let flow = |src_port: u16, dst_port: u16| {
        let flow = FiveTuple {
            src: packet.src,
            dst: packet.dst,
            protocol: packet.protocol,
            src_port,
            dst_port,
        };
        match direction {
            Direction::ToHost => flow,
            Direction::FromHost => FiveTuple {
                src: flow.dst,
                dst: flow.src,
                src_port: flow.dst_port,
                dst_port: flow.src_port,
                ..flow
            },
        }
    };
    match packet.protocol {
        PROTOCOL_TCP => {
            let (tcp, after_fixed) = Tcp::parse(packet.body)?;
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
                payload_len: u32::try_from(packet.body_len.checked_sub(header_len)?).ok()?,
                fin: flag(FIN),
                syn: flag(SYN),
                rst: flag(RST),
                ack: flag(ACK),
            };
            Some(Parsed::Tcp(flow(tcp.src_port, tcp.dst_port), segment))
        }
        PROTOCOL_UDP => {
            let (udp, _) = Udp::parse(packet.body)?;
            Some(Parsed::Udp(flow(udp.src_port, udp.dst_port)))
        }
        PROTOCOL_ICMP if direction == Direction::ToHost => {
            let (icmp, payload) = Icmp::parse(packet.body)?;
            let (probe, _) = Probe::parse(payload)?;
            let is_reply = icmp.r#type == ICMP_ECHO_REPLY && probe.magic == PROBE_MAGIC;
            is_reply.then_some(Parsed::ProbeReply(probe))
        }
        _ => None,
    }
}

/// An IP packet, or a first fragment.
struct IpPacket<'a> {
    src: IpAddr,
    dst: IpAddr,
    protocol: u8,
    /// What was captured of its payload.
    body: &'a [u8],
    /// How long that is, captured or not.
    body_len: usize,
}

impl<'a> IpPacket<'a> {
    fn parse_ipv4(bytes: &'a [u8]) -> Option<Self> {
        let (ipv4, after_fixed) = Ipv4::parse(bytes)?;
        let header_len = usize::from(ipv4.ihl) * 4;
        // What follows the packet is Ethernet padding, and its end may not have been captured.
        let body_len = usize::from(ipv4.total_length).checked_sub(header_len)?;
        let body = after_fixed.get(header_len.checked_sub(Ipv4::LEN)?..)?;
        (ipv4.version == 4 && ipv4.fragment_offset == 0).then(|| IpPacket {
            src: Ipv4Addr::from_bits(ipv4.src).into(),
            dst: Ipv4Addr::from_bits(ipv4.dst).into(),
            protocol: ipv4.protocol,
            body: body.get(..body_len).unwrap_or(body),
            body_len,
        })
    }

    fn parse_ipv6(bytes: &'a [u8]) -> Option<Self> {
        let (ipv6, mut body) = Ipv6::parse(bytes)?;
        if ipv6.version != 6 {
            return None;
        }
        let mut body_len = usize::from(ipv6.payload_length);
        body = body.get(..body_len).unwrap_or(body);
        let mut protocol = ipv6.next_header;
        for _ in 0..MAX_EXTENSIONS {
            let &[next_header, length, offset_high, offset_low, ..] = body else {
                break;
            };
            let extension_len = match protocol {
                PROTOCOL_HOP_BY_HOP | PROTOCOL_ROUTING | PROTOCOL_DESTINATION => {
                    8 + usize::from(length) * 8
                }
                PROTOCOL_FRAGMENT if offset_high == 0 && offset_low & 0xf8 == 0 => 8,
                PROTOCOL_FRAGMENT => return None,
                _ => break,
            };
            protocol = next_header;
            body = body.get(extension_len..)?;
            body_len = body_len.checked_sub(extension_len)?;
        }
        Some(IpPacket {
            src: Ipv6Addr::from_bits(ipv6.src).into(),
            dst: Ipv6Addr::from_bits(ipv6.dst).into(),
            protocol,
            body,
            body_len,
        })
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
        rest: u32::from(probe.prober) << 16 | probe.sequence & 0xffff,
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
