//! Things that are due at a time, in the order of their times; those of the same time in the order in which they were put in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

struct Due<T> {
    at_us: u64,
    serial: u64,
    item: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at_us, self.serial) == (other.at_us, other.serial)
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_us, self.serial).cmp(&(other.at_us, other.serial))
    }
}

/// A queue of items by time, in microseconds.
pub struct Timeline<T> {
    due: BinaryHeap<Reverse<Due<T>>>,
    serial: u64,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self {
            due: BinaryHeap::new(),
            serial: 0,
        }
    }
}

impl<T> Timeline<T> {
    /// Puts in an item that is due at `at_us`.
    pub fn push(&mut self, at_us: u64, item: T) {
        self.serial += 1;
        self.due.push(Reverse(Due {
            at_us,
            serial: self.serial,
            item,
        }));
    }

    /// Takes the first item, if it is due by `now_us`, with its time.
    pub fn pop_due(&mut self, now_us: u64) -> Option<(u64, T)> {
        if self.next_us()? > now_us {
            return None;
        }
        self.due.pop().map(|Reverse(due)| (due.at_us, due.item))
    }

    /// When the first item is due.
    pub fn next_us(&self) -> Option<u64> {
        self.due.peek().map(|Reverse(due)| due.at_us)
    }
}

#[cfg(test)]
mod tests {
    use super::Timeline;

    #[test]
    fn items_come_in_order_of_time_then_of_insertion() {
        let mut timeline = Timeline::default();
        timeline.push(20, "c");
        timeline.push(10, "a");
        timeline.push(10, "b");
        timeline.push(30, "d");
        let mut seen = Vec::new();
        while let Some((_, item)) = timeline.pop_due(20) {
            seen.push(item);
        }
        assert_eq!(seen, ["a", "b", "c"]);
        assert_eq!(timeline.next_us(), Some(30));
    }
}
