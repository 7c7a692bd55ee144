//! Destinations that are several hosts, in virtual time: every one of them gets every datagram, once, while the group changes.

mod common;

use common::{describe, seed};
use dpr_controller::core::Rewriting;
use dpr_simulator::{Micros, Outcome, SECOND, START, Scenario, Step, Topology, run};

/// Eight hosts on two LANs, of which three are what the datagrams are for.
fn group(seed: u64) -> Scenario {
    Scenario {
        topology: Topology {
            lans: 2,
            ipv6: 0.3,
            ..Topology::default()
        },
        connections_per_second: 50.0,
        duration: 30 * SECOND,
        several: vec![2, 3, 5],
        ..Scenario::new(seed)
    }
}

/// The datagrams that were sent from one second to another, by who got them.
fn sent(outcome: &Outcome, from: Micros, to: Micros) -> impl Iterator<Item = Vec<u16>> {
    let times = START + from * SECOND..START + to * SECOND;
    let sent = outcome.several.iter();
    let sent = sent.filter(move |(at, _)| times.contains(at));
    sent.map(|(_, hosts)| {
        let mut hosts = hosts.clone();
        hosts.sort_unstable();
        hosts
    })
}

/// All of these got each of them, once, and nobody else did.
#[track_caller]
fn assert_exact(outcome: &Outcome, (from, to): (Micros, Micros), hosts: &[u16]) {
    let mut count = 0;
    for (number, got) in sent(outcome, from, to).enumerate() {
        assert_eq!(got, hosts, "datagram {number} after {from} s");
        count += 1;
    }
    assert!(
        count as u64 >= (to - from) * 90,
        "{count} from {from} s to {to} s"
    );
}

#[test]
fn each_of_several_gets_every_datagram_once() {
    for (within, between) in [
        (Rewriting::Mac, Rewriting::Ipip),
        (Rewriting::Mac, Rewriting::Ipip6),
    ] {
        let mut scenario = Scenario {
            waiting: 1,
            script: vec![
                (5 * SECOND, Step::Outage(4 * SECOND)),
                (12 * SECOND, Step::RestartController),
                (16 * SECOND, Step::Join(8)),
                (20 * SECOND, Step::Drain(7)),
                (22 * SECOND, Step::Drain(3)),
            ],
            ..group(seed())
        };
        (scenario.topology.within, scenario.topology.between) = (within, between);
        let outcome = run(&scenario);
        assert_exact(&outcome, (0, 30), &[2, 3, 5]);
        assert_eq!(outcome.findings, [], "{}", describe(&scenario, &outcome));
        assert_eq!(outcome.damaged, 0, "{}", describe(&scenario, &outcome));
    }
}

#[test]
fn hosts_with_only_their_own_address_get_them_too() {
    let mut scenario = group(seed());
    scenario.topology = Topology {
        within: Rewriting::Nat,
        ipv6: 0.3,
        ..Topology::default()
    };
    let outcome = run(&scenario);
    assert_exact(&outcome, (0, 30), &[2, 3, 5]);
}

#[test]
fn members_join_and_leave() {
    let scenario = Scenario {
        waiting: 1,
        several: vec![2, 3, 8],
        duration: 40 * SECOND,
        bursts: 4,
        moves_per_second: 0.0,
        script: vec![
            (10 * SECOND, Step::Join(8)),
            (20 * SECOND, Step::Drain(3)),
            (21 * SECOND, Step::Remove(3)),
        ],
        ..group(seed())
    };
    let outcome = run(&scenario);
    assert_exact(&outcome, (0, 10), &[2, 3]);
    // Once it takes part, it misses nothing; once it has left, it gets nothing.
    assert_exact(&outcome, (15, 20), &[2, 3, 8]);
    assert_exact(&outcome, (38, 40), &[2, 8]);
    for got in sent(&outcome, 0, 40) {
        assert!(got.windows(2).all(|pair| pair[0] != pair[1]), "{got:?}");
        assert!(got.contains(&2), "{got:?}");
    }
}

#[test]
fn the_others_go_on_getting_them_when_one_dies() {
    let scenario = Scenario {
        script: vec![(10 * SECOND, Step::Kill(3))],
        ..group(seed())
    };
    let outcome = run(&scenario);
    assert_exact(&outcome, (0, 9), &[2, 3, 5]);
    assert_exact(&outcome, (20, 30), &[2, 5]);
    // Meanwhile a datagram that is sprayed to the dead host's stage is lost to all, and any other to the dead host alone.
    for got in sent(&outcome, 10, 20) {
        assert!(got.is_empty() || got == [2, 5], "{got:?}");
    }
}
