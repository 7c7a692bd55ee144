//! Connection tracking: packets of the host's link in, set-ups and teardowns out. Pure; the caller says what time it is.
//!
//! Only connections to published services count, and only what a host's own answers confirm: a flood of SYNs, of forged RSTs or
//! of stray segments neither fills the memory nor changes what is reported.

mod tcp;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tcp::{Change, Connection, Phase};
use timers::Timers;

use crate::wire::{Parsed, TcpSegment};
use crate::{Direction, Event, EventKind, FiveTuple, Service};

/// How long things last, in microseconds, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerConfig {
    /// From the close of a connection to the report of its teardown.
    pub linger_us: u64,
    /// After that, for how long a SYN of the same five-tuple is reported as [`EventKind::Reopened`].
    pub linger_away_us: u64,
    /// An open TCP connection without packets (RFC 5382, REQ-5: not less than 2 hours 4 minutes).
    pub tcp_idle_us: u64,
    /// One that a side has closed (RFC 5382, REQ-5: not less than 4 minutes).
    pub tcp_closing_idle_us: u64,
    /// A SYN that the host has answered, without the client's acknowledgement.
    pub half_open_us: u64,
    /// A SYN, or a first datagram, that the host has not answered.
    pub unanswered_us: u64,
    /// Answered datagrams.
    pub udp_idle_us: u64,
    /// A SYN that comes again this long after the first, to a host that has answered it, is reported as a set-up: the client has
    /// not heard the host yet, and must find it again however often its bucket moves meanwhile.
    pub syn_again_us: u64,
    /// At most this many half-open flows are reported so at a time, that a flood of repeated SYNs does not fill the stages.
    pub max_reported_half_open: usize,
    /// With more half-open flows than this none is reported: in a flood of SYNs only complete handshakes count.
    pub flood_half_open: usize,
    /// At most this many half-open flows; the oldest goes first.
    pub max_half_open: usize,
    /// At most this many five-tuples are remembered for [`EventKind::Reopened`]; the oldest goes first.
    pub max_departed: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        const SECOND: u64 = 1_000_000;
        TrackerConfig {
            linger_us: 2 * SECOND,
            linger_away_us: 60 * SECOND,
            tcp_idle_us: 7_440 * SECOND,
            tcp_closing_idle_us: 240 * SECOND,
            half_open_us: 75 * SECOND,
            unanswered_us: 10 * SECOND,
            udp_idle_us: 30 * SECOND,
            syn_again_us: SECOND / 2,
            max_reported_half_open: 4_096,
            flood_half_open: 4_096,
            max_half_open: 65_536,
            max_departed: 262_144,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Tcp(Connection),
    /// A datagram came, and whether one went back.
    Udp {
        answered: bool,
    },
}

/// What a flow is to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    HalfOpen { answered: bool },
    Open { closing: bool },
    Lingering,
}

impl State {
    fn stage(&self) -> Stage {
        match self {
            State::Udp { answered: false } => Stage::HalfOpen { answered: false },
            State::Udp { answered: true } => Stage::Open { closing: false },
            State::Tcp(connection) => match connection.phase() {
                Phase::SynSeen => Stage::HalfOpen { answered: false },
                Phase::SynAckSeen | Phase::PickedUp => Stage::HalfOpen { answered: true },
                Phase::Established => Stage::Open { closing: false },
                Phase::Closing => Stage::Open { closing: true },
                Phase::Closed => Stage::Lingering,
            },
        }
    }
}

#[derive(Debug)]
struct Flow {
    state: State,
    /// A set-up (or a reopening) was reported, and no teardown since.
    is_reported: bool,
    /// When the last set-up was seen; before that, when the SYN was.
    set_up_us: u64,
    deadline_us: u64,
    /// Its place among the timers.
    queued_us: u64,
    /// Its place among those that are half-open.
    serial: u64,
}

