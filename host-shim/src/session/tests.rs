use wire::controller_message::Message as ToShim;
use wire::shim_message::Message as FromShim;

use super::*;
use crate::Direction::{FromHost, ToHost};
use crate::FiveTuple;
use crate::testing::{ACK, RST, SERVICE, SYN, flow, probe_reply, tcp};
use std::net::Ipv4Addr;

const SECOND: u64 = 1_000_000;

fn session() -> Session {
    let mut config = SessionConfig::new(1, "h1", 0x0200_0000_0101, 0x0a00_0001, 42);
    config.outbox.batch_events = 4;
    Session::new(config)
}

fn registered(received_seq: u64, snapshot_wanted: bool) -> wire::ControllerMessage {
    let service = wire::Service {
        address: address::to_bytes(SERVICE.address),
        protocol: 6,
        port_low: 80,
        port_high: 80,
    };
    let peer = wire::Peer {
        host: 2,
        address: 0x0a00_0002,
        stage_mac: 0x0200_0000_0200,
    };
    wire::Registered {
        received_seq,
        snapshot_wanted,
        linger_ms: 2_000,
        linger_away_ms: 60_000,
        stage_mac: 0x0200_0000_0100,
        services: vec![service],
        peers: Some(wire::Peers {
            peers: vec![peer],
            probe_interval_ms: 100,
            probe_timeout_ms: 250,
        }),
        translations: vec![wire::Translation {
            published: address::to_bytes(SERVICE.address),
            own: address::to_bytes(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))),
        }],
    }
    .into()
}

fn up() -> Session {
    let mut session = session();
    session.handle_connected(0);
    session.handle_message(0, registered(0, true));
    sent(&mut session);
    session
}

fn sent(session: &mut Session) -> Vec<FromShim> {
    std::iter::from_fn(|| session.poll_message())
        .filter_map(|message| message.message)
        .collect()
}

fn opens(session: &mut Session, now_us: u64, port: u16) {
    session.handle_frame(now_us, ToHost, &tcp(ToHost, flow(port), SYN, 1, 0, 0));
    session.handle_frame(
        now_us,
        FromHost,
        &tcp(FromHost, flow(port), SYN | ACK, 1, 2, 0),
    );
    session.handle_frame(now_us, ToHost, &tcp(ToHost, flow(port), ACK, 2, 2, 0));
}

fn resets(session: &mut Session, now_us: u64, port: u16) {
    session.handle_frame(
        now_us,
        FromHost,
        &tcp(FromHost, flow(port), RST | ACK, 2, 2, 0),
    );
}

/// Ports, and kinds, of the events in a message; absent for other messages.
fn events(message: &FromShim) -> Option<(u64, Vec<(u32, wire::event::Kind)>)> {
    let FromShim::Events(events) = message else {
        return None;
    };
    let list = events
        .events
        .iter()
        .map(|event| {
            (
                event.flow.as_ref().map_or(0, |flow| flow.src_port),
                event.kind(),
            )
        })
        .collect();
    Some((events.seq, list))
}

fn all_events(session: &mut Session) -> Vec<(u64, Vec<(u32, wire::event::Kind)>)> {
    sent(session).iter().filter_map(events).collect()
}

fn snapshot_ports(messages: &[FromShim]) -> Option<Vec<u32>> {
    messages.iter().find_map(|message| match message {
        FromShim::Snapshot(snapshot) => Some(
            snapshot
                .flows
                .iter()
                .map(|live| live.flow.as_ref().map_or(0, |flow| flow.src_port))
                .collect(),
        ),
        _ => None,
    })
}

use wire::event::Kind::{Setup, Teardown};

#[test]
fn the_first_message_registers_and_a_snapshot_follows_the_answer() {
    let mut session = session();
    session.handle_connected(0);
    let [FromShim::Register(register)] = &sent(&mut session)[..] else {
        panic!("one registration")
    };
    assert_eq!(
        (register.host, register.session, register.acked_seq),
        (1, 42, 0)
    );
    session.handle_message(0, registered(0, true));
    assert!(session.is_registered());
    assert_eq!(snapshot_ports(&sent(&mut session)), Some(vec![]));
}

#[test]
fn events_wait_for_company_but_not_for_long() {
    let mut session = up();
    opens(&mut session, 10, 1000);
    assert_eq!(all_events(&mut session), []);
    assert!(session.poll_timeout().is_some_and(|due_us| due_us <= 5_010));
    session.handle_timeout(5_010);
    assert_eq!(all_events(&mut session), [(2, vec![(1000, Setup)])]);
    for port in 1..=4 {
        opens(&mut session, 6_000, port);
    }
    assert_eq!(
        all_events(&mut session),
        [(3, vec![(1, Setup), (2, Setup), (3, Setup), (4, Setup)])]
    );
}

