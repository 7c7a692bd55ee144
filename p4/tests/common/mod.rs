//! Random packets from a small world, so that they meet table entries and one another.

#![allow(dead_code)]

pub mod entries;
pub mod side_by_side;

use dpr_runtime::checksum;
use fastrand::Rng;

/// Each stage owns four MACs from here on; hosts and router ports have one each.
pub const STAGE_MAC: u64 = 0x0200_0000_0010;
pub const HOST_MAC: u64 = 0x0200_0000_0100;
pub const ROUTER_MAC: u64 = 0x0200_0000_0200;
/// The first of a few published addresses, of the hosts' own ones, and of the clients'.
pub const PUBLISHED: u32 = 0xc633_6401;
pub const HOST_ADDRESS: u32 = 0xc633_6465;
pub const CLIENT: u32 = 0xc000_0201;

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMP: u8 = 1;

/// A frame, mostly well-formed.
pub fn frame(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(160);
    let dst = match rng.u8(0..10) {
        0 => HOST_MAC,
        1 => 0xffff_ffff_ffff,
        2 => 0x0100_5e00_0001,
        3 => 0x0200_0000_0999,
        4 | 5 => ROUTER_MAC,
        _ => STAGE_MAC + rng.u64(0..4),
    };
    push_mac(&mut bytes, dst);
    push_mac(&mut bytes, 0x0200_0000_0300 + rng.u64(0..3));
    match rng.u8(0..20) {
        0 => {
            bytes.extend(rng.u16(..).to_be_bytes());
            let length = rng.usize(0..64);
            bytes.extend(std::iter::repeat_with(|| rng.u8(..)).take(length));
        }
        1 | 2 => arp(rng, &mut bytes),
        _ => ipv4(rng, &mut bytes),
    }
    if rng.u8(0..40) == 0 {
        bytes.truncate(rng.usize(0..=bytes.len()));
    }
    if rng.u8(0..40) == 0 && !bytes.is_empty() {
        let at = rng.usize(0..bytes.len());
        bytes[at] = rng.u8(..);
    }
    bytes
}

fn push_mac(bytes: &mut Vec<u8>, mac: u64) {
    bytes.extend(&mac.to_be_bytes()[2..]);
}

fn address(rng: &mut Rng) -> u32 {
    match rng.u8(0..8) {
        0 => HOST_ADDRESS,
        1 => rng.u32(..),
        _ => PUBLISHED + rng.u32(0..3),
    }
}

fn arp(rng: &mut Rng, bytes: &mut Vec<u8>) {
    bytes.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, rng.u8(0..4)]);
    push_mac(bytes, rng.u64(..));
    bytes.extend(address(rng).to_be_bytes());
    push_mac(bytes, 0);
    bytes.extend(address(rng).to_be_bytes());
    bytes.extend([0; 18]);
}

fn ipv4(rng: &mut Rng, bytes: &mut Vec<u8>) {
    bytes.extend([8, 0]);
    let start = bytes.len();
    let words = if rng.u8(0..4) == 0 { rng.u8(5..=15) } else { 5 };
    let protocol = match rng.u8(0..12) {
        0 => UDP,
        1 => ICMP,
        2 => *rng.choice(&[4, 41, 47]).unwrap_or(&4),
        _ => TCP,
    };
    let is_probe = protocol == ICMP && rng.bool();
    let fragment: u16 = match rng.u8(0..20) {
        0 => 0x2000,
        1 => rng.u16(1..0x1fff),
        _ => 0x4000,
    };
    let layer_4 = match protocol {
        TCP => 20,
        UDP | ICMP => 8,
        _ => 0,
    };
    let data = if is_probe { 12 } else { rng.usize(0..40) };
    let total = match rng.u8(0..40) {
        0 => rng.u16(0..64),
        _ if is_probe => 40,
        _ => (usize::from(words) * 4 + layer_4 + data) as u16,
    };
    let version = if rng.u8(0..60) == 0 {
        rng.u8(..) & 0xf0
    } else {
        0x40
    };
    bytes.extend([version | words, rng.u8(..)]);
    bytes.extend(total.to_be_bytes());
    bytes.extend(rng.u16(..).to_be_bytes());
    bytes.extend(fragment.to_be_bytes());
    let ttl = if rng.u8(0..8) == 0 { rng.u8(0..3) } else { 64 };
    bytes.extend([ttl, protocol, 0, 0]);
    bytes.extend((CLIENT + rng.u32(0..4)).to_be_bytes());
    bytes.extend(address(rng).to_be_bytes());
    bytes.extend(
        std::iter::repeat_with(|| rng.u8(..))
            .take(usize::from(words - 5) * 4)
            .collect::<Vec<_>>(),
    );
    if rng.u8(0..30) != 0 {
        let sum = checksum::internet(&bytes[start..]);
        bytes[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
    }
    let ports = [
        rng.u16(1024..1032),
        *rng.choice(&[80, 81, 443, 1000, 5000]).unwrap_or(&80),
    ];
    match protocol {
        TCP => {
            ports
                .iter()
                .for_each(|port| bytes.extend(port.to_be_bytes()));
            bytes.extend([0; 8]);
            bytes.extend([
                0x50,
                *rng.choice(&[0x02, 0x10, 0x12, 0x18, 0x04]).unwrap_or(&0),
                0,
                0,
                0,
                0,
                0,
                0,
            ]);
        }
        UDP => {
            ports
                .iter()
                .for_each(|port| bytes.extend(port.to_be_bytes()));
            bytes.extend([0; 4]);
        }
        ICMP => bytes.extend([if rng.bool() { 8 } else { 0 }, 0, 0, 0, 0, 0, 0, 0]),
        _ => {}
    }
    if is_probe {
        bytes.extend(if rng.u8(0..4) == 0 { 0u32 } else { 0x6470_7270 }.to_be_bytes());
        bytes.extend(rng.u16(0..1200).to_be_bytes());
        bytes.extend([0; 6]);
    } else {
        bytes.extend(std::iter::repeat_n(0xda, data));
    }
}
