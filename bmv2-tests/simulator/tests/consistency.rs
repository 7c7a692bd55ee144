//! Per-connection consistency in virtual time: the real pipelines, controller and shims under everything that goes wrong, and what
//! breaks when any one part of the protocol is left out.

mod common;

use common::{describe, seed};
use dpr_controller::core::{Affinity, Faults};
use dpr_controller::criteria::LoadMeasure;
use dpr_simulator::{Flood, MILLISECOND, Outcome, SECOND, START, Scenario, Step, Topology, run};
use std::collections::BTreeMap;

/// Everything that the protocol must survive: random spray, delay and reordering, late reports, lost SYN-ACKs, slow clients, ports
/// that are used again, late FINs, constant moves, a controller that is cut off, one that is killed in the middle of moves, a stage
/// that loses its tables, and a host's death.
fn everything(seed: u64) -> Scenario {
    Scenario {
        duration: 80 * SECOND,
        drain: 150 * SECOND,
        moves_per_second: 35.0,
        script: vec![
            (15 * SECOND, Step::Outage(15 * SECOND)),
            (40 * SECOND, Step::RestartController),
            (52 * SECOND, Step::RestartStage(5)),
            (62 * SECOND, Step::Kill(3)),
        ],
        ..Scenario::new(seed)
    }
}

#[test]
fn nothing_breaks_whatever_goes_wrong() {
    let scenario = everything(seed());
    let outcome = run(&scenario);
    let what = || describe(&scenario, &outcome);
    assert_eq!(outcome.findings, [], "{}", what());
    assert!(outcome.begun >= 10_000, "{}", what());
    assert!(
        outcome.moves >= 1_000 && outcome.crossed >= 1_000,
        "{}",
        what()
    );
    // What the restarted stage knew by its register only is little.
    assert!(outcome.lost_with_register <= 5, "{}", what());
    // Nobody else fails but those who were at the dead host, and everybody comes to an end.
    let failed = outcome.reset + outcome.timed_out;
    assert!(
        failed <= outcome.failed_with_host + outcome.lost_with_register,
        "{}",
        what()
    );
    assert_eq!(outcome.completed + failed, outcome.begun, "{}", what());
    assert!(
        outcome.failed_with_host > 0,
        "the host that died held connections\n{}",
        what()
    );
    // No packet passes more than five stages, and no flow state is left behind.
    assert_eq!(outcome.looped, 0, "{}", what());
    assert_eq!(outcome.remaining, [], "{}", what());
}

#[test]
fn a_seed_says_everything() {
    let scenario = Scenario {
        duration: 5 * SECOND,
        drain: 5 * SECOND,
        ..Scenario::new(7)
    };
    let outcome = run(&scenario);
    assert!(outcome.completed > 100 && outcome.moves > 50, "{outcome:?}");
    assert_eq!(outcome, run(&scenario));
    assert_ne!(
        outcome,
        run(&Scenario {
            seed: 8,
            ..scenario
        })
    );
}

/// Hosts come, are drained, get other weights, come back and die, and the front router is restarted, under constant moves.
fn a_changing_group(seed: u64) -> Scenario {
    Scenario {
        hosts: 8,
        waiting: 2,
        duration: 60 * SECOND,
        drain: 150 * SECOND,
        script: vec![
            (4 * SECOND, Step::Join(7)),
            (12 * SECOND, Step::Drain(2)),
            (20 * SECOND, Step::Weight(4, 300)),
            (24 * SECOND, Step::Join(8)),
            (30 * SECOND, Step::RestartRouter),
            (36 * SECOND, Step::Weight(2, 100)),
            (40 * SECOND, Step::Drain(7)),
            (46 * SECOND, Step::Kill(3)),
            // The moves by hand have ended: this places all buckets again.
            (62 * SECOND, Step::Weight(2, 100)),
        ],
        ..Scenario::new(seed)
    }
}

