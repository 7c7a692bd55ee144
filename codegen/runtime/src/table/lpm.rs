//! Entries by exact fields and the longest prefix of one more: an exact store for each prefix length.

use super::{ExactStore, Refused, Rule, Store};
use crate::{Integer, MatchKind, Place, TableSchema, key_places, put_integer};
use std::{
    array::from_fn,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::*, fence},
};

/// Entries by exact fields and the longest prefix of one more.
pub struct LpmStore<const K: usize, const V: usize> {
    // By prefix length: what of a key is compared, and the entries.
    lengths: Box<[([u64; K], ExactStore<K, V>)]>,
    // Bit by bit, which lengths have entries.
    present: Box<[AtomicU64]>,
    // Counts changes, so that a lookup that saw several lengths knows whether they belong together.
    version: AtomicU64,
    len: AtomicUsize,
    limit: usize,
    mask: [u64; K],
    prefix: Place,
}

impl<const K: usize, const V: usize> LpmStore<K, V> {
    fn scan(&self, key: &[u64; K]) -> Option<[u64; V]> {
        for (word, present) in self.present.iter().enumerate().rev() {
            let mut left = present.load(Acquire);
            while left != 0 {
                let bit = 63 - left.leading_zeros() as usize;
                left ^= 1 << bit;
                let (mask, entries) = &self.lengths[word * 64 + bit];
                let masked = from_fn(|word| key[word] & mask[word]);
                if let Some(words) = entries.find(&masked) {
                    return Some(words);
                }
            }
        }
        None
    }

    fn entries_of(&self, rule: &Rule<K>) -> (usize, &ExactStore<K, V>) {
        let bits = |mask: &[u64; K]| {
            mask.iter()
                .map(|word| word.count_ones() as usize)
                .sum::<usize>()
        };
        let length = (bits(&rule.mask) + self.prefix.bits as usize)
            .saturating_sub(bits(&self.mask))
            .min(self.lengths.len() - 1);
        (length, &self.lengths[length].1)
    }

    fn mark(&self, length: usize, present: bool) {
        let word = &self.present[length / 64];
        let bit = 1 << (length % 64);
        if present {
            word.fetch_or(bit, Release)
        } else {
            word.fetch_and(!bit, Release)
        };
    }

    fn changed(&self) {
        self.version.fetch_add(1, Release);
        fence(Release);
    }
}

impl<const K: usize, const V: usize> Store<K, V> for LpmStore<K, V> {
    fn new(schema: &TableSchema) -> Self {
        let places = key_places(schema.fields.iter().map(|field| field.bits));
        let mut mask = [0; K];
        let mut others = [0; K];
        let mut prefix = Place { start: 0, bits: 0 };
        for (field, place) in schema.fields.iter().zip(places) {
            put_integer(&mut mask, place, &Integer::ones(place.bits));
            if field.kind == MatchKind::Lpm {
                prefix = place;
            } else {
                put_integer(&mut others, place, &Integer::ones(place.bits));
            }
        }
        let length = |length: u32| {
            let mut mask = others;
            put_integer(
                &mut mask,
                prefix,
                &Integer::prefix_mask(prefix.bits, length),
            );
            (mask, ExactStore::with_limit(schema.size))
        };
        LpmStore {
            lengths: (0..=prefix.bits).map(length).collect(),
            present: (0..=prefix.bits / 64).map(|_| AtomicU64::new(0)).collect(),
            version: AtomicU64::new(0),
            len: AtomicUsize::new(0),
            limit: usize::try_from(schema.size).unwrap_or(usize::MAX),
            mask,
            prefix,
        }
    }

    fn find(&self, key: &[u64; K]) -> Option<[u64; V]> {
        let mut version = self.version.load(Acquire);
        loop {
            let found = self.scan(key);
            fence(Acquire);
            let now = self.version.load(Acquire);
            // One change meanwhile may be seen or not, but of two the later one alone must not be.
            if now == version {
                return found;
            }
            version = now;
        }
    }

    fn get(&self, rule: &Rule<K>) -> Option<[u64; V]> {
        self.entries_of(rule).1.find(&rule.value)
    }

    fn insert(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        let (length, entries) = self.entries_of(rule);
        if entries.find(&rule.value).is_some() {
            return Err(Refused::Exists);
        }
        if self.len() >= self.limit {
            return Err(Refused::Full);
        }
        self.mark(length, true);
        entries.insert(&rule.value, words)?;
        self.len.fetch_add(1, Relaxed);
        self.changed();
        Ok(())
    }

    fn modify(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        self.entries_of(rule).1.modify(&rule.value, words)?;
        self.changed();
        Ok(())
    }

    fn remove(&self, rule: &Rule<K>) -> Result<[u64; V], Refused> {
        let (length, entries) = self.entries_of(rule);
        let words = entries.remove(&rule.value)?;
        if entries.is_empty() {
            self.mark(length, false);
        }
        self.len.fetch_sub(1, Relaxed);
        self.changed();
        Ok(words)
    }

    fn entries(&self) -> Vec<(Rule<K>, [u64; V])> {
        let of_length = |(mask, entries): &([u64; K], ExactStore<K, V>)| {
            let rule = |value| Rule {
                priority: 0,
                value,
                mask: *mask,
                low: [0; K],
                high: [0; K],
            };
            entries
                .entries()
                .into_iter()
                .map(move |(key, words)| (rule(key), words))
                .collect::<Vec<_>>()
        };
        self.lengths.iter().flat_map(of_length).collect()
    }

    fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    fn clear(&self) {
        for (length, (_, entries)) in self.lengths.iter().enumerate() {
            self.mark(length, false);
            entries.clear();
        }
        self.len.store(0, Relaxed);
        self.changed();
    }

    fn memory_bytes(&self) -> usize {
        self.lengths
            .iter()
            .map(|(mask, entries)| size_of_val(mask) + entries.memory_bytes())
            .sum()
    }
}
