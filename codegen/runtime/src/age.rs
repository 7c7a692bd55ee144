//! How long ago packets hit the entries of a table.
//!
//! Packets say only that they hit an entry; whoever knows the time comes by now and then ([`Ages::advance`]) and notes it for the
//! entries that were hit since. Times are thus as exact as the calls are frequent.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

#[derive(Debug, Default)]
struct Cell {
    /// Since the last call.
    hit: AtomicBool,
    last_hit_ns: AtomicU64,
    /// The last hit, or when the entry was reported as idle last.
    quiet_since_ns: AtomicU64,
    /// 0 in cells that no entry has, and for entries that are never idle.
    timeout_ns: AtomicU64,
}

/// The ages of a table's entries, by the entries' cells.
#[derive(Debug)]
pub(crate) struct Ages {
    now_ns: AtomicU64,
    cells: Box<[Cell]>,
}

impl Ages {
    /// For so many entries.
    pub(crate) fn new(size: u64) -> Self {
        Ages {
            now_ns: AtomicU64::new(0),
            cells: (0..size).map(|_| Cell::default()).collect(),
        }
    }

    fn cell(&self, cell: u64) -> Option<&Cell> {
        self.cells.get(usize::try_from(cell).ok()?)
    }

    /// A packet hits an entry.
    #[inline]
    pub(crate) fn hit(&self, cell: u64) {
        // Who only reads does not take the line from other threads.
        if let Some(cell) = self.cell(cell)
            && !cell.hit.load(Relaxed)
        {
            cell.hit.store(true, Relaxed);
        }
    }

    /// There is a new entry. It counts as hit, so that it is never idle too early.
    pub(crate) fn start(&self, cell: u64, timeout_ns: u64) {
        if let Some(cell) = self.cell(cell) {
            cell.last_hit_ns.store(self.now_ns.load(Relaxed), Relaxed);
            cell.hit.store(true, Relaxed);
            cell.timeout_ns.store(timeout_ns, Relaxed);
        }
    }

    /// An entry may be idle for as long as this; 0 is forever.
    pub(crate) fn set_timeout(&self, cell: u64, timeout_ns: u64) {
        if let Some(cell) = self.cell(cell) {
            cell.timeout_ns.store(timeout_ns, Relaxed);
        }
    }

    /// How long an entry may be idle, and how long ago it was hit, in nanoseconds.
    pub(crate) fn get(&self, cell: u64) -> Option<(u64, u64)> {
        let cell = self.cell(cell)?;
        let now = self.now_ns.load(Relaxed);
        let since = now.saturating_sub(cell.last_hit_ns.load(Relaxed));
        Some((cell.timeout_ns.load(Relaxed), since))
    }

    /// It is that late. Shows the cells of the entries that have been idle for as long as they may be, each again after as long a
    /// time.
    pub(crate) fn advance(&self, now_ns: u64, mut idle: impl FnMut(u64)) {
        self.now_ns.store(now_ns, Relaxed);
        for (position, cell) in (0..).zip(&self.cells) {
            if cell.hit.load(Relaxed) {
                cell.hit.store(false, Relaxed);
                cell.last_hit_ns.store(now_ns, Relaxed);
                cell.quiet_since_ns.store(now_ns, Relaxed);
                continue;
            }
            let timeout = cell.timeout_ns.load(Relaxed);
            let quiet = now_ns.saturating_sub(cell.quiet_since_ns.load(Relaxed));
            if timeout != 0 && quiet >= timeout {
                cell.quiet_since_ns.store(now_ns, Relaxed);
                idle(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(ages: &Ages, now_ns: u64) -> Vec<u64> {
        let mut found = Vec::new();
        ages.advance(now_ns, |cell| found.push(cell));
        found
    }

    #[test]
    fn entries_are_idle_after_their_time_and_again_after_as_long() {
        let ages = Ages::new(3);
        ages.advance(1_000, |_| unreachable!("there are no entries"));
        ages.start(1, 50);
        ages.start(2, 0);
        assert_eq!(idle(&ages, 1_020), [] as [u64; 0]);
        assert_eq!(idle(&ages, 1_069), [] as [u64; 0]);
        assert_eq!(idle(&ages, 1_070), [1]);
        assert_eq!(idle(&ages, 1_119), [] as [u64; 0]);
        assert_eq!(ages.get(1), Some((50, 99)), "a report is no hit");
        assert_eq!(idle(&ages, 1_120), [1]);
        ages.hit(1);
        assert_eq!(idle(&ages, 1_500), [] as [u64; 0]);
        assert_eq!(ages.get(1), Some((50, 0)));
        ages.set_timeout(1, 0);
        assert_eq!(idle(&ages, 9_999), [] as [u64; 0]);
    }
}
