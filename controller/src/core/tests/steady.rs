//! While nothing fails: the start, reports, moves, joining and draining.

use super::world::{World, flow_in, group, host};
use crate::core::{BucketId, Command, CommandError, HostState, entry::Owned};
use dpr_protocol::shim::v1::event::Kind;

const MS: u64 = 1_000;
const S: u64 = 1_000_000;

fn asks(owner: u16, previous: u16) -> Owned {
    Owned {
        owner,
        previous,
        accept: true,
    }
}

#[test]
fn an_empty_group_gets_its_tables_and_then_packets() {
    let world = World::running(group(4, 64), 1);
    world.assert_settled(&[]);
    let status = world.core.status();
    assert_eq!(
        status
            .hosts
            .iter()
            .map(|host| host.buckets)
            .collect::<Vec<_>>(),
        [16; 4]
    );
    assert!(
        status
            .hosts
            .iter()
            .all(|host| host.state == HostState::Serving && host.in_router)
    );
    assert_eq!(world.router_members(), [1, 2, 3, 4]);
    assert_eq!(status.placed, 1.0);
}

#[test]
fn the_pin_comes_first_then_the_owners_entry_and_only_then_the_acknowledgement_is_due() {
    let mut world = World::running(group(3, 16), 2);
    let flow = flow_in(&world.group, 0, 0);
    let owner = world.core.buckets()[0].owner;
    let server = owner % 3 + 1;
    world.setup(server, flow);
    let seq = world.shims[&server].seq;
    let end = world.now + S;
    assert!(world.run_until(end, |world| world.server(server, flow) == Some(server)));
    assert_eq!(world.server(owner, flow), None);
    assert!(
        world.shims[&server].acked < seq,
        "acknowledged before the stage has acknowledged the pin"
    );
    assert!(world.run_until(end, |world| world.server(owner, flow) == Some(server)));
    assert!(world.run_until(end, |world| world.shims[&server].acked == seq));
    world.run_for(S);
    world.assert_settled(&[]);
    let status = world.core.status();
    assert_eq!(status.flow_installed, 2);
    // Two writes, one after the other, each of which takes a tenth of a millisecond or more.
    assert!(
        status.install_ms_p50 >= 0.2,
        "installed within {} ms",
        status.install_ms_p50
    );
}

#[test]
fn a_teardown_is_immediate_at_the_owner_and_lingers_elsewhere() {
    let mut world = World::running(group(3, 16), 3);
    let flow = flow_in(&world.group, 0, 0);
    let owner = world.core.buckets()[0].owner;
    let server = owner % 3 + 1;
    world.setup(owner, flow);
    world.run_for(S);
    world.teardown(owner, flow);
    world.run_for(S);
    assert_eq!(world.server(owner, flow), None);

    world.setup(server, flow);
    world.run_for(S);
    world.teardown(server, flow);
    world.run_for(57 * S);
    assert_eq!(
        (world.server(server, flow), world.server(owner, flow)),
        (Some(server), Some(server))
    );
    world.run_for(2 * S);
    assert_eq!(
        (world.server(server, flow), world.server(owner, flow)),
        (None, None)
    );
    world.assert_settled(&[]);
    assert_eq!(world.core.status().connections, 0);
}

#[test]
fn a_reopened_connection_keeps_its_entries() {
    let mut world = World::running(group(3, 16), 4);
    let flow = flow_in(&world.group, 0, 0);
    let server = world.core.buckets()[0].owner % 3 + 1;
    world.setup(server, flow);
    world.run_for(S);
    world.teardown(server, flow);
    world.run_for(30 * S);
    world.report(server, Kind::Reopened, flow);
    world.run_for(60 * S);
    assert_eq!(world.server(server, flow), Some(server));
}

#[test]
fn a_teardown_of_a_former_server_removes_nothing() {
    let mut world = World::running(group(3, 16), 5);
    let flow = flow_in(&world.group, 0, 0);
    world.setup(1, flow);
    world.run_for(S);
    world.setup(2, flow);
    world.run_for(S);
    world.teardown(1, flow);
    world.run_for(100 * S);
    world.assert_settled(&[]);
    assert_eq!(world.server(2, flow), Some(2));
    assert_ne!(world.server(1, flow), Some(1));
}

#[test]
fn a_move_goes_in_four_steps() {
    let mut world = World::running(group(3, 16), 6);
    let bucket = BucketId { map: 1, bucket: 0 };
    let from = world.core.buckets()[0].owner;
    let (to, third) = (from % 3 + 1, (from + 1) % 3 + 1);
    let flows: Vec<_> = (0..3).map(|nth| flow_in(&world.group, 0, nth)).collect();
    for (host, flow) in [from, to, third].into_iter().zip(&flows) {
        world.setup(host, *flow);
    }
    world.run_for(S);
    world.log.clear();
    world.shims.get_mut(&from).expect("a host").holds_flushes = true;
    world.command(Command::Move { bucket, to });
    world.run_for(S);
    // Step 1, and no further: the old owner's shim has not answered.
    assert_eq!(
        world
            .log
            .iter()
            .map(|write| (write.1, write.3))
            .collect::<Vec<_>>(),
        [(to, asks(from, from))]
    );
    world.release_flushes(from);
    world.run_for(S);
    assert_eq!((world.log[1].1, world.log[1].3), (from, Owned::by(to)));
    let mut spread: Vec<_> = world.log[2..]
        .iter()
        .map(|write| (write.1, write.3))
        .collect();
    spread.sort_unstable_by_key(|(stage, _)| *stage);
    let mut expected = vec![(third, Owned::by(to)), (to, asks(to, from))];
    expected.sort_unstable_by_key(|(stage, _)| *stage);
    assert_eq!(spread, expected);
    // The old owner knows the connections that live elsewhere until it is not asked any more.
    assert_eq!(world.server(from, flows[2]), Some(third));
    assert_eq!(world.server(to, flows[0]), None);
    let committed = world.log[1].0;
    let end = world.now + 20 * S;
    assert!(world.run_until(end, |world| world.bucket(to, 0) == Some(Owned::by(to))));
    assert!(world.now - committed >= 5 * S);
    assert_eq!(
        (world.server(to, flows[0]), world.server(to, flows[2])),
        (Some(from), Some(third))
    );
    world.run_for(S);
    assert_eq!(
        (
            world.server(from, flows[0]),
            world.server(from, flows[1]),
            world.server(from, flows[2])
        ),
        (Some(from), None, None)
    );
    world.assert_settled(&[]);
    assert_eq!(world.core.status().moves_completed, 1);
}

