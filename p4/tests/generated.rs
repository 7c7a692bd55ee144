//! The generated pipelines beside those written by hand: the same packets and tables give the same bytes, ways and counters.

use dpr_p4::{by_hand, front_router, host_stage};
use dpr_runtime::{
    Entity, Ingress, Lpm, Packet, Pipeline, Query, Range, Update, Verdict, Worker, checksum,
};
use fastrand::Rng;
use std::collections::BTreeMap;

const SERVICE: u32 = 0x0a00_0001;
const ECHO_SERVICE: u32 = 0x0a00_0002;
const OWN_ADDRESS: u32 = 0x0a00_0101;
const STAGE_MAC: u64 = 0x0200_0000_0104;
const HOST_MAC: u64 = 0x0200_0000_0aa1;
const CLIENTS: u32 = 64;

/// A stage of host 1 among four; some flows have state, buckets are in every stage of a move.
fn stage_tables() -> Vec<Update> {
    use host_stage::{buckets, flow_state, hosts, identity, services};
    let be = identity::Action::Be {
        host: 1,
        host_mac: HOST_MAC,
        stage_mac: STAGE_MAC,
        address: OWN_ADDRESS,
    };
    let mut updates = vec![identity::Entry::default_entry(&be)];
    for (address, protocol, port, action) in [
        (
            SERVICE,
            6,
            Range { low: 80, high: 89 },
            services::Action::InMap {
                map_id: 1,
                mask: 15,
            },
        ),
        (
            SERVICE,
            17,
            Range::exactly(53),
            services::Action::InMap {
                map_id: 1,
                mask: 15,
            },
        ),
        (
            ECHO_SERVICE,
            1,
            Range {
                low: 0,
                high: u16::MAX,
            },
            services::Action::AnswerHere,
        ),
        (
            SERVICE,
            6,
            Range::exactly(7),
            services::Action::InMap {
                map_id: 2,
                mask: 15,
            },
        ),
    ] {
        let key = services::Key {
            address,
            protocol,
            port,
        };
        updates.push(services::Entry::with_priority(key, 1, action).insert());
    }
    for bucket in 0..16 {
        let action = buckets::Action::OwnedBy {
            owner_id: bucket % 5,
            previous_id: (bucket / 5) % 3,
            accept: (bucket % 2) as u8,
        };
        updates.push(buckets::Entry::new(buckets::Key { map: 1, bucket }, action).insert());
    }
    for client in (0..CLIENTS).step_by(3) {
        let key = flow_state::Key {
            src: client,
            dst: SERVICE,
            protocol: 6,
            src_port: 1000,
            dst_port: 80,
        };
        let action = flow_state::Action::ServeAt {
            host: (client % 4) as u16 + 1,
        };
        updates.push(flow_state::Entry::new(key, action).insert());
    }
    for host in [2, 3] {
        let action = hosts::Action::ByMac {
            stage_mac: 0x0200_0000_0100 + 4 * u64::from(host),
        };
        updates.push(hosts::Entry::new(hosts::Key { host }, action).insert());
    }
    updates
}

/// A router with a port inside and one outside, both kinds of spraying, plain routes and its own addresses.
fn router_tables() -> Vec<Update> {
    use front_router::{gateways, members, ports, routes};
    let mut updates = Vec::new();
    for port in [1, 2] {
        let action = ports::Action::UsePort {
            mac: STAGE_MAC,
            outside: (port == 1) as u8,
        };
        updates.push(ports::Entry::new(ports::Key { port }, action).insert());
        let key = gateways::Key {
            port,
            address: OWN_ADDRESS,
        };
        updates.push(gateways::Entry::new(key, gateways::Action::Answer).insert());
    }
    for (value, prefix, action) in [
        (
            SERVICE,
            32,
            routes::Action::SprayRandomly { set: 1, last: 4 },
        ),
        (
            ECHO_SERVICE,
            32,
            routes::Action::SprayByFlow { set: 1, last: 3 },
        ),
        (
            0x0a00_0000,
            8,
            routes::Action::NextHop {
                port: 2,
                src_mac: 1,
                dst_mac: 2,
            },
        ),
        (
            0xc000_0000,
            4,
            routes::Action::NextHop {
                port: 1,
                src_mac: 3,
                dst_mac: 4,
            },
        ),
    ] {
        let key = routes::Key {
            prefix: Lpm { value, prefix },
        };
        updates.push(routes::Entry::new(key, action).insert());
    }
    for index in 0..4 {
        let action = members::Action::ToMember {
            host: index + 1,
            port: 2,
            src_mac: STAGE_MAC,
            stage_mac: 0x0200_0000_0100 + 4 * u64::from(index),
        };
        updates.push(members::Entry::new(members::Key { set: 1, index }, action).insert());
    }
    updates
}

