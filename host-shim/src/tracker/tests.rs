use proptest::prelude::*;

use super::*;
use crate::Direction::{FromHost, ToHost};
use crate::testing::{ACK, FIN, RST, SERVICE, SYN, flow, tcp, udp};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const SECOND: u64 = 1_000_000;

/// A client and a host that talk through a tracker, and what it said.
struct Link {
    tracker: Tracker,
    now_us: u64,
}

impl Link {
    fn new(config: TrackerConfig) -> Self {
        let mut tracker = Tracker::new(config);
        tracker.set_services(vec![
            SERVICE,
            Service {
                protocol: 17,
                port_low: 53,
                port_high: 53,
                ..SERVICE
            },
        ]);
        Link { tracker, now_us: 0 }
    }

    fn sees(
        &mut self,
        direction: Direction,
        flags: u8,
        sequence: u32,
        ack: u32,
        payload: usize,
    ) -> &mut Self {
        self.sees_of(flow(1000), direction, flags, sequence, ack, payload)
    }

    fn sees_of(
        &mut self,
        flow: FiveTuple,
        direction: Direction,
        flags: u8,
        sequence: u32,
        ack: u32,
        payload: usize,
    ) -> &mut Self {
        self.now_us += 1_000;
        self.tracker.handle_packet(
            self.now_us,
            direction,
            &tcp(direction, flow, flags, sequence, ack, payload),
        );
        self
    }

    fn opens(&mut self, client_isn: u32, host_isn: u32) -> &mut Self {
        self.sees(ToHost, SYN, client_isn, 0, 0)
            .sees(FromHost, SYN | ACK, host_isn, client_isn.wrapping_add(1), 0)
            .sees(
                ToHost,
                ACK,
                client_isn.wrapping_add(1),
                host_isn.wrapping_add(1),
                0,
            )
    }

    fn waits(&mut self, us: u64) -> &mut Self {
        let end_us = self.now_us + us;
        while let Some(due_us) = self
            .tracker
            .poll_timeout()
            .filter(|due_us| *due_us <= end_us)
        {
            self.now_us = self.now_us.max(due_us);
            self.tracker.handle_timeout(self.now_us);
        }
        self.now_us = end_us;
        self
    }

    fn said(&mut self) -> Vec<EventKind> {
        std::iter::from_fn(|| self.tracker.poll_event())
            .map(|event| event.kind)
            .collect()
    }
}

fn link() -> Link {
    Link::new(TrackerConfig::default())
}

#[test]
fn a_connection_is_set_up_by_its_third_segment_and_torn_down_after_both_fins() {
    let mut link = link();
    link.sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, SYN | ACK, 500, 101, 0);
    assert_eq!(link.said(), []);
    link.sees(ToHost, ACK, 101, 501, 0);
    assert_eq!(link.said(), [EventKind::SetUp]);
    assert_eq!(link.tracker.connections(), 1);
    link.sees(ToHost, ACK, 101, 501, 10)
        .sees(FromHost, ACK, 501, 111, 20);
    link.sees(ToHost, FIN | ACK, 111, 521, 0)
        .sees(FromHost, FIN | ACK, 521, 112, 0);
    assert_eq!(link.tracker.connections(), 1);
    link.sees(ToHost, ACK, 112, 522, 0);
    assert_eq!(link.tracker.connections(), 0);
    link.waits(SECOND);
    assert_eq!((link.said(), link.tracker.live_flows().len()), (vec![], 1));
    link.waits(2 * SECOND);
    assert_eq!(
        (link.said(), link.tracker.live_flows().len()),
        (vec![EventKind::TearDown], 0)
    );
    link.waits(61 * SECOND);
    assert_eq!(
        (link.tracker.tracked(), link.tracker.poll_timeout()),
        (0, None)
    );
}

