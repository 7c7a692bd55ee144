//! What the demo's network needs to know of a frame: addresses, and of TCP what the observer judges by.

use std::net::{IpAddr, Ipv4Addr};

use smoltcp::wire::{
    ArpPacket, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet,
    Ipv6Packet, TcpPacket,
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

/// The address that a frame is for: of an ARP packet the one asked for or answered to.
pub fn destination(frame: &[u8]) -> Option<IpAddr> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => {
            let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
            Some(packet.dst_addr().into())
        }
        EthernetProtocol::Ipv6 => {
            let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
            Some(packet.dst_addr().into())
        }
        EthernetProtocol::Arp => {
            let arp = ArpPacket::new_checked(frame.payload()).ok()?;
            let bytes: [u8; 4] = arp.target_protocol_addr().try_into().ok()?;
            Some(Ipv4Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// An end of a connection.
pub type Endpoint = (IpAddr, u16);

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
        let (src, dst, payload): (IpAddr, IpAddr, _) = match frame.ethertype() {
            EthernetProtocol::Ipv4 => {
                let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
                if packet.next_header() != IpProtocol::Tcp || packet.frag_offset() != 0 {
                    return None;
                }
                (
                    packet.src_addr().into(),
                    packet.dst_addr().into(),
                    packet.payload(),
                )
            }
            EthernetProtocol::Ipv6 => {
                let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
                if packet.next_header() != IpProtocol::Tcp {
                    return None;
                }
                (
                    packet.src_addr().into(),
                    packet.dst_addr().into(),
                    packet.payload(),
                )
            }
            _ => return None,
        };
        let segment = TcpPacket::new_checked(payload).ok()?;
        Some(Self {
            src: (src, segment.src_port()),
            dst: (dst, segment.dst_port()),
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
