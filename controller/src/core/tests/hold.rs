//! Hosts that are held while their stages are replaced.

use super::world::{World, flow_in, group};
use crate::core::{Command, CommandError, HostId, HostState, Target};

const S: u64 = 1_000_000;

fn state(world: &World, host: HostId) -> HostState {
    world.core.status().hosts[usize::from(host) - 1].state
}

fn buckets(world: &World) -> Vec<u64> {
    let hosts = world.core.status().hosts;
    hosts.iter().map(|host| host.buckets).collect()
}

#[test]
fn a_stage_is_replaced_while_its_host_is_held() {
    let mut world = World::running(group(3, 32), 1);
    for bucket in 0..32 {
        let flow = flow_in(&world.group, bucket, 0);
        world.setup(bucket % 3 + 1, flow);
    }
    // Moves from and to it are under way: they come to an end, and no other begins.
    world.command(Command::SetWeight {
        host: 2,
        weight: 3.0,
    });
    world.run_for(S);
    assert!(world.core.status().moves_in_progress > 0);
    world.command(Command::Hold { host: 2 });
    assert!(!world.core.is_at_rest(2));
    world.command(Command::SetWeight {
        host: 2,
        weight: 9.0,
    });
    let end = world.now + 20 * S;
    assert!(world.run_until(end, |world| world.core.is_at_rest(2)));
    assert_eq!(
        (world.router_members(), state(&world, 2)),
        (vec![1, 3], HostState::Held)
    );
    let (at_rest, held) = (buckets(&world), world.held(2));
    // Nobody reaches it for a long time: it is not dead. It stays held when the controller is replaced.
    world.cut(Target::Stage(2));
    world.miss(2, 30);
    world.run_for(30 * S);
    assert_eq!(
        (buckets(&world), state(&world, 2)),
        (at_rest.clone(), HostState::Held)
    );
    world.mend(Target::Stage(2));
    world.run_for(S);
    world.restart_controller();
    world.run_for(10 * S);
    assert_eq!(
        (world.router_members(), state(&world, 2)),
        (vec![1, 3], HostState::Held)
    );
    // An empty stage is filled, and gets no packets from the front router before.
    world.restart_stage(2);
    assert!(world.held(2).len() <= 1, "but who it is");
    world.command(Command::Release { host: 2 });
    assert!(!world.core.is_in_service(2));
    world.miss(2, 0);
    let end = world.now + 5 * S;
    let is_back = world.run_until(end, |world| world.router_members() == [1, 2, 3]);
    assert!(is_back && world.core.is_in_service(2));
    assert_eq!(world.held(2).len(), held.len());
    assert_eq!(state(&world, 2), HostState::Serving);
    world.run_for(60 * S);
    world.assert_settled(&[]);
    assert_ne!(buckets(&world), at_rest, "its weight counts again");
}

#[test]
fn somebody_must_be_left_and_who_is_released_may_be_dead() {
    let mut world = World::running(group(2, 8), 2);
    world.command(Command::Hold { host: 2 });
    world.run_for(10 * S);
    let alone = CommandError::NobodyElse("h1".to_owned());
    assert_eq!(world.try_command(Command::Hold { host: 1 }), Err(alone));
    let unknown = CommandError::UnknownHost(9);
    assert_eq!(world.try_command(Command::Hold { host: 9 }), Err(unknown));
    world.disconnect_shim(2);
    world.cut(Target::Stage(2));
    world.miss(2, 3);
    world.run_for(10 * S);
    assert_eq!(
        (buckets(&world), state(&world, 2)),
        (vec![4, 4], HostState::Held)
    );
    world.command(Command::Release { host: 2 });
    world.run_for(10 * S);
    assert_eq!(
        (buckets(&world), state(&world, 2)),
        (vec![8, 0], HostState::Dead)
    );
}
