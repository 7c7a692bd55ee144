//! A client that sends numbered datagrams to a destination that is several hosts, and the judge who sees whether each of them gets
//! every datagram, once.

use std::net::IpAddr;

use serde::Serialize;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, IpRepr, Ipv4Packet,
    Ipv6Packet, UdpPacket, UdpRepr,
};

use super::net::Frame;
use super::observer::HostId;

/// The port that it sends from and to.
const PORT: u16 = 5004;
/// Between two datagrams.
const EVERY_US: u64 = 10_000;
const HOP_LIMIT: u8 = 16;

/// What became of the datagrams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// The destination.
    pub destination: String,
    /// The hosts that it is.
    pub members: Vec<String>,
    /// Datagrams sent to it.
    pub sent: u64,
    /// Copies that members got.
    pub received: u64,
    /// Copies that members did not get.
    pub missing: u64,
    /// Copies that members got again.
    pub repeated: u64,
    /// Copies that other hosts got.
    pub astray: u64,
    /// Whether links lose frames.
    #[serde(skip)]
    pub lossy: bool,
}

impl Deliveries {
    /// Whether every member got every datagram exactly once, as far as it reached the group, and nobody else got any.
    pub fn is_exact(&self) -> bool {
        (self.missing == 0 || self.lossy) && self.repeated == 0 && self.astray == 0
    }
}

/// A member, and which datagrams it got.
struct Member {
    host: HostId,
    has: Vec<bool>,
}

/// The client and the judge.
pub struct Multicast {
    destination: IpAddr,
    source: IpAddr,
    source_mac: EthernetAddress,
    members: Vec<Member>,
    repeated: u64,
    astray: u64,
    sent: u64,
    next_us: Option<u64>,
    lossy: bool,
}

impl Multicast {
    /// Of a client with this address, to these hosts, over links that may lose frames.
    pub fn new(
        source: (EthernetAddress, IpAddr),
        destination: IpAddr,
        members: impl IntoIterator<Item = HostId>,
        lossy: bool,
    ) -> Self {
        let member = |host| Member {
            host,
            has: Vec::new(),
        };
        Multicast {
            destination,
            source: source.1,
            source_mac: source.0,
            members: members.into_iter().map(member).collect(),
            repeated: 0,
            astray: 0,
            sent: 0,
            next_us: None,
            lossy,
        }
    }

    /// The first datagram is due.
    pub fn start(&mut self, now_us: u64) {
        self.next_us = Some(now_us);
    }

    /// No datagram comes any more.
    pub fn stop(&mut self) {
        self.next_us = None;
    }

    /// When [`Multicast::poll`] has something to send.
    pub fn next_us(&self) -> Option<u64> {
        self.next_us
    }

    /// The next datagram, if it is due.
    pub fn poll(&mut self, now_us: u64) -> Option<Frame> {
        let due = self.next_us.filter(|due| *due <= now_us)?;
        self.next_us = Some(due + EVERY_US);
        let number = self.sent;
        self.sent += 1;
        Some(self.datagram(number))
    }

    /// A host gets a frame. Says whether it is one of the datagrams.
    pub fn host_gets(&mut self, host: HostId, frame: &[u8]) -> bool {
        let Some(number) = self.number(frame) else {
            return false;
        };
        let mut members = self.members.iter_mut();
        match members.find(|member| member.host == host) {
            Some(member) => {
                if member.has.len() <= number {
                    member.has.resize(number + 1, false);
                }
                self.repeated += u64::from(std::mem::replace(&mut member.has[number], true));
            }
            None => self.astray += 1,
        }
        true
    }

    /// What became of them so far.
    pub fn deliveries(&self) -> Deliveries {
        let got = |member: &Member| member.has.iter().filter(|has| **has).count() as u64;
        let members = self.members.iter();
        Deliveries {
            destination: self.destination.to_string(),
            members: (self.members.iter())
                .map(|member| super::topology::host_name(member.host))
                .collect(),
            sent: self.sent,
            received: self.members.iter().map(got).sum::<u64>() + self.repeated,
            missing: members.map(|member| self.sent - got(member)).sum(),
            repeated: self.repeated,
            astray: self.astray,
            lossy: self.lossy,
        }
    }

