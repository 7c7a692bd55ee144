//! Random frames: of all kinds of packets, mostly well-formed.

use super::packets::packet;
use super::world::{
    Family, HOST_MAC, ROUTER_MAC, STAGE_MAC, Who, client, destination, multicast_mac,
};
use super::{Kinds, one_of};
use crate::frame::{Frame, Packet, Tag, arp_reply, arp_request, neighbor_solicitation};
use fastrand::Rng;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A source of frames. The fragments of a datagram come one after the other, in any order.
#[derive(Debug)]
pub struct Frames {
    kinds: Kinds,
    waiting: Vec<Vec<u8>>,
}

impl Frames {
    /// Of these kinds.
    pub fn new(kinds: Kinds) -> Self {
        Frames {
            kinds,
            waiting: Vec::new(),
        }
    }

    /// A frame, mostly well-formed.
    pub fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        loop {
            let mut bytes = match self.waiting.pop() {
                Some(bytes) => bytes,
                None => self.whole(rng),
            };
            damage(rng, &mut bytes);
            if self.kinds.others || is_plain(&bytes, self.kinds) {
                return bytes;
            }
        }
    }

    /// A frame that nobody damaged.
    fn whole(&mut self, rng: &mut Rng) -> Vec<u8> {
        let dst_mac = match rng.u8(0..10) {
            0 => HOST_MAC,
            1 => 0xffff_ffff_ffff,
            2 => 0x0100_5e00_0001,
            3 => 0x0200_0000_0999,
            4 | 5 => ROUTER_MAC,
            _ => STAGE_MAC + rng.u64(0..4),
        };
        let src_mac = 0x0200_0000_0300 + rng.u64(0..3);
        match rng.u8(0..24) {
            0 => {
                let mut bytes = dst_mac.to_be_bytes()[2..].to_vec();
                bytes.extend_from_slice(&src_mac.to_be_bytes()[2..]);
                let length = rng.usize(0..64);
                bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(length));
                bytes
            }
            1 | 2 => {
                let [sender, target] = [(); 2].map(|()| match destination(rng, Family::Ipv4) {
                    IpAddr::V4(address) => address,
                    IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
                });
                match rng.u8(0..4) {
                    0 => arp_reply((src_mac, sender), (dst_mac, target)),
                    1 => arp_request(src_mac, target, target),
                    _ => arp_request(src_mac, sender, target),
                }
            }
            3 if self.kinds.others => solicitation(rng, src_mac).bytes(),
            _ => {
                let packet = packet(rng, self.kinds);
                let group_mac = multicast_mac(packet.dst).filter(|_| self.kinds.others);
                let dst_mac = group_mac.filter(|_| rng.u8(0..3) == 0).unwrap_or(dst_mac);
                let mut frame = Frame::new(packet).between(src_mac, dst_mac);
                if self.kinds.others && rng.u8(0..6) == 0 {
                    frame.tags = [(); 2].map(|()| tag(rng)).to_vec();
                    frame.tags.truncate(rng.usize(1..=2));
                }
                if rng.u8(0..10) == 0 {
                    let pieces = fragments(rng, &frame.packet);
                    let pieces = pieces
                        .into_iter()
                        .map(|piece| frame.clone().carrying(piece).bytes());
                    self.waiting.extend(pieces);
                    if !rng.bool() {
                        rng.shuffle(&mut self.waiting);
                    }
                }
                self.waiting.pop().unwrap_or_else(|| frame.bytes())
            }
        }
    }
}

/// A packet in fragments, the first at the end.
fn fragments(rng: &mut Rng, packet: &Packet) -> Vec<Packet> {
    let identification = rng.u32(..);
    let mut fragments = packet.fragments(identification, one_of(rng, &[8, 16, 24, 32]));
    fragments.reverse();
    fragments
}

fn tag(rng: &mut Rng) -> Tag {
    Tag {
        ether_type: one_of(rng, &[0x8100, 0x8100, 0x88a8]),
        priority: rng.u8(0..8),
        id: rng.u16(0..4096),
    }
}

fn solicitation(rng: &mut Rng, src_mac: u64) -> Frame {
    let [sender, target] = match [
        client(rng, Family::Ipv6),
        Family::Ipv6.address(one_of(
            rng,
            &[Who::Own, Who::Published(0), Who::Published(1), Who::Peer(0)],
        )),
    ] {
        [IpAddr::V6(sender), IpAddr::V6(target)] => [sender, target],
        _ => [Ipv6Addr::UNSPECIFIED; 2],
    };
    let sender = if rng.u8(0..4) == 0 {
        Ipv6Addr::UNSPECIFIED
    } else {
        sender
    };
    let mut frame = neighbor_solicitation(src_mac, sender, target);
    if rng.u8(0..6) == 0 {
        frame.packet.ttl = 64;
    }
    frame
}

/// Cuts a few frames off, and changes a byte of a few.
fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if rng.u8(0..40) == 0 {
        bytes.truncate(rng.usize(0..=bytes.len()));
    }
    if rng.u8(0..16) == 0 && !bytes.is_empty() {
        let at = rng.usize(0..bytes.len().min(80));
        bytes[at] = rng.u8(..);
    }
}

/// Whether the pipelines written by hand know what the frame is.
fn is_plain(bytes: &[u8], kinds: Kinds) -> bool {
    let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
    match [at(12), at(13)] {
        [0x08, 0x00] => {}
        [0x86, 0xdd] | [0x81, 0x00] | [0x88, 0xa8] => return false,
        _ => return true,
    }
    let layer_4 = 14 + usize::from(at(14) & 15) * 4;
    match at(23) {
        4 | 41 => kinds.tunnels,
        // An error that quotes a packet.
        1 => !matches!(at(layer_4), 3 | 11 | 12),
        // What may be QUIC.
        17 => at(layer_4 + 4) == 0 && at(layer_4 + 5) < 12,
        _ => true,
    }
}
