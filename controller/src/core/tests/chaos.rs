//! Anything may happen at any time; when it is over, all is as if nothing had.

use super::world::{World, flow_in, group, host};
use crate::{
    core::{
        Affinity, BucketId, Command, ConfiguredRules, CriteriaChange, HostId, HostState,
        Reconfiguration, Target,
    },
    criteria::{ClientClass, MapCriteria},
};
use dpr_p4::address;
use dpr_runtime::Lpm;
use std::collections::BTreeMap;

const S: u64 = 1_000_000;
const HOSTS: HostId = 5;
const BUCKETS: u32 = 32;

/// What is wrong at the moment.
#[derive(Default)]
struct Wounds {
    shims: Vec<HostId>,
    targets: Vec<Target>,
    dead: Vec<HostId>,
}

/// A host that is out of the group cannot be told anything.
fn ask(world: &mut World, command: Command) {
    let is_out = command_host(&command).is_some_and(|host| is_out(world, host));
    let done = world.try_command(command);
    assert!(done.is_ok() || is_out, "{done:?}");
}

fn command_host(command: &Command) -> Option<HostId> {
    match command {
        Command::Move { to, .. } => Some(*to),
        Command::SetWeight { host, .. } | Command::Drain { host } => Some(*host),
        _ => None,
    }
}

fn is_out(world: &World, host: HostId) -> bool {
    world.core.status().hosts[usize::from(host) - 1].state == HostState::Out
}

/// Operators change criteria, take hosts out, and bring them in again.
fn steer(world: &mut World, random: &mut fastrand::Rng) {
    let id = random.u16(1..=HOSTS);
    let data = match random.u32(0..3) {
        0 => Some(None),
        _ => Some(Some([id, random.u16(1..=HOSTS)].into())),
    };
    match random.u32(0..5) {
        0 | 1 => world.command(Command::SetCriteria {
            map: 1,
            change: Box::new(CriteriaChange {
                weights: vec![(id, Some(f64::from(random.u32(0..3))))],
                data,
                ..CriteriaChange::default()
            }),
        }),
        2 if is_out(world, id) => bring_in(world, id),
        2 => ask(world, Command::Drain { host: id }),
        3 => change_rules(world, random),
        _ => {
            // It is refused until the host is drained.
            let _ = world.try_command(Command::Remove {
                host: id,
                force: random.bool(),
            });
        }
    }
}

/// Another affinity, and clients of other classes.
fn change_rules(world: &mut World, random: &mut fastrand::Rng) {
    let affinities = [Affinity::Connection, Affinity::Client, Affinity::Session];
    let mut services = world.core.group().services.clone();
    services[0].affinity = affinities[random.usize(0..3)];
    let classes = (1..random.u8(1..4)).map(|class| ClientClass {
        class,
        name: format!("class {class}"),
        prefixes: vec![Lpm {
            value: address::mapped(0x0b00_0000),
            prefix: u32::from(random.u8(120..128)),
        }],
        qos: Some("gold".to_owned()),
        region: None,
    });
    let classes = classes.collect();
    let hosts = [random.u16(1..=HOSTS), random.u16(1..=HOSTS)];
    let gold = hosts.map(|id| (id, 1.0)).into();
    world.command(Command::from(Reconfiguration {
        rules: Some(ConfiguredRules {
            services,
            classes,
            regions: BTreeMap::new(),
        }),
        criteria: vec![(
            1,
            MapCriteria {
                qos: [("gold".to_owned(), gold)].into(),
                ..MapCriteria::default()
            },
        )],
        ..Reconfiguration::default()
    }));
}

fn bring_in(world: &mut World, id: HostId) {
    let spec = world.core.hosts().find(|host| host.id == id).cloned();
    let host = spec.expect("it was in the group");
    world.command(Command::Join { host });
}

