//! The data path with tables that are written once: random spray over hosts that agree on who owns what.

use std::sync::mpsc;

use dpr_p4::address;
use dpr_p4::front_router::{self, FrontRouter};
use dpr_p4::host_stage::{self, Affinity, HostStage};
use dpr_runtime::{Lpm, Range, Update};

use super::*;
use crate::demo::observer::ViolationKind;
use crate::demo::topology::*;
use crate::demo::traffic::{Shape, Traffic};

const BUCKETS: u16 = 64;
const HOSTS: HostId = 3;
const TOPOLOGY: Topology = Topology {
    kind: TopologyKind::Lan,
    ipv6: false,
};

fn write(pipeline: &dyn Pipeline, update: Update) {
    pipeline.write(&update).expect("the entry is right");
}

fn router() -> Arc<dyn Pipeline> {
    use front_router::{gateways, members, ports, routes};
    let router = FrontRouter::new();
    let (outside, inside) = (ROUTER_OUTSIDE, ROUTER_INSIDE);
    for (port, mac, is_outside, address) in [
        (outside, ROUTER_OUTSIDE_MAC, 1, ROUTER_OUTSIDE_ADDRESS),
        (inside, router_inside_mac(0), 0, router_inside_address(0)),
    ] {
        let action = ports::Action::UsePort {
            mac,
            outside: is_outside,
        };
        write(
            &router,
            ports::Entry::new(ports::Key { port }, action).insert(),
        );
        let key = gateways::Key {
            port,
            address: address.into(),
        };
        write(
            &router,
            gateways::Entry::new(key, gateways::Action::Answer).insert(),
        );
    }
    let to_clients = routes::Key {
        prefix: Lpm {
            value: CLIENT_PREFIX.0.into(),
            prefix: CLIENT_PREFIX.1.into(),
        },
    };
    let next_hop = routes::Action::NextHop {
        port: outside,
        src_mac: ROUTER_OUTSIDE_MAC,
        dst_mac: CLIENTS_MAC,
    };
    write(&router, routes::Entry::new(to_clients, next_hop).insert());
    let published = routes::Key {
        prefix: Lpm {
            value: address::ipv4(address::to_bits(PUBLISHED.0)).expect("IPv4"),
            prefix: 32,
        },
    };
    let spray = routes::Action::SprayRandomly {
        set: 1,
        last: HOSTS - 1,
    };
    write(&router, routes::Entry::new(published, spray).insert());
    for host in 1..=HOSTS {
        let member = members::Action::ToMember {
            host,
            port: inside,
            src_mac: router_inside_mac(0),
            stage_mac: stage_mac(host),
        };
        write(
            &router,
            members::Entry::new(
                members::Key {
                    set: 1,
                    index: host - 1,
                },
                member,
            )
            .insert(),
        );
    }
    Arc::new(router)
}

/// A stage that knows its peers, with buckets dealt out in turn, all of them shifted by `shift`.
fn stage(host: HostId, shift: u16) -> Arc<dyn Pipeline> {
    use host_stage::{buckets, hosts, identity, services};
    let stage = HostStage::new();
    let action = dpr_p4::on_one_lan(
        host,
        host_mac(host),
        stage_mac(host),
        TOPOLOGY.address(host).into(),
    );
    write(&stage, identity::Entry::default_entry(&action));
    for peer in (1..=HOSTS).filter(|peer| *peer != host) {
        let action = hosts::Action::ByMac {
            stage_mac: stage_mac(peer),
        };
        write(
            &stage,
            hosts::Entry::new(hosts::Key { host: peer }, action).insert(),
        );
    }
    for bucket in 0..BUCKETS {
        let owner_id = 1 + (bucket + shift) % HOSTS;
        let action = buckets::Action::OwnedBy {
            owner_id,
            previous_id: 0,
            accept: 0,
        };
        write(
            &stage,
            buckets::Entry::new(buckets::Key { map: 0, bucket }, action).insert(),
        );
    }
    let key = services::Key {
        address: address::to_bits(PUBLISHED.0),
        protocol: 6,
        port: Range {
            low: PUBLISHED.1,
            high: PUBLISHED.1,
        },
    };
    let action = dpr_p4::in_map(0, BUCKETS - 1, Affinity::Connection);
    write(
        &stage,
        services::Entry::with_priority(key, 1, action).insert(),
    );
    Arc::new(stage)
}

/// Runs connections through stages whose buckets are shifted by so much, until all have ended.
fn run(
    connections: usize,
    conditions: Conditions,
    shifts: [u16; HOSTS as usize],
    is_enough: fn(&Progress) -> bool,
) -> Progress {
    let sites = (1..=HOSTS)
        .map(|host| Site {
            id: host,
            name: host_name(host),
            stage: stage(host, shifts[usize::from(host) - 1]),
            host: Host::new(TOPOLOGY.host_addresses(host, HOSTS.into()), host.into(), 0),
            tap: None,
            is_up: true,
            address: TOPOLOGY.address(host),
            lan: 0,
        })
        .collect();
    let shape = Shape {
        connections,
        clients: 20,
        opening_us: 300_000,
        far_clients: 0.0,
    };
    let network = TOPOLOGY.client_network(HOSTS.into(), conditions);
    let clients = Clients::new(network, Traffic::draw(&shape, 5), 5, 0);
    let observer = Observer::new(vec![PUBLISHED]);
    let world = World::new(
        TOPOLOGY,
        router(),
        sites,
        clients,
        None,
        observer,
        conditions,
        None,
        None,
        5,
        Instant::now(),
    );
    let published = world.published();
    let (commands, orders) = mpsc::channel();
    let thread = std::thread::spawn(move || world.run(&orders));
    commands.send(Command::Announce).expect("the network runs");
    commands
        .send(Command::StartTraffic)
        .expect("the network runs");
    let began = Instant::now();
    while !is_enough(&published.lock().expect("no panic"))
        && began.elapsed() < Duration::from_secs(60)
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    commands.send(Command::Stop).expect("the network runs");
    thread
        .join()
        .expect("no panic")
        .expect("no capture, no error")
}

#[test]
fn hosts_that_agree_serve_every_connection() {
    let progress = run(100, Conditions::default(), [0; 3], |progress| {
        progress.is_over
    });
    assert_eq!(
        (progress.opened, progress.completed),
        (100, 100),
        "{:?}",
        progress.failures
    );
    assert_eq!(progress.violations, []);
    assert!(
        progress.accepted.iter().all(|accepted| *accepted > 10),
        "{:?}",
        progress.accepted
    );
    assert_eq!(progress.accepted.iter().sum::<u64>(), 100);
}

#[test]
fn loss_and_reordering_are_no_violation() {
    let conditions = Conditions {
        loss: 0.02,
        reorder: true,
    };
    let progress = run(60, conditions, [0; 3], |progress| progress.is_over);
    assert_eq!(progress.completed, 60, "{:?}", progress.failures);
    assert_eq!(progress.violations, []);
}

#[test]
fn hosts_that_disagree_are_noticed() {
    // Host 2 takes what host 1 says is host 2's, and keeps what is its own by another map: some flows have two owners.
    let progress = run(60, Conditions::default(), [0, 1, 0], |progress| {
        progress.violations.len() > 5
    });
    assert!(progress.violations.len() > 5, "{:?}", progress);
    assert!(
        progress
            .violations
            .iter()
            .any(|violation| violation.kind != ViolationKind::UnaskedReset)
    );
}
