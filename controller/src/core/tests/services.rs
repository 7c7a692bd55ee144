//! Services that come and go while the controller runs.

use super::world::{ADDRESS, World, flow_in, group};
use crate::{
    core::{
        Affinity, Command, FlowKey, Group, HostId, Reconfiguration, Service, Target,
        entry::{Key, Value, decode_router},
    },
    criteria::MapCriteria,
};
use dpr_p4::{address, front_router::routes};
use dpr_runtime::{EntryFilter, Pipeline, Query};

const S: u64 = 1_000_000;

/// Another published address.
const OTHER: u128 = address::mapped(0xc000_0202);

fn service(address: u128, port: u16, map: u16) -> Service {
    Service {
        address,
        protocol: 6,
        port_low: port,
        port_high: port,
        map,
        affinity: Affinity::Connection,
    }
}

fn publish(services: &[Service]) -> Command {
    Reconfiguration {
        services: Some(services.to_vec()),
        ..Reconfiguration::default()
    }
    .into()
}

/// The set that the front router sprays an address to.
fn sprayed_to(world: &World, address: u128) -> Option<u16> {
    let mut found = None;
    let all = Query::Tables {
        table: None,
        filter: EntryFilter::All,
    };
    world.router.read(&all, &mut |entity| {
        if let Some((Key::Route(key), Value::Route(action))) = decode_router(&entity)
            && address::mapped(key.prefix.value) == address
            && let routes::Action::SprayRandomly { set, .. } = action
        {
            found = Some(set);
        }
    });
    found
}

/// Services by address and port, and how many buckets there are of each map.
type Held = (Vec<(u128, u16)>, Vec<(u16, usize)>);

/// What a stage holds.
fn held(world: &World, stage: HostId) -> Held {
    let held = world.held(stage);
    let services = held.keys().filter_map(|key| match key {
        // Port 0 is that of echo requests.
        Key::Service(key) if key.port.low > 0 => Some((key.address, key.port.low)),
        _ => None,
    });
    let mut maps: Vec<(u16, usize)> = Vec::new();
    for key in held.keys() {
        if let Key::Bucket(bucket) = key {
            match maps.iter_mut().find(|(map, _)| *map == bucket.map) {
                Some((_, count)) => *count += 1,
                None => maps.push((bucket.map, 1)),
            }
        }
    }
    (services.collect(), maps)
}

fn flow_to(group: &Group, service: &Service, src_port: u16) -> FlowKey {
    FlowKey {
        dst: service.address,
        dst_port: service.port_low,
        src_port,
        ..flow_in(group, 0, 0)
    }
}

