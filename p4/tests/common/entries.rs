//! Random writes in the same small world as the packets.

use super::{CLIENT, HOST_ADDRESS, HOST_MAC, ICMP, PUBLISHED, ROUTER_MAC, STAGE_MAC, TCP, UDP};
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{Entry, Lpm, Operation, Range, Update};
use fastrand::Rng;

fn operation(rng: &mut Rng) -> Operation {
    match rng.u8(0..10) {
        0 => Operation::Delete,
        1 | 2 => Operation::Modify,
        _ => Operation::Insert,
    }
}

fn of(operation: Operation, [insert, modify, delete]: [Update; 3]) -> Update {
    match operation {
        Operation::Insert => insert,
        Operation::Modify => modify,
        Operation::Delete => delete,
    }
}

fn all<T: dpr_runtime::Table>(entry: Entry<T>) -> [Update; 3] {
    [entry.insert(), entry.modify(), entry.delete()]
}

/// A write to a host stage.
pub fn stage_update(rng: &mut Rng) -> Update {
    use host_stage::{buckets, flow_state, hosts, identity, services};
    let operation = operation(rng);
    let updates = match rng.u8(0..12) {
        0 => {
            let host = rng.u16(0..3);
            let be = identity::Action::Be {
                host,
                host_mac: HOST_MAC,
                stage_mac: STAGE_MAC,
                address: HOST_ADDRESS,
            };
            let action = if rng.u8(0..6) == 0 {
                identity::Action::NoAction
            } else {
                be
            };
            return Entry::<identity::Identity>::default_entry(&action);
        }
        1..4 => {
            let low = rng.u16(0..500);
            let key = services::Key {
                address: PUBLISHED + rng.u32(0..3),
                protocol: *rng.choice(&[TCP, TCP, UDP, ICMP]).unwrap_or(&TCP),
                port: *rng
                    .choice(&[
                        Range::exactly(80),
                        Range {
                            low,
                            high: low + 600,
                        },
                        Range {
                            low: 0,
                            high: u16::MAX,
                        },
                    ])
                    .expect("one"),
            };
            let action = match rng.u8(0..5) {
                0 => services::Action::AnswerHere,
                1 => services::Action::InMapByClient {
                    map_id: rng.u16(0..2),
                    mask: 7,
                },
                _ => services::Action::InMap {
                    map_id: rng.u16(0..2),
                    mask: 7,
                },
            };
            all(services::Entry::with_priority(key, rng.i32(1..4), action))
        }
        4..6 => {
            let key = flow_state::Key {
                src: CLIENT + rng.u32(0..4),
                dst: PUBLISHED + rng.u32(0..3),
                protocol: *rng.choice(&[TCP, UDP]).unwrap_or(&TCP),
                src_port: rng.u16(1024..1032),
                dst_port: *rng.choice(&[80, 443]).unwrap_or(&80),
            };
            all(flow_state::Entry::new(
                key,
                flow_state::Action::ServeAt {
                    host: rng.u16(0..4),
                },
            ))
        }
        6..10 => {
            let key = buckets::Key {
                map: rng.u16(0..2),
                bucket: rng.u16(0..8),
            };
            let previous_id = if rng.bool() { 0 } else { rng.u16(0..4) };
            let action = buckets::Action::OwnedBy {
                owner_id: rng.u16(0..4),
                previous_id,
                accept: rng.u8(0..2),
            };
            all(buckets::Entry::new(key, action))
        }
        _ => {
            let host = rng.u16(0..3);
            let action = hosts::Action::ByMac {
                stage_mac: STAGE_MAC + 4 * u64::from(host) + rng.u64(0..2),
            };
            all(hosts::Entry::new(hosts::Key { host }, action))
        }
    };
    of(operation, updates)
}

/// A write to a front router.
pub fn router_update(rng: &mut Rng) -> Update {
    use front_router::{gateways, members, ports, routes};
    let operation = operation(rng);
    let mac = |rng: &mut Rng| 0x0200_0000_0400 + rng.u64(0..9);
    let updates = match rng.u8(0..10) {
        0 | 1 => {
            let action = ports::Action::UsePort {
                mac: ROUTER_MAC,
                outside: rng.u8(0..2),
            };
            all(ports::Entry::new(
                ports::Key {
                    port: *rng.choice(&[1, 2, 511]).unwrap_or(&1),
                },
                action,
            ))
        }
        2 => {
            let key = gateways::Key {
                port: rng.u16(1..3),
                address: PUBLISHED + rng.u32(0..3),
            };
            all(gateways::Entry::new(key, gateways::Action::Answer))
        }
        3..6 => {
            let prefix = *rng.choice(&[0, 8, 24, 31, 32]).unwrap_or(&0);
            let value =
                (PUBLISHED + rng.u32(0..3)) & u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            let set = rng.u16(0..3);
            let last = rng.u16(0..3);
            let action = match rng.u8(0..4) {
                0 => {
                    let port = *rng.choice(&[1, 2, 300, 511]).unwrap_or(&1);
                    routes::Action::NextHop {
                        port,
                        src_mac: mac(rng),
                        dst_mac: mac(rng),
                    }
                }
                1 => routes::Action::SprayByFlow { set, last },
                _ => routes::Action::SprayRandomly { set, last },
            };
            all(routes::Entry::new(
                routes::Key {
                    prefix: Lpm { value, prefix },
                },
                action,
            ))
        }
        _ => {
            let key = members::Key {
                set: rng.u16(0..3),
                index: rng.u16(0..3),
            };
            let host = *rng.choice(&[1, 2, 4095, 4096]).unwrap_or(&1);
            let action = members::Action::ToMember {
                host,
                port: rng.u16(2..5),
                src_mac: mac(rng),
                stage_mac: mac(rng),
            };
            all(members::Entry::new(key, action))
        }
    };
    of(operation, updates)
}
