//! Deadlines of many flows. Extending one costs nothing until the earlier time has come.

use std::collections::BTreeSet;

use crate::FiveTuple;

/// At most one time per flow, in order.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(u64, FiveTuple)>,
}

impl Timers {
    /// Moves a flow's place from `queued` (absent if it has none) to `deadline` if that is earlier; returns the place that it has.
    pub(super) fn schedule(&mut self, flow: FiveTuple, queued: Option<u64>, deadline: u64) -> u64 {
        match queued {
            Some(queued) if queued <= deadline => return queued,
            Some(queued) => {
                self.queue.remove(&(queued, flow));
            }
            None => {}
        }
        self.queue.insert((deadline, flow));
        deadline
    }

    pub(super) fn remove(&mut self, flow: FiveTuple, queued: u64) {
        self.queue.remove(&(queued, flow));
    }

    /// The first flow whose place is not after `now_us`; it has none then.
    pub(super) fn pop(&mut self, now_us: u64) -> Option<FiveTuple> {
        let first = *self.queue.first()?;
        (first.0 <= now_us && self.queue.remove(&first)).then_some(first.1)
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.queue.first().map(|first| first.0)
    }
}
