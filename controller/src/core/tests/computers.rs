//! Destinations that are no services, one or several computers.

use super::world::{World, group};
use crate::core::{
    Command, Computer, HostId, Reconfiguration, Target,
    entry::{Key, Value},
};
use dpr_p4::{
    address,
    front_router::routes,
    host_stage::{PORT_HOST, PORT_NETWORK, computers},
};
use dpr_runtime::{Lpm, Replica};
use std::collections::BTreeMap;

const S: u64 = 1_000_000;
const SEVERAL: u128 = address::mapped(0xef01_0203);
const OTHERS: u128 = address::mapped(0xef01_0204);
const ONE: u128 = address::mapped(0x0a09_0001);

fn several(hosts: &[HostId]) -> Computer {
    Computer::AtSeveral(hosts.iter().copied().collect())
}

fn world(seed: u64) -> World {
    let mut group = group(4, 32);
    group.computers = BTreeMap::from([
        (SEVERAL, several(&[1, 3])),
        (OTHERS, several(&[2, 3, 4])),
        (ONE, Computer::At(2)),
    ]);
    World::running(group, seed)
}

fn reload(world: &mut World, computers: &[(u128, Computer)]) {
    let computers: BTreeMap<u128, Computer> = computers.iter().cloned().collect();
    // A controller that starts anew reads the same file.
    world.group.computers = computers.clone();
    world.command(Command::from(Reconfiguration {
        computers: Some(computers),
        ..Reconfiguration::default()
    }));
    world.run_for(S);
}

/// Whom a stage sends a packet to an address to; `None` if it knows nothing of it.
fn reached(world: &World, stage: HostId, address: u128) -> Option<Vec<HostId>> {
    let held = world.held(stage);
    let key = Key::Computer(computers::Key { address });
    let Value::Computer(action) = held.get(&key)? else {
        panic!("{held:?}");
    };
    let group = match action {
        computers::Action::At { host } => return Some(vec![*host]),
        computers::Action::AtSeveral { group } => *group,
        computers::Action::NoAction => return Some(Vec::new()),
    };
    let Some(Value::Replicas(replicas)) = held.get(&Key::Replicas(group)) else {
        panic!("group {group} is not there: {held:?}");
    };
    let host = |replica: &Replica| {
        let port = if replica.instance == stage {
            PORT_HOST
        } else {
            PORT_NETWORK
        };
        assert_eq!(replica.port, port, "{replica:?} at {stage}");
        replica.instance
    };
    Some(replicas.iter().map(host).collect())
}

#[track_caller]
fn assert_reached(world: &World, without: &[HostId], address: u128, hosts: Option<&[HostId]>) {
    for stage in world.stages.keys().filter(|id| !without.contains(id)) {
        assert_eq!(reached(world, *stage, address).as_deref(), hosts, "{stage}");
    }
}

/// How many multicast groups a stage has.
fn groups(world: &World, stage: HostId) -> usize {
    let held = world.held(stage);
    let is_group = |key: &&Key| matches!(key, Key::Replicas(_));
    held.keys().filter(is_group).count()
}

#[test]
fn every_stage_knows_whom_a_destination_is() {
    let mut world = world(1);
    assert_reached(&world, &[], SEVERAL, Some(&[1, 3]));
    assert_reached(&world, &[], OTHERS, Some(&[2, 3, 4]));
    assert_reached(&world, &[], ONE, Some(&[2]));
    // An empty stage gets it all again, and a new controller finds it right.
    let before = world.held(3);
    world.restart_stage(3);
    world.run_for(5 * S);
    assert_eq!(world.held(3), before);
    world.restart_controller();
    world.run_for(5 * S);
    assert_eq!(world.held(3), before);
}