#[test]
fn hosts_come_and_go_and_nothing_breaks() {
    let scenario = a_changing_group(seed());
    let outcome = run(&scenario);
    let what = || describe(&scenario, &outcome);
    assert_eq!(outcome.findings, [], "{}", what());
    let failed = outcome.reset + outcome.timed_out;
    assert!(failed <= outcome.failed_with_host, "{}", what());
    assert_eq!(outcome.completed + failed, outcome.begun, "{}", what());
    assert_eq!(
        (outcome.looped, outcome.remaining.len()),
        (0, 0),
        "{}",
        what()
    );
    // Those that came serve, those that were taken out have no buckets, and nobody got what was the dead host's.
    let served = |host: u16| {
        let of_host = outcome
            .lifetimes
            .iter()
            .filter(|lifetime| lifetime.host == host);
        of_host.count()
    };
    assert!(served(7) > 100 && served(8) > 100, "{}", what());
    assert_eq!(outcome.shares[6], (0.0, 0.0), "{}", what());
    for (target, achieved) in &outcome.shares {
        assert!((target - achieved).abs() <= 0.005, "{}", what());
    }
}

/// Constant moves and nothing else: what each part of the protocol is there for.
fn moves_only() -> Scenario {
    Scenario {
        duration: 30 * SECOND,
        drain: 20 * SECOND,
        moves_per_second: 40.0,
        ..Scenario::new(seed())
    }
}

#[test]
fn moves_alone_break_nothing() {
    assert_unbroken(&moves_only());
}

#[test]
fn moves_break_nothing_where_a_clients_connections_stay_together() {
    assert_unbroken(&Scenario {
        affinity: Affinity::Client,
        ..moves_only()
    });
}

/// The buckets are where they are told to be, and nobody notices: hosts that hold the data, a host that drains, leaves and joins
/// again, and shares that follow the load.
#[test]
fn criteria_and_membership_change_under_live_connections() {
    let script = vec![
        (3 * SECOND, Step::Data(0b0000_1111)),
        (6 * SECOND, Step::Drain(2)),
        (7 * SECOND, Step::Remove(2)),
        (9 * SECOND, Step::Data(0b0011_1110)),
        (16 * SECOND, Step::Load(Some(LoadMeasure::Connections))),
        (30 * SECOND, Step::Join(2)),
        (31 * SECOND, Step::Data(0b1111_1111)),
        (40 * SECOND, Step::RestartController),
        (48 * SECOND, Step::Load(None)),
    ];
    for affinity in [Affinity::Connection, Affinity::Client] {
        assert_unbroken(&Scenario {
            affinity,
            duration: 55 * SECOND,
            moves_per_second: 0.0,
            script: script.clone(),
            ..moves_only()
        });
    }
}

/// What chooses connections' buckets changes, and so do the classes of their clients, under constant moves; a controller ends in
/// the middle of a change, and a host dies in another.
#[test]
fn affinities_and_classes_change_under_live_connections() {
    let scenario = Scenario {
        topology: Topology {
            clients: 500,
            ipv6: 0.2,
            ..Topology::default()
        },
        duration: 100 * SECOND,
        drain: 150 * SECOND,
        script: vec![
            (3 * SECOND, Step::Affinity(Affinity::Client)),
            (14 * SECOND, Step::Classes(1)),
            (28 * SECOND, Step::Classes(3)),
            (29 * SECOND, Step::Affinity(Affinity::Connection)),
            (48 * SECOND, Step::Affinity(Affinity::Session)),
            (52 * SECOND, Step::RestartController),
            (64 * SECOND, Step::Classes(2)),
            (66 * SECOND, Step::Kill(3)),
            (84 * SECOND, Step::Classes(0)),
            (85 * SECOND, Step::Affinity(Affinity::Connection)),
        ],
        ..Scenario::new(seed())
    };
    let outcome = run(&scenario);
    let what = || describe(&scenario, &outcome);
    assert_eq!(outcome.findings, [], "{}", what());
    assert!(outcome.rule_commits > 300, "{}", what());
    let failed = outcome.reset + outcome.timed_out;
    assert!(failed <= outcome.failed_with_host, "{}", what());
    assert_eq!(outcome.completed + failed, outcome.begun, "{}", what());
    // Where a session had been, one stage more is asked.
    assert!(outcome.hops.len() <= 1 + 6, "{}", what());
    assert_eq!(outcome.damaged, 0, "{}", what());
    assert_eq!(outcome.remaining, [], "{}", what());
}