/// An IPv4 packet to the stage, of any length from the headers' on.
fn ipv4(random: &mut Rng) -> Vec<u8> {
    let options = if random.u8(0..6) == 0 {
        usize::from(random.u8(0..11)) * 4
    } else {
        0
    };
    let mut bytes = vec![0; 14 + 20 + options + 20 + random.usize(0..40)];
    random.fill(&mut bytes[34..]);
    bytes[0..6]
        .copy_from_slice(&(STAGE_MAC + random.u64(0..8).saturating_sub(4)).to_be_bytes()[2..]);
    bytes[12] = 0x08;
    let header = &mut bytes[14..34 + options];
    header[0] = 0x45 + (options / 4) as u8;
    let total_length = if random.u8(0..4) == 0 {
        40
    } else {
        100 + options as u16
    };
    header[2..4].copy_from_slice(&total_length.to_be_bytes());
    header[6] = *random.choice(&[0x40, 0x40, 0x40, 0x20]).unwrap_or(&0);
    header[8] = *random.choice(&[64, 64, 64, 1, 0]).unwrap_or(&0);
    header[9] = *random.choice(&[6, 6, 6, 17, 1, 4]).unwrap_or(&0);
    header[12..16].copy_from_slice(&random.u32(0..CLIENTS).to_be_bytes());
    let to = *random
        .choice(&[SERVICE, SERVICE, ECHO_SERVICE, OWN_ADDRESS, 0xc123_4567])
        .unwrap_or(&0);
    header[16..20].copy_from_slice(&to.to_be_bytes());
    let sum = checksum::internet(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    let transport = &mut bytes[34 + options..];
    match random.u8(0..3) {
        0 => transport[0..2].copy_from_slice(&[8, 0]),
        _ => transport[0..2].copy_from_slice(&1000u16.to_be_bytes()),
    }
    transport[2..4].copy_from_slice(&[0, *random.choice(&[80, 80, 53, 7, 9]).unwrap_or(&0)]);
    transport[8..12].copy_from_slice(&host_stage::PROBE_MAGIC.to_be_bytes());
    transport[13] = *random.choice(&[0x02, 0x10, 0x12, 0x04]).unwrap_or(&0);
    bytes
}

fn arp(random: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0; 42];
    bytes[0..6].fill(0xff);
    bytes[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, random.u8(1..3)]);
    bytes[28..32].copy_from_slice(&SERVICE.to_be_bytes());
    let asked = *random
        .choice(&[SERVICE, OWN_ADDRESS, ECHO_SERVICE])
        .unwrap_or(&0);
    bytes[38..42].copy_from_slice(&asked.to_be_bytes());
    bytes
}

/// Something that may be a packet: whole, with bits turned over, cut short, or noise.
fn anything(random: &mut Rng) -> Vec<u8> {
    let mut bytes = match random.u8(0..16) {
        0 => {
            let mut noise = vec![0; random.usize(0..129)];
            random.fill(&mut noise);
            return noise;
        }
        1 => arp(random),
        _ => ipv4(random),
    };
    match random.u8(0..8) {
        0 | 1 => {
            let at = random.usize(0..bytes.len());
            bytes[at] ^= 1 << random.u8(0..8);
        }
        2 => bytes.truncate(random.usize(0..bytes.len())),
        _ => {}
    }
    bytes
}

/// Everything that packets change.
fn state(pipeline: &dyn Pipeline) -> BTreeMap<(u32, u64), u128> {
    let mut state = BTreeMap::new();
    for query in [
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
            Entity::Counter {
                counter,
                index,
                value,
            } => {
                let both = u128::from(value.packets) << 64 | u128::from(value.bytes);
                state.insert((counter, index), both);
            }
            Entity::Register {
                register,
                index,
                value,
            } => _ = state.insert((register, index), value),
            other => panic!("{other:?} is neither a counter nor a register"),
        });
    }
    state
}

