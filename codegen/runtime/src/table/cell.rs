//! A few words that packets read while the control plane replaces them.

use std::{
    array::from_fn,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::*, fence},
    },
};

/// `V` words that change together. There are two copies: readers use the one that the version says, writers fill the other one and
/// then advance the version, so that a reader repeats only when a write completed meanwhile and never waits for one.
#[derive(Debug)]
pub struct WordCell<const V: usize> {
    version: AtomicU64,
    copies: [[AtomicU64; V]; 2],
    writer: Mutex<()>,
}

impl<const V: usize> WordCell<V> {
    /// With these words.
    pub fn new(words: [u64; V]) -> Self {
        let cell = WordCell {
            version: AtomicU64::new(0),
            copies: from_fn(|_| from_fn(|_| AtomicU64::new(0))),
            writer: Mutex::new(()),
        };
        cell.store(words);
        cell
    }

    /// The words as some write left them.
    #[inline]
    pub fn load(&self) -> [u64; V] {
        let mut version = self.version.load(Acquire);
        loop {
            let copy = &self.copies[(version & 1) as usize];
            let words = from_fn(|word| copy[word].load(Relaxed));
            fence(Acquire);
            let now = self.version.load(Relaxed);
            if now == version {
                return words;
            }
            version = self.version.load(Acquire);
        }
    }

    /// Replaces the words.
    pub fn store(&self, words: [u64; V]) {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.version.load(Relaxed) + 1;
        // Orders the last version's publication before the words that overwrite the copy before it.
        fence(Release);
        for (cell, word) in self.copies[(next & 1) as usize].iter().zip(words) {
            cell.store(word, Relaxed);
        }
        self.version.store(next, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn readers_never_see_half_a_write() {
        let cell = WordCell::new([0u64; 4]);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..=100_000).for_each(|value| cell.store([value; 4]));
                done.store(true, Release);
            });
            let mut last = 0;
            while !done.load(Acquire) {
                let words = cell.load();
                assert!(
                    words.iter().all(|word| *word == words[0]) && words[0] >= last,
                    "{words:?} after {last}"
                );
                last = words[0];
            }
        });
        assert_eq!(cell.load(), [100_000; 4]);
    }
}