/// A client's connections come to the host of its session, wherever its bucket is by then.
#[test]
fn sessions_stay_where_they_are_while_buckets_move() {
    let scenario = Scenario {
        affinity: Affinity::Session,
        topology: Topology {
            clients: 200,
            ipv6: 0.3,
            ..Topology::default()
        },
        // Ports that are used again lead to where they led before.
        port_reuse: 0.0,
        ..moves_only()
    };
    assert_unbroken(&scenario);
    let count = |scenario: &Scenario| {
        let outcome = run(scenario);
        // A session begins when a client's first connection is reported and its bucket is not on its way.
        let (mut first, mut sessions) = (BTreeMap::new(), BTreeMap::new());
        let (mut kept, mut left) = (0, 0);
        for lifetime in &outcome.lifetimes {
            let client = lifetime.flow.src;
            let since = *first.entry(client).or_insert(lifetime.from);
            if lifetime.from > since + 10 * SECOND {
                let host = *sessions.entry(client).or_insert(lifetime.host);
                *(if lifetime.host == host {
                    &mut kept
                } else {
                    &mut left
                }) += 1;
            }
        }
        (kept, left)
    };
    let (kept, left) = count(&scenario);
    assert!(kept > 2_000 && left == 0, "{kept} kept, {left} left");
    let (_, left) = count(&Scenario {
        affinity: Affinity::Client,
        ..scenario
    });
    assert!(
        left > 500,
        "without sessions clients go where their buckets do"
    );
}

/// Every stage is replaced, one after the other, and the controller meanwhile: nothing breaks, not even what a stage remembers by
/// its register only, although buckets move all the time.
#[test]
fn stages_are_replaced_one_by_one_under_live_connections() {
    let mut script = vec![(40 * SECOND, Step::RestartController)];
    for host in 1..=8 {
        let from = (u64::from(host) - 1) * 11 * SECOND;
        script.push((from, Step::Hold(host)));
        // Its moves are over by then.
        script.push((from + 9 * SECOND, Step::RestartStage(host)));
        script.push((from + 10 * SECOND, Step::Release(host)));
    }
    let scenario = Scenario {
        duration: 90 * SECOND,
        drain: 30 * SECOND,
        script,
        ..moves_only()
    };
    assert_unbroken(&scenario);
    let outcome = run(&scenario);
    assert_eq!(outcome.lost_with_register, 0);
}

/// Hosts lose the data and have it again, all but one at a time, while the controller is replaced.
#[test]
fn hosts_report_which_data_they_hold_under_live_connections() {
    let mut script = vec![(32 * SECOND, Step::RestartController)];
    for host in 1..=7 {
        script.push((u64::from(host) * SECOND, Step::Holds(host, false)));
        script.push(((33 + u64::from(host)) * SECOND, Step::Holds(host, true)));
    }
    let scenario = Scenario {
        duration: 50 * SECOND,
        moves_per_second: 0.0,
        // Ports that are used again lead to where they led before.
        port_reuse: 0.0,
        script,
        ..moves_only()
    };
    assert_unbroken(&scenario);
    // Whoever has no data serves nobody new, when buckets that had just moved have rested: all that began then are at the
    // eighth host.
    let outcome = run(&scenario);
    let alone = outcome
        .lifetimes
        .iter()
        .filter(|lifetime| (START + 24 * SECOND..START + 32 * SECOND).contains(&lifetime.from));
    let hosts: std::collections::BTreeSet<u16> = alone.map(|lifetime| lifetime.host).collect();
    assert_eq!(hosts, [8].into());
    for (target, achieved) in &outcome.shares {
        assert!((target - achieved).abs() <= 0.005, "{:?}", outcome.shares);
    }
}

fn assert_unbroken(scenario: &Scenario) {
    let outcome = run(scenario);
    assert!(outcome.crossed > 100, "{}", describe(scenario, &outcome));
    assert_eq!(outcome.findings, [], "{}", describe(scenario, &outcome));
    assert_eq!(
        (outcome.reset + outcome.timed_out, outcome.looped),
        (0, 0),
        "{}",
        describe(scenario, &outcome)
    );
}

