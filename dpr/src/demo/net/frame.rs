//! What the demo's network needs to know of a frame: addresses, and of TCP what the observer judges by.

use std::net::Ipv4Addr;

use smoltcp::wire::{
    ArpPacket, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, TcpPacket,
};

/// Bytes from the destination MAC to the end of the payload, without a frame check sequence.
pub type Frame = Vec<u8>;

/// A MAC as a number, the first byte uppermost.
pub fn mac(address: u64) -> EthernetAddress {
    let bytes = address.to_be_bytes();
    EthernetAddress([bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// The destination and the source MAC, if the frame is long enough to have them.
pub fn addresses(frame: &[u8]) -> Option<(EthernetAddress, EthernetAddress)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    Some((frame.dst_addr(), frame.src_addr()))
}

/// The IPv4 address that a frame is for: of an ARP packet the one asked for or answered to.
pub fn destination(frame: &[u8]) -> Option<Ipv4Addr> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => Some(Ipv4Packet::new_checked(frame.payload()).ok()?.dst_addr()),
        EthernetProtocol::Arp => {
            let arp = ArpPacket::new_checked(frame.payload()).ok()?;
            let bytes: [u8; 4] = arp.target_protocol_addr().try_into().ok()?;
            Some(Ipv4Addr::from(bytes))
        }
        _ => None,
    }
}

/// An end of a connection.
pub type Endpoint = (Ipv4Addr, u16);

/// What the observer and the hosts look at in a TCP segment (RFC 9293).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Who sent it.
    pub src: Endpoint,
    /// Whom it is for.
    pub dst: Endpoint,
    /// Its sequence number.
    pub sequence: u32,
    /// The flag of that name.
    pub syn: bool,
    /// The flag of that name.
    pub ack: bool,
    /// The flag of that name.
    pub fin: bool,
    /// The flag of that name.
    pub rst: bool,
}

impl Segment {
    /// The TCP segment in a frame; nothing if it holds none, or only a part of one.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let frame = EthernetFrame::new_checked(frame).ok()?;
        if frame.ethertype() != EthernetProtocol::Ipv4 {
            return None;
        }
        let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
        if packet.next_header() != IpProtocol::Tcp || packet.frag_offset() != 0 {
            return None;
        }
        let segment = TcpPacket::new_checked(packet.payload()).ok()?;
        Some(Self {
            src: (packet.src_addr(), segment.src_port()),
            dst: (packet.dst_addr(), segment.dst_port()),
            sequence: segment.seq_number().0 as u32,
            syn: segment.syn(),
            ack: segment.ack(),
            fin: segment.fin(),
            rst: segment.rst(),
        })
    }

    /// Whether it opens a connection.
    pub fn opens(&self) -> bool {
        self.syn && !self.ack
    }
}
