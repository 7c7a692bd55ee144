//! Entries by their whole key: open addressing over atomic words, read without locks.
//!
//! Each slot has a state word and the words of a key and an action. A slot goes from empty to busy to full to dead, and from dead
//! to busy again; every step takes a new version, so a reader that finds the state word unchanged after reading the others has read
//! what belongs together. No entry ever moves towards the start of its probe sequence and no full slot becomes busy, so a reader that
//! walks the sequence meets every entry that is there throughout, and waits for nobody.

use super::{Refused, Rule, Store, mix, random_seed};
use crate::TableSchema;
use arc_swap::ArcSwap;
use std::{
    array::from_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::*, fence},
    },
};

const STATE: u64 = 3;
const EMPTY: u64 = 0;
const FULL: u64 = 1;
const DEAD: u64 = 2;
const BUSY: u64 = 3;
const VERSION: u64 = 4;

/// Tables that may grow beyond this have their slots in many parts, so that growing one part is quick.
const LARGE: u64 = 16_384;
const PARTS: usize = 64;

/// Slots of one part; a power of two of them.
struct Slots<const K: usize, const V: usize> {
    words: Box<[AtomicU64]>,
    mask: usize,
}

impl<const K: usize, const V: usize> Slots<K, V> {
    const STRIDE: usize = 1 + K + V;

    fn new(count: usize) -> Self {
        Slots {
            words: (0..count * Self::STRIDE)
                .map(|_| AtomicU64::new(EMPTY))
                .collect(),
            mask: count - 1,
        }
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> &[AtomicU64] {
        let start = (index & self.mask) * Self::STRIDE;
        &self.words[start..start + Self::STRIDE]
    }

    #[inline(always)]
    fn find(&self, hash: u64, key: &[u64; K]) -> Option<[u64; V]> {
        for step in 0..=self.mask {
            let slot = self.slot((hash as usize).wrapping_add(step));
            loop {
                let state = slot[0].load(Acquire);
                match state & STATE {
                    EMPTY => return None,
                    FULL => {}
                    _ => break,
                }
                // Another key here now means that the one looked for was not here throughout, so the walk may go on.
                if !(0..K).all(|word| slot[1 + word].load(Relaxed) == key[word]) {
                    break;
                }
                let words = from_fn(|word| slot[1 + K + word].load(Relaxed));
                fence(Acquire);
                if slot[0].load(Relaxed) == state {
                    return Some(words);
                }
            }
        }
        None
    }

    /// For the writer: where a key is.
    fn position(&self, hash: u64, key: &[u64; K]) -> Option<usize> {
        for step in 0..=self.mask {
            let slot = self.slot((hash as usize).wrapping_add(step));
            match slot[0].load(Relaxed) & STATE {
                EMPTY => return None,
                FULL if (0..K).all(|word| slot[1 + word].load(Relaxed) == key[word]) => {
                    return Some(step);
                }
                _ => {}
            }
        }
        None
    }

    /// For the writer: the first slot from `step` on that an entry can take, and whether it was never used.
    fn vacant(&self, hash: u64, from: usize) -> Option<(usize, bool)> {
        (from..=self.mask).find_map(|step| {
            match self.slot((hash as usize).wrapping_add(step))[0].load(Relaxed) & STATE {
                EMPTY => Some((step, true)),
                DEAD => Some((step, false)),
                _ => None,
            }
        })
    }

    /// For the writer: fills a slot that is empty or dead.
    fn fill(&self, hash: u64, step: usize, key: &[u64; K], words: &[u64; V]) {
        let slot = self.slot((hash as usize).wrapping_add(step));
        let version = (slot[0].load(Relaxed) & !STATE).wrapping_add(VERSION);
        slot[0].store(version | BUSY, Relaxed);
        fence(Release);
        for (cell, word) in slot[1..].iter().zip(key.iter().chain(words)) {
            cell.store(*word, Relaxed);
        }
        slot[0].store(version | FULL, Release);
    }

    /// For the writer: ends an entry.
    fn kill(&self, hash: u64, step: usize) {
        let state = &self.slot((hash as usize).wrapping_add(step))[0];
        state.store(
            (state.load(Relaxed) & !STATE).wrapping_add(VERSION) | DEAD,
            Release,
        );
    }

    fn words_at(slot: &[AtomicU64]) -> ([u64; K], [u64; V]) {
        (
            from_fn(|word| slot[1 + word].load(Relaxed)),
            from_fn(|word| slot[1 + K + word].load(Relaxed)),
        )
    }

    fn entries(&self) -> impl Iterator<Item = ([u64; K], [u64; V])> {
        let slots = self.words.chunks_exact(Self::STRIDE);
        slots
            .filter(|slot| slot[0].load(Relaxed) & STATE == FULL)
            .map(Self::words_at)
    }
}

/// Slots that grow by being replaced, and for the writer how many are in use.
struct Part<const K: usize, const V: usize> {
    slots: ArcSwap<Slots<K, V>>,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    live: usize,
    dead: usize,
}

impl<const K: usize, const V: usize> Part<K, V> {
    fn new() -> Self {
        Part {
            slots: ArcSwap::from_pointee(Slots::new(1)),
            counts: Mutex::default(),
        }
    }