#[test]
fn sequence_numbers_wrap() {
    let mut link = link();
    link.opens(u32::MAX, u32::MAX - 5);
    assert_eq!(link.said(), [EventKind::SetUp]);
    link.sees(FromHost, FIN | ACK, u32::MAX - 4, 0, 20)
        .sees(ToHost, FIN | ACK, 0, 17, 0)
        .sees(FromHost, ACK, 17, 1, 0);
    assert_eq!(link.waits(3 * SECOND).said(), [EventKind::TearDown]);
}

#[test]
fn retransmissions_change_nothing() {
    let mut link = link();
    link.sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, SYN | ACK, 500, 101, 0)
        .waits(SECOND / 3);
    link.sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, SYN | ACK, 500, 101, 0);
    link.sees(ToHost, ACK, 101, 501, 0)
        .sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, ACK, 501, 101, 0);
    link.sees(ToHost, ACK, 101, 501, 5)
        .sees(ToHost, ACK, 101, 501, 5)
        .sees(ToHost, ACK, 101, 501, 0);
    assert_eq!(link.said(), [EventKind::SetUp]);
    assert_eq!(link.tracker.connections(), 1);
}

#[test]
fn a_slow_handshake_is_reported_once_when_it_is_asked_for() {
    let mut link = Link::new(TrackerConfig::default());
    link.sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, SYN | ACK, 500, 101, 0)
        .waits(SECOND / 4);
    link.tracker.report_slow(link.now_us);
    assert_eq!(link.said(), []);
    // Another one is young.
    link.waits(SECOND / 2);
    link.sees_of(flow(1), ToHost, SYN, 100, 0, 0);
    link.sees_of(flow(1), FromHost, SYN | ACK, 500, 101, 0);
    link.tracker.report_slow(link.now_us);
    assert_eq!(link.said(), [EventKind::SetUp]);
    link.tracker.report_slow(link.now_us);
    link.sees(ToHost, ACK, 101, 501, 0);
    assert_eq!(link.said(), []);
    assert_eq!(link.tracker.connections(), 1);
}

#[test]
fn a_client_that_does_not_hear_the_host_is_reported_once_and_in_bounds() {
    let config = TrackerConfig {
        max_reported_half_open: 2,
        ..TrackerConfig::default()
    };
    let mut link = Link::new(config);
    for seconds in [1, 2, 4] {
        for port in 1..=5 {
            link.sees_of(flow(port), ToHost, SYN, 100, 0, 0);
            link.sees_of(flow(port), FromHost, SYN | ACK, 500, 101, 0);
        }
        link.waits(seconds * SECOND);
    }
    assert_eq!(link.said(), [EventKind::SetUp, EventKind::SetUp]);
    assert_eq!(link.tracker.connections(), 0);
    // The others are reported when they are set up, these are not again.
    for port in 1..=5 {
        link.sees_of(flow(port), ToHost, ACK, 101, 501, 0);
    }
    assert_eq!(link.said(), [EventKind::SetUp; 3]);
    assert_eq!(link.tracker.connections(), 5);
    // One that never completes is torn down.
    for _ in 0..2 {
        link.sees_of(flow(9), ToHost, SYN, 100, 0, 0);
        link.sees_of(flow(9), FromHost, SYN | ACK, 500, 101, 0)
            .waits(SECOND);
    }
    assert_eq!(link.said(), [EventKind::SetUp]);
    assert_eq!(link.waits(76 * SECOND).said(), [EventKind::TearDown]);
}

#[test]
fn in_a_flood_only_complete_handshakes_are_reported() {
    let config = TrackerConfig {
        flood_half_open: 3,
        ..TrackerConfig::default()
    };
    let mut link = Link::new(config);
    for _ in 0..2 {
        for port in 1..=4 {
            link.sees_of(flow(port), ToHost, SYN, 100, 0, 0);
            link.sees_of(flow(port), FromHost, SYN | ACK, 500, 101, 0);
        }
        link.waits(SECOND);
    }
    link.tracker.report_slow(link.now_us);
    assert_eq!(link.said(), []);
    // One that completes counts, and with it the flood is over.
    link.sees_of(flow(1), ToHost, ACK, 101, 501, 0);
    assert_eq!(link.said(), [EventKind::SetUp]);
    link.tracker.report_slow(link.now_us);
    assert_eq!(link.said(), [EventKind::SetUp; 3]);
}