#[test]
fn a_flush_is_answered_after_the_events_before_it() {
    let mut session = up();
    opens(&mut session, 10, 1000);
    session.handle_message(11, wire::Flush { marker: 9 }.into());
    let messages = sent(&mut session);
    assert_eq!(
        messages.first().and_then(events),
        Some((2, vec![(1000, Setup)]))
    );
    assert_eq!(
        messages.get(1),
        Some(&FromShim::FlushDone(wire::FlushDone { marker: 9 }))
    );
}

#[test]
fn what_was_not_received_is_sent_again() {
    let mut session = up();
    opens(&mut session, 10, 1);
    session.handle_timeout(SECOND);
    opens(&mut session, 10, 2);
    session.handle_timeout(SECOND + 1);
    assert_eq!(all_events(&mut session).len(), 2);
    session.handle_message(SECOND, wire::Ack { seq: 1 }.into());
    session.handle_disconnected(SECOND);
    opens(&mut session, SECOND, 3);
    session.handle_connected(2 * SECOND);
    session.handle_message(2 * SECOND, registered(2, false));
    assert_eq!(
        all_events(&mut session),
        [(3, vec![(2, Setup)]), (4, vec![(3, Setup)])]
    );
}

#[test]
fn what_came_and_went_while_the_controller_was_away_is_not_announced() {
    let mut session = up();
    opens(&mut session, 10, 1);
    session.handle_timeout(SECOND);
    session.handle_disconnected(SECOND);
    sent(&mut session);
    resets(&mut session, SECOND, 1);
    opens(&mut session, SECOND, 2);
    resets(&mut session, SECOND, 2);
    opens(&mut session, SECOND, 3);
    session.handle_timeout(4 * SECOND);
    session.handle_connected(4 * SECOND);
    session.handle_message(4 * SECOND, registered(2, false));
    assert_eq!(
        all_events(&mut session),
        [(3, vec![(3, Setup), (1, Teardown), (2, Teardown)])]
    );
}

#[test]
fn a_snapshot_replaces_what_was_not_acknowledged() {
    let mut session = up();
    opens(&mut session, 10, 7);
    session.handle_timeout(SECOND);
    opens(&mut session, SECOND, 8);
    sent(&mut session);
    session.handle_message(SECOND, wire::RequestSnapshot {}.into());
    let messages = sent(&mut session);
    assert_eq!(snapshot_ports(&messages), Some(vec![7, 8]));
    session.handle_timeout(2 * SECOND);
    assert_eq!(all_events(&mut session), []);
}

#[test]
fn too_many_events_become_a_snapshot() {
    let mut config = SessionConfig::new(1, "h1", 1, 2, 3);
    config.outbox.max_events = 10;
    let mut session = Session::new(config);
    session.set_services(vec![SERVICE]);
    for port in 0..50 {
        opens(&mut session, 10, port);
    }
    session.handle_connected(20);
    session.handle_message(20, registered(0, false));
    assert_eq!(snapshot_ports(&sent(&mut session)), Some((0..50).collect()));
}

#[test]
fn a_snapshot_of_many_flows_has_parts() {
    let mut session = up();
    for port in 0..10_000 {
        opens(&mut session, 10, port);
    }
    sent(&mut session);
    session.handle_message(20, wire::RequestSnapshot {}.into());
    let parts: Vec<(bool, bool, usize)> = sent(&mut session)
        .iter()
        .filter_map(|message| match message {
            FromShim::Snapshot(part) => Some((part.first, part.last, part.flows.len())),
            _ => None,
        })
        .collect();
    assert_eq!(
        parts,
        [
            (true, false, 4_096),
            (false, false, 4_096),
            (false, true, 1_808)
        ]
    );
}

#[test]
fn probes_that_are_not_answered_are_reported_and_so_is_the_recovery() {
    let mut session = up();
    let mut health = Vec::new();
    let mut now_us = 0;
    while now_us < 2 * SECOND {
        session.handle_timeout(now_us);
        while let Some(frame) = session.poll_frame() {
            let Some(reply) = probe_reply(&frame) else {
                continue;
            };
            if !(500_000..1_200_000).contains(&now_us) {
                session.handle_frame(now_us + 300, ToHost, &reply);
            }
        }
        for message in sent(&mut session) {
            if let FromShim::ProbeReport(report) = message {
                health.extend(
                    report
                        .peers
                        .iter()
                        .map(|peer| (peer.host, peer.missed_in_a_row)),
                );
            }
        }
        now_us = session.poll_timeout().unwrap_or(u64::MAX).max(now_us + 1);
    }
    assert_eq!(health.first(), Some(&(2, 0)));
    assert_eq!(health.iter().map(|peer| peer.1).max(), Some(5));
    assert_eq!(health.last(), Some(&(2, 0)));
    // First, five misses (the other probes are older than one that was answered), the recovery, and the full reports of every tenth round.
    assert_eq!(health.len(), 9);
}

