//! Criteria at work: maps that are placed differently, and shares that follow the load.

use super::world::{ADDRESS, World, flow_in, group};
use crate::{
    core::{
        Affinity, Command, CommandError, CriteriaChange, Group, HostId, Reconfiguration, Service,
        Target,
    },
    criteria::{LoadMeasure, MapCriteria},
};
use dpr_protocol::shim::v1::Load;
use std::collections::BTreeMap;

const S: u64 = 1_000_000;

/// Map 1 has port 80; map 2 has a port range that is hashed by client, and another that shares it.
fn two_maps(hosts: HostId, buckets: u32) -> Group {
    let mut group = group(hosts, buckets);
    for (port_low, port_high) in [(21, 21), (50_000, 50_099)] {
        group.services.push(Service {
            address: ADDRESS,
            protocol: 6,
            port_low,
            port_high,
            map: 2,
            affinity: Affinity::Client,
        });
    }
    group
}

fn owned(world: &World, map: u16) -> Vec<u64> {
    let maps = world.core.maps();
    let info = maps.iter().find(|info| info.map == map).expect("a map");
    info.hosts.iter().map(|host| host.buckets).collect()
}

fn change(map: u16, change: CriteriaChange) -> Command {
    Command::SetCriteria {
        map,
        change: Box::new(change),
    }
}

#[test]
fn each_map_has_its_own_criteria_and_they_change_while_connections_live() {
    let mut group = two_maps(3, 64);
    let asked = MapCriteria {
        data: Some([1, 3].into()),
        ..MapCriteria::default()
    };
    group.criteria.insert(2, asked);
    let mut world = World::running(group, 1);
    assert_eq!(owned(&world, 1), [22, 21, 21]);
    assert_eq!(owned(&world, 2), [32, 0, 32]);
    for bucket in 0..64 {
        let flow = flow_in(&world.group, bucket, 0);
        world.setup(bucket % 3 + 1, flow);
    }
    world.run_for(S);
    world.assert_settled(&[]);
    // Another holder of the data, and one less; other weights for the other map.
    world.command(change(
        2,
        CriteriaChange {
            data: Some(Some([2, 3].into())),
            ..CriteriaChange::default()
        },
    ));
    world.command(change(
        1,
        CriteriaChange {
            weights: vec![(1, Some(2.0))],
            ..CriteriaChange::default()
        },
    ));
    let before = world.core.status().moves_completed;
    world.run_for(30 * S);
    world.assert_settled(&[]);
    assert_eq!(owned(&world, 2), [0, 32, 32]);
    assert_eq!(owned(&world, 1), [32, 16, 16]);
    // The fewest moves: all of host 1's on the one map; what the others have too much on the other.
    let moves = world.core.status().moves_completed - before;
    assert!((32..=32 + 12).contains(&moves), "{moves} moves");
    world.command(change(
        1,
        CriteriaChange {
            weights: vec![(1, None)],
            ..CriteriaChange::default()
        },
    ));
    world.command(change(
        2,
        CriteriaChange {
            data: Some(None),
            ..CriteriaChange::default()
        },
    ));
    world.run_for(30 * S);
    world.assert_settled(&[]);
    for map in [1, 2] {
        assert!(
            owned(&world, map)
                .iter()
                .all(|count| (21..=22).contains(count))
        );
    }
}

#[test]
fn a_clients_connections_share_a_bucket_where_they_are_to_stay_together() {
    let group = two_maps(3, 64);
    for src in 0x0b00_0000..0x0b00_0020 {
        let bucket = |src_port, dst_port| {
            group.bucket_of(&crate::core::FlowKey {
                src,
                dst: ADDRESS,
                protocol: 6,
                src_port,
                dst_port,
            })
        };
        let control = bucket(40_000, 21);
        assert_eq!(control.map(|bucket| bucket.map), Some(2));
        assert_eq!(control, bucket(40_001, 50_000));
        assert_eq!(control, bucket(40_002, 50_099));
        assert_eq!(bucket(40_002, 50_100), None);
    }
}

