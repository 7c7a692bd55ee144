//! Random writes to a front router.

use super::world::{ROUTER_MAC, Who, ipv4, ipv6};
use super::{Kinds, any, one_of};
use dpr_p4::front_router::{gateways, gateways6, members, ports, routes, routes6};
use dpr_runtime::{Lpm, Update};
use fastrand::Rng;

fn mac(rng: &mut Rng) -> u64 {
    0x0200_0000_0400 + rng.u64(0..9)
}

/// A write to a front router.
pub fn router_update(rng: &mut Rng, kinds: Kinds) -> Update {
    let published = match rng.u8(0..5) {
        0 if kinds.others => Who::Several,
        _ => Who::Published(rng.u16(0..3)),
    };
    let (set, last) = (rng.u16(0..3), rng.u16(0..3));
    // There is no choice of one.
    let random_last = if kinds.chance { last } else { 0 };
    let (port, src_mac, dst_mac) = (one_of(rng, &[1, 2, 300, 511]), mac(rng), mac(rng));
    match rng.u8(0..if kinds.others { 14 } else { 10 }) {
        0 | 1 => {
            let action = ports::Action::UsePort {
                mac: ROUTER_MAC,
                outside: rng.u8(0..2),
            };
            let port = one_of(rng, &[1, 2, 511]);
            any(rng, ports::Entry::new(ports::Key { port }, action))
        }
        2 => {
            let key = gateways::Key {
                port: rng.u16(1..3),
                address: ipv4(published),
            };
            any(rng, gateways::Entry::new(key, gateways::Action::Answer))
        }
        3..6 => {
            let prefix = one_of(rng, &[0, 8, 24, 31, 32]);
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            let prefix = Lpm {
                value: ipv4(published) & mask,
                prefix,
            };
            let action = match rng.u8(0..4) {
                0 => routes::Action::NextHop {
                    port,
                    src_mac,
                    dst_mac,
                },
                1 => routes::Action::SprayByFlow { set, last },
                _ => routes::Action::SprayRandomly {
                    set,
                    last: random_last,
                },
            };
            any(rng, routes::Entry::new(routes::Key { prefix }, action))
        }
        10..13 => {
            let prefix = one_of(rng, &[0, 16, 64, 127, 128]);
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            let prefix = Lpm {
                value: ipv6(published) & mask,
                prefix,
            };
            let action = match rng.u8(0..4) {
                0 => routes6::Action::NextHop {
                    port,
                    src_mac,
                    dst_mac,
                },
                1 => routes6::Action::SprayByFlow { set, last },
                _ => routes6::Action::SprayRandomly {
                    set,
                    last: random_last,
                },
            };
            any(rng, routes6::Entry::new(routes6::Key { prefix }, action))
        }
        13 => {
            let key = gateways6::Key {
                port: rng.u16(1..3),
                address: ipv6(published),
            };
            any(
                rng,
                gateways6::Entry::new(key, gateways6::Action::Advertise),
            )
        }
        _ => {
            let key = members::Key {
                set,
                index: rng.u16(0..3),
            };
            let action = members::Action::ToMember {
                host: one_of(rng, &[1, 2, 4095, 4096]),
                port: rng.u16(2..5),
                src_mac,
                stage_mac: dst_mac,
            };
            any(rng, members::Entry::new(key, action))
        }
    }
}
