//! Giving a bucket to another owner without breaking a connection: the four steps of a move, each of which begins when the writes
//! of the one before are acknowledged.

use super::{
    Core, Timer,
    entry::{GroupNumber, Key, Owned, Value},
    types::{BucketId, FlowKey, HostId, Micros, micros},
};
use std::time::Duration;

/// Who waits for a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token {
    /// A connection's entry at its server, which a batch of reports called for.
    Pin {
        flow: FlowKey,
        host: HostId,
        epoch: u32,
        seq: u64,
        reported: Micros,
    },
    /// A connection's entry at its bucket's owner.
    Installed { reported: Micros },
    /// A step of a bucket's activity.
    Step { bucket: BucketId, generation: u32 },
    /// A step of a change of the rules.
    Change { generation: u32, stage: HostId },
    /// The entry of a connection whose former owner by the rules is dead.
    Orphan { generation: u32, stage: HostId },
    /// A step of a change of the front router's set.
    MemberSet,
    /// A stage has the group of a destination that is several computers.
    Grouped { host: HostId, address: u128 },
    /// A stage's entry that named a group names it no more.
    Ungrouped { host: HostId, group: GroupNumber },
}

/// Who waits until all that a host has seen by now is reported and pinned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waiter {
    /// A step of a bucket's activity.
    Bucket { bucket: BucketId, generation: u32 },
    /// A step of a change of the rules.
    Change { generation: u32 },
    /// The end of a session.
    Session(FlowKey),
}

/// What is going on with a bucket.
#[derive(Debug)]
pub(super) struct Activity {
    /// Distinguishes it from earlier ones of the bucket.
    pub generation: u32,
    pub kind: Kind,
    /// Writes of this step that are not acknowledged.
    waiting: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Move {
        from: HostId,
        to: HostId,
        step: Step,
    },
    /// The owner, or the host it asked, is dead.
    Rehome { to: HostId, step: RehomeStep },
    /// The stages show the beginning of a move, and the one that knows whether it was committed is not connected.
    Undecided { from: HostId, to: HostId },
}

/// Where a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Step 1: the new owner's entry names the old one as owner and as the one to ask.
    Prepare,
    /// All that the old owner holds is to be reported.
    Flush,
    /// Step 2: the old owner's entry names the new one.
    Commit,
    /// Step 3: so do all others; connections that were being set up get time to be reported.
    Settle,
    /// And are.
    SettleFlush,
    /// Step 4: the new owner gets entries for the connections that live elsewhere.
    Entries,
    /// It asks the old one no more.
    Clear,
}

/// Where the rehoming of a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RehomeStep {
    Entries,
    Owner,
}

/// Under [`Faults::no_flush`](super::Faults::no_flush) a move does not settle for longer than this.
const HASTY_SETTLE: Duration = Duration::from_millis(50);

/// The longest that [`Faults::no_order`](super::Faults::no_order) delays a write.
const DISORDER: Micros = 50_000;

impl Core {
    pub(super) fn owner(&self, bucket: BucketId) -> HostId {
        let owner = self
            .owners
            .get(&bucket.map)
            .and_then(|owners| owners.get(usize::from(bucket.bucket)));
        owner.copied().unwrap_or(0)
    }

    pub(super) fn set_owner(&mut self, bucket: BucketId, host: HostId) {
        if let Some(owner) = self
            .owners
            .get_mut(&bucket.map)
            .and_then(|owners| owners.get_mut(usize::from(bucket.bucket)))
        {
            *owner = host;
        }
    }

    /// What the bucket's entry at a stage should be now; `None` where that is undecided.
    pub(super) fn expected(&self, bucket: BucketId, stage: HostId) -> Option<Owned> {
        match self.activities.get(&bucket).map(|activity| activity.kind) {
            Some(Kind::Move { from, to, step }) if to == stage => Some(match step {
                Step::Prepare | Step::Flush | Step::Commit => self.asking(from, from),
                Step::Settle | Step::SettleFlush | Step::Entries => self.asking(to, from),
                Step::Clear => Owned::by(to),
            }),
            // A commit that is not acknowledged yet stands in the stage's queue.
            Some(Kind::Move {
                from,
                to,
                step: Step::Commit,
            }) if from == stage => Some(Owned::by(to)),
            Some(Kind::Undecided { to, .. }) if to == stage => None,
            _ => Some(Owned::by(self.owner(bucket))),
        }
    }

    /// The entry of a new owner that asks the old one.
    fn asking(&self, owner: HostId, previous: HostId) -> Owned {
        let previous = if self.group.protocol.faults.no_chain {
            0
        } else {
            previous
        };
        Owned {
            owner,
            previous,
            accept: true,
        }
    }

