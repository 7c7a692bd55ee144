//! Random writes to a host stage.

use super::world::{Family, GATEWAY_MAC, HOST_MAC, STAGE_MAC, Who, client_port, ipv4, ipv6};
use super::{Kinds, any, one_of, operation};
use dpr_p4::address::to_bits;
use dpr_p4::host_stage::{
    Affinity, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, buckets, clients,
    computers, flow_state, flow_state6, former_buckets, gatherers, hosts, identity,
    published_addresses, server_ids, services, sessions, tunnel_peers,
};
use dpr_runtime::{Entity, Entry, Lpm, Range, Replica, Update};
use fastrand::Rng;
use std::net::IpAddr;

/// A write to a host stage.
pub fn stage_update(rng: &mut Rng, kinds: Kinds) -> Update {
    match rng.u8(0..if kinds.others { 34 } else { 12 }) {
        0 => identity(rng, kinds),
        1..4 => service(rng, kinds),
        4..6 => {
            let key = flow_state::Key {
                src: ipv4(Who::Client(rng.u16(0..4))),
                dst: ipv4(Who::Published(rng.u16(0..3))),
                protocol: one_of(rng, &[PROTOCOL_TCP, PROTOCOL_UDP]),
                src_port: client_port(rng),
                dst_port: one_of(rng, &[80, 443]),
            };
            let host = rng.u16(0..4);
            any(
                rng,
                flow_state::Entry::new(key, flow_state::Action::ServeAt { host }),
            )
        }
        6..10 => {
            let key = buckets::Key {
                map: rng.u16(0..2),
                bucket: rng.u16(0..8),
            };
            let action = buckets::Action::OwnedBy {
                owner_id: rng.u16(0..4),
                previous_id: if rng.bool() { 0 } else { rng.u16(0..4) },
                accept: rng.u8(0..2),
            };
            any(rng, buckets::Entry::new(key, action))
        }
        10..12 => host(rng, kinds),
        12..14 => {
            let key = flow_state6::Key {
                src: ipv6(Who::Client(rng.u16(0..4))),
                dst: ipv6(Who::Published(rng.u16(0..3))),
                protocol: one_of(rng, &[PROTOCOL_TCP, PROTOCOL_UDP]),
                src_port: client_port(rng),
                dst_port: one_of(rng, &[80, 443]),
            };
            let host = rng.u16(0..4);
            any(
                rng,
                flow_state6::Entry::new(key, flow_state6::Action::ServeAt { host }),
            )
        }
        14..16 => {
            let key = published_addresses::Key {
                address: published(rng, kinds),
            };
            let at_home = rng.u8(0..2);
            let action = published_addresses::Action::Published { at_home };
            any(rng, published_addresses::Entry::new(key, action))
        }
        16..20 => {
            let key = gatherers::Key { slot: rng.u8(..) };
            let host = rng.u16(0..4);
            any(
                rng,
                gatherers::Entry::new(key, gatherers::Action::GatheredAt { host }),
            )
        }
        20 => {
            let family = Family::any(rng, kinds);
            let who = one_of(rng, &[Who::Computer(0), Who::Computer(1), Who::Computer(2)]);
            let action = computers::Action::At {
                host: rng.u16(0..4),
            };
            any(rng, computer(family.address(who), action))
        }
        31 => {
            let family = Family::any(rng, kinds);
            let who = one_of(rng, &[Who::Several, Who::Several, Who::Computer(2)]);
            let action = computers::Action::AtSeveral {
                group: rng.u16(0..3),
            };
            any(rng, computer(family.address(who), action))
        }
        32 => group(rng),
        21..23 => {
            let key = server_ids::Key {
                config: rng.u8(0..2),
                server: rng.u16(0..5),
            };
            let host = rng.u16(0..4);
            any(
                rng,
                server_ids::Entry::new(key, server_ids::Action::ServeAt { host }),
            )
        }
        23..26 => {
            let key = sessions::Key {
                map: rng.u16(0..2),
                client: client(rng, kinds),
            };
            let host = rng.u16(0..4);
            let action = match rng.bool() {
                true => sessions::Action::ServeAt { host },
                false => sessions::Action::Ask { host },
            };
            any(rng, sessions::Entry::new(key, action))
        }
        26..28 => {
            let (value, prefix) = match rng.u8(0..4) {
                0 => (0, 0),
                1 => (client(rng, kinds) & u128::MAX << 8, 120),
                _ => (client(rng, kinds), 128),
            };
            let key = clients::Key {
                map: rng.u16(0..2),
                client: Lpm { value, prefix },
            };
            let map_id = rng.u16(0..2);
            let action = match rng.bool() {
                true => clients::Action::InClassMap { map_id },
                false => clients::Action::ChangesClassMap {
                    map_id,
                    former_map_id: rng.u16(0..2),
                    committed: rng.u8(0..2),
                },
            };
            any(rng, clients::Entry::new(key, action))
        }
        28..31 => {
            let key = former_buckets::Key {
                map: rng.u16(0..2),
                bucket: rng.u16(0..8),
            };
            let action = former_buckets::Action::FormerlyOwnedBy {
                owner_id: rng.u16(0..4),
            };
            any(rng, former_buckets::Entry::new(key, action))
        }
        _ => {
            let family = Family::any(rng, kinds);
            let key = tunnel_peers::Key {
                address: to_bits(family.address(Who::Peer(rng.u16(0..2)))),
            };
            any(
                rng,
                tunnel_peers::Entry::new(key, tunnel_peers::Action::NoAction),
            )
        }
    }
}

