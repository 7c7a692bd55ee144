//! Changes of maps, affinities and classes of clients while connections live.

use super::world::{World, flow_in, group, host};
use crate::{
    core::{
        Affinity, Command, ConfiguredRules, Core, CriteriaChange, FlowKey, Group, HostId,
        Reconfiguration, Target,
        entry::{Key, Value},
    },
    criteria::{ClientClass, Distance, MapCriteria},
};
use dpr_p4::{
    address,
    host_stage::{clients, services},
};
use dpr_runtime::Lpm;

const S: u64 = 1_000_000;
const BUCKETS: u32 = 32;

/// Classes of clients: half of those whom [`flow_in`] has, and all others of that half.
fn with_classes(mut group: Group) -> Group {
    let class = |class, name: &str, region: &str, value, prefix| ClientClass {
        class,
        name: name.to_owned(),
        prefixes: vec![Lpm { value, prefix }],
        qos: None,
        region: Some(region.to_owned()),
    };
    group.classes = vec![
        class(1, "near", "east", address::mapped(0x0b00_0000), 127),
        class(2, "far", "west", address::mapped(0x0b00_0000), 120),
    ];
    group.regions = [
        ("east".to_owned(), [(1, 1.0), (2, 9.0), (3, 9.0)].into()),
        ("west".to_owned(), [(1, 9.0), (2, 1.0), (3, 1.0)].into()),
    ]
    .into();
    group
}

fn by_distance() -> MapCriteria {
    MapCriteria {
        distance: Some(Distance::Nearest),
        ..MapCriteria::default()
    }
}

fn rules(group: &Group) -> Command {
    let rules = ConfiguredRules {
        services: group.services.clone(),
        classes: group.classes.clone(),
        regions: group.regions.clone(),
    };
    Command::from(Reconfiguration {
        rules: Some(rules),
        ..Reconfiguration::default()
    })
}

fn affinity(world: &World, affinity: Affinity) -> Command {
    let mut group = world.core.group().clone();
    for service in &mut group.services {
        service.affinity = affinity;
    }
    rules(&group)
}

/// Connections in all buckets, some of them away from their bucket's owner.
fn populate(world: &mut World) -> Vec<(HostId, FlowKey)> {
    let flows: Vec<(HostId, FlowKey)> = (0..BUCKETS as u16)
        .flat_map(|bucket| [0, 1].map(|nth| flow_in(&world.group, bucket, nth)))
        .enumerate()
        .map(|(index, flow)| (index as HostId % 3 + 1, flow))
        .collect();
    for (server, flow) in &flows {
        world.setup(*server, *flow);
    }
    world.run_for(S);
    flows
}

/// Whether an entry is of a change, and whether that is committed.
fn is_change(value: &Value) -> Option<bool> {
    match value {
        Value::Service(services::Action::ChangesMap { committed, .. })
        | Value::Client(clients::Action::ChangesClassMap { committed, .. }) => {
            Some(*committed == 1)
        }
        _ => None,
    }
}

/// In the log: nobody commits before all are prepared, and SETTLE passes between the last commit and the first end.
fn assert_order(world: &World) {
    let log = &world.rule_log;
    let last = |committed| {
        let times = log
            .iter()
            .filter(|(.., value)| is_change(value) == Some(committed));
        times.map(|(at, ..)| *at).max()
    };
    let (Some(prepared), Some(committed)) = (last(false), last(true)) else {
        panic!("no change was made");
    };
    let first_commit = log
        .iter()
        .find(|(.., value)| is_change(value) == Some(true));
    let first_commit = first_commit.map(|(at, ..)| *at).unwrap_or(0);
    assert!(prepared < first_commit, "{prepared} {first_commit}");
    let ends = log
        .iter()
        .filter(|(at, _, _, value)| *at > first_commit && is_change(value).is_none());
    let first_end = ends.map(|(at, ..)| *at).min().expect("it ends");
    assert!(first_end >= committed + 5 * S, "{committed} {first_end}");
}