/// A connection whose set-up was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveFlow {
    /// Which one.
    pub flow: FiveTuple,
    /// When its set-up was seen, in microseconds of the caller's clock.
    pub set_up_us: u64,
}

/// The connections of one host.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    services: Vec<Service>,
    // Keyed with random state: a client that chooses its ports must not be able to choose collisions. Never iterated in its order.
    flows: HashMap<FiveTuple, Flow>,
    timers: Timers,
    /// Half-open flows that were reported, because their SYN came again or because they are slow.
    early: BTreeSet<FiveTuple>,
    /// Half-open flows that were not reported, oldest first.
    half_open: BTreeMap<u64, FiveTuple>,
    /// Until when the SYN of a five-tuple is a reopening, and the same in order of time.
    departed: HashMap<FiveTuple, u64>,
    departures: VecDeque<(u64, FiveTuple)>,
    events: VecDeque<Event>,
    serial: u64,
    open: u64,
}

impl Tracker {
    /// Without services, hence without flows.
    pub fn new(config: TrackerConfig) -> Self {
        Tracker {
            config,
            services: Vec::new(),
            flows: HashMap::new(),
            timers: Timers::default(),
            early: BTreeSet::new(),
            half_open: BTreeMap::new(),
            departed: HashMap::new(),
            departures: VecDeque::new(),
            events: VecDeque::new(),
            serial: 0,
            open: 0,
        }
    }

    /// What is published. Connections to what no longer is are forgotten: should it be published again, those that go on are found
    /// by what the host sends.
    pub fn set_services(&mut self, services: Vec<Service>) {
        self.services = services;
        let flows = self.flows.keys().filter(|key| !self.is_published(key));
        for key in flows.copied().collect::<Vec<_>>() {
            self.forget(key);
        }
    }

    /// How long teardowns wait, and reopenings count. For connections that close from now on.
    pub fn set_linger(&mut self, linger_us: u64, linger_away_us: u64) {
        self.config.linger_us = linger_us;
        self.config.linger_away_us = linger_away_us;
    }

    /// Takes a frame that crosses the host's link.
    pub fn handle_packet(&mut self, now_us: u64, direction: Direction, frame: &[u8]) {
        if let Some(parsed) = crate::wire::parse(direction, frame) {
            self.handle_parsed(now_us, direction, &parsed);
        }
    }

