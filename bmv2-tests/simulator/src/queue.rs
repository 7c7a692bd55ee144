//! The virtual clock: what happens next, in order of time, and of insertion among what happens at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Virtual time in microseconds.
pub type Micros = u64;

/// A second.
pub const SECOND: Micros = 1_000_000;
/// A millisecond.
pub const MILLISECOND: Micros = 1_000;

#[derive(Debug)]
struct Item<E> {
    at: Micros,
    serial: u64,
    event: E,
}

impl<E> PartialEq for Item<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl<E> Eq for Item<E> {}

impl<E> PartialOrd for Item<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Item<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

/// Events that are to come.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Item<E>>>,
    now: Micros,
    serial: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            now: 0,
            serial: 0,
        }
    }
}

impl<E> Queue<E> {
    /// The time of the last event that was taken.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Adds an event; one in the past happens now.
    pub fn at(&mut self, at: Micros, event: E) {
        self.serial += 1;
        self.heap.push(Reverse(Item {
            at: at.max(self.now),
            serial: self.serial,
            event,
        }));
    }

    /// Adds an event that happens `delay` from now.
    pub fn after(&mut self, delay: Micros, event: E) {
        self.at(self.now.saturating_add(delay), event);
    }

    /// Takes the next event; time goes on to it.
    pub fn pop(&mut self) -> Option<E> {
        let Reverse(item) = self.heap.pop()?;
        self.now = item.at;
        Some(item.event)
    }
}