#[test]
fn the_stage_macs_are_announced_every_minute() {
    let mut session = session();
    session.handle_connected(0);
    let Some(ToShim::Registered(mut answer)) = registered(0, true).message else {
        panic!("as built")
    };
    answer.peers = None;
    session.handle_message(0, answer.into());
    let mut announced = Vec::new();
    let mut now_us = 0;
    while now_us <= 60 * SECOND {
        session.handle_timeout(now_us);
        announced.extend(
            std::iter::from_fn(|| session.poll_frame()).map(|frame| (now_us / SECOND, frame[11])),
        );
        now_us = session.poll_timeout().unwrap_or(u64::MAX);
    }
    assert_eq!(
        announced,
        [
            (0, 0),
            (0, 1),
            (0, 2),
            (0, 3),
            (60, 0),
            (60, 1),
            (60, 2),
            (60, 3)
        ]
    );
}

#[test]
fn what_comes_to_a_hosts_own_address_is_reported_by_the_published_one() {
    let mut session = up();
    let translated = |direction, flags, sequence, ack| {
        let own = FiveTuple {
            dst: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            ..flow(7)
        };
        tcp(direction, own, flags, sequence, ack, 0)
    };
    session.handle_frame(0, ToHost, &translated(ToHost, SYN, 1, 0));
    session.handle_frame(0, FromHost, &translated(FromHost, SYN | ACK, 1, 2));
    session.handle_frame(0, ToHost, &translated(ToHost, ACK, 2, 2));
    let live = session.tracker().live_flows();
    let flows: Vec<FiveTuple> = live.iter().map(|live| live.flow).collect();
    assert_eq!(flows, [flow(7)]);
}

#[test]
fn data_is_said_before_the_snapshot_at_every_change_and_again_to_whoever_asks_anew() {
    let check = |map| DataCheck {
        map,
        evidence: crate::Evidence::Tcp(String::new()),
        interval_us: 1,
        timeout_us: 1,
        rise: 1,
        fall: 2,
    };
    let mut config = SessionConfig::new(1, "h1", 1, 2, 3);
    config.data = vec![check(4), check(9)];
    let mut session = Session::new(config);
    session.handle_connected(0);
    let [FromShim::Register(register)] = &sent(&mut session)[..] else {
        panic!("a registration")
    };
    assert_eq!(register.watched_maps, [4, 9]);
    session.handle_message(0, registered(0, true));
    let first = sent(&mut session);
    assert!(matches!(first[0], FromShim::Snapshot(_)), "{first:?}");
    let held = |maps: &[u32]| {
        FromShim::DataHeld(wire::DataHeld {
            maps: maps.to_vec(),
        })
    };
    session.handle_check(0, true);
    assert_eq!(sent(&mut session), [], "one has said nothing yet");
    session.handle_check(1, true);
    assert_eq!(sent(&mut session), [held(&[4, 9])]);
    session.handle_check(0, false);
    assert_eq!(sent(&mut session), []);
    session.handle_check(0, false);
    assert_eq!(sent(&mut session), [held(&[9])]);
    session.handle_disconnected(0);
    session.handle_check(0, true);
    assert_eq!(sent(&mut session), []);
    session.handle_connected(0);
    session.handle_message(0, registered(1, true));
    let again = sent(&mut session);
    assert_eq!(again[1], held(&[4, 9]));
    assert!(matches!(again[2], FromShim::Snapshot(_)), "{again:?}");
}

#[test]
fn what_is_published_changes_and_connections_that_go_on_are_found_again() {
    let mut session = up();
    opens(&mut session, 0, 1);
    assert_eq!(session.tracker().connections(), 1);
    let services = |ports: &[u32]| wire::Services {
        services: ports
            .iter()
            .map(|port| wire::Service {
                address: address::to_bytes(SERVICE.address),
                protocol: 6,
                port_low: *port,
                port_high: *port,
            })
            .collect(),
        translations: Vec::new(),
    };
    let tell = |session: &mut Session, ports: &[u32]| {
        session.handle_message(SECOND, services(ports).into());
        session.handle_timeout(SECOND);
        all_events(session)
    };
    assert_eq!(tell(&mut session, &[80, 81]), [(2, vec![(1, Setup)])]);
    assert_eq!(tell(&mut session, &[81]), []);
    assert_eq!(
        (session.tracker().connections(), session.tracker().tracked()),
        (0, 0)
    );
    // It ends, and another begins, of what is not published.
    resets(&mut session, SECOND, 1);
    opens(&mut session, SECOND, 2);
    assert_eq!(tell(&mut session, &[80]), []);
    // What goes on shows itself by what the host sends and the client acknowledges.
    session.handle_frame(SECOND, FromHost, &tcp(FromHost, flow(2), ACK, 2, 2, 10));
    session.handle_frame(SECOND, ToHost, &tcp(ToHost, flow(2), ACK, 2, 12, 0));
    session.handle_timeout(2 * SECOND);
    assert_eq!(all_events(&mut session), [(3, vec![(2, Setup)])]);
}
