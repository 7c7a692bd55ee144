//! Frames to inject and to expect, with their checksums, from the headers that the programs define.

use dpr_p4::host_stage::headers::{Arp, Ethernet, Icmp, Ipv4, Tcp, Udp};
use dpr_p4::host_stage::{
    ARP_REPLY, ARP_REQUEST, ETHERTYPE_ARP, ETHERTYPE_IPV4, PROTOCOL_ICMP, PROTOCOL_TCP,
    PROTOCOL_UDP,
};
use dpr_runtime::checksum;
use std::net::Ipv4Addr;

/// The MAC address of everybody.
pub const BROADCAST: u64 = 0xffff_ffff_ffff;

/// The flag of a set-up.
pub const SYN: u8 = 0x02;
/// The flag of a segment that acknowledges.
pub const ACK: u8 = 0x10;

/// An IPv4 packet in an Ethernet frame. What is to be expected of a sent one is mostly the same, `..sent.clone()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv4Frame {
    /// Ethernet destination.
    pub dst_mac: u64,
    /// Ethernet source.
    pub src_mac: u64,
    /// IP source.
    pub src: Ipv4Addr,
    /// IP destination.
    pub dst: Ipv4Addr,
    /// Time to live.
    pub ttl: u8,
    /// Identification.
    pub identification: u16,
    /// Reserved, don't fragment, more fragments.
    pub flags: u8,
    /// In 8 bytes.
    pub fragment_offset: u16,
    /// Whole words, up to 40 bytes.
    pub options: Vec<u8>,
    /// What the packet carries.
    pub layer_4: Layer4,
}

/// What an IPv4 packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer4 {
    /// A TCP segment without options.
    Tcp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// Flags.
        flags: u8,
        /// Data.
        payload: Vec<u8>,
    },
    /// A UDP datagram.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// Data.
        payload: Vec<u8>,
    },
    /// An ICMP message of the form that echo messages have.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// Data after the first 8 bytes.
        payload: Vec<u8>,
    },
    /// Anything else.
    Other {
        /// Protocol number.
        protocol: u8,
        /// What follows the IPv4 header.
        bytes: Vec<u8>,
    },
}

impl Ipv4Frame {
    /// A TCP segment.
    pub fn tcp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), flags: u8) -> Self {
        Ipv4Frame::new(
            from.0,
            to.0,
            Layer4::Tcp {
                src_port: from.1,
                dst_port: to.1,
                flags,
                payload: Vec::new(),
            },
        )
    }

    /// A UDP datagram.
    pub fn udp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Self {
        Ipv4Frame::new(
            from.0,
            to.0,
            Layer4::Udp {
                src_port: from.1,
                dst_port: to.1,
                payload: payload.to_vec(),
            },
        )
    }

    /// An echo request.
    pub fn echo(from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) -> Self {
        Ipv4Frame::new(
            from,
            to,
            Layer4::Icmp {
                kind: 8,
                code: 0,
                payload: payload.to_vec(),
            },
        )
    }

    /// A packet with what it carries, without MACs.
    pub fn new(src: Ipv4Addr, dst: Ipv4Addr, layer_4: Layer4) -> Self {
        Ipv4Frame {
            dst_mac: 0,
            src_mac: 0,
            src,
            dst,
            ttl: 64,
            identification: 0x1234,
            flags: 0b010,
            fragment_offset: 0,
            options: Vec::new(),
            layer_4,
        }
    }

    /// The same between these MACs.
    pub fn between(mut self, src_mac: u64, dst_mac: u64) -> Self {
        self.src_mac = src_mac;
        self.dst_mac = dst_mac;
        self
    }

    /// The frame with all checksums.
    pub fn bytes(&self) -> Vec<u8> {
        let (protocol, layer_4) = self.layer_4_bytes();
        let header_bytes = Ipv4::LEN + self.options.len();
        let header = Ipv4 {
            version: 4,
            ihl: (header_bytes / 4) as u8,
            total_length: (header_bytes + layer_4.len()) as u16,
            identification: self.identification,
            flags: self.flags,
            fragment_offset: self.fragment_offset,
            ttl: self.ttl,
            protocol,
            src: self.src.into(),
            dst: self.dst.into(),
            ..Ipv4::default()
        };
        let mut ip = emit(Ipv4::LEN, |bytes| header.emit(bytes));
        ip.extend_from_slice(&self.options);
        let sum = checksum::internet(&ip);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        let mut frame = ethernet(self.dst_mac, self.src_mac, ETHERTYPE_IPV4);
        frame.extend(ip);
        frame.extend(layer_4);
        frame
    }

    fn layer_4_bytes(&self) -> (u8, Vec<u8>) {
        match &self.layer_4 {
            Layer4::Tcp {
                src_port,
                dst_port,
                flags,
                payload,
            } => {
                let header = Tcp {
                    src_port: *src_port,
                    dst_port: *dst_port,
                    sequence_number: 1000,
                    acknowledgment_number: 2000,
                    data_offset: 5,
                    flags: *flags,
                    window: 0xffff,
                    ..Tcp::default()
                };
                let mut bytes = emit(Tcp::LEN, |bytes| header.emit(bytes));
                bytes.extend_from_slice(payload);
                let sum = self.pseudo_header_checksum(PROTOCOL_TCP, &bytes);
                bytes[16..18].copy_from_slice(&sum.to_be_bytes());
                (PROTOCOL_TCP, bytes)
            }
            Layer4::Udp {
                src_port,
                dst_port,
                payload,
            } => {
                let header = Udp {
                    src_port: *src_port,
                    dst_port: *dst_port,
                    length: (Udp::LEN + payload.len()) as u16,
                    ..Udp::default()
                };
                let mut bytes = emit(Udp::LEN, |bytes| header.emit(bytes));
                bytes.extend_from_slice(payload);
                // RFC 768: a sum of 0 is sent as all ones.
                let sum = match self.pseudo_header_checksum(PROTOCOL_UDP, &bytes) {
                    0 => 0xffff,
                    sum => sum,
                };
                bytes[6..8].copy_from_slice(&sum.to_be_bytes());
                (PROTOCOL_UDP, bytes)
            }
            Layer4::Icmp {
                kind,
                code,
                payload,
            } => {
                let mut bytes = vec![0; Icmp::LEN];
                (bytes[0], bytes[1]) = (*kind, *code);
                bytes[4..8].copy_from_slice(&[0, 7, 0, 1]);
                bytes.extend_from_slice(payload);
                let sum = checksum::internet(&bytes);
                bytes[2..4].copy_from_slice(&sum.to_be_bytes());
                (PROTOCOL_ICMP, bytes)
            }
            Layer4::Other { protocol, bytes } => (*protocol, bytes.clone()),
        }
    }

    /// RFC 9293, section 3.1.
    fn pseudo_header_checksum(&self, protocol: u8, bytes: &[u8]) -> u16 {
        let mut summed = Vec::with_capacity(12 + bytes.len());
        summed.extend(self.src.octets());
        summed.extend(self.dst.octets());
        summed.extend([0, protocol]);
        summed.extend((bytes.len() as u16).to_be_bytes());
        summed.extend_from_slice(bytes);
        checksum::internet(&summed)
    }
}

