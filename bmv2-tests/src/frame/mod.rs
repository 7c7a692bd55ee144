//! Frames to inject and to expect, with their checksums, from the headers that the programs define.

mod layer_4;
mod neighbors;
mod packet;
mod quic;

pub use layer_4::{Layer4, internet_checksum};
pub use neighbors::{arp_reply, arp_request, neighbor_advertisement, neighbor_solicitation};
pub use packet::{Extension, Packet};
pub use quic::{quic_long, quic_short};

use dpr_p4::host_stage::headers::{Ethernet, Vlan};
use dpr_p4::host_stage::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN};
use std::net::IpAddr;

/// The MAC address of everybody.
pub const BROADCAST: u64 = 0xffff_ffff_ffff;

/// The flag of a set-up.
pub const SYN: u8 = 0x02;
/// The flag of a segment that acknowledges.
pub const ACK: u8 = 0x10;

/// A VLAN tag (IEEE 802.1Q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The EtherType that announces it: 0x8100, or 0x88a8 of a provider's.
    pub ether_type: u16,
    /// Priority.
    pub priority: u8,
    /// Which VLAN.
    pub id: u16,
}

impl Tag {
    /// A customer's tag.
    pub fn new(id: u16) -> Self {
        Tag {
            ether_type: ETHERTYPE_VLAN,
            priority: 0,
            id,
        }
    }
}

/// An IP packet in an Ethernet frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Ethernet destination.
    pub dst_mac: u64,
    /// Ethernet source.
    pub src_mac: u64,
    /// Outermost first.
    pub tags: Vec<Tag>,
    /// What it carries.
    pub packet: Packet,
}

impl Frame {
    /// A packet without MACs.
    pub fn new(packet: Packet) -> Self {
        Frame {
            dst_mac: 0,
            src_mac: 0,
            tags: Vec::new(),
            packet,
        }
    }

    /// A TCP segment.
    pub fn tcp(from: (impl Into<IpAddr>, u16), to: (impl Into<IpAddr>, u16), flags: u8) -> Self {
        Frame::new(Packet::tcp(
            (from.0.into(), from.1),
            (to.0.into(), to.1),
            flags,
        ))
    }

    /// A UDP datagram.
    pub fn udp(
        from: (impl Into<IpAddr>, u16),
        to: (impl Into<IpAddr>, u16),
        payload: &[u8],
    ) -> Self {
        Frame::new(Packet::udp(
            (from.0.into(), from.1),
            (to.0.into(), to.1),
            payload,
        ))
    }

    /// An echo request.
    pub fn echo(from: impl Into<IpAddr>, to: impl Into<IpAddr>, payload: &[u8]) -> Self {
        Frame::new(Packet::echo(from.into(), to.into(), payload))
    }

    /// The same between these MACs.
    pub fn between(mut self, src_mac: u64, dst_mac: u64) -> Self {
        self.src_mac = src_mac;
        self.dst_mac = dst_mac;
        self
    }

    /// The same with these tags.
    pub fn tagged(mut self, tags: &[Tag]) -> Self {
        self.tags = tags.to_vec();
        self
    }

    /// The same with a change in the packet.
    pub fn with(mut self, change: impl FnOnce(&mut Packet)) -> Self {
        change(&mut self.packet);
        self
    }

    /// The same with another time to live.
    pub fn with_ttl(self, ttl: u8) -> Self {
        self.with(|packet| packet.ttl = ttl)
    }

    /// The same with another packet.
    pub fn carrying(mut self, packet: Packet) -> Self {
        self.packet = packet;
        self
    }

    /// The frame with all checksums.
    pub fn bytes(&self) -> Vec<u8> {
        let ether_type = match self.packet.dst {
            IpAddr::V4(_) => ETHERTYPE_IPV4,
            IpAddr::V6(_) => ETHERTYPE_IPV6,
        };
        let mut frame = tagged_ethernet(self.dst_mac, self.src_mac, &self.tags, ether_type);
        frame.extend(self.packet.bytes());
        frame
    }
}

/// An Ethernet header.
pub fn ethernet(dst: u64, src: u64, ether_type: u16) -> Vec<u8> {
    tagged_ethernet(dst, src, &[], ether_type)
}

/// An Ethernet header with tags, outermost first, of a frame that carries `ether_type`.
pub fn tagged_ethernet(dst: u64, src: u64, tags: &[Tag], ether_type: u16) -> Vec<u8> {
    let following = |position: usize| match tags.get(position) {
        Some(tag) => tag.ether_type,
        None => ether_type,
    };
    let header = Ethernet {
        dst,
        src,
        ether_type: following(0),
    };
    let mut bytes = emit(Ethernet::LEN, |bytes| header.emit(bytes));
    for (position, tag) in tags.iter().enumerate() {
        let header = Vlan {
            priority: tag.priority,
            drop_eligible: 0,
            id: tag.id,
            ether_type: following(position + 1),
        };
        bytes.extend(emit(Vlan::LEN, |bytes| header.emit(bytes)));
    }
    bytes
}

fn emit(length: usize, write: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = vec![0; length];
    write(&mut bytes);
    bytes
}