    pub(crate) fn handle_parsed(&mut self, now_us: u64, direction: Direction, parsed: &Parsed) {
        match parsed {
            Parsed::Tcp(flow, segment) => self.handle_tcp(now_us, direction, *flow, segment),
            Parsed::Udp(flow) => self.handle_udp(now_us, direction, *flow),
            Parsed::ProbeReply(_) => {}
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now_us: u64) {
        while let Some(key) = self.timers.pop(now_us) {
            let Some(flow) = self.flows.get_mut(&key) else {
                continue;
            };
            if flow.deadline_us > now_us {
                flow.queued_us = self.timers.schedule(key, None, flow.deadline_us);
            } else {
                self.expire(now_us, key);
            }
        }
        while let Some((until_us, key)) = self.departures.front().copied() {
            if until_us > now_us && self.departures.len() <= self.config.max_departed {
                break;
            }
            self.departures.pop_front();
            if self.departed.get(&key) == Some(&until_us) {
                self.departed.remove(&key);
            }
        }
    }

    /// When [`Tracker::handle_timeout`] is to be called at the latest; it may then have nothing to do.
    pub fn poll_timeout(&self) -> Option<u64> {
        let departure = self.departures.front().map(|(until_us, _)| *until_us);
        [self.timers.next(), departure].into_iter().flatten().min()
    }

    /// The next event, in the order in which they happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Connections whose set-up was reported and whose teardown was not, those that linger included; by five-tuple.
    pub fn live_flows(&self) -> Vec<LiveFlow> {
        let mut live: Vec<LiveFlow> = self
            .flows
            .iter()
            .filter(|(_, flow)| flow.is_reported)
            .map(|(key, flow)| LiveFlow {
                flow: *key,
                set_up_us: flow.set_up_us,
            })
            .collect();
        live.sort_unstable_by_key(|live| live.flow);
        live
    }

    /// How many connections are open.
    pub fn connections(&self) -> u64 {
        self.open
    }

    /// How many five-tuples take up memory, for whatever reason.
    pub fn tracked(&self) -> usize {
        self.flows.len() + self.departed.len()
    }

    fn handle_tcp(
        &mut self,
        now_us: u64,
        direction: Direction,
        key: FiveTuple,
        segment: &TcpSegment,
    ) {
        let is_first_syn =
            direction == Direction::ToHost && segment.syn && !segment.ack && !segment.rst;
        let Some(flow) = self.flows.get_mut(&key) else {
            let connection = match direction {
                Direction::ToHost if is_first_syn => Some(Connection::from_syn(segment)),
                Direction::ToHost => None,
                Direction::FromHost => Connection::from_host_data(segment),
            };
            if let Some(connection) = connection
                && self.is_published(&key)
            {
                self.insert(now_us, key, State::Tcp(connection), is_first_syn);
            }
            return;
        };
        let State::Tcp(connection) = &mut flow.state else {
            return;
        };
        let was = State::Tcp(*connection).stage();
        if was == Stage::Lingering {
            // The same five-tuple again: the pending teardown is not reported, the flow stays where it is.
            if is_first_syn {
                *connection = Connection::from_syn(segment);
                self.reschedule(now_us, key);
            }
            return;
        }
        let change = connection.handle(direction, segment);
        let stage = flow.state.stage();
        self.open = self.open + u64::from(matches!(stage, Stage::Open { .. }))
            - u64::from(matches!(was, Stage::Open { .. }));
        let is_half_open = stage == Stage::HalfOpen { answered: true };
        let is_again =
            is_first_syn && now_us.saturating_sub(flow.set_up_us) >= self.config.syn_again_us;
        let is_reported = flow.is_reported;
        if !is_half_open && self.early.remove(&key) {
            // Its set-up has been reported.
            self.reschedule(now_us, key);
            return;
        }
        match change {
            Change::SetUp => self.report_set_up(now_us, key),
            Change::Closed if !is_reported => return self.forget(key),
            Change::None if is_half_open && is_again && !is_reported => {
                self.report_early(now_us, key)
            }
            Change::None | Change::Closed | Change::Replaced => {}
        }
        self.reschedule(now_us, key);
    }

    fn handle_udp(&mut self, now_us: u64, direction: Direction, key: FiveTuple) {
        let Some(flow) = self.flows.get_mut(&key) else {
            if direction == Direction::ToHost && self.is_published(&key) {
                self.insert(now_us, key, State::Udp { answered: false }, true);
            }
            return;
        };
        let State::Udp { answered } = &mut flow.state else {
            return;
        };
        if direction == Direction::FromHost && !*answered {
            *answered = true;
            self.open += 1;
            self.report_set_up(now_us, key);
        }
        self.reschedule(now_us, key);
    }

    fn is_published(&self, key: &FiveTuple) -> bool {
        self.services.iter().any(|service| service.contains(key))
    }

    fn insert(&mut self, now_us: u64, key: FiveTuple, state: State, is_first: bool) {
        let is_reopened = is_first
            && self
                .departed
                .remove(&key)
                .is_some_and(|until_us| until_us > now_us);
        if is_reopened {
            self.events.push_back(Event {
                kind: EventKind::Reopened,
                flow: key,
                at_us: now_us,
            });
        }
        self.serial += 1;
        let deadline_us = now_us + self.timeout(state.stage());
        let queued_us = self.timers.schedule(key, None, deadline_us);
        let serial = self.serial;
        let flow = Flow {
            state,
            is_reported: is_reopened,
            set_up_us: now_us,
            deadline_us,
            queued_us,
            serial,
        };
        self.flows.insert(key, flow);
        if !is_reopened {
            self.half_open.insert(serial, key);
            if self.half_open.len() > self.config.max_half_open
                && let Some((_, oldest)) = self.half_open.pop_first()
            {
                self.forget(oldest);
            }
        }
    }

    fn timeout(&self, stage: Stage) -> u64 {
        match stage {
            Stage::HalfOpen { answered: false } => self.config.unanswered_us,
            Stage::HalfOpen { answered: true } => self.config.half_open_us,
            Stage::Open { closing: false } => self.config.tcp_idle_us,
            Stage::Open { closing: true } => self.config.tcp_closing_idle_us,
            Stage::Lingering => self.config.linger_us,
        }
    }

    fn reschedule(&mut self, now_us: u64, key: FiveTuple) {
        let Some(flow) = self.flows.get(&key) else {
            return;
        };
        let timeout = match flow.state {
            State::Udp { answered: true } => self.config.udp_idle_us,
            state => self.timeout(state.stage()),
        };
        if let Some(flow) = self.flows.get_mut(&key) {
            flow.deadline_us = now_us + timeout;
            flow.queued_us = self
                .timers
                .schedule(key, Some(flow.queued_us), flow.deadline_us);
        }
    }

    fn report_set_up(&mut self, now_us: u64, key: FiveTuple) {
        if let Some(flow) = self.flows.get_mut(&key) {
            flow.is_reported = true;
            self.half_open.remove(&flow.serial);
            flow.set_up_us = now_us;
            self.departed.remove(&key);
            self.events.push_back(Event {
                kind: EventKind::SetUp,
                flow: key,
                at_us: now_us,
            });
        }
    }

    fn is_flooded(&self) -> bool {
        self.half_open.len() > self.config.flood_half_open
    }

    fn report_early(&mut self, now_us: u64, key: FiveTuple) {
        if !self.is_flooded() && self.early.len() < self.config.max_reported_half_open {
            self.early.insert(key);
            self.report_set_up(now_us, key);
        }
    }

    /// Reports connections whose handshake has taken [`TrackerConfig::syn_again_us`] so far: a bucket that settles is to know all
    /// that its former owner accepted, however long a client takes. As many as may be reported so at a time.
    pub fn report_slow(&mut self, now_us: u64) {
        if self.is_flooded() {
            return;
        }
        let slow_us = self.config.syn_again_us;
        let slow: Vec<FiveTuple> = self
            .half_open
            .values()
            .filter_map(|key| self.flows.get(key).map(|flow| (key, flow)))
            .take_while(|(_, flow)| now_us.saturating_sub(flow.set_up_us) >= slow_us)
            .filter(|(_, flow)| {
                matches!(flow.state, State::Tcp(connection) if connection.phase() == Phase::SynAckSeen)
            })
            .take(self.config.max_reported_half_open.saturating_sub(self.early.len()))
            .map(|(key, _)| *key)
            .collect();
        for key in slow {
            self.report_early(now_us, key);
        }
    }

    /// A flow's time has come, and it is no longer among the timers.
    fn expire(&mut self, now_us: u64, key: FiveTuple) {
        let Some(flow) = self.flows.remove(&key) else {
            return;
        };
        self.open -= u64::from(matches!(flow.state.stage(), Stage::Open { .. }));
        self.early.remove(&key);
        if !flow.is_reported {
            self.half_open.remove(&flow.serial);
            return;
        }
        self.events.push_back(Event {
            kind: EventKind::TearDown,
            flow: key,
            at_us: now_us,
        });
        let until_us = now_us + self.config.linger_away_us;
        self.departed.insert(key, until_us);
        self.departures.push_back((until_us, key));
    }

    fn forget(&mut self, key: FiveTuple) {
        if let Some(flow) = self.flows.remove(&key) {
            self.open -= u64::from(matches!(flow.state.stage(), Stage::Open { .. }));
            self.timers.remove(key, flow.queued_us);
            self.early.remove(&key);
            self.half_open.remove(&flow.serial);
        }
    }
}