#[test]
fn fins_that_cross_close_the_connection() {
    let mut link = link();
    link.opens(100, 500)
        .sees(ToHost, FIN | ACK, 101, 501, 0)
        .sees(FromHost, FIN | ACK, 501, 101, 0);
    link.sees(FromHost, ACK, 502, 102, 0)
        .sees(ToHost, ACK, 102, 502, 0);
    assert_eq!(
        link.waits(3 * SECOND).said(),
        [EventKind::SetUp, EventKind::TearDown]
    );
}

#[test]
fn a_half_closed_connection_stays_open_while_data_flows() {
    let mut link = link();
    link.opens(100, 500).sees(ToHost, FIN | ACK, 101, 501, 0);
    for step in 0..10 {
        link.waits(60 * SECOND)
            .sees(FromHost, ACK, 501 + 10 * step, 102, 10)
            .sees(ToHost, ACK, 102, 511 + 10 * step, 0);
    }
    assert_eq!(link.said(), [EventKind::SetUp]);
    assert_eq!(link.waits(250 * SECOND).said(), [EventKind::TearDown]);
}

#[test]
fn a_reset_counts_only_at_the_expected_sequence_number() {
    let mut link = link();
    link.opens(100, 500)
        .sees(ToHost, ACK, 101, 501, 10)
        .sees(FromHost, ACK, 501, 111, 0);
    link.sees(ToHost, RST, 101, 0, 0)
        .sees(ToHost, RST, 112, 0, 0)
        .sees(ToHost, RST, 4_000_000_000, 0, 0);
    link.sees(FromHost, RST, 499, 0, 0);
    assert_eq!(link.waits(3 * SECOND).said(), [EventKind::SetUp]);
    link.sees(ToHost, RST, 111, 0, 0);
    assert_eq!(link.waits(3 * SECOND).said(), [EventKind::TearDown]);
}

#[test]
fn a_host_resets_its_own_connections() {
    let mut link = link();
    link.opens(100, 500).sees(FromHost, RST | ACK, 501, 101, 0);
    assert_eq!(
        link.waits(3 * SECOND).said(),
        [EventKind::SetUp, EventKind::TearDown]
    );
}

#[test]
fn a_refused_connection_is_never_reported() {
    let mut link = link();
    link.sees(ToHost, SYN, 100, 0, 0)
        .sees(FromHost, RST | ACK, 0, 101, 0);
    assert_eq!((link.said(), link.tracker.tracked()), (vec![], 0));
}

#[test]
fn a_new_syn_of_a_lingering_connection_cancels_its_teardown() {
    let mut link = link();
    link.opens(100, 500)
        .sees(FromHost, RST | ACK, 501, 101, 0)
        .waits(SECOND);
    assert_eq!(
        link.opens(90_000, 70_000).said(),
        [EventKind::SetUp, EventKind::SetUp]
    );
    assert_eq!(link.waits(10 * SECOND).said(), []);
    assert_eq!(link.tracker.connections(), 1);
}

#[test]
fn a_syn_soon_after_the_teardown_is_reported_at_once() {
    let mut link = link();
    link.opens(100, 500)
        .sees(FromHost, RST | ACK, 501, 101, 0)
        .waits(30 * SECOND)
        .said();
    link.sees(ToHost, SYN, 90_000, 0, 0);
    assert_eq!(link.said(), [EventKind::Reopened]);
    assert_eq!(link.tracker.live_flows().len(), 1);
    link.sees(FromHost, SYN | ACK, 70_000, 90_001, 0)
        .sees(ToHost, ACK, 90_001, 70_001, 0);
    assert_eq!(link.said(), [EventKind::SetUp]);
    link.sees(FromHost, RST | ACK, 70_001, 90_001, 0)
        .waits(63 * SECOND)
        .said();
    link.sees(ToHost, SYN, 1, 0, 0);
    assert_eq!(link.said(), []);
}

