//! The generated pipelines and those written by hand do the same with random entries and packets.

mod common;

use common::{CLIENT, HOST_ADDRESS, HOST_MAC, PUBLISHED, ROUTER_MAC, STAGE_MAC, TCP, UDP, frame};
use dpr_p4::{by_hand, front_router, host_stage};
use dpr_runtime::{
    CounterValue, Entity, Entry, EntryFilter, Ingress, Lpm, Operation, Packet, Pipeline, Query,
    Range, Update, Verdict, Worker,
};
use fastrand::Rng;

/// Writes and packets of one run.
const STEPS: usize = 2_000;
const RUNS: u64 = 250;

/// Entries, and counters and registers that are not 0.
fn state(pipeline: &dyn Pipeline) -> Vec<Entity> {
    let mut state = Vec::new();
    for query in [
        Query::Tables {
            table: None,
            filter: EntryFilter::All,
        },
        Query::Tables {
            table: None,
            filter: EntryFilter::Default,
        },
        Query::Counters {
            counter: None,
            index: None,
        },
        Query::Registers {
            register: None,
            index: None,
        },
    ] {
        pipeline.read(&query, &mut |entity| match entity {
            Entity::Register { value: 0, .. }
            | Entity::Counter {
                value: CounterValue { packets: 0, .. },
                ..
            } => {}
            entity => state.push(entity),
        });
    }
    state.sort_by_cached_key(|entity| format!("{entity:?}"));
    state
}

/// Runs both side by side and adds up what the counter `outcomes` or `drops` counted.
fn compare(
    seed: u64,
    generated: &dyn Pipeline,
    by_hand: &dyn Pipeline,
    update: impl Fn(&mut Rng) -> Update,
    ports: &[u16],
    counted: &mut [(u32, Vec<u64>)],
) {
    let mut rng = Rng::with_seed(seed);
    let (mut worker, mut hand_worker) = (Worker::seeded(seed), Worker::seeded(seed));
    let (mut packet, mut hand_packet) = (Packet::new(), Packet::new());
    let mut now_us = rng.u64(..);
    for step in 0..STEPS {
        // A few tables fill first; later writes come between packets.
        if step < 120 || rng.u8(0..8) == 0 {
            let update = update(&mut rng);
            let outcome = generated.write(&update);
            assert_eq!(
                outcome,
                by_hand.write(&update),
                "seed {seed}, step {step}: {update:?}"
            );
            continue;
        }
        let bytes = frame(&mut rng);
        let ingress = Ingress {
            port: *rng.choice(ports).unwrap_or(&1),
            now_us,
        };
        packet.set_bytes(&bytes);
        hand_packet.set_bytes(&bytes);
        let verdict = generated.process(&mut worker, ingress, &mut packet);
        let hand_verdict = by_hand.process(&mut hand_worker, ingress, &mut hand_packet);
        let context = || format!("seed {seed}, step {step}, {ingress:?}\n{bytes:02x?}");
        assert_eq!(verdict, hand_verdict, "{}", context());
        if verdict != Verdict::Drop {
            assert_eq!(packet.bytes(), hand_packet.bytes(), "{}", context());
        }
        now_us = now_us.wrapping_add(if rng.u8(0..50) == 0 {
            rng.u64(0..70_000_000)
        } else {
            1000
        });
    }
    let state = state(generated);
    let hand_state = self::state(by_hand);
    let only_here: Vec<_> = state
        .iter()
        .filter(|entity| !hand_state.contains(entity))
        .collect();
    let only_there: Vec<_> = hand_state
        .iter()
        .filter(|entity| !state.contains(entity))
        .collect();
    assert!(
        only_here.is_empty() && only_there.is_empty(),
        "seed {seed}: {only_here:#?} against {only_there:#?}"
    );
    for entity in state {
        if let Entity::Counter {
            counter,
            index,
            value,
        } = entity
            && let Some((_, cells)) = counted.iter_mut().find(|(id, _)| *id == counter)
        {
            cells.resize(cells.len().max(index as usize + 1), 0);
            cells[index as usize] += value.packets;
        }
    }
}

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

fn stage_update(rng: &mut Rng) -> Update {
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
                protocol: *rng.choice(&[TCP, TCP, UDP, common::ICMP]).unwrap_or(&TCP),
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

#[test]
fn host_stages() {
    let mut counted = [
        (host_stage::outcomes::ID, Vec::new()),
        (host_stage::drops::ID, Vec::new()),
    ];
    for seed in 0..RUNS {
        let (generated, by_hand) = (host_stage::HostStage::new(), by_hand::HostStage::new());
        compare(
            seed,
            &generated,
            &by_hand,
            stage_update,
            &[1, 1, 1, 1, 1, 2, 3, 513],
            &mut counted,
        );
    }
    for outcome in host_stage::Outcome::ALL {
        assert!(
            counted[0].1[*outcome as usize] > 0,
            "no packet came to {outcome:?}"
        );
    }
    for reason in host_stage::DropReason::ALL {
        assert!(
            counted[1].1[*reason as usize] > 0,
            "no packet was dropped for {reason:?}"
        );
    }
}

fn router_update(rng: &mut Rng) -> Update {
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

#[test]
fn front_routers() {
    let mut counted = [
        (front_router::outcomes::ID, Vec::new()),
        (front_router::drops::ID, Vec::new()),
    ];
    for seed in 0..RUNS {
        let (generated, by_hand) = (
            front_router::FrontRouter::new(),
            by_hand::FrontRouter::new(),
        );
        compare(
            seed,
            &generated,
            &by_hand,
            router_update,
            &[1, 1, 1, 2, 2, 3, 511],
            &mut counted,
        );
    }
    for outcome in front_router::Outcome::ALL {
        assert!(
            counted[0].1[*outcome as usize] > 0,
            "no packet came to {outcome:?}"
        );
    }
    for reason in front_router::DropReason::ALL {
        assert!(
            counted[1].1[*reason as usize] > 0,
            "no packet was dropped for {reason:?}"
        );
    }
}
