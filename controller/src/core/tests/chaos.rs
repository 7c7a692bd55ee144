//! Anything may happen at any time; when it is over, all is as if nothing had.

use super::world::{World, flow_in, group, host};
use crate::core::{BucketId, Command, HostId, Target};

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
            world.command(Command::Move { bucket, to: id });
        }
        55..62 => world.command(Command::SetWeight {
            host: id,
            weight: f64::from(random.u32(0..4)),
        }),
        62..65 => world.command(Command::Drain { host: id }),
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