#[test]
fn an_affinity_changes_step_by_step_and_live_connections_keep_their_entries() {
    let mut world = World::running(group(3, BUCKETS), 1);
    let flows = populate(&mut world);
    world.rule_log.clear();
    world.command(affinity(&world, Affinity::Client));
    assert_eq!(world.core.status().change, Some("1 fill"));
    world.run_for(20 * S);
    assert_eq!(world.core.status().changes_completed, 1);
    assert_order(&world);
    world.assert_settled(&[]);
    for (server, flow) in flows {
        let info = world.core.flow(&flow).expect("live");
        assert_eq!(world.server(info.owner, flow), Some(server));
    }
}

#[test]
fn classes_get_maps_of_their_own_and_lose_them_again() {
    let mut world = World::running(with_classes(group(3, BUCKETS)), 2);
    populate(&mut world);
    world.rule_log.clear();
    let set = |distance| Command::SetCriteria {
        map: 1,
        change: Box::new(CriteriaChange {
            distance: Some(distance),
            ..CriteriaChange::default()
        }),
    };
    world.command(set(Some(Distance::Nearest)));
    world.run_for(20 * S);
    assert_order(&world);
    world.assert_settled(&[]);
    let maps = world.core.maps();
    let shares: Vec<(u16, Vec<u64>)> = maps
        .iter()
        .map(|info| {
            (
                info.map,
                info.hosts.iter().map(|host| host.buckets).collect(),
            )
        })
        .collect();
    assert_eq!(
        shares,
        [
            (0x001, vec![11, 11, 10]),
            (0x101, vec![32, 0, 0]),
            (0x201, vec![0, 16, 16]),
        ]
    );
    // The longest prefix counts.
    let near = world
        .core
        .lookups(&flow_in(&world.group, 0, 0))
        .expect("a service");
    assert_eq!(near.bucket.map, 0x101);
    world.rule_log.clear();
    world.command(set(None));
    world.run_for(20 * S);
    world.assert_settled(&[]);
    assert_eq!(world.core.maps().len(), 1);
}

#[test]
fn a_service_and_its_classes_change_one_after_the_other() {
    let mut group = with_classes(group(3, BUCKETS));
    group.criteria.insert(1, by_distance());
    let mut world = World::running(group.clone(), 3);
    populate(&mut world);
    let prefixes = std::mem::take(&mut group.classes[0].prefixes);
    group.classes[1].prefixes.extend(prefixes);
    group.services[0].affinity = Affinity::Client;
    world.command(rules(&group));
    world.run_for(60 * S);
    assert_eq!(world.core.status().changes_completed, 2);
    world.assert_settled(&[]);
}

#[test]
fn no_bucket_moves_while_rules_change_and_no_rule_changes_while_buckets_move() {
    let mut world = World::running(group(3, BUCKETS), 4);
    populate(&mut world);
    world.command(Command::SetWeight {
        host: 1,
        weight: 3.0,
    });
    world.command(affinity(&world, Affinity::Client));
    assert_eq!(world.core.status().change, Some("0 waiting"));
    let waits = |world: &World| world.core.status().change != Some("0 waiting");
    let end = world.now + 60 * S;
    assert!(world.run_until(end, waits));
    assert_eq!(world.core.status().moves_in_progress, 0);
    world.command(Command::SetWeight {
        host: 2,
        weight: 9.0,
    });
    while world.core.status().change.is_some() {
        assert_eq!(world.core.status().moves_in_progress, 0);
        world.run_for(100_000);
    }
    world.run_for(60 * S);
    world.assert_settled(&[]);
}