    /// A frame with a number, to the MAC that multicast has (RFC 1112, RFC 2464).
    fn datagram(&self, number: u64) -> Frame {
        let (ether_type, mac) = match self.destination {
            IpAddr::V4(address) => {
                let [_, a, b, c] = address.octets();
                (EthernetProtocol::Ipv4, [0x01, 0x00, 0x5e, a & 0x7f, b, c])
            }
            IpAddr::V6(address) => {
                let [.., a, b, c, d] = address.octets();
                (EthernetProtocol::Ipv6, [0x33, 0x33, a, b, c, d])
            }
        };
        let checksums = ChecksumCapabilities::default();
        let payload = number.to_be_bytes();
        let udp = UdpRepr {
            src_port: PORT,
            dst_port: PORT,
        };
        let (source, destination) = (self.source.into(), self.destination.into());
        let length = udp.header_len() + payload.len();
        let ip = IpRepr::new(source, destination, IpProtocol::Udp, length, HOP_LIMIT);
        let ethernet = EthernetRepr {
            src_addr: self.source_mac,
            dst_addr: EthernetAddress(mac),
            ethertype: ether_type,
        };
        let mut frame = vec![0; EthernetFrame::<&[u8]>::header_len() + ip.buffer_len()];
        let mut view = EthernetFrame::new_unchecked(&mut frame);
        ethernet.emit(&mut view);
        let packet = view.payload_mut();
        ip.emit(&mut *packet, &checksums);
        let mut datagram = UdpPacket::new_unchecked(&mut packet[ip.header_len()..]);
        let fill = |space: &mut [u8]| space.copy_from_slice(&payload);
        udp.emit(
            &mut datagram,
            &source,
            &destination,
            payload.len(),
            fill,
            &checksums,
        );
        frame
    }

    /// Which of the datagrams a frame is; nothing if it is none of those that were sent.
    fn number(&self, frame: &[u8]) -> Option<usize> {
        let frame = EthernetFrame::new_checked(frame).ok()?;
        let (to, payload): (IpAddr, &[u8]) = match frame.ethertype() {
            EthernetProtocol::Ipv4 => {
                let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
                (packet.dst_addr().into(), packet.payload())
            }
            EthernetProtocol::Ipv6 => {
                let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
                (packet.dst_addr().into(), packet.payload())
            }
            _ => return None,
        };
        if to != self.destination {
            return None;
        }
        let datagram = UdpPacket::new_checked(payload).ok()?;
        let number = u64::from_be_bytes(datagram.payload().try_into().ok()?);
        (number < self.sent).then_some(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::net::mac;

    fn multicast(destination: &str, source: &str) -> Multicast {
        let source = (mac(1), source.parse().expect("an address"));
        let destination = destination.parse().expect("an address");
        Multicast::new(source, destination, [1, 2], false)
    }

    #[test]
    fn every_copy_is_judged() {
        for (destination, source, to) in [
            ("239.129.2.3", "198.18.0.9", [1, 0, 0x5e, 1, 2, 3]),
            ("ff0e::10:203", "2001:db8::9", [0x33, 0x33, 0, 0x10, 2, 3]),
        ] {
            let mut multicast = multicast(destination, source);
            assert_eq!(multicast.poll(5), None);
            multicast.start(5);
            let first = multicast.poll(5).expect("due");
            assert_eq!(first[..6], to);
            assert_eq!(multicast.poll(5), None);
            let second = multicast.poll(5 + EVERY_US).expect("due");
            let mut other = second.clone();
            other[12] = 0x12;
            assert!(!multicast.host_gets(1, &other));
            for (host, frame) in [(1, &first), (1, &first), (3, &first), (2, &second)] {
                assert!(multicast.host_gets(host, frame));
            }
            let expected = Deliveries {
                destination: destination.to_owned(),
                members: vec!["h1".to_owned(), "h2".to_owned()],
                sent: 2,
                received: 3,
                missing: 2,
                repeated: 1,
                astray: 1,
                lossy: false,
            };
            assert_eq!(multicast.deliveries(), expected);
            multicast.stop();
            assert_eq!(multicast.next_us(), None);
        }
    }
}
