//! Entries by masks, ranges and priorities: an immutable snapshot that each change replaces.

use super::{Refused, Rule, Store, mix, random_seed};
use crate::{Integer, MatchKind, Place, TableSchema, key_places, layout::compare, put_integer};
use arc_swap::ArcSwap;
use std::{array::from_fn, cmp::Reverse, sync::Arc};

/// Entries that agree on the exact fields, best first.
type Group<const K: usize, const V: usize> = Arc<[(Rule<K>, [u64; V])]>;

/// Groups by hash of the exact fields, sorted by that and them.
type Snapshot<const K: usize, const V: usize> = Vec<(u64, [u64; K], Group<K, V>)>;

/// Entries by masks, ranges and priorities. Fields that are exact select a short list, which is searched one by one.
pub struct TernaryStore<const K: usize, const V: usize> {
    snapshot: ArcSwap<Snapshot<K, V>>,
    exact: [u64; K],
    ranges: Box<[Place]>,
    seed: u64,
    limit: usize,
}

impl<const K: usize, const V: usize> TernaryStore<K, V> {
    fn group_key(&self, key: &[u64; K]) -> (u64, [u64; K]) {
        let exact = from_fn(|word| key[word] & self.exact[word]);
        (mix(self.seed, &exact), exact)
    }

    fn position(groups: &Snapshot<K, V>, of: &(u64, [u64; K])) -> Result<usize, usize> {
        groups.binary_search_by_key(of, |(hash, exact, _)| (*hash, *exact))
    }

    /// Replaces the list of entries that a rule belongs to.
    fn replace(
        &self,
        rule: &Rule<K>,
        change: impl FnOnce(&mut Vec<(Rule<K>, [u64; V])>) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let group_key = self.group_key(&rule.value);
        let mut groups = Snapshot::clone(&self.snapshot.load());
        match Self::position(&groups, &group_key) {
            Ok(position) => {
                let mut group = groups[position].2.to_vec();
                change(&mut group)?;
                if group.is_empty() {
                    groups.remove(position);
                } else {
                    groups[position].2 = group.into();
                }
            }
            Err(position) => {
                let mut group = Vec::new();
                change(&mut group)?;
                groups.insert(position, (group_key.0, group_key.1, group.into()));
            }
        }
        self.snapshot.store(Arc::new(groups));
        Ok(())
    }
}

/// The better of two rules comes first; among equal priorities the order is any, but always the same.
fn order<const K: usize>(rule: &Rule<K>) -> (Reverse<i32>, Rule<K>) {
    (Reverse(rule.priority), *rule)
}

fn place_of<const K: usize, const V: usize>(
    group: &[(Rule<K>, [u64; V])],
    rule: &Rule<K>,
) -> Result<usize, usize> {
    group.binary_search_by_key(&order(rule), |(other, _)| order(other))
}

impl<const K: usize, const V: usize> Store<K, V> for TernaryStore<K, V> {
    fn new(schema: &TableSchema) -> Self {
        let mut exact = [0; K];
        let mut ranges = Vec::new();
        for (field, place) in schema
            .fields
            .iter()
            .zip(key_places(schema.fields.iter().map(|field| field.bits)))
        {
            match field.kind {
                MatchKind::Exact => put_integer(&mut exact, place, &Integer::ones(place.bits)),
                MatchKind::Range => ranges.push(place),
                MatchKind::Lpm | MatchKind::Ternary | MatchKind::Optional => {}
            }
        }
        TernaryStore {
            snapshot: ArcSwap::default(),
            exact,
            ranges: ranges.into(),
            seed: random_seed(),
            limit: usize::try_from(schema.size).unwrap_or(usize::MAX),
        }
    }

    fn find(&self, key: &[u64; K]) -> Option<[u64; V]> {
        let groups = self.snapshot.load();
        let position = Self::position(&groups, &self.group_key(key)).ok()?;
        let in_ranges = |rule: &Rule<K>| {
            self.ranges.iter().all(|place| {
                compare(&rule.low, key, *place).is_le() && compare(key, &rule.high, *place).is_le()
            })
        };
        let hit = |rule: &Rule<K>| {
            (0..K).all(|word| key[word] & rule.mask[word] == rule.value[word]) && in_ranges(rule)
        };
        groups
            .get(position)?
            .2
            .iter()
            .find(|(rule, _)| hit(rule))
            .map(|(_, words)| *words)
    }

    fn get(&self, rule: &Rule<K>) -> Option<[u64; V]> {
        let groups = self.snapshot.load();
        let group = &groups
            .get(Self::position(&groups, &self.group_key(&rule.value)).ok()?)?
            .2;
        group
            .get(place_of(group, rule).ok()?)
            .map(|(_, words)| *words)
    }

    fn insert(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        let is_full = self.len() >= self.limit;
        self.replace(rule, |group| match place_of(group, rule) {
            Ok(_) => Err(Refused::Exists),
            Err(_) if is_full => Err(Refused::Full),
            Err(at) => {
                group.insert(at, (*rule, words));
                Ok(())
            }
        })
    }

    fn modify(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused> {
        self.replace(rule, |group| {
            let at = place_of(group, rule).map_err(|_| Refused::Missing)?;
            group[at].1 = words;
            Ok(())
        })
    }

    fn remove(&self, rule: &Rule<K>) -> Result<[u64; V], Refused> {
        let mut removed = [0; V];
        self.replace(rule, |group| {
            let at = place_of(group, rule).map_err(|_| Refused::Missing)?;
            removed = group.remove(at).1;
            Ok(())
        })?;
        Ok(removed)
    }

    fn entries(&self) -> Vec<(Rule<K>, [u64; V])> {
        self.snapshot
            .load()
            .iter()
            .flat_map(|(_, _, group)| group.iter().copied())
            .collect()
    }

    fn len(&self) -> usize {
        self.snapshot
            .load()
            .iter()
            .map(|(_, _, group)| group.len())
            .sum()
    }

    fn clear(&self) {
        self.snapshot.store(Arc::default());
    }

    fn memory_bytes(&self) -> usize {
        let groups = self.snapshot.load();
        let entries: usize = groups
            .iter()
            .map(|(_, _, group)| size_of_val(&**group))
            .sum();
        entries + size_of_val(&**groups)
    }
}