/// An ARP request of `sender` for `target`, to everybody.
pub fn arp_request(sender_mac: u64, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    arp(BROADCAST, ARP_REQUEST, (sender_mac, sender), (0, target))
}

/// The ARP reply of `sender` to `target`.
pub fn arp_reply(sender: (u64, Ipv4Addr), target: (u64, Ipv4Addr)) -> Vec<u8> {
    arp(target.0, ARP_REPLY, sender, target)
}

fn arp(dst_mac: u64, operation: u16, sender: (u64, Ipv4Addr), target: (u64, Ipv4Addr)) -> Vec<u8> {
    let header = Arp {
        hardware_type: 1,
        protocol_type: ETHERTYPE_IPV4,
        hardware_length: 6,
        protocol_length: 4,
        operation,
        sender_mac: sender.0,
        sender_address: sender.1.into(),
        target_mac: target.0,
        target_address: target.1.into(),
    };
    let mut frame = ethernet(dst_mac, sender.0, ETHERTYPE_ARP);
    frame.extend(emit(Arp::LEN, |bytes| header.emit(bytes)));
    frame
}

/// An Ethernet header.
pub fn ethernet(dst: u64, src: u64, ether_type: u16) -> Vec<u8> {
    let header = Ethernet {
        dst,
        src,
        ether_type,
    };
    emit(Ethernet::LEN, |bytes| header.emit(bytes))
}

fn emit(length: usize, write: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = vec![0; length];
    write(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_captured_packets() {
        // An ordinary ping of iputils.
        let ping = Ipv4Frame {
            identification: 0,
            layer_4: Layer4::Icmp {
                kind: 0,
                code: 0,
                payload: vec![],
            },
            ..Ipv4Frame::echo([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), &[])
        };
        let bytes = ping.bytes();
        assert_eq!(checksum::internet(&bytes[14..34]), 0);
        assert_eq!(checksum::internet(&bytes[34..]), 0);
        // The example of RFC 1071, section 3, within a datagram: the whole sums to 0 with its pseudo-header.
        let datagram = Ipv4Frame::udp(
            ([1, 2, 3, 4].into(), 5),
            ([6, 7, 8, 9].into(), 10),
            &[0, 1, 0xf2],
        );
        let bytes = datagram.bytes();
        assert_eq!(
            datagram.pseudo_header_checksum(PROTOCOL_UDP, &bytes[34..]),
            0
        );
        assert_eq!(bytes.len(), 14 + 20 + 8 + 3);
    }
}