#[test]
fn a_flush_waits_for_the_pins_of_what_came_before_it() {
    let mut world = World::running(group(3, 16), 7);
    let bucket = BucketId { map: 1, bucket: 0 };
    let from = world.core.buckets()[0].owner;
    let to = from % 3 + 1;
    world.command(Command::Move { bucket, to });
    world.run_for(MS);
    // The pin cannot be written, and so the move cannot be committed.
    world.cut(crate::core::Target::Stage(from));
    let flow = flow_in(&world.group, 0, 0);
    world.setup(from, flow);
    world.run_for(10 * S);
    assert_eq!(world.bucket(from, 0), Some(Owned::by(from)));
    world.mend(crate::core::Target::Stage(from));
    world.run_for(20 * S);
    world.assert_settled(&[]);
    assert_eq!(world.bucket(from, 0), Some(Owned::by(to)));
}

#[test]
fn weights_move_as_few_buckets_as_they_must() {
    let mut world = World::running(group(4, 64), 8);
    world.command(Command::SetWeight {
        host: 1,
        weight: 5.0,
    });
    world.run_for(30 * S);
    world.assert_settled(&[]);
    let status = world.core.status();
    assert_eq!(
        status
            .hosts
            .iter()
            .map(|host| host.buckets)
            .collect::<Vec<_>>(),
        [40, 8, 8, 8]
    );
    assert_eq!(status.moves_completed, 24);
}

#[test]
fn moves_begin_at_the_pace_that_is_configured() {
    let mut group = group(2, 64);
    group.protocol.moves_per_second = 10.0;
    let mut world = World::running(group, 9);
    world.command(Command::SetWeight {
        host: 2,
        weight: 0.0,
    });
    world.run_for(S);
    let begun = world.core.status().moves_in_progress + world.core.status().moves_completed;
    assert!((9..=11).contains(&begun), "{begun} moves in a second");
}

#[test]
fn a_joining_host_gets_tables_then_buckets_then_packets() {
    let mut group = group(3, 48);
    group.hosts.push(host(4));
    group.hosts[3].joined = false;
    let mut world = World::running(group, 10);
    assert_eq!(world.router_members(), [1, 2, 3]);
    assert_eq!(
        world.held(4).len(),
        1,
        "only the default action of an empty stage"
    );
    world.command(Command::Join { host: host(4) });
    assert!(!world.run_until(
        world.now + 2 * S,
        |world| world.router_members().contains(&4) && world.core.status().hosts[3].buckets < 12
    ));
    world.run_for(20 * S);
    world.assert_settled(&[]);
    assert_eq!(world.router_members(), [1, 2, 3, 4]);
    assert_eq!(world.core.status().hosts[3].buckets, 12);
}

#[test]
fn a_draining_host_leaves_the_router_and_keeps_its_connections() {
    let mut world = World::running(group(3, 48), 11);
    let bucket = world
        .core
        .buckets()
        .iter()
        .position(|bucket| bucket.owner == 2)
        .expect("it owns some");
    let flow = flow_in(&world.group, bucket as u16, 0);
    world.setup(2, flow);
    world.command(Command::Drain { host: 2 });
    world.run_for(20 * S);
    world.assert_settled(&[]);
    assert_eq!(world.router_members(), [1, 3]);
    assert_eq!(world.core.status().hosts[1].state, HostState::Drained);
    let owner = world.core.buckets()[bucket].owner;
    assert_eq!(
        (world.server(2, flow), world.server(owner, flow)),
        (Some(2), Some(2))
    );
    world.command(Command::SetWeight {
        host: 2,
        weight: 1.0,
    });
    world.run_for(20 * S);
    assert_eq!(
        (world.router_members(), world.core.status().hosts[1].buckets),
        (vec![1, 2, 3], 16)
    );
}

#[test]
fn commands_that_make_no_sense_are_refused() {
    let mut world = World::running(group(2, 16), 12);
    let mut refused = |command| {
        world
            .core
            .command(command, 0)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refused(Command::SetWeight {
            host: 9,
            weight: 1.0
        }),
        "the group has no host 9"
    );
    assert_eq!(
        refused(Command::SetWeight {
            host: 1,
            weight: -1.0
        }),
        "-1 is no weight: it must be finite and not negative"
    );
    assert_eq!(
        refused(Command::Join { host: host(1) }),
        "host h1 is in the group already"
    );
    let mut third = host(3);
    third.address = host(1).address;
    let error = world
        .core
        .command(Command::Join { host: third }, 0)
        .expect_err("refused");
    assert_eq!(
        error,
        CommandError::Taken {
            what: "address",
            taken_by: "h1".to_owned()
        }
    );
}