#[test]
fn when_no_host_with_the_data_is_left_somebody_answers_all_the_same() {
    let mut group = two_maps(3, 16);
    let asked = MapCriteria {
        data: Some([1, 2].into()),
        ..MapCriteria::default()
    };
    group.criteria.insert(2, asked);
    let mut world = World::running(group, 2);
    for (dead, expected) in [(1, [0, 16, 0]), (2, [0, 0, 16])] {
        world.disconnect_shim(dead);
        world.cut(Target::Stage(dead));
        world.miss(dead, 3);
        world.run_for(20 * S);
        assert_eq!(owned(&world, 2), expected);
    }
    // It is theirs again when one of them is back.
    world.mend(Target::Stage(2));
    world.connect_shim(2);
    world.run_for(S);
    world.miss(2, 0);
    world.run_for(30 * S);
    assert_eq!(owned(&world, 2), [0, 16, 0]);
}

#[test]
fn criteria_that_make_no_sense_change_nothing() {
    let mut world = World::running(two_maps(2, 16), 3);
    let before = world.core.criteria();
    let data = |data| CriteriaChange {
        data: Some(Some(data)),
        ..CriteriaChange::default()
    };
    let weights = |weight| CriteriaChange {
        weights: vec![(1, Some(weight))],
        ..CriteriaChange::default()
    };
    for (command, error) in [
        (
            change(7, CriteriaChange::default()),
            CommandError::UnknownMap(7),
        ),
        (change(1, data([].into())), CommandError::NobodyHolds(1)),
        (change(1, data([1, 9].into())), CommandError::UnknownHost(9)),
        (change(1, weights(-1.0)), CommandError::BadWeight(-1.0)),
        // The good part of a configuration is not carried out if another part is bad.
        (
            Reconfiguration {
                weights: vec![(1, 5.0)],
                criteria: vec![(
                    2,
                    MapCriteria {
                        data: Some([4].into()),
                        ..MapCriteria::default()
                    },
                )],
                ..Reconfiguration::default()
            }
            .into(),
            CommandError::UnknownHost(4),
        ),
    ] {
        assert_eq!(world.try_command(command), Err(error));
    }
    assert_eq!(world.core.criteria(), before);
    assert!(world.core.hosts().all(|host| host.weight == 1.0));
}

#[test]
fn a_host_that_says_that_it_lacks_the_data_gets_no_new_connections_and_keeps_its_own() {
    let mut group = two_maps(3, 64);
    let asked = MapCriteria {
        data: Some([1, 2].into()),
        ..MapCriteria::default()
    };
    group.criteria.insert(2, asked);
    let mut world = World::new(group, 5);
    for id in 1..=3 {
        let shim = world.shims.get_mut(&id).expect("a host");
        (shim.watched, shim.data) = (vec![1, 2], vec![1, 2]);
        world.connect_shim(id);
    }
    world.run_for(2 * S);
    let all = [22, 21, 21];
    assert_eq!(
        (owned(&world, 1), owned(&world, 2)),
        (all.into(), vec![32, 32, 0])
    );
    for bucket in 0..64 {
        let flow = flow_in(&world.group, bucket, 0);
        world.setup(bucket % 3 + 1, flow);
    }
    // What is configured and what is reported must both be so.
    for (host, maps, of_map_1, of_map_2) in [
        (1, &[1][..], all, [0, 64, 0]),
        (3, &[2], [32, 32, 0], [0, 64, 0]),
        // Nobody is left: buckets stay where they are.
        (2, &[], [64, 0, 0], [0, 64, 0]),
        (2, &[1, 2], [32, 32, 0], [0, 64, 0]),
        (1, &[1, 2], [32, 32, 0], [32, 32, 0]),
        (3, &[1, 2], all, [32, 32, 0]),
    ] {
        world.hold_data(host, maps);
        world.run_for(30 * S);
        world.assert_settled(&[]);
        assert_eq!(owned(&world, 1), of_map_1, "{host} holds {maps:?}");
        assert_eq!(owned(&world, 2), of_map_2, "{host} holds {maps:?}");
    }
}