#[test]
fn a_service_comes_with_its_map_and_goes_with_its_connections() {
    let mut world = World::running(group(3, 32), 1);
    let first = world.group.services[0];
    let flow = flow_in(&world.group, 3, 0);
    world.setup(2, flow);
    let new = [first, service(OTHER, 443, 7), service(ADDRESS, 8080, 1)];
    let criteria = MapCriteria {
        weights: [(1, 0.0)].into(),
        ..MapCriteria::default()
    };
    world.command(
        Reconfiguration {
            services: Some(new.to_vec()),
            criteria: vec![(7, criteria)],
            ..Reconfiguration::default()
        }
        .into(),
    );
    // No route leads to the new address before all stages know it, and no stage serves it before it has its buckets.
    let end = world.now + S;
    let is_routed = world.run_until(end, |world| {
        for stage in 1..=3 {
            let (services, maps) = held(world, stage);
            if services.len() > 1 {
                assert!((1..=3).all(|stage| held(world, stage).1 == [(1, 32), (7, 32)]));
            }
            if sprayed_to(world, OTHER).is_some() {
                assert_eq!((services.len(), maps.len()), (3, 2));
            }
        }
        sprayed_to(world, OTHER).is_some()
    });
    assert!(is_routed);
    assert_eq!(sprayed_to(&world, OTHER), sprayed_to(&world, ADDRESS));
    let of_map_7: Vec<u64> = world.core.maps()[1]
        .hosts
        .iter()
        .map(|host| host.buckets)
        .collect();
    assert_eq!(of_map_7, [0, 16, 16]);
    for shim in world.shims.values() {
        let told = shim.services.as_ref().map(|told| told.services.len());
        assert_eq!(told, Some(3));
    }
    world.group.services = new.to_vec();
    let gone = [
        flow_to(&world.group, &new[1], 7),
        flow_to(&world.group, &new[1], 8),
    ];
    for flow in gone {
        world.setup(2, flow);
    }
    let stays = flow_to(&world.group, &new[2], 9);
    world.setup(3, stays);
    world.run_for(20 * S);
    world.assert_settled(&[]);

    // A stage is away while the service goes, and in the middle of moves of its map.
    world.command(Command::SetWeight {
        host: 3,
        weight: 3.0,
    });
    world.run_for(S);
    assert!(world.core.status().moves_in_progress > 0);
    world.cut(Target::Stage(1));
    let left = [first, new[2]];
    world.command(publish(&left));
    for flow in gone {
        // Its shim sees the end of it as well.
        world.teardown(2, flow);
    }
    world.run_for(S);
    assert_eq!(sprayed_to(&world, OTHER), None);
    world.mend(Target::Stage(1));
    world.run_for(30 * S);
    world.assert_settled(&[]);
    for stage in 1..=3 {
        let services = vec![(ADDRESS, 80), (ADDRESS, 8080)];
        assert_eq!(held(&world, stage), (services, vec![(1, 32)]), "{stage}");
        assert!(gone.iter().all(|flow| world.server(stage, *flow).is_none()));
    }
    assert_eq!(world.server(2, flow), Some(2));
    assert_eq!(world.server(3, stays), Some(3));
    assert_eq!(world.core.maps().len(), 1);
    assert_eq!(world.core.criteria().len(), 1);

    // And again, by a controller that is started with another configuration.
    let mut other = world.core.group().clone();
    other.services = vec![first, new[1]];
    world.restart_with(other);
    world.run_for(20 * S);
    world.assert_settled_but(&[stays]);
    assert!(sprayed_to(&world, OTHER).is_some());
    assert_eq!(held(&world, 1).1, [(1, 32), (7, 32)]);
}

#[test]
fn a_service_that_changes_its_ports_keeps_the_connections_that_it_still_has() {
    let mut group = group(2, 16);
    group.services[0].port_high = 90;
    let mut world = World::running(group, 2);
    let whole = world.group.services[0];
    let flow = |port| FlowKey {
        dst_port: port,
        ..flow_in(&world.group, 5, 0)
    };
    let (kept, lost) = (flow(82), flow(90));
    for flow in [kept, lost] {
        world.setup(1, flow);
    }
    world.run_for(S);
    world.command(publish(&[Service {
        port_high: 85,
        ..whole
    }]));
    // At every moment one of the two services has the port.
    let end = world.now + S;
    world.run_until(end, |world| {
        for stage in [1, 2] {
            assert!(!held(world, stage).0.is_empty());
        }
        false
    });
    let services = |world: &World| {
        let held = world.held(1);
        let ports = held.keys().filter_map(|key| match key {
            Key::Service(key) if key.port.low > 0 => Some((key.port.low, key.port.high)),
            _ => None,
        });
        ports.collect::<Vec<_>>()
    };
    assert_eq!(services(&world), [(80, 85)]);
    assert_eq!(world.server(1, kept), Some(1));
    assert_eq!(world.server(1, lost), None);
}

#[test]
fn a_new_service_waits_for_no_host_that_is_dead_or_away() {
    let mut world = World::running(group(4, 16), 3);
    world.disconnect_shim(1);
    world.cut(Target::Stage(1));
    world.miss(1, 3);
    world.cut(Target::Stage(2));
    // Moves and re-ownings of a map that goes are under way when it does.
    let (first, other) = (world.group.services[0], service(OTHER, 443, 7));
    world.command(publish(&[first, other]));
    world.run_for(20 * S);
    assert!(sprayed_to(&world, OTHER).is_some());
    world.miss(3, 3);
    world.disconnect_shim(3);
    world.cut(Target::Stage(3));
    world.run_for(10_000);
    world.command(publish(&[first]));
    world.run_for(20 * S);
    world.command(publish(&[first, other]));
    world.mend(Target::Stage(2));
    world.run_for(30 * S);
    assert_eq!(held(&world, 2), held(&world, 4));
    assert_eq!(held(&world, 2).1, [(1, 16), (7, 16)]);
    assert_eq!(world.router_members(), [2, 4]);
    world.assert_settled(&[1, 3]);
}