/// Sends the same random packets through both pipelines with the same tables.
fn compare(generated: &dyn Pipeline, by_hand: &dyn Pipeline, tables: &[Update], packets: usize) {
    for update in tables {
        generated.write(update).expect("a valid update");
        by_hand.write(update).expect("a valid update");
    }
    let mut random = Rng::with_seed(1);
    let (mut left, mut right) = (Worker::seeded(2), Worker::seeded(2));
    let (mut packet, mut other) = (Packet::new(), Packet::new());
    let mut sent = 0;
    for count in 0..packets {
        let bytes = anything(&mut random);
        let ingress = Ingress {
            port: *random.choice(&[1, 1, 1, 2, 3]).unwrap_or(&1),
            now_us: count as u64 * 500,
        };
        packet.set_bytes(&bytes);
        other.set_bytes(&bytes);
        let verdict = generated.process(&mut left, ingress, &mut packet);
        let expected = by_hand.process(&mut right, ingress, &mut other);
        assert_eq!(
            verdict, expected,
            "packet {count}, {ingress:?}: {bytes:02x?}"
        );
        if verdict != Verdict::Drop {
            sent += 1;
            assert_eq!(
                packet.bytes(),
                other.bytes(),
                "packet {count}, {ingress:?}: {bytes:02x?}"
            );
        }
    }
    assert!(
        sent > packets / 10,
        "only {sent} of {packets} packets were sent on"
    );
    assert_eq!(state(generated), state(by_hand));
}

#[test]
fn a_million_packets_take_the_same_way_through_both_stages() {
    compare(
        &host_stage::HostStage::new(),
        &by_hand::HostStage::new(),
        &stage_tables(),
        1_000_000,
    );
}

#[test]
fn a_million_packets_take_the_same_way_through_both_routers() {
    compare(
        &front_router::FrontRouter::new(),
        &by_hand::FrontRouter::new(),
        &router_tables(),
        1_000_000,
    );
}

/// What a counter has in one cell.
fn packets_counted(pipeline: &dyn Pipeline, counter: u32, index: u64) -> u64 {
    let mut packets = 0;
    let query = Query::Counters {
        counter: Some(counter),
        index: Some(index),
    };
    pipeline.read(&query, &mut |entity| {
        if let Entity::Counter { value, .. } = entity {
            packets = value.packets;
        }
    });
    packets
}

#[test]
fn packets_of_every_length_that_end_within_a_header_are_dropped_and_counted() {
    let stage = host_stage::HostStage::new();
    let router = front_router::FrontRouter::new();
    stage_tables()
        .iter()
        .for_each(|update| stage.write(update).expect("a valid update"));
    router_tables()
        .iter()
        .for_each(|update| router.write(update).expect("a valid update"));
    let pipelines: [(&dyn Pipeline, u32, u64); 2] = [
        (
            &stage,
            host_stage::drops::ID,
            host_stage::DropReason::ParserError as u64,
        ),
        (
            &router,
            front_router::drops::ID,
            front_router::DropReason::ParserError as u64,
        ),
    ];
    let mut whole = [0u8; 128];
    whole[0..6].copy_from_slice(&STAGE_MAC.to_be_bytes()[2..]);
    // 24 bytes of IPv4 header, then TCP.
    whole[12..24].copy_from_slice(&[0x08, 0, 0x46, 0, 0, 100, 0, 0, 0x40, 0, 64, 6]);
    whole[30..34].copy_from_slice(&SERVICE.to_be_bytes());
    whole[38..42].copy_from_slice(&[0x03, 0xe8, 0, 80]);
    let sum = checksum::internet(&whole[14..38]);
    whole[24..26].copy_from_slice(&sum.to_be_bytes());
    for (pipeline, drops, parser_error) in pipelines {
        for length in 0..=whole.len() {
            let before = packets_counted(pipeline, drops, parser_error);
            let mut packet = Packet::from_bytes(&whole[..length]);
            let ingress = Ingress { port: 1, now_us: 0 };
            let verdict = pipeline.process(&mut Worker::seeded(1), ingress, &mut packet);
            let counted = packets_counted(pipeline, drops, parser_error) - before;
            let name = &pipeline.program().name;
            if length < 14 + 24 + 20 {
                assert_eq!(
                    (verdict, counted),
                    (Verdict::Drop, 1),
                    "{name}, {length} bytes"
                );
            } else {
                assert_eq!(counted, 0, "{name}, {length} bytes");
            }
        }
    }
}

/// What the reference compiler gives these names, so that its users' tools know our tables.
#[test]
fn ids_are_those_that_the_reference_compiler_gives() {
    assert_eq!(host_stage::flow_state::ID, 0x02b6_147a);
    assert_eq!(host_stage::recent::ID, 0x16ec_975b);
    assert_eq!(host_stage::outcomes::ID, 0x12e4_63ff);
    assert_eq!(front_router::routes::ID, 0x02dd_495d);
    let no_action = host_stage::PROGRAM
        .action(21_257_015)
        .expect("NoAction has this id in every program");
    assert_eq!(no_action.name, "NoAction");
}
