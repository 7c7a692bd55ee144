//! One packet through each program, and the ids that their control planes use.

use dpr_p4::address::mapped;
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{Entry, Ingress, Lpm, Packet, Pipeline, Range, Verdict, Worker, checksum};

const SERVICE: u32 = 0x0a00_0001;

fn syn(dst_mac: u64) -> Packet {
    let mut bytes = [0; 54];
    bytes[0..6].copy_from_slice(&dst_mac.to_be_bytes()[2..]);
    bytes[12..14].copy_from_slice(&[8, 0]);
    bytes[14..24].copy_from_slice(&[0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
    bytes[26..30].copy_from_slice(&[192, 0, 2, 1]);
    bytes[30..34].copy_from_slice(&SERVICE.to_be_bytes());
    bytes[34..38].copy_from_slice(&[0x30, 0x39, 0, 80]);
    bytes[46..48].copy_from_slice(&[0x50, 0x02]);
    let sum = checksum::internet(&bytes[14..34]);
    bytes[24..26].copy_from_slice(&sum.to_be_bytes());
    Packet::from_bytes(&bytes)
}

#[test]
fn a_syn_is_sprayed_and_served_by_the_owner_of_its_bucket() {
    let router = front_router::FrontRouter::new();
    let stage = host_stage::HostStage::new();
    let stage_mac = 0x0200_0000_0010;
    for update in [
        front_router::ports::Entry::new(
            front_router::ports::Key { port: 1 },
            front_router::ports::Action::UsePort {
                mac: 0x0200_0000_0001,
                outside: 1,
            },
        )
        .insert(),
        front_router::routes::Entry::new(
            front_router::routes::Key {
                prefix: Lpm {
                    value: SERVICE,
                    prefix: 32,
                },
            },
            front_router::routes::Action::SprayRandomly { set: 1, last: 0 },
        )
        .insert(),
        front_router::members::Entry::new(
            front_router::members::Key { set: 1, index: 0 },
            front_router::members::Action::ToMember {
                host: 1,
                port: 2,
                src_mac: 0x0200_0000_0002,
                stage_mac,
            },
        )
        .insert(),
    ] {
        router.write(&update).expect("a valid update");
    }
    let be = host_stage::identity::Action::Be {
        host: 1,
        host_mac: 0x0200_0000_0100,
        stage_mac,
        gateway_mac: 0,
        address: 0x0a00_0101,
        address6: 0,
        nat_address: 0,
        nat_address6: 0,
    };
    for update in [
        Entry::<host_stage::identity::Identity>::default_entry(&be),
        host_stage::buckets::Entry::new(
            host_stage::buckets::Key { map: 0, bucket: 0 },
            host_stage::buckets::Action::OwnedBy {
                owner_id: 1,
                previous_id: 0,
                accept: 0,
            },
        )
        .insert(),
        host_stage::services::Entry::with_priority(
            host_stage::services::Key {
                address: mapped(SERVICE),
                protocol: 6,
                port: Range::exactly(80),
            },
            1,
            dpr_p4::in_map(0, 0, host_stage::Affinity::Connection),
        )
        .insert(),
    ] {
        stage.write(&update).expect("a valid update");
    }

    let mut worker = Worker::seeded(1);
    let mut packet = syn(0x0200_0000_0001);
    let verdict = router.process(&mut worker, Ingress { port: 1, now_us: 0 }, &mut packet);
    assert_eq!(verdict, Verdict::Send { port: 2 });
    assert_eq!(
        packet.bytes()[..12],
        [2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 2]
    );
    assert_eq!(
        (packet.bytes()[22], checksum::sum(&packet.bytes()[14..34])),
        (63, 0xffff)
    );
    let verdict = stage.process(
        &mut worker,
        Ingress {
            port: host_stage::PORT_NETWORK,
            now_us: 0,
        },
        &mut packet,
    );
    assert_eq!(
        verdict,
        Verdict::Send {
            port: host_stage::PORT_HOST
        }
    );
    assert_eq!(packet.bytes()[..6], [2, 0, 0, 0, 1, 0]);
    let mut served = None;
    let query = dpr_runtime::Query::Counters {
        counter: Some(host_stage::outcomes::ID),
        index: Some(host_stage::Outcome::ServedAsOwner as u64),
    };
    stage.read(&query, &mut |entity| served = Some(entity));
    assert!(matches!(
        served,
        Some(dpr_runtime::Entity::Counter {
            value: dpr_runtime::CounterValue {
                packets: 1,
                bytes: 54
            },
            ..
        })
    ));
}

/// What the reference compiler gives these names, so that its users' tools know our tables.
#[test]
fn ids_are_those_that_the_reference_compiler_gives() {
    assert_eq!(host_stage::flow_state::ID, 0x02b6_147a);
    assert_eq!(host_stage::recent::ID, 0x16ec_975b);
    assert_eq!(host_stage::outcomes::ID, 0x12df_e344);
    assert_eq!(front_router::routes::ID, 0x02dd_495d);
    let no_action = host_stage::PROGRAM
        .action(21_257_015)
        .expect("NoAction has this id in every program");
    assert_eq!(no_action.name, "NoAction");
}
