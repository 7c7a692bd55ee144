//! While things fail: channels, stages, the controller itself, hosts.

use super::world::{World, flow_in, group};
use crate::core::{BucketId, Command, HostState, Target, entry::Owned};

const S: u64 = 1_000_000;

fn with_flows(seed: u64) -> World {
    let mut world = World::running(group(4, 32), seed);
    for bucket in 0..32 {
        let owner = world.core.buckets()[usize::from(bucket)].owner;
        for nth in 0..3 {
            let flow = flow_in(&world.group, bucket, nth);
            world.setup(
                (owner + nth as u16 * u16::from(bucket.is_multiple_of(2))) % 4 + 1,
                flow,
            );
        }
    }
    world.run_for(S);
    world
}

#[test]
fn a_dead_host_leaves_nothing_that_names_it() {
    let mut world = with_flows(1);
    world.command(Command::SetWeight {
        host: 2,
        weight: 3.0,
    });
    world.run_for(S);
    world.disconnect_shim(2);
    world.cut(Target::Stage(2));
    world.miss(2, 3);
    world.run_for(30 * S);
    world.assert_settled(&[2]);
    assert_eq!(world.router_members(), [1, 3, 4]);
    let status = world.core.status();
    assert_eq!(
        (status.hosts[1].state, status.hosts[1].buckets),
        (HostState::Dead, 0)
    );
}

#[test]
fn the_new_owners_entries_come_before_the_new_owner() {
    let mut world = with_flows(2);
    let dead = 2;
    let owned: Vec<u16> = world
        .core
        .buckets()
        .iter()
        .filter(|info| info.owner == dead)
        .map(|info| info.bucket.bucket)
        .collect();
    world.disconnect_shim(dead);
    world.cut(Target::Stage(dead));
    world.miss(dead, 3);
    let mut seen = 0;
    let end = world.now + 5 * S;
    let violated = world.run_until(end, |world| {
        for bucket in &owned {
            for stage in [1, 3, 4] {
                if world.bucket(stage, *bucket) == Some(Owned::by(stage)) {
                    seen += 1;
                    let elsewhere = world
                        .shims
                        .iter()
                        .filter(|(id, _)| **id != dead && **id != stage);
                    for (server, shim) in elsewhere {
                        for flow in shim.live.iter().filter(|flow| {
                            world.group.bucket_of(flow).map(|id| id.bucket) == Some(*bucket)
                        }) {
                            if world.server(stage, *flow) != Some(*server) {
                                return true;
                            }
                        }
                    }
                }
            }
        }
        false
    });
    assert!(!violated && seen > 0);
}

#[test]
fn a_blind_host_is_not_dead() {
    let mut world = with_flows(3);
    world.disconnect_shim(2);
    world.cut(Target::Stage(3));
    let before: Vec<_> = world.core.buckets().iter().map(|info| info.owner).collect();
    world.command(Command::SetWeight {
        host: 2,
        weight: 0.0,
    });
    world.run_for(20 * S);
    assert_eq!(
        world
            .core
            .buckets()
            .iter()
            .filter(|info| info.owner == 2)
            .count(),
        before.iter().filter(|owner| **owner == 2).count()
    );
    assert_eq!(world.router_members(), [1, 2, 3, 4]);
    assert_eq!(world.core.status().hosts[1].state, HostState::Blind);
    world.connect_shim(2);
    world.mend(Target::Stage(3));
    world.run_for(30 * S);
    world.assert_settled(&[]);
    assert_eq!(world.core.status().hosts[1].buckets, 0);
}

#[test]
fn a_minority_cannot_declare_a_host_dead() {
    let mut world = World::running(group(4, 16), 4);
    let (one, all) = (world.shims[&1].connection, world.shims.len());
    assert_eq!(all, 4);
    for id in [3, 4] {
        world.shims.get_mut(&id).expect("a host").connection.take();
    }
    // Only the shim of host 1 says it; those of 3 and 4 are connected as far as the core knows.
    world.miss(2, 3);
    world.run_for(S);
    assert!(one.is_some());
    assert_eq!(world.core.status().hosts[1].state, HostState::Serving);
}

#[test]
fn when_nobody_hears_anybody_the_probes_are_what_is_broken() {
    let mut world = with_flows(13);
    world.miss_everyone(3);
    world.run_for(10 * S);
    let status = world.core.status();
    assert!(
        status
            .hosts
            .iter()
            .all(|host| host.state == HostState::Serving)
    );
    // But a host whose shim is not heard either is dead.
    world.disconnect_shim(2);
    world.run_for(10 * S);
    let status = world.core.status();
    let states: Vec<_> = status.hosts.iter().map(|host| host.state).collect();
    let serving = HostState::Serving;
    assert_eq!(states, [serving, HostState::Dead, serving, serving]);
}