#[test]
fn the_dead_get_no_copy() {
    let mut world = world(2);
    world.disconnect_shim(3);
    world.cut(Target::Stage(3));
    world.miss(3, 3);
    world.run_for(30 * S);
    assert_reached(&world, &[3], SEVERAL, Some(&[1]));
    assert_reached(&world, &[3], OTHERS, Some(&[2, 4]));
    world.miss(3, 0);
    world.mend(Target::Stage(3));
    world.connect_shim(3);
    world.run_for(60 * S);
    assert_reached(&world, &[], SEVERAL, Some(&[1, 3]));
    assert_reached(&world, &[], OTHERS, Some(&[2, 3, 4]));
}

#[test]
fn who_leaves_gets_no_copy() {
    let mut world = world(3);
    world.command(Command::Drain { host: 3 });
    world.run_for(20 * S);
    assert_reached(&world, &[], SEVERAL, Some(&[1, 3]));
    let (host, force) = (3, false);
    world.command(Command::Remove { host, force });
    world.run_for(5 * S);
    assert_reached(&world, &[3], SEVERAL, Some(&[1]));
    assert_eq!(groups(&world, 3), 0);
    let spec = world.core.hosts().find(|spec| spec.id == host).cloned();
    world.command(Command::Join {
        host: spec.expect("known"),
    });
    world.run_for(30 * S);
    assert_reached(&world, &[], SEVERAL, Some(&[1, 3]));
}

#[test]
fn destinations_change_while_traffic_runs() {
    let mut world = world(4);
    let added = ONE + 1;
    reload(
        &mut world,
        &[
            (SEVERAL, several(&[2])),
            (ONE, several(&[1, 2])),
            (added, several(&[3, 4])),
        ],
    );
    assert_reached(&world, &[], SEVERAL, Some(&[2]));
    assert_reached(&world, &[], OTHERS, None);
    assert_reached(&world, &[], ONE, Some(&[1, 2]));
    assert_reached(&world, &[], added, Some(&[3, 4]));
    assert_eq!(groups(&world, 1), 3);
    let routes = |world: &World| {
        let to = |address: u128| {
            let value = address::ipv4(address).expect("of IPv4");
            let prefix = Lpm { value, prefix: 32 };
            let set = match world.route(routes::Key { prefix })? {
                routes::Action::SprayRandomly { set, last: 3 } => set,
                other => panic!("{other:?}"),
            };
            Some(set)
        };
        [SEVERAL, OTHERS, ONE, added].map(to)
    };
    let [set, others, one, new] = routes(&world);
    assert!(set.is_some() && others.is_none());
    assert_eq!((one, new), (set, set), "all of one set");

    reload(&mut world, &[(ONE, Computer::At(4))]);
    assert_reached(&world, &[], ONE, Some(&[4]));
    assert_reached(&world, &[], SEVERAL, None);
    assert_eq!(groups(&world, 1), 0);
    assert!(matches!(routes(&world), [None, None, Some(_), None]));
    let before = world.held(2);
    world.restart_controller();
    world.run_for(5 * S);
    assert_eq!(world.held(2), before);
}

#[test]
fn a_group_is_there_before_what_names_it() {
    let mut world = world(5);
    reload(
        &mut world,
        &[(ONE, several(&[1, 2])), (OTHERS, several(&[4]))],
    );
    let named = |update: &dpr_runtime::Update| match super::super::entry::decode(&update.entity) {
        Some((_, Value::Computer(computers::Action::AtSeveral { group }))) => Some(group),
        _ => None,
    };
    let mut there: BTreeMap<HostId, Vec<u16>> = BTreeMap::new();
    for (stage, updates) in &world.writes {
        let names: Vec<u16> = updates.iter().filter_map(named).collect();
        let known = there.entry(*stage).or_default();
        assert!(names.iter().all(|group| known.contains(group)), "{names:?}");
        for update in updates {
            if let Some((Key::Replicas(group), _)) = super::super::entry::decode(&update.entity) {
                match update.operation {
                    dpr_runtime::Operation::Delete => known.retain(|other| *other != group),
                    _ => known.push(group),
                }
            }
        }
    }
    assert_eq!(there.len(), 4);
}