fn hurt(world: &mut World, random: &mut fastrand::Rng, wounds: &mut Wounds) {
    let id = random.u16(1..=HOSTS);
    let flow = flow_in(
        &world.group,
        random.u16(0..BUCKETS as u16),
        random.usize(0..6),
    );
    let holder = world
        .shims
        .iter()
        .find(|(_, shim)| shim.live.contains(&flow))
        .map(|(id, _)| *id);
    match random.u32(0..100) {
        0..30 => match holder {
            Some(holder) => world.teardown(holder, flow),
            // What a dead host does is seen by nobody.
            None if wounds.dead.contains(&id) => {}
            None => world.setup(id, flow),
        },
        30..55 => {
            let bucket = BucketId {
                map: 1,
                bucket: random.u16(0..BUCKETS as u16),
            };
            ask(world, Command::Move { bucket, to: id });
        }
        55..62 => ask(
            world,
            Command::SetWeight {
                host: id,
                weight: f64::from(random.u32(0..4)),
            },
        ),
        62..65 => ask(world, Command::Drain { host: id }),
        65..72 if world.shims[&id].connection.is_some() => {
            world.disconnect_shim(id);
            wounds.shims.push(id);
        }
        72..78 => {
            let target = if random.bool() {
                Target::Stage(id)
            } else {
                Target::Router
            };
            if world.cut.insert(target) {
                world.cut.remove(&target);
                world.cut(target);
                wounds.targets.push(target);
            }
        }
        78..82 if !world.cut.contains(&Target::Stage(id)) => world.restart_stage(id),
        82..85 => {
            world.restart_controller();
            for id in &wounds.shims {
                world.disconnect_shim(*id);
            }
        }
        85..89 if wounds.dead.len() < 2 && !wounds.dead.contains(&id) => {
            wounds.dead.push(id);
            world.miss(id, 3);
        }
        89..95 => {
            if let Some(target) = wounds.targets.pop() {
                world.mend(target);
            }
            if let Some(id) = wounds.shims.pop() {
                world.restart_shim(id);
            }
        }
        95..100 => {
            if let Some(id) = wounds.dead.pop() {
                world.miss(id, 0);
            }
        }
        _ => {}
    }
}

fn heal(world: &mut World, wounds: &mut Wounds) {
    for target in wounds.targets.drain(..) {
        world.mend(target);
    }
    for id in wounds.shims.drain(..) {
        world.restart_shim(id);
    }
    world.run_for(5 * S);
    for id in 1..=HOSTS {
        world.miss(id, 0);
    }
    for id in 1..=HOSTS {
        world.command(Command::SetWeight {
            host: id,
            weight: f64::from(id),
        });
    }
    wounds.dead.clear();
}

#[test]
fn whatever_operators_want_meanwhile_the_group_finds_back_to_order() {
    let (mut removed, mut changes) = (0, 0);
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::running(group(HOSTS, BUCKETS), seed);
        let mut wounds = Wounds::default();
        for _ in 0..200 {
            if random.u32(0..4) == 0 {
                steer(&mut world, &mut random);
            } else {
                hurt(&mut world, &mut random, &mut wounds);
            }
            let pause = random.u64(0..2 * S);
            world.run_for(pause);
        }
        for target in wounds.targets.drain(..) {
            world.mend(target);
        }
        removed += (1..=HOSTS).filter(|id| is_out(&world, *id)).count();
        for id in 1..=HOSTS {
            if is_out(&world, id) {
                bring_in(&mut world, id);
            }
        }
        world.command(Command::SetCriteria {
            map: 1,
            change: Box::new(CriteriaChange {
                weights: (1..=HOSTS).map(|id| (id, None)).collect(),
                data: Some(None),
                ..CriteriaChange::default()
            }),
        });
        heal(&mut world, &mut wounds);
        world.run_for(200 * S);
        println!("seed {seed}");
        world.assert_settled(&[]);
        assert_eq!(world.router_members(), [1, 2, 3, 4, 5]);
        changes += world.core.status().changes_completed;
    }
    assert!(removed > 0, "nobody was ever out");
    assert!(changes > 0, "no rule ever changed");
}

#[test]
fn whatever_happens_the_group_finds_back_to_order() {
    for seed in (0..8).chain([173]) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut group = group(HOSTS, BUCKETS);
        group.hosts = (1..=HOSTS).map(host).collect();
        let mut world = World::running(group, seed);
        let mut wounds = Wounds::default();
        for _ in 0..150 {
            hurt(&mut world, &mut random, &mut wounds);
            let pause = if random.bool() {
                random.u64(0..20_000)
            } else {
                random.u64(0..2 * S)
            };
            world.run_for(pause);
        }
        heal(&mut world, &mut wounds);
        // Longer than anything lingers.
        world.run_for(200 * S);
        println!("seed {seed}");
        world.assert_settled(&[]);
        assert_eq!(world.router_members(), [1, 2, 3, 4, 5]);
    }
}
