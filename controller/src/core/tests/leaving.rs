//! Draining, removing, joining again.

use super::world::{World, flow_in, group};
use crate::core::{Command, CommandError, HostId, HostState, Reconfiguration, Target, entry::Key};

const S: u64 = 1_000_000;

fn remove(host: HostId, force: bool) -> Command {
    Command::Remove { host, force }
}

fn state(world: &World, host: HostId) -> HostState {
    let status = world.core.status();
    status.hosts[usize::from(host) - 1].state
}

#[test]
fn a_host_leaves_when_it_is_drained_and_its_connections_have_ended() {
    let mut world = World::running(group(4, 32), 1);
    let flow = flow_in(&world.group, 3, 0);
    world.setup(2, flow);
    world.run_for(S);
    let serves = CommandError::StillServes("h2".to_owned());
    assert_eq!(world.try_command(remove(2, false)), Err(serves.clone()));
    world.command(Command::Drain { host: 2 });
    assert_eq!(world.try_command(remove(2, true)), Err(serves));
    world.run_for(20 * S);
    assert_eq!(state(&world, 2), HostState::Drained);
    let connected = CommandError::StillConnected {
        host: "h2".to_owned(),
        connections: 1,
    };
    assert_eq!(world.core.live_connections(2), 1);
    assert_eq!(world.try_command(remove(2, false)), Err(connected));
    world.teardown(2, flow);
    world.run_for(S);
    world.command(remove(2, false));
    world.run_for(5 * S);
    assert_eq!(state(&world, 2), HostState::Out);
    assert_eq!(world.router_members(), [1, 3, 4]);
    world.assert_settled(&[2]);
    // Nobody names it any more, and its own stage serves nothing.
    for stage in [1, 3, 4] {
        assert!(!world.held(stage).contains_key(&Key::Host(2)));
    }
    assert_eq!(world.held(2).keys().collect::<Vec<_>>(), [&Key::Identity]);
    // It stays away when the controller is replaced, and may join again.
    world.restart_controller();
    world.run_for(5 * S);
    assert_eq!(state(&world, 2), HostState::Out);
    let spec = world.core.hosts().find(|host| host.id == 2).cloned();
    world.command(Command::Join {
        host: spec.expect("known"),
    });
    world.run_for(30 * S);
    world.assert_settled(&[]);
    assert_eq!(world.router_members(), [1, 2, 3, 4]);
}

#[test]
fn a_host_may_leave_and_come_back_while_it_is_connected() {
    let mut world = World::running(group(3, 32), 2);
    let flow = flow_in(&world.group, 3, 0);
    world.setup(2, flow);
    for _ in 0..3 {
        world.command(Command::Drain { host: 2 });
        world.run_for(20 * S);
        world.command(remove(2, true));
        let spec = world.core.hosts().find(|host| host.id == 2).cloned();
        // At once: what its stage is to forget may be on its way yet.
        world.command(Command::Join {
            host: spec.expect("known"),
        });
        world.run_for(30 * S);
        // The connection that was given up is known again by the shim's snapshot.
        world.assert_settled(&[]);
        assert_eq!(world.router_members(), [1, 2, 3]);
    }
}

#[test]
fn connections_may_be_given_up() {
    let mut world = World::running(group(3, 32), 3);
    let owner = world.core.buckets()[3].owner;
    let server = owner % 3 + 1;
    let flow = flow_in(&world.group, 3, 0);
    world.setup(server, flow);
    world.run_for(S);
    world.command(Command::Drain { host: server });
    world.run_for(20 * S);
    world.command(remove(server, true));
    world.run_for(S);
    assert_eq!(world.core.status().connections, 0);
    assert_eq!(world.core.status().flow_remaining, 0);
}

#[test]
fn a_dead_host_can_be_removed() {
    let mut world = World::running(group(3, 32), 4);
    world.disconnect_shim(3);
    world.cut(Target::Stage(3));
    world.miss(3, 3);
    world.run_for(20 * S);
    assert_eq!(state(&world, 3), HostState::Dead);
    world.command(remove(3, false));
    world.run_for(S);
    assert_eq!(state(&world, 3), HostState::Out);
    // It is out, not dead: it does not come back by itself.
    world.mend(Target::Stage(3));
    world.connect_shim(3);
    world.miss(3, 0);
    world.run_for(10 * S);
    assert_eq!(state(&world, 3), HostState::Out);
    assert_eq!(world.router_members(), [1, 2]);
    world.assert_settled(&[3]);
}

#[test]
fn a_host_stays_while_a_stage_that_is_away_may_name_it() {
    let mut world = World::running(group(3, 32), 6);
    world.cut(Target::Stage(3));
    world.command(Command::Drain { host: 2 });
    world.run_for(20 * S);
    let named = CommandError::StillNamed {
        host: "h2".to_owned(),
        stage: "h3".to_owned(),
    };
    assert_eq!(world.try_command(remove(2, false)), Err(named));
    world.mend(Target::Stage(3));
    world.run_for(20 * S);
    world.command(remove(2, false));
    world.run_for(5 * S);
    world.assert_settled(&[2]);
}

#[test]
fn draining_can_be_taken_back() {
    let mut world = World::running(group(3, 32), 5);
    world.command(Command::SetWeight {
        host: 2,
        weight: 2.0,
    });
    world.command(Command::Drain { host: 2 });
    world.run_for(20 * S);
    assert_eq!(world.router_members(), [1, 3]);
    world.command(Command::Undrain { host: 2 });
    world.run_for(20 * S);
    assert_eq!(world.router_members(), [1, 2, 3]);
    assert_eq!(world.core.status().hosts[1].buckets, 16);
}

#[test]
fn a_changed_configuration_brings_hosts_and_weights() {
    let mut whole = group(4, 32);
    let added = whole.hosts.split_off(3);
    let mut world = World::running(
        crate::core::Group {
            hosts: [whole.hosts.clone(), added.clone()].concat(),
            ..whole
        },
        6,
    );
    // The world has a stage for host 4; the group is told of it when it has left.
    world.command(Command::Drain { host: 4 });
    world.run_for(20 * S);
    world.command(remove(4, true));
    world.run_for(S);
    world.command(
        Reconfiguration {
            weights: vec![(1, 2.0)],
            hosts: added,
            ..Reconfiguration::default()
        }
        .into(),
    );
    world.run_for(30 * S);
    world.assert_settled(&[]);
    let status = world.core.status();
    let owned: Vec<u64> = status.hosts.iter().map(|host| host.buckets).collect();
    assert_eq!(owned.iter().sum::<u64>(), 32);
    assert!((12..=13).contains(&owned[0]) && owned[3] >= 6, "{owned:?}");
}