    pub(super) fn new_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }

    pub(super) fn begin(&mut self, bucket: BucketId, kind: Kind) -> u32 {
        let generation = self.new_generation();
        self.activities.insert(
            bucket,
            Activity {
                generation,
                kind,
                waiting: 0,
            },
        );
        generation
    }

    /// Writes a bucket's entry at a stage, without waiting for it.
    pub(super) fn set_bucket(&mut self, bucket: BucketId, stage: HostId, owned: Owned) {
        self.want(stage, Key::Bucket(bucket), Some(Value::Owned(owned)), None);
    }

    /// Writes something that the bucket's next step waits for.
    fn step_write(&mut self, bucket: BucketId, stage: HostId, key: Key, value: Value) {
        let Some(activity) = self.activities.get_mut(&bucket) else {
            return;
        };
        if self
            .hosts
            .get(&stage)
            .is_none_or(|host| host.is_dead() || !host.stage.known)
        {
            return;
        }
        activity.waiting += 1;
        let token = Token::Step {
            bucket,
            generation: activity.generation,
        };
        self.want(stage, key, Some(value), Some(token));
    }

    fn step_bucket(&mut self, bucket: BucketId, stage: HostId, owned: Owned) {
        self.step_write(bucket, stage, Key::Bucket(bucket), Value::Owned(owned));
    }

    /// Begins a move. The caller has seen that it may.
    pub(super) fn begin_move(&mut self, bucket: BucketId, from: HostId, to: HostId) {
        self.begin(
            bucket,
            Kind::Move {
                from,
                to,
                step: Step::Prepare,
            },
        );
        if self.group.protocol.faults.no_order {
            return self.move_in_disorder(bucket, from, to);
        }
        let owned = self.asking(from, from);
        self.step_bucket(bucket, to, owned);
    }

    /// Writes all the entries that the stages get in the course of a move at once, in any order.
    fn move_in_disorder(&mut self, bucket: BucketId, from: HostId, to: HostId) {
        let others = self.hosts.keys().filter(|stage| **stage != to);
        let mut writes: Vec<(HostId, Owned)> =
            others.map(|stage| (*stage, Owned::by(to))).collect();
        let new_owners = [
            self.asking(from, from),
            self.asking(to, from),
            Owned::by(to),
        ];
        writes.extend(new_owners.map(|owned| (to, owned)));
        for (stage, owned) in writes {
            let delay = self.random.u64(0..DISORDER);
            self.set_timer(
                self.now + delay,
                Timer::Late {
                    stage,
                    key: Key::Bucket(bucket),
                    value: Value::Owned(owned),
                },
            );
        }
        self.set_owner(bucket, to);
        self.settle(bucket, from, to);
    }

    /// Goes on with a move whose commit the stages show: from step 3.
    pub(super) fn resume_move(&mut self, bucket: BucketId, from: HostId, to: HostId) {
        self.set_owner(bucket, to);
        self.begin(
            bucket,
            Kind::Move {
                from,
                to,
                step: Step::Commit,
            },
        );
        self.step_bucket(bucket, from, Owned::by(to));
        self.advance_if_done(bucket);
    }

    pub(super) fn set_step(&mut self, bucket: BucketId, next: Step) {
        if let Some(Activity {
            kind: Kind::Move { step, .. },
            ..
        }) = self.activities.get_mut(&bucket)
        {
            *step = next;
        }
    }

    pub(super) fn on_step(&mut self, bucket: BucketId, generation: u32) {
        let Some(activity) = self
            .activities
            .get_mut(&bucket)
            .filter(|activity| activity.generation == generation)
        else {
            return;
        };
        activity.waiting = activity.waiting.saturating_sub(1);
        self.advance_if_done(bucket);
    }

    fn advance_if_done(&mut self, bucket: BucketId) {
        let Some(activity) = self.activities.get(&bucket) else {
            return;
        };
        if activity.waiting > 0 {
            return;
        }
        match activity.kind {
            Kind::Move { from, to, step } => self.advance_move(bucket, from, to, step),
            Kind::Rehome { to, step } => self.advance_rehome(bucket, to, step),
            Kind::Undecided { .. } => {}
        }
    }

    /// The writes of a step are acknowledged.
    fn advance_move(&mut self, bucket: BucketId, from: HostId, to: HostId, step: Step) {
        match step {
            Step::Prepare => {
                self.set_step(bucket, Step::Flush);
                self.request_flush(bucket, from);
            }
            Step::Commit => {
                self.set_owner(bucket, to);
                self.set_everywhere_else(bucket, to, from);
                let owned = self.asking(to, from);
                self.step_bucket(bucket, to, owned);
                // SETTLE counts from the commit, not from the last of step 3.
                self.settle(bucket, from, to);
            }
            Step::Entries => {
                self.set_step(bucket, Step::Clear);
                self.step_bucket(bucket, to, Owned::by(to));
                self.advance_if_done(bucket);
            }
            Step::Clear => {
                for (flow, _) in self.flows.of_bucket_elsewhere(bucket, from) {
                    if self
                        .hosts
                        .get(&from)
                        .is_some_and(|host| host.stage.desired(&Key::Flow(flow)).is_some())
                    {
                        self.want(from, Key::Flow(flow), None, None);
                    }
                }
                self.counts.moves_completed += 1;
                self.end(bucket);
            }
            // These end by an answer or by time; an acknowledged write of step 3 is none of them.
            Step::Flush | Step::Settle | Step::SettleFlush => {}
        }
    }

    fn settle(&mut self, bucket: BucketId, from: HostId, to: HostId) {
        let Some(activity) = self.activities.get_mut(&bucket) else {
            return;
        };
        activity.kind = Kind::Move {
            from,
            to,
            step: Step::Settle,
        };
        let generation = activity.generation;
        let settle = if self.group.protocol.faults.no_flush {
            HASTY_SETTLE
        } else {
            self.group.protocol.settle
        };
        self.set_timer(
            self.now + micros(settle),
            Timer::Settled { bucket, generation },
        );
    }

    /// At the stages that neither gave the bucket away nor got it.
    fn set_everywhere_else(&mut self, bucket: BucketId, to: HostId, from: HostId) {
        for stage in self
            .hosts
            .keys()
            .copied()
            .filter(|stage| *stage != to && *stage != from)
            .collect::<Vec<_>>()
        {
            self.set_bucket(bucket, stage, Owned::by(to));
        }
    }

    pub(super) fn on_settled(&mut self, bucket: BucketId, generation: u32) {
        let Some(activity) = self
            .activities
            .get(&bucket)
            .filter(|activity| activity.generation == generation)
        else {
            return;
        };
        let Kind::Move {
            from,
            step: Step::Settle,
            ..
        } = activity.kind
        else {
            return;
        };
        if activity.waiting > 0 {
            // The new owner has not acknowledged step 3 yet.
            let again = self.now + micros(HASTY_SETTLE);
            return self.set_timer(again, Timer::Settled { bucket, generation });
        }
        self.set_step(bucket, Step::SettleFlush);
        self.request_flush(bucket, from);
    }

    /// All that the old owner held when it was asked is reported, and its pins are acknowledged.
    pub(super) fn on_flushed(&mut self, bucket: BucketId, generation: u32) {
        let Some(activity) = self
            .activities
            .get(&bucket)
            .filter(|activity| activity.generation == generation)
        else {
            return;
        };
        match activity.kind {
            Kind::Move {
                from,
                to,
                step: Step::Flush,
            } => {
                self.set_step(bucket, Step::Commit);
                self.step_bucket(bucket, from, Owned::by(to));
            }
            Kind::Move {
                to,
                step: Step::SettleFlush,
                ..
            } => {
                self.set_step(bucket, Step::Entries);
                self.write_entries(bucket, to);
                self.advance_if_done(bucket);
            }
            _ => {}
        }
    }

    /// Entries at a bucket's owner for its connections that live elsewhere.
    fn write_entries(&mut self, bucket: BucketId, owner: HostId) {
        for (flow, value) in self.flows.of_bucket_elsewhere(bucket, owner) {
            self.step_write(bucket, owner, Key::Flow(flow), value);
        }
    }

    /// The bucket rests before it moves again.
    pub(super) fn end(&mut self, bucket: BucketId) {
        self.activities.remove(&bucket);
        let until = self.now + micros(self.group.protocol.settle);
        self.resting.insert(bucket, until);
        self.forget_rested();
        self.close_graves(bucket);
        self.begin_late_sessions();
    }

    fn forget_rested(&mut self) {
        if self.resting.len() > 1024 {
            let now = self.now;
            self.resting.retain(|_, until| *until > now);
        }
    }

    /// Gives a bucket to a host because its owner, or the one that its owner asks, is dead: entries first, then the owner, then
    /// the others.
    pub(super) fn rehome(&mut self, bucket: BucketId, to: HostId) {
        self.set_owner(bucket, to);
        if self.group.protocol.faults.no_entries_first {
            self.begin(
                bucket,
                Kind::Rehome {
                    to,
                    step: RehomeStep::Owner,
                },
            );
            self.step_bucket(bucket, to, Owned::by(to));
            self.set_timer(self.now + 300_000, Timer::LateEntries { bucket });
        } else {
            self.begin(
                bucket,
                Kind::Rehome {
                    to,
                    step: RehomeStep::Entries,
                },
            );
            self.write_entries(bucket, to);
        }
        self.advance_if_done(bucket);
    }

    fn advance_rehome(&mut self, bucket: BucketId, to: HostId, step: RehomeStep) {
        match step {
            RehomeStep::Entries => {
                self.set_rehome_step(bucket, RehomeStep::Owner);
                self.step_bucket(bucket, to, Owned::by(to));
                self.advance_if_done(bucket);
            }
            RehomeStep::Owner => {
                for stage in self
                    .hosts
                    .keys()
                    .copied()
                    .filter(|stage| *stage != to)
                    .collect::<Vec<_>>()
                {
                    self.set_bucket(bucket, stage, Owned::by(to));
                }
                self.end(bucket);
            }
        }
    }

    fn set_rehome_step(&mut self, bucket: BucketId, next: RehomeStep) {
        if let Some(Activity {
            kind: Kind::Rehome { step, .. },
            ..
        }) = self.activities.get_mut(&bucket)
        {
            *step = next;
        }
    }

    pub(super) fn copy_entries_late(&mut self, bucket: BucketId) {
        let owner = self.owner(bucket);
        for (flow, value) in self.flows.of_bucket_elsewhere(bucket, owner) {
            self.want(owner, Key::Flow(flow), Some(value), None);
        }
    }
}
