//! A client's side of one connection: a few segments at a time (go-back-N), thinking time between them, and a close.

use dpr_controller::core::FlowKey as Flow;

use super::dice::Dice;
use super::frames::{Segment, flags};
use super::queue::{MILLISECOND, Micros, SECOND};

/// What a client is like.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Bursts of data that it sends.
    pub bursts: u32,
    /// Mean time between them.
    pub think: Micros,
    /// From the host to the client.
    pub delay: Micros,
    /// Who closes.
    pub close: Close,
    /// Its FIN comes a second time, this much later.
    pub late_fin: Option<Micros>,
    /// The ports are used again, this long after the close.
    pub reuse: Option<Micros>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The client sends its FIN first.
    Client,
    /// The server does.
    Server,
    /// Both send one before they have seen the other's.
    Both,
    /// The client resets.
    Abort,
}

/// How far the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The SYN is not answered.
    Connecting,
    /// The handshake is complete.
    Open,
    /// Closed by both sides, or aborted.
    Done,
    /// Reset by a host.
    Reset,
    /// Nobody answers.
    TimedOut,
}

/// What is to happen to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The next burst, or the close.
    Step,
    /// What was sent and not acknowledged goes again; for the transmission with this number.
    Retransmit(u32),
    /// The copy of a FIN that took another way.
    LateFin,
}

/// What a client does.
#[derive(Debug, Default)]
pub struct Reaction {
    /// Segments that it sends.
    pub send: Vec<Segment>,
    /// Timers that it starts.
    pub timers: Vec<(Micros, Timer)>,
}

const SYN_TIMEOUT: Micros = SECOND;
const DATA_TIMEOUT: Micros = 250 * MILLISECOND;
const LONGEST_TIMEOUT: Micros = 8 * SECOND;
const ATTEMPTS: u32 = 12;
const BURST_BYTES: [u16; 3] = [3, 5, 7];

/// One connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its five-tuple.
    pub flow: Flow,
    /// What it is like.
    pub plan: Plan,
    /// How far it is.
    pub phase: Phase,
    isn: u32,
    /// Sent and not acknowledged, in order.
    in_flight: Vec<Segment>,
    next: u32,
    expected: u32,
    bursts_left: u32,
    fin_sent: bool,
    host_has_closed: bool,
    /// Numbers the waits for acknowledgements, so that those that are over are known.
    wait: u32,
    attempts: u32,
}

impl Client {
    /// A client that is about to connect.
    pub fn new(flow: Flow, plan: Plan, isn: u32) -> Self {
        Client {
            flow,
            plan,
            phase: Phase::Connecting,
            isn,
            in_flight: Vec::new(),
            next: isn.wrapping_add(1),
            expected: 0,
            bursts_left: plan.bursts,
            fin_sent: false,
            host_has_closed: false,
            wait: 0,
            attempts: 0,
        }
    }

    /// Sends the SYN.
    pub fn connect(&mut self) -> Reaction {
        let timers = vec![(
            SYN_TIMEOUT << self.attempts.min(3),
            Timer::Retransmit(self.wait),
        )];
        Reaction {
            send: vec![Segment::new(self.flow, flags::SYN, self.isn, 0)],
            timers,
        }
    }

    fn ack(&self) -> Segment {
        Segment::new(self.flow, flags::ACK, self.next, self.expected)
    }

    fn transmit(&mut self, segments: Vec<Segment>, reaction: &mut Reaction) {
        for segment in segments {
            self.next = segment.end();
            self.in_flight.push(segment);
            reaction.send.push(segment);
        }
        self.wait += 1;
        self.attempts = 0;
        reaction
            .timers
            .push((DATA_TIMEOUT + self.plan.delay, Timer::Retransmit(self.wait)));
    }

    fn fin(&mut self, reaction: &mut Reaction) {
        self.fin_sent = true;
        let fin = Segment::new(self.flow, flags::FIN_ACK, self.next, self.expected);
        self.transmit(vec![fin], reaction);
        if let Some(delay) = self.plan.late_fin {
            reaction.timers.push((delay, Timer::LateFin));
        }
    }

    /// A timer's time has come.
    pub fn handle_timer(&mut self, timer: Timer, dice: &mut Dice) -> Reaction {
        let mut reaction = Reaction::default();
        match (timer, self.phase) {
            (Timer::Retransmit(wait), Phase::Connecting | Phase::Open) if wait == self.wait => {
                self.attempts += 1;
                if self.attempts > ATTEMPTS {
                    self.phase = Phase::TimedOut;
                } else if self.phase == Phase::Connecting {
                    return self.connect();
                } else if !self.in_flight.is_empty() {
                    reaction.send.clone_from(&self.in_flight);
                    let timeout = (DATA_TIMEOUT + self.plan.delay) << self.attempts.min(6);
                    reaction
                        .timers
                        .push((timeout.min(LONGEST_TIMEOUT), Timer::Retransmit(self.wait)));
                }
            }
            (Timer::Step, Phase::Open) if self.in_flight.is_empty() && !self.fin_sent => {
                self.step(dice, &mut reaction)
            }
            (Timer::LateFin, _) => {
                let fin = Segment::new(
                    self.flow,
                    flags::FIN_ACK,
                    self.next.wrapping_sub(1),
                    self.expected,
                );
                reaction.send.push(fin);
            }
            _ => {}
        }
        reaction
    }