fn client(rng: &mut Rng, kinds: Kinds) -> u128 {
    to_bits(Family::any(rng, kinds).address(Who::Client(rng.u16(0..4))))
}

fn computer(address: IpAddr, action: computers::Action) -> computers::Entry {
    let key = computers::Key {
        address: to_bits(address),
    };
    computers::Entry::new(key, action)
}

/// Some of the hosts, and one that nobody knows.
fn group(rng: &mut Rng) -> Update {
    let all = (0..5).map(|instance| Replica {
        port: if instance == 1 { 2 } else { 1 },
        instance,
    });
    let replicas = all.filter(|_| rng.bool()).collect();
    Update {
        operation: operation(rng),
        entity: Entity::MulticastGroup {
            id: rng.u32(1..3),
            replicas,
        },
    }
}

fn published(rng: &mut Rng, kinds: Kinds) -> u128 {
    to_bits(Family::any(rng, kinds).address(Who::Published(rng.u16(0..3))))
}

fn identity(rng: &mut Rng, kinds: Kinds) -> Update {
    if rng.u8(0..6) == 0 {
        return Entry::<identity::Identity>::default_entry(&identity::Action::NoAction);
    }
    let translates = kinds.others && rng.bool();
    let nat = if translates {
        Who::Published(0)
    } else {
        Who::Own
    };
    // A host's own address may be a published one.
    let own = match rng.u8(0..6) {
        0 if kinds.others => Who::Published(1),
        _ => Who::Own,
    };
    let be = identity::Action::Be {
        host: rng.u16(0..3),
        host_mac: HOST_MAC,
        stage_mac: STAGE_MAC,
        gateway_mac: if kinds.others && rng.u8(0..4) != 0 {
            GATEWAY_MAC
        } else {
            0
        },
        address: ipv4(own),
        address6: if kinds.others { ipv6(own) } else { 0 },
        nat_address: if translates { ipv4(nat) } else { 0 },
        nat_address6: if translates { ipv6(nat) } else { 0 },
    };
    Entry::<identity::Identity>::default_entry(&be)
}

fn service(rng: &mut Rng, kinds: Kinds) -> Update {
    let low = rng.u16(0..500);
    let protocols: &[u8] = if kinds.others {
        &[
            PROTOCOL_TCP,
            PROTOCOL_TCP,
            PROTOCOL_UDP,
            PROTOCOL_UDP,
            PROTOCOL_ICMP,
            PROTOCOL_ICMPV6,
        ]
    } else {
        &[PROTOCOL_TCP, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP]
    };
    let address = match rng.u8(0..8) {
        0 if kinds.others => to_bits(Family::any(rng, kinds).address(Who::Own)),
        _ => published(rng, kinds),
    };
    // No two that overlap have the same priority: targets differ in which of them they take.
    let (port, priority) = match rng.u8(0..3) {
        0 => (Range::exactly(80), 601),
        1 => {
            let high = low + 600;
            (Range { low, high }, 2 + 2 * i32::from(low))
        }
        _ => {
            let (low, high) = (0, u16::MAX);
            (Range { low, high }, 501)
        }
    };
    let key = services::Key {
        address,
        protocol: one_of(rng, protocols),
        port,
    };
    let map_id = rng.u16(0..2);
    let affinity = |rng: &mut Rng| match rng.u8(0..6) {
        0 => Affinity::Client,
        1 if kinds.others => Affinity::ConnectionId,
        2 if kinds.others => Affinity::Session,
        _ => Affinity::Connection,
    };
    let by_class = u8::from(kinds.others && rng.bool());
    let action = match rng.u8(0..6) {
        0 => services::Action::AnswerHere,
        1 if kinds.others => services::Action::ChangesMap {
            map_id,
            mask: 7,
            affinity: affinity(rng) as u8,
            by_class,
            former_map_id: rng.u16(0..2),
            former_affinity: affinity(rng) as u8,
            committed: rng.u8(0..2),
        },
        _ => services::Action::InMap {
            map_id,
            mask: 7,
            affinity: affinity(rng) as u8,
            by_class,
        },
    };
    any(rng, services::Entry::with_priority(key, priority, action))
}

fn host(rng: &mut Rng, kinds: Kinds) -> Update {
    let host = rng.u16(0..3);
    let stage_mac = STAGE_MAC + 4 * u64::from(host) + rng.u64(0..2);
    let peer = Who::Peer(host.saturating_sub(1));
    let (peer_address, peer_address6) = (ipv4(peer), ipv6(peer));
    let path_mtu = one_of(rng, &[10, 60, 100, 1500]);
    let action = match rng.u8(0..if kinds.others { 5 } else { 1 }) {
        1 => hosts::Action::ByNat {
            stage_mac,
            peer_address,
            peer_address6,
        },
        2 => hosts::Action::ByIpip {
            next_hop_mac: GATEWAY_MAC,
            peer_address,
            path_mtu,
        },
        3 => hosts::Action::ByIpip6 {
            next_hop_mac: GATEWAY_MAC,
            peer_address6,
            path_mtu,
        },
        _ => hosts::Action::ByMac { stage_mac },
    };
    any(rng, hosts::Entry::new(hosts::Key { host }, action))
}