#[test]
fn a_reopening_that_comes_to_nothing_is_torn_down() {
    let mut link = link();
    link.opens(100, 500)
        .sees(FromHost, RST | ACK, 501, 101, 0)
        .waits(30 * SECOND)
        .said();
    link.sees(ToHost, SYN, 90_000, 0, 0).waits(11 * SECOND);
    assert_eq!(link.said(), [EventKind::Reopened, EventKind::TearDown]);
}

#[test]
fn a_syn_on_an_open_connection_counts_when_the_host_answers_it() {
    let mut link = link();
    link.opens(100, 500)
        .sees(ToHost, SYN, 90_000, 0, 0)
        .sees(FromHost, ACK, 501, 101, 0);
    assert_eq!(
        (link.said(), link.tracker.connections()),
        (vec![EventKind::SetUp], 1)
    );
    // The last acknowledgement of the old connection was lost on its way to the client; its ports are used again.
    link.sees(ToHost, SYN, 90_000, 0, 0)
        .sees(FromHost, SYN | ACK, 70_000, 90_001, 0);
    assert_eq!(link.tracker.connections(), 0);
    link.sees(ToHost, ACK, 90_001, 70_001, 0);
    assert_eq!(
        (link.said(), link.tracker.connections()),
        (vec![EventKind::SetUp], 1)
    );
}

#[test]
fn idle_connections_are_torn_down_after_more_than_two_hours() {
    let mut link = link();
    link.opens(100, 500)
        .waits(7_000 * SECOND)
        .sees(ToHost, ACK, 101, 501, 0);
    assert_eq!(link.waits(7_430 * SECOND).said(), [EventKind::SetUp]);
    assert_eq!(link.waits(20 * SECOND).said(), [EventKind::TearDown]);
}

#[test]
fn a_connection_from_before_the_tracker_is_picked_up_when_both_sides_confirm_it() {
    let mut link = link();
    link.sees(ToHost, ACK, 5_000, 9_000, 100)
        .sees(FromHost, ACK, 9_000, 5_100, 0);
    assert_eq!(link.tracker.tracked(), 0);
    link.sees(FromHost, ACK, 9_000, 5_100, 1_000)
        .sees(ToHost, ACK, 5_100, 12_000, 0);
    assert_eq!(link.said(), []);
    link.sees(ToHost, ACK, 5_100, 10_000, 0);
    assert_eq!(link.said(), [EventKind::SetUp]);
}

#[test]
fn a_flood_of_syns_is_bounded_and_spares_what_is_open() {
    let config = TrackerConfig {
        max_half_open: 100,
        ..TrackerConfig::default()
    };
    let mut link = Link::new(config);
    link.opens(100, 500);
    for port in 2_000..12_000 {
        link.sees_of(flow(port), ToHost, SYN, 1, 0, 0);
    }
    assert_eq!(link.tracker.tracked(), 101);
    assert_eq!(link.tracker.connections(), 1);
    // The newest half-open one can still complete.
    link.sees_of(flow(11_999), FromHost, SYN | ACK, 7, 2, 0)
        .sees_of(flow(11_999), ToHost, ACK, 2, 8, 0);
    assert_eq!(link.said(), [EventKind::SetUp, EventKind::SetUp]);
    link.waits(80 * SECOND);
    assert_eq!(link.tracker.tracked(), 2);
}

#[test]
fn datagrams_count_from_the_first_answer_until_they_cease() {
    let mut link = link();
    let query = FiveTuple {
        protocol: 17,
        dst_port: 53,
        ..flow(1000)
    };
    link.tracker.handle_packet(0, ToHost, &udp(ToHost, query));
    assert_eq!(link.said(), []);
    link.tracker
        .handle_packet(1, FromHost, &udp(FromHost, query));
    assert_eq!(link.said(), [EventKind::SetUp]);
    assert_eq!(link.waits(29 * SECOND).said(), []);
    assert_eq!(link.waits(2 * SECOND).said(), [EventKind::TearDown]);
    assert_eq!(link.tracker.connections(), 0);
}