/// A million SYNs in a second that nobody follows up, while buckets move: no connection breaks, and the stages hold nothing of them.
#[test]
fn a_flood_of_syns_fills_nothing_and_breaks_nothing() {
    let calm = Scenario {
        duration: 20 * SECOND,
        drain: 10 * SECOND,
        ..moves_only()
    };
    let flooded = Scenario {
        flood: Some(Flood {
            syns: 1_000_000,
            from: 5 * SECOND,
            to: 5 * SECOND + 400 * MILLISECOND,
        }),
        ..calm.clone()
    };
    let outcome = run(&flooded);
    assert!(outcome.flooded >= 390_000, "{}", outcome.flooded);
    assert_eq!(outcome.findings, [], "{}", describe(&flooded, &outcome));
    assert_eq!((outcome.reset + outcome.timed_out, outcome.looped), (0, 0));
    let most = |outcome: &Outcome| outcome.most_entries.iter().sum::<u64>();
    let (before, after) = (most(&run(&calm)), most(&outcome));
    assert!(
        after < before + before / 4,
        "{before} entries became {after}"
    );
}

/// Runs `scenario` without a part of the protocol; connections break, or packets loop.
fn breaks(scenario: &Scenario) {
    let outcome = run(scenario);
    let broken = outcome.findings.len();
    eprintln!(
        "{broken} of {} connections broken, {} packets looped",
        outcome.begun, outcome.looped
    );
    assert!(
        broken > 0 || outcome.looped > 0,
        "the part that was left out is not missed: {outcome:?}"
    );
}

#[test]
fn without_the_chain_connections_break() {
    breaks(&Scenario {
        faults: Faults {
            no_chain: true,
            ..Faults::default()
        },
        ..moves_only()
    });
}

#[test]
fn without_the_chain_changes_of_affinity_break_connections() {
    breaks(&Scenario {
        moves_per_second: 0.0,
        script: (1..6)
            .map(|time| {
                let affinity = [Affinity::Connection, Affinity::Client][time % 2];
                (4 * time as u64 * SECOND, Step::Affinity(affinity))
            })
            .collect(),
        faults: Faults {
            no_chain: true,
            ..Faults::default()
        },
        ..moves_only()
    });
}

#[test]
fn without_memory_of_syns_connections_break() {
    breaks(&Scenario {
        no_recent: true,
        ..moves_only()
    });
}

#[test]
fn without_the_order_of_a_move_connections_break() {
    breaks(&Scenario {
        connections_per_second: 300.0,
        faults: Faults {
            no_order: true,
            ..Faults::default()
        },
        ..moves_only()
    });
}

#[test]
fn without_flushes_connections_break() {
    breaks(&Scenario {
        faults: Faults {
            no_flush: true,
            ..Faults::default()
        },
        ..moves_only()
    });
}

#[test]
fn without_lingering_connections_break() {
    breaks(&Scenario {
        faults: Faults {
            no_linger: true,
            ..Faults::default()
        },
        ..moves_only()
    });
}

/// A host dies, and it is noticed before the clients of others whose packets went through its stage lose patience.
fn death() -> Scenario {
    Scenario {
        connections_per_second: 300.0,
        probe_interval: 100 * MILLISECOND,
        script: vec![(15 * SECOND, Step::Kill(3))],
        ..moves_only()
    }
}

#[test]
fn a_death_breaks_only_what_died() {
    let scenario = death();
    let outcome = run(&scenario);
    assert_eq!(outcome.findings, [], "{}", describe(&scenario, &outcome));
    assert!(
        outcome.lost_with_host > 0,
        "{}",
        describe(&scenario, &outcome)
    );
}

#[test]
fn without_entries_before_owners_a_death_breaks_others() {
    // Clients that send often: what counts is the moment between a bucket's new owner and its entries.
    breaks(&Scenario {
        duration: 18 * SECOND,
        drain: 5 * SECOND,
        bursts: 90,
        think: 80 * MILLISECOND,
        faults: Faults {
            no_entries_first: true,
            ..Faults::default()
        },
        ..death()
    });
}
