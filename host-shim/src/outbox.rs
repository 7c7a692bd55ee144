//! What is reported to the controller: events in numbered batches that are kept until they are acknowledged, and snapshots.

use std::collections::{HashSet, VecDeque};

use dpr_protocol::shim::v1 as wire;

use crate::Event;
use crate::tracker::LiveFlow;

/// Flows in one part of a snapshot.
const SNAPSHOT_PART: usize = 4_096;

/// When a batch is sent, and how much is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxConfig {
    /// A batch is sent when it has this many events ...
    pub batch_events: usize,
    /// ... or when its first is this old, in microseconds.
    pub batch_age_us: u64,
    /// When more than this many events wait, they are dropped for a snapshot.
    pub max_events: usize,
}

impl Default for OutboxConfig {
    fn default() -> Self {
        OutboxConfig {
            batch_events: 512,
            batch_age_us: 5_000,
            max_events: 262_144,
        }
    }
}

/// What has a sequence number.
#[derive(Debug)]
enum Report {
    Events(Vec<Event>),
    Snapshot {
        flows: Vec<LiveFlow>,
        first: bool,
        last: bool,
        partial: bool,
    },
}

impl Report {
    fn len(&self) -> usize {
        match self {
            Report::Events(events) => events.len(),
            Report::Snapshot { flows, .. } => flows.len(),
        }
    }

    fn to_wire(&self, seq: u64, now_us: u64) -> wire::ShimMessage {
        match self {
            Report::Events(events) => wire::Events {
                seq,
                events: events.iter().map(|event| event.to_wire(now_us)).collect(),
            }
            .into(),
            Report::Snapshot {
                flows,
                first,
                last,
                partial,
            } => {
                let flows = flows.iter().map(|live| wire::LiveFlow {
                    flow: Some(live.flow.into()),
                    age_us: now_us.saturating_sub(live.set_up_us),
                });
                wire::Snapshot {
                    seq,
                    flows: flows.collect(),
                    first: *first,
                    last: *last,
                    partial: *partial,
                }
                .into()
            }
        }
    }
}

/// Events on their way to the controller.
#[derive(Debug)]
pub(crate) struct Outbox {
    config: OutboxConfig,
    /// Of the last report that was given a number, and of the last that was acknowledged.
    seq: u64,
    acked_seq: u64,
    /// Reports with the numbers up to `seq`, without those that were acknowledged.
    unacked: VecDeque<Report>,
    /// Not in a report yet.
    pending: VecDeque<Event>,
    /// Events in `unacked`.
    unacked_events: usize,
    /// Events were dropped: the next registration brings a snapshot.
    owes_snapshot: bool,
    is_up: bool,
}

impl Outbox {
    pub(crate) fn new(config: OutboxConfig) -> Self {
        Outbox {
            config,
            seq: 0,
            acked_seq: 0,
            unacked: VecDeque::new(),
            pending: VecDeque::new(),
            unacked_events: 0,
            owes_snapshot: false,
            is_up: false,
        }
    }

    pub(crate) fn acked_seq(&self) -> u64 {
        self.acked_seq
    }

    /// Too much was dropped for anything but a snapshot to help.
    pub(crate) fn owes_snapshot(&self) -> bool {
        self.owes_snapshot
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.pending.push_back(event);
        if self.pending.len() + self.unacked_events > self.config.max_events {
            self.drop_reports();
            self.owes_snapshot = true;
        }
    }

    pub(crate) fn handle_disconnected(&mut self) {
        self.is_up = false;
    }

    /// The controller has everything up to `received_seq`; the rest is sent again.
    pub(crate) fn handle_registered(
        &mut self,
        now_us: u64,
        received_seq: u64,
        send: &mut VecDeque<wire::ShimMessage>,
    ) {
        self.handle_ack(received_seq);
        self.is_up = true;
        for (seq, report) in (self.acked_seq + 1..).zip(&self.unacked) {
            send.push_back(report.to_wire(seq, now_us));
        }
        self.fold_pending();
        self.flush(now_us, send);
    }

    pub(crate) fn handle_ack(&mut self, seq: u64) {
        while self.acked_seq < seq.min(self.seq)
            && let Some(report) = self.unacked.pop_front()
        {
            self.acked_seq += 1;
            self.unacked_events -= report.len();
        }
    }

    /// Replaces all that was not acknowledged by the list of what there is, as far as it is known.
    pub(crate) fn snapshot(
        &mut self,
        now_us: u64,
        live: &[LiveFlow],
        partial: bool,
        send: &mut VecDeque<wire::ShimMessage>,
    ) {
        self.drop_reports();
        self.owes_snapshot = false;
        self.is_up = true;
        let parts: Vec<&[LiveFlow]> = if live.is_empty() {
            vec![live]
        } else {
            live.chunks(SNAPSHOT_PART).collect()
        };
        let last = parts.len() - 1;
        for (index, part) in parts.into_iter().enumerate() {
            let report = Report::Snapshot {
                flows: part.to_vec(),
                first: index == 0,
                last: index == last,
                partial,
            };
            self.number(now_us, report, send);
        }
    }

    /// When [`Outbox::handle_timeout`] has something to send.
    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        let oldest = self.pending.front()?;
        self.is_up
            .then(|| match self.pending.len() >= self.config.batch_events {
                true => oldest.at_us,
                false => oldest.at_us + self.config.batch_age_us,
            })
    }

    pub(crate) fn handle_timeout(&mut self, now_us: u64, send: &mut VecDeque<wire::ShimMessage>) {
        if self.poll_timeout().is_some_and(|due_us| due_us <= now_us) {
            self.flush(now_us, send);
        }
    }

    /// Sends all events that wait.
    pub(crate) fn flush(&mut self, now_us: u64, send: &mut VecDeque<wire::ShimMessage>) {
        while self.is_up && !self.pending.is_empty() {
            let batch = self
                .pending
                .drain(..self.pending.len().min(self.config.batch_events.max(1)))
                .collect();
            self.number(now_us, Report::Events(batch), send);
        }
    }

    fn number(&mut self, now_us: u64, report: Report, send: &mut VecDeque<wire::ShimMessage>) {
        self.seq += 1;
        send.push_back(report.to_wire(self.seq, now_us));
        self.unacked_events += report.len();
        self.unacked.push_back(report);
    }

    fn drop_reports(&mut self) {
        self.pending.clear();
        self.unacked.clear();
        self.unacked_events = 0;
        self.acked_seq = self.seq;
    }

    /// Leaves out what a later event of the same connection makes stale. A connection that came and went while the controller was
    /// away must not be announced: its ports may serve another by now, at another host.
    fn fold_pending(&mut self) {
        let mut seen = HashSet::new();
        let mut kept: VecDeque<Event> = VecDeque::with_capacity(self.pending.len());
        for event in self.pending.drain(..).rev() {
            let is_last = seen.insert(event.flow);
            if is_last {
                kept.push_front(event);
            }
        }
        self.pending = kept;
    }
}