#[test]
fn what_a_shim_said_of_its_data_counts_until_it_says_otherwise() {
    let mut world = World::new(group(2, 16), 6);
    world.shims.get_mut(&2).expect("a host").watched = vec![1];
    // Until it has looked it holds nothing.
    for id in [1, 2] {
        world.connect_shim(id);
    }
    world.run_for(20 * S);
    assert_eq!(owned(&world, 1), [16, 0]);
    let reported = |world: &World| world.core.maps()[0].hosts[1].data_reported;
    assert_eq!(reported(&world), Some(false));
    world.hold_data(2, &[1]);
    world.run_for(20 * S);
    assert_eq!(
        (owned(&world, 1), reported(&world)),
        (vec![8, 8], Some(true))
    );
    // Not while it is away, whatever its host loses then; nor when another controller takes over.
    world.disconnect_shim(2);
    world.shims.get_mut(&2).expect("a host").data.clear();
    world.run_for(20 * S);
    assert_eq!(
        (owned(&world, 1), reported(&world)),
        (vec![8, 8], Some(true))
    );
    world.connect_shim(2);
    world.run_for(20 * S);
    assert_eq!(
        (owned(&world, 1), reported(&world)),
        (vec![16, 0], Some(false))
    );
    world.restart_controller();
    world.run_for(20 * S);
    assert_eq!(
        (owned(&world, 1), reported(&world)),
        (vec![16, 0], Some(false))
    );
    // A shim that watches it no more.
    world.shims.get_mut(&2).expect("a host").watched.clear();
    world.disconnect_shim(2);
    world.restart_shim(2);
    world.run_for(20 * S);
    assert_eq!((owned(&world, 1), reported(&world)), (vec![8, 8], None));
}

/// Processors that are busy in proportion to their hosts' shares, by their speeds, as reported every two seconds.
fn work(world: &mut World, speeds: &BTreeMap<HostId, f64>, seconds: u64) {
    for _ in 0..seconds / 2 {
        let status = world.core.status();
        for host in &status.hosts {
            let used = 400.0 * speeds.len() as f64 * host.achieved_share / speeds[&host.id];
            let load = Load {
                connections: host.connections,
                cpu_permille: used as u32,
            };
            world.report_load(host.id, load);
        }
        world.run_for(2 * S);
    }
}

#[test]
fn shares_follow_the_hosts_speeds_and_then_stay() {
    let speeds: BTreeMap<HostId, f64> = [(1, 1.0), (2, 2.0), (3, 0.5), (4, 1.0)].into();
    let mut group = group(4, 1024);
    group.criteria.insert(
        1,
        MapCriteria {
            load: Some(LoadMeasure::Cpu),
            ..MapCriteria::default()
        },
    );
    let mut world = World::running(group, 4);
    assert_eq!(owned(&world, 1), [256; 4]);
    work(&mut world, &speeds, 600);
    let found = owned(&world, 1);
    let all: f64 = speeds.values().sum();
    for (buckets, speed) in found.iter().zip(speeds.values()) {
        let ratio = *buckets as f64 / (1024.0 * speed / all);
        assert!((0.85..1.15).contains(&ratio), "{found:?}");
    }
    let moves = world.core.status().moves_completed;
    assert!(moves < 800, "{moves} moves for about 400 that are needed");
    work(&mut world, &speeds, 600);
    assert_eq!(
        world.core.status().moves_completed,
        moves,
        "it goes on and on"
    );
    // A controller that starts goes on from what it finds, and moves nothing.
    world.restart_controller();
    work(&mut world, &speeds, 300);
    assert_eq!(owned(&world, 1), found);
    assert_eq!(world.core.status().moves_completed, 0);
    // Without the rule the weights count alone.
    world.command(change(
        1,
        CriteriaChange {
            load: Some(None),
            ..CriteriaChange::default()
        },
    ));
    world.run_for(30 * S);
    world.assert_settled(&[]);
    assert_eq!(owned(&world, 1), [256; 4]);
}
