//! ARP (RFC 826) and neighbor discovery (RFC 4861).

use super::{BROADCAST, Frame, Layer4, Packet, emit, ethernet};
use dpr_p4::host_stage::headers::Arp;
use dpr_p4::host_stage::{
    ARP_REPLY, ARP_REQUEST, ETHERTYPE_ARP, ETHERTYPE_IPV4, ICMPV6_NEIGHBOR_ADVERTISEMENT,
    ICMPV6_NEIGHBOR_SOLICITATION, NDP_SOURCE_LINK_LAYER_ADDRESS, NDP_TARGET_LINK_LAYER_ADDRESS,
};
use std::net::{Ipv4Addr, Ipv6Addr};

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

/// The solicitation of `sender` for `target`, to those whose addresses end like it. Its option gives the sender's MAC, unless it
/// has no address yet.
pub fn neighbor_solicitation(sender_mac: u64, sender: Ipv6Addr, target: Ipv6Addr) -> Frame {
    let mut payload = target.octets().to_vec();
    if !sender.is_unspecified() {
        payload.extend(option(NDP_SOURCE_LINK_LAYER_ADDRESS, sender_mac));
    }
    let end = u128::from(target) & 0xff_ffff;
    let group = Ipv6Addr::from(0xff02_0000_0000_0000_0000_0001_ff00_0000 | end);
    ndp(sender, group, ICMPV6_NEIGHBOR_SOLICITATION, 0, payload)
        .between(sender_mac, 0x3333_ff00_0000 | end as u64)
}

/// The advertisement of `target` for its own address, with its flags (RFC 4861, section 4.4).
pub fn neighbor_advertisement(target: (u64, Ipv6Addr), to: (u64, Ipv6Addr), flags: u32) -> Frame {
    let mut payload = target.1.octets().to_vec();
    payload.extend(option(NDP_TARGET_LINK_LAYER_ADDRESS, target.0));
    ndp(
        target.1,
        to.1,
        ICMPV6_NEIGHBOR_ADVERTISEMENT,
        flags,
        payload,
    )
    .between(target.0, to.0)
}

fn option(kind: u8, mac: u64) -> [u8; 8] {
    let mut option = mac.to_be_bytes();
    (option[0], option[1]) = (kind, 1);
    option
}

fn ndp(src: Ipv6Addr, dst: Ipv6Addr, kind: u8, rest: u32, payload: Vec<u8>) -> Frame {
    let message = Layer4::Icmp {
        kind,
        code: 0,
        rest,
        payload,
    };
    Frame::new(Packet::new(src.into(), dst.into(), message)).with_ttl(255)
}