#[test]
fn a_blind_host_holds_a_change_up() {
    let mut world = World::running(group(3, BUCKETS), 5);
    populate(&mut world);
    world.disconnect_shim(2);
    world.command(affinity(&world, Affinity::Client));
    world.run_for(30 * S);
    assert_eq!(world.core.status().change, Some("0 waiting"));
    world.connect_shim(2);
    world.run_for(30 * S);
    world.assert_settled(&[]);
    assert_eq!(world.core.status().changes_completed, 1);
    // And one that gets lost before the commit.
    world.shims.get_mut(&2).expect("a host").holds_flushes = true;
    world.command(affinity(&world, Affinity::Connection));
    world.run_for(30 * S);
    assert_eq!(world.core.status().change, Some("2 flush"));
    world.release_flushes(2);
    world.run_for(30 * S);
    world.assert_settled(&[]);
}

/// The times at which something happens while a change goes on.
fn moments() -> impl Iterator<Item = u64> {
    (0..40_000)
        .step_by(1_500)
        .chain((100_000..8 * S).step_by(600_000))
}

#[test]
fn a_controller_that_starts_goes_on_with_a_change() {
    let mut resumed = 0;
    for (seed, moment) in (0..).zip(moments()) {
        let mut world = World::running(with_classes(group(3, BUCKETS)), seed);
        populate(&mut world);
        world.rule_log.clear();
        let mut group = world.core.group().clone();
        group.services[0].affinity = Affinity::Client;
        group.criteria.insert(1, by_distance());
        world.command(rules(&group));
        world.command(Command::SetCriteria {
            map: 1,
            change: Box::new(CriteriaChange {
                distance: Some(Some(Distance::Nearest)),
                ..CriteriaChange::default()
            }),
        });
        world.run_for(moment);
        resumed += usize::from(world.core.status().change.is_some());
        world.restart_controller();
        world.run_for(90 * S);
        world.assert_settled(&[]);
        assert_eq!(world.core.maps().len(), 3, "after {moment}");
        assert_never_back(&world);
    }
    assert!(resumed > 10);
}

/// A stage that has committed does not take it back.
fn assert_never_back(world: &World) {
    let mut last: std::collections::BTreeMap<(HostId, Key), bool> = Default::default();
    for (at, stage, key, value) in &world.rule_log {
        match is_change(value) {
            Some(committed) => {
                let before = last.insert((*stage, *key), committed);
                assert!(
                    before != Some(true) || committed,
                    "{key:?} at {stage}, {at}"
                );
            }
            None => drop(last.remove(&(*stage, *key))),
        }
    }
}

#[test]
fn a_host_may_die_at_any_step() {
    for (seed, moment) in (0..).zip(moments()) {
        let mut world = World::running(group(3, BUCKETS), seed);
        let flows = populate(&mut world);
        world.command(affinity(&world, Affinity::Client));
        world.run_for(moment);
        world.cut(Target::Stage(2));
        world.disconnect_shim(2);
        world.miss(2, 3);
        world.run_for(60 * S);
        world.shims.get_mut(&2).expect("a host").live.clear();
        world.assert_settled(&[2]);
        assert_eq!(world.core.status().changes_completed, 1, "after {moment}");
        for (server, flow) in flows.iter().filter(|(server, _)| *server != 2) {
            assert_eq!(world.server(*server, *flow), Some(*server));
        }
    }
}

#[test]
fn a_host_that_joins_meanwhile_goes_by_the_step() {
    for (seed, moment) in (0..).zip(moments().step_by(4)) {
        let mut four = group(4, BUCKETS);
        four.hosts[3].joined = false;
        let mut world = World::running(four, seed);
        populate(&mut world);
        world.command(affinity(&world, Affinity::Client));
        world.run_for(moment);
        world.command(Command::Join { host: host(4) });
        world.run_for(60 * S);
        world.assert_settled(&[]);
        assert_eq!(world.core.status().changes_completed, 1);
    }
}