#[test]
fn a_host_that_was_dead_joins_again() {
    let mut world = with_flows(5);
    world.disconnect_shim(2);
    world.cut(Target::Stage(2));
    world.miss(2, 3);
    world.run_for(10 * S);
    world.shims.get_mut(&2).expect("a host").live.clear();
    world.mend(Target::Stage(2));
    world.connect_shim(2);
    world.run_for(S);
    assert_eq!(world.core.status().hosts[1].state, HostState::Dead);
    world.miss(2, 0);
    world.run_for(40 * S);
    world.assert_settled(&[]);
    assert_eq!(world.core.status().hosts[1].buckets, 8);
    assert_eq!(world.router_members(), [1, 2, 3, 4]);
}

#[test]
fn a_restarted_stage_gets_everything_again() {
    let mut world = with_flows(6);
    let before = world.held(3);
    world.restart_stage(3);
    world.run_for(5 * S);
    assert_eq!(world.held(3), before);
    world.assert_settled(&[]);
}

#[test]
fn a_restarted_router_gets_everything_again() {
    let mut world = with_flows(7);
    world.router = Default::default();
    world.cut(Target::Router);
    world.mend(Target::Router);
    world.run_for(S);
    let mut entries = 0;
    use dpr_runtime::{EntryFilter, Pipeline, Query};
    world.router.read(
        &Query::Tables {
            table: None,
            filter: EntryFilter::All,
        },
        &mut |_| entries += 1,
    );
    assert_eq!(
        entries,
        5 + 1 + 4 + 4,
        "ports, the route to the published address, members, routes to the hosts"
    );
}

#[test]
fn connections_that_end_while_the_controller_is_away_are_forgotten_by_the_snapshot() {
    let mut world = with_flows(8);
    for (_, shim) in world.shims.iter_mut() {
        let gone: Vec<_> = shim.live.iter().copied().step_by(2).collect();
        for flow in gone {
            shim.live.remove(&flow);
        }
    }
    world.restart_controller();
    world.run_for(100 * S);
    world.assert_settled(&[]);
}

/// The controller is replaced at every millisecond of a few moves, and in each case the moves end well and nobody notices.
#[test]
fn moves_survive_a_restart_of_the_controller_at_any_moment() {
    for moment in (0..24)
        .map(|step| step * 1_700)
        .chain((0..16).map(|step| 5 * S - 20_000 + step * 7_000))
    {
        let mut world = with_flows(9);
        for bucket in 0..6 {
            let to = world.core.buckets()[usize::from(bucket)].owner % 4 + 1;
            world.command(Command::Move {
                bucket: BucketId { map: 1, bucket },
                to,
            });
        }
        world.run_for(moment);
        world.log.clear();
        world.restart_controller();
        world.run_for(40 * S);
        world.assert_settled(&[]);
        // An owner that another stage's entry names is never replaced in another order than a move's.
        for (_, stage, _, owned) in &world.log {
            assert!(owned.previous == 0 || owned.accept, "{owned:?} at {stage}");
        }
    }
}

#[test]
fn a_host_that_dies_at_any_moment_of_moves_from_and_to_it_is_buried() {
    for moment in (0..8)
        .map(|step| step * 4_100)
        .chain((0..8).map(|step| 5 * S - 20_000 + step * 13_000))
    {
        for dead in 1..=4 {
            let mut world = with_flows(10);
            for bucket in 0..8 {
                let to = world.core.buckets()[usize::from(bucket)].owner % 4 + 1;
                world.command(Command::Move {
                    bucket: BucketId { map: 1, bucket },
                    to,
                });
            }
            world.run_for(moment);
            world.disconnect_shim(dead);
            world.cut(Target::Stage(dead));
            world.miss(dead, 3);
            world.run_for(40 * S);
            world.assert_settled(&[dead]);
        }
    }
}

#[test]
fn a_shim_that_missed_a_batch_is_asked_for_a_snapshot() {
    let mut world = with_flows(11);
    world.shims.get_mut(&1).expect("a host").seq += 1;
    let flow = flow_in(&world.group, 5, 9);
    world.setup(1, flow);
    world.run_for(S);
    world.assert_settled(&[]);
    assert_eq!(world.server(1, flow), Some(1));
}

#[test]
fn a_shim_that_reconnects_goes_on_where_it_was() {
    let mut world = with_flows(12);
    world.disconnect_shim(1);
    world.connect_shim(1);
    let flow = flow_in(&world.group, 5, 9);
    world.run_for(S);
    world.setup(1, flow);
    world.run_for(S);
    world.assert_settled(&[]);
}