#[test]
fn what_is_not_published_is_not_tracked() {
    let mut link = link();
    for other in [
        FiveTuple {
            dst_port: 81,
            ..flow(1)
        },
        FiveTuple {
            dst: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ..flow(1)
        },
    ] {
        link.sees_of(other, ToHost, SYN, 1, 0, 0)
            .sees_of(other, FromHost, ACK, 1, 2, 100);
    }
    assert_eq!(link.tracker.tracked(), 0);
}

/// One of few ports, flags, numbers that are near one another or far apart.
fn any_segment() -> impl Strategy<Value = (u16, bool, u8, u32, u32, usize, u64)> {
    let number = || prop_oneof![0u32..40, any::<u32>()];
    (
        0u16..3,
        any::<bool>(),
        any::<u8>(),
        number(),
        number(),
        0usize..20,
        0u64..5 * SECOND,
    )
}

proptest! {
    #[test]
    fn bytes_from_anywhere_do_no_harm(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..128), 0..20)) {
        let mut link = link();
        for frame in &frames {
            link.tracker.handle_packet(1, ToHost, frame);
            link.tracker.handle_packet(1, FromHost, frame);
        }
    }

    #[test]
    fn frames_cut_or_changed_anywhere_do_no_harm(len in 0usize..80, at in 0usize..80, byte: u8) {
        let mut link = link();
        let mut frame = tcp(ToHost, flow(1), SYN | ACK, 1, 2, 26);
        frame[at] = byte;
        for direction in [ToHost, FromHost] {
            link.tracker.handle_packet(1, direction, &frame);
            link.tracker.handle_packet(1, direction, &frame[..len]);
        }
    }

    /// Whatever is on the link: what is reported as live is what the events say, and everything ends.
    #[test]
    fn reports_agree_with_what_is_live(segments in prop::collection::vec(any_segment(), 0..200)) {
        let mut link = link();
        let mut live = BTreeSet::new();
        for (port, to_host, flags, sequence, ack, payload, pause_us) in segments {
            let direction = if to_host { ToHost } else { FromHost };
            link.sees_of(flow(port), direction, flags, sequence, ack, payload).waits(pause_us);
            while let Some(event) = link.tracker.poll_event() {
                match event.kind {
                    EventKind::SetUp => { live.insert(event.flow); }
                    EventKind::Reopened => prop_assert!(live.insert(event.flow)),
                    EventKind::TearDown => prop_assert!(live.remove(&event.flow)),
                }
            }
            let listed: Vec<FiveTuple> = link.tracker.live_flows().iter().map(|live| live.flow).collect();
            prop_assert_eq!(listed, live.iter().copied().collect::<Vec<_>>());
            prop_assert!(link.tracker.connections() <= live.len() as u64);
        }
        link.waits(8_000 * SECOND);
        prop_assert_eq!((link.tracker.tracked(), link.tracker.connections(), link.tracker.poll_timeout()), (0, 0, None));
    }
}

#[test]
fn connections_over_ipv6_behind_extension_headers() {
    let service = Service {
        address: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        ..SERVICE
    };
    let flow = FiveTuple {
        src: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)),
        dst: service.address,
        ..flow(1000)
    };
    let mut link = Link::new(TrackerConfig::default());
    link.tracker.set_services(vec![service]);
    link.sees_of(flow, ToHost, SYN, 1, 0, 0)
        .sees_of(flow, FromHost, SYN | ACK, 1, 2, 0)
        .sees_of(flow, ToHost, ACK, 2, 2, 10);
    let live: Vec<FiveTuple> = link
        .tracker
        .live_flows()
        .iter()
        .map(|live| live.flow)
        .collect();
    assert_eq!(live, [flow]);
}