#[test]
fn what_the_file_says_otherwise_when_a_controller_starts_is_changed_to() {
    let mut world = World::running(group(3, BUCKETS), 6);
    populate(&mut world);
    let mut other = world.core.group().clone();
    other.services[0].affinity = Affinity::Client;
    world.rule_log.clear();
    world.restart_with(other);
    world.run_for(30 * S);
    assert_order(&world);
    world.assert_settled(&[]);
}

#[test]
fn a_session_lives_for_a_while_after_its_last_connection() {
    let mut with_sessions = group(3, BUCKETS);
    with_sessions.services[0].affinity = Affinity::Session;
    with_sessions.criteria.insert(
        1,
        MapCriteria {
            session_timeout: std::time::Duration::from_secs(100),
            ..MapCriteria::default()
        },
    );
    let mut world = World::running(with_sessions, 7);
    let (first, second) = (flow_in(&world.group, 0, 0), flow_in(&world.group, 0, 1));
    let session = FlowKey::session(1, first.src);
    assert_eq!(first.src, second.src);
    let owner = world.core.lookups(&first).expect("a service").bucket;
    let owner = world.core.owner_of(owner).expect("an owner");
    // It begins away from its bucket's owner.
    let server = owner % 3 + 1;
    world.setup(server, first);
    world.run_for(S);
    world.assert_settled(&[]);
    assert_eq!(world.core.status().sessions, 1);
    assert_eq!(
        [world.server(server, session), world.server(owner, session)],
        [Some(server); 2]
    );
    // Another connection elsewhere (by chance) does not take it along.
    world.setup(owner, second);
    world.run_for(S);
    assert_eq!(world.server(owner, session), Some(server));
    world.teardown(server, first);
    world.run_for(200 * S);
    assert_eq!(world.core.status().sessions, 1, "a connection goes on");
    world.teardown(owner, second);
    world.run_for(90 * S);
    assert_eq!(world.core.status().sessions, 1);
    world.run_for(20 * S);
    assert_eq!(world.core.status().sessions, 0);
    world.assert_settled(&[]);
}

#[test]
fn sessions_go_with_moves_and_end_with_their_host() {
    let mut with_sessions = group(3, BUCKETS);
    with_sessions.services[0].affinity = Affinity::Session;
    let mut world = World::running(with_sessions, 8);
    let flow = flow_in(&world.group, 0, 0);
    let session = FlowKey::session(1, flow.src);
    let bucket = world.core.lookups(&flow).expect("a service").bucket;
    let server = world.core.owner_of(bucket).expect("an owner");
    world.setup(server, flow);
    world.run_for(S);
    let others: Vec<HostId> = (1..=3).filter(|id| *id != server).collect();
    world.command(Command::Move {
        bucket,
        to: others[0],
    });
    world.run_for(20 * S);
    world.assert_settled(&[]);
    assert_eq!(world.server(others[0], session), Some(server));
    // The controller forgets nothing, even of a session without connections.
    world.teardown(server, flow);
    world.run_for(100 * S);
    world.restart_controller();
    world.run_for(10 * S);
    assert_eq!(world.server(others[0], session), Some(server));
    world.command(Command::Drain { host: server });
    world.run_for(30 * S);
    assert_eq!(world.core.status().sessions, 0);
    world.assert_settled(&[]);
}

#[test]
fn prefixes_of_ipv6_do_not_speak_of_ipv4() {
    let mut six = with_classes(group(3, BUCKETS));
    six.criteria.insert(1, by_distance());
    six.classes[0].prefixes = vec![Lpm {
        value: 0,
        prefix: 0,
    }];
    six.classes.truncate(1);
    let core = Core::new(six, 0);
    let mut flow = FlowKey {
        src: address::mapped(0x0b00_0000),
        dst: super::world::ADDRESS,
        protocol: 6,
        src_port: 1,
        dst_port: 80,
    };
    assert_eq!(core.lookups(&flow).expect("a service").bucket.map, 1);
    flow.src = 0x2001_0db8 << 96;
    assert_eq!(core.lookups(&flow).expect("a service").bucket.map, 0x101);
}