    fn step(&mut self, dice: &mut Dice, reaction: &mut Reaction) {
        if self.bursts_left > 0 {
            self.bursts_left -= 1;
            let is_last = self.bursts_left == 0;
            let count = dice.between(1, BURST_BYTES.len() as u64) as usize;
            let mut sequence = self.next;
            let mut burst = Vec::with_capacity(count);
            for (index, payload) in BURST_BYTES.into_iter().take(count).enumerate() {
                let segment = Segment {
                    payload,
                    asks_to_close: is_last
                        && index + 1 == count
                        && matches!(self.plan.close, Close::Server | Close::Both),
                    ..Segment::new(self.flow, flags::ACK, sequence, self.expected)
                };
                sequence = segment.end();
                burst.push(segment);
            }
            self.transmit(burst, reaction);
            if is_last && self.plan.close == Close::Both {
                self.fin(reaction);
            }
            return;
        }
        match self.plan.close {
            Close::Client | Close::Both => self.fin(reaction),
            Close::Abort => {
                reaction.send.push(Segment::new(
                    self.flow,
                    flags::RST_ACK,
                    self.next,
                    self.expected,
                ));
                self.phase = Phase::Done;
            }
            // The server's FIN is on its way.
            Close::Server => {}
        }
    }

    /// A segment of the host arrives.
    pub fn handle(&mut self, segment: &Segment, dice: &mut Dice) -> Reaction {
        let mut reaction = Reaction::default();
        if segment.is_rst() {
            let is_ours = segment.sequence == self.expected || segment.acknowledgment == self.next;
            if matches!(self.phase, Phase::Connecting | Phase::Open)
                && (is_ours || self.phase == Phase::Open)
            {
                self.phase = Phase::Reset;
            }
            return reaction;
        }
        if segment.is_syn_ack() {
            if segment.acknowledgment != self.isn.wrapping_add(1) {
                return reaction;
            }
            if self.phase == Phase::Connecting {
                self.phase = Phase::Open;
                self.wait += 1;
                self.attempts = 0;
                self.expected = segment.sequence.wrapping_add(1);
                reaction
                    .timers
                    .push((dice.exponential(self.plan.think), Timer::Step));
            }
            reaction.send.push(self.ack());
            return reaction;
        }
        match self.phase {
            Phase::Open => {}
            // The host has a former connection of these ports open, whose abort it never got (RFC 9293, section 3.5.2).
            Phase::Connecting => {
                let number = segment.acknowledgment;
                if number != self.isn.wrapping_add(1) {
                    let reset = Segment::new(self.flow, flags::RESET, number, 0);
                    reaction.send.push(reset);
                }
                return reaction;
            }
            Phase::Done if segment.is_fin() => {
                reaction.send.push(self.ack());
                return reaction;
            }
            _ => return reaction,
        }
        let outstanding = self.in_flight.len();
        let first = self
            .in_flight
            .first()
            .map_or(self.next, |first| first.sequence);
        // What acknowledges anything else is of a former connection of these ports.
        if segment.acknowledgment.wrapping_sub(first) <= self.next.wrapping_sub(first) {
            self.in_flight
                .retain(|sent| (segment.acknowledgment.wrapping_sub(sent.end()) as i32) < 0);
        }
        if self.in_flight.len() < outstanding {
            self.attempts = 0;
            self.wait += 1;
            if self.in_flight.is_empty() {
                if !self.fin_sent {
                    reaction
                        .timers
                        .push((dice.exponential(self.plan.think), Timer::Step));
                }
            } else {
                reaction
                    .timers
                    .push((DATA_TIMEOUT + self.plan.delay, Timer::Retransmit(self.wait)));
            }
        }
        if segment.is_fin() {
            if segment.sequence == self.expected {
                self.expected = self.expected.wrapping_add(1);
                self.host_has_closed = true;
            }
            if self.host_has_closed && !self.fin_sent {
                self.fin(&mut reaction);
            } else {
                reaction.send.push(self.ack());
            }
        }
        if self.fin_sent && self.host_has_closed && self.in_flight.is_empty() {
            self.phase = Phase::Done;
        }
        reaction
    }
}
