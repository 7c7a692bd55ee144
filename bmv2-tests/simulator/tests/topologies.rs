//! The same promises in other groups: two LANs with tunnels between them, hosts that have only their own addresses, IPv6, and
//! connections whose segments travel in UDP datagrams; with moves, joins, drains, restarts and a host's death.

mod common;

use common::{describe, seed};
use dpr_controller::core::Rewriting;
use dpr_simulator::{Outcome, SECOND, Scenario, Step, Topology, run};

/// A group that changes under its connections.
fn scenario(topology: Topology) -> Scenario {
    Scenario {
        topology,
        hosts: 6,
        waiting: 1,
        duration: 45 * SECOND,
        drain: 150 * SECOND,
        moves_per_second: 30.0,
        script: vec![
            (4 * SECOND, Step::Join(6)),
            (10 * SECOND, Step::Drain(2)),
            (16 * SECOND, Step::Outage(4 * SECOND)),
            (24 * SECOND, Step::Weight(2, 100)),
            (28 * SECOND, Step::RestartController),
            (36 * SECOND, Step::Kill(3)),
        ],
        ..Scenario::new(seed())
    }
}

/// Runs it: nothing breaks but what was at the host that died, and all packets are whole.
fn assert_unbroken(scenario: &Scenario) -> Outcome {
    let outcome = run(scenario);
    let what = || describe(scenario, &outcome);
    assert_eq!(outcome.findings, [], "{}", what());
    assert!(outcome.begun > 5_000 && outcome.crossed > 300, "{}", what());
    let failed = outcome.reset + outcome.timed_out;
    assert!(failed <= outcome.failed_with_host, "{}", what());
    assert_eq!(outcome.completed + failed, outcome.begun, "{}", what());
    assert_eq!((outcome.looped, outcome.damaged), (0, 0), "{}", what());
    assert_eq!(outcome.remaining, [], "{}", what());
    outcome
}

#[test]
fn two_lans_with_tunnels_between_them() {
    for between in [Rewriting::Ipip, Rewriting::Ipip6] {
        let outcome = assert_unbroken(&scenario(Topology {
            lans: 2,
            between,
            ipv6: 0.3,
            ..Topology::default()
        }));
        assert!(outcome.tunnelled > 10_000, "{}", outcome.tunnelled);
    }
}

#[test]
fn hosts_that_have_only_their_own_addresses() {
    assert_unbroken(&scenario(Topology {
        within: Rewriting::Nat,
        ipv6: 0.3,
        udp: 0.3,
        ..Topology::default()
    }));
}

#[test]
fn hosts_with_their_own_addresses_in_two_lans() {
    let outcome = assert_unbroken(&scenario(Topology {
        lans: 2,
        within: Rewriting::Nat,
        between: Rewriting::Ipip,
        ipv6: 0.3,
        ..Topology::default()
    }));
    assert!(outcome.tunnelled > 10_000, "{}", outcome.tunnelled);
}

#[test]
fn ipv6_and_datagrams() {
    assert_unbroken(&scenario(Topology {
        ipv6: 0.5,
        udp: 0.5,
        ..Topology::default()
    }));
}