    fn turn(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Slots in which one more entry can be placed while an eighth stays empty, so that every walk ends soon.
    fn room(&self, counts: &mut Counts, seed: u64) -> Arc<Slots<K, V>> {
        let slots = self.slots.load_full();
        let count = slots.mask + 1;
        if (counts.live + counts.dead + 1) * 8 <= count * 7 {
            return slots;
        }
        let grown = Slots::new(((counts.live + 1) * 8 / 5 + 1).next_power_of_two());
        for (key, words) in slots.entries() {
            let hash = mix(seed, &key);
            if let Some((step, _)) = grown.vacant(hash, 0) {
                grown.fill(hash, step, &key, &words);
            }
        }
        counts.dead = 0;
        let grown = Arc::new(grown);
        self.slots.store(Arc::clone(&grown));
        grown
    }
}

/// Entries by their whole key.
pub struct ExactStore<const K: usize, const V: usize> {
    parts: Box<[Part<K, V>]>,
    seed: u64,
    limit: usize,
    len: AtomicUsize,
}

impl<const K: usize, const V: usize> ExactStore<K, V> {
    /// A store for at most `limit` entries.
    pub fn with_limit(limit: u64) -> Self {
        let parts = if limit > LARGE { PARTS } else { 1 };
        ExactStore {
            parts: (0..parts).map(|_| Part::new()).collect(),
            seed: random_seed(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            len: AtomicUsize::new(0),
        }
    }

    #[inline(always)]
    fn part(&self, hash: u64) -> &Part<K, V> {
        // The number of parts is a power of two; slots use the low bits.
        &self.parts[(hash >> 48) as usize & (self.parts.len() - 1)]
    }

    /// The words of the entry with this key.
    #[inline]
    pub fn find(&self, key: &[u64; K]) -> Option<[u64; V]> {
        let hash = mix(self.seed, key);
        self.part(hash).slots.load().find(hash, key)
    }

    /// Adds an entry.
    pub fn insert(&self, key: &[u64; K], words: [u64; V]) -> Result<(), Refused> {
        let hash = mix(self.seed, key);
        let part = self.part(hash);
        let mut counts = part.turn();
        if part.slots.load().position(hash, key).is_some() {
            return Err(Refused::Exists);
        }
        if self.len.load(Relaxed) >= self.limit {
            return Err(Refused::Full);
        }
        let slots = part.room(&mut counts, self.seed);
        let (step, is_new) = slots.vacant(hash, 0).ok_or(Refused::Full)?;
        slots.fill(hash, step, key, &words);
        counts.live += 1;
        counts.dead -= usize::from(!is_new);
        self.len.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Changes an entry's words.
    pub fn modify(&self, key: &[u64; K], words: [u64; V]) -> Result<(), Refused> {
        let hash = mix(self.seed, key);
        let part = self.part(hash);
        let mut counts = part.turn();
        let slots = part.slots.load_full();
        let step = slots.position(hash, key).ok_or(Refused::Missing)?;
        let slot = slots.slot((hash as usize).wrapping_add(step));
        let (_, before) = Slots::<K, V>::words_at(slot);
        let mut differing = (0..V).filter(|word| before[*word] != words[*word]);
        match (differing.next(), differing.next()) {
            (None, _) => {}
            (Some(word), None) => {
                // One word changes at once. The new version keeps a reader from combining it with a later change of another.
                slot[1 + K + word].store(words[word], Release);
                slot[0].store(slot[0].load(Relaxed).wrapping_add(VERSION), Release);
                fence(Release);
            }
            (Some(_), Some(_)) => {
                // A second copy behind the first, then the first goes: a reader meets one of them.
                let slots = part.room(&mut counts, self.seed);
                let step = slots.position(hash, key).ok_or(Refused::Missing)?;
                let (behind, is_new) = slots.vacant(hash, step + 1).ok_or(Refused::Full)?;
                slots.fill(hash, behind, key, &words);
                slots.kill(hash, step);
                counts.dead += usize::from(is_new);
            }
        }
        Ok(())
    }

    /// Removes an entry.
    pub fn remove(&self, key: &[u64; K]) -> Result<[u64; V], Refused> {
        let hash = mix(self.seed, key);
        let part = self.part(hash);
        let mut counts = part.turn();
        let slots = part.slots.load_full();
        let step = slots.position(hash, key).ok_or(Refused::Missing)?;
        let (_, words) = Slots::<K, V>::words_at(slots.slot((hash as usize).wrapping_add(step)));
        slots.kill(hash, step);
        counts.live -= 1;
        counts.dead += 1;
        self.len.fetch_sub(1, Relaxed);
        Ok(words)
    }

    /// All entries.
    pub fn entries(&self) -> Vec<([u64; K], [u64; V])> {
        let mut entries = Vec::with_capacity(self.len());
        for part in &self.parts {
            let _turn = part.turn();
            entries.extend(part.slots.load().entries());
        }
        entries
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all entries.
    pub fn clear(&self) {
        for part in &self.parts {
            let mut counts = part.turn();
            self.len.fetch_sub(counts.live, Relaxed);
            *counts = Counts::default();
            part.slots.store(Arc::new(Slots::new(1)));
        }
    }

    /// What the slots take of memory.
    pub fn memory_bytes(&self) -> usize {
        let slots: usize = self
            .parts
            .iter()
            .map(|part| size_of_val(&*part.slots.load().words))
            .sum();
        slots + size_of_val(&*self.parts)
    }
}

impl<const K: usize, const V: usize> Store<K, V> for ExactStore<K, V> {
    fn new(schema: &TableSchema) -> Self {
        ExactStore::with_limit(schema.size)
    }

    #[inline]
    fn find(&self, key: &[u64; K]) -> Option<[u64; V]> {
        ExactStore::find(self, key)
    }

    fn get(&self, rule: &Rule<K>) -> Option<[u64; V]> {
        ExactStore::find(self, &rule.value)
    }

    fn insert(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        ExactStore::insert(self, &rule.value, words)
    }

    fn modify(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        ExactStore::modify(self, &rule.value, words)
    }

    fn remove(&self, rule: &Rule<K>) -> Result<[u64; V], Refused> {
        ExactStore::remove(self, &rule.value)
    }

    fn entries(&self) -> Vec<(Rule<K>, [u64; V])> {
        let rule = |value| Rule {
            priority: 0,
            value,
            mask: [0; K],
            low: [0; K],
            high: [0; K],
        };
        self.entries()
            .into_iter()
            .map(|(key, words)| (rule(key), words))
            .collect()
    }

    fn len(&self) -> usize {
        ExactStore::len(self)
    }

    fn clear(&self) {
        ExactStore::clear(self);
    }

    fn memory_bytes(&self) -> usize {
        ExactStore::memory_bytes(self)
    }
}
