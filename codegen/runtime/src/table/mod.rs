//! Tables: packets look keys up without a lock while the control plane writes.

mod cell;
mod exact;
mod lpm;
mod ternary;

pub use cell::WordCell;
pub use exact::ExactStore;
pub use lpm::LpmStore;
pub use ternary::TernaryStore;

use crate::action_words::ActionWords;
use crate::age::Ages;
use crate::{
    ActionProfile, CounterUnit, CounterValue, Counters, Entity, EntryFilter, FieldMatch, Integer,
    Invalid, MatchKind, MatchValue, MeterConfig, Meters, Operation, Place, Query, TableActionRef,
    TableEntry, TableSchema, WriteError, get_integer, key_places, put_integer,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A table whose fields are all exact.
pub type ExactTable<const K: usize, const V: usize> = MatchTable<ExactStore<K, V>, K, V>;
/// A table with one longest-prefix field, the others exact.
pub type LpmTable<const K: usize, const V: usize> = MatchTable<LpmStore<K, V>, K, V>;
/// A table with ternary, range or optional fields among others.
pub type TernaryTable<const K: usize, const V: usize> = MatchTable<TernaryStore<K, V>, K, V>;

/// What an entry matches, in words. Two entries are the same if their rules are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule<const K: usize> {
    /// The larger wins.
    pub priority: i32,
    /// The key where the mask is 1; else 0.
    pub value: [u64; K],
    /// The bits that are compared.
    pub mask: [u64; K],
    /// Smallest values of the range fields.
    pub low: [u64; K],
    /// Largest values of the range fields.
    pub high: [u64; K],
}

/// Why a store refuses a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The rule is there.
    Exists,
    /// The rule is not there.
    Missing,
    /// No room.
    Full,
}

/// How entries are kept. Changes are made by one thread at a time (the table sees to that); lookups by any number meanwhile.
pub trait Store<const K: usize, const V: usize>: Send + Sync {
    /// An empty store for a table of this shape.
    fn new(schema: &TableSchema) -> Self;
    /// The words of the entry that a packet's key hits: of the moment when the lookup starts, or a later one before it ends.
    fn find(&self, key: &[u64; K]) -> Option<[u64; V]>;
    /// The words of the entry with this rule.
    fn get(&self, rule: &Rule<K>) -> Option<[u64; V]>;
    /// Adds an entry.
    fn insert(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused>;
    /// Changes an entry's words at once.
    fn modify(&self, rule: &Rule<K>, words: [u64; V]) -> Result<(), Refused>;
    /// Removes an entry.
    fn remove(&self, rule: &Rule<K>) -> Result<[u64; V], Refused>;
    /// All entries, in no particular order.
    fn entries(&self) -> Vec<(Rule<K>, [u64; V])>;
    /// Number of entries.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Removes all entries.
    fn clear(&self);
    /// What the store holds of memory.
    fn memory_bytes(&self) -> usize;
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup<const V: usize> {
    /// Whether an entry matched; else `words` is the default action.
    pub hit: bool,
    /// The action and its parameters, laid out as the crate's layout rule says. In a table with a direct counter, a direct meter
    /// or entries that can be idle, the last word is the entry's cell in them.
    pub words: [u64; V],
}

impl<const V: usize> Lookup<V> {
    /// The position of the action in the table's list.
    #[inline(always)]
    pub fn action(&self) -> u16 {
        self.words.first().map_or(0, |word| *word as u16)
    }
}

/// A table: a store of entries, a default action, and what connects them to the control plane. `K` words of key, `V` words of
/// action (one more if the table has a direct counter, a direct meter or entries that can be idle).
pub struct MatchTable<S, const K: usize, const V: usize> {
    schema: Cow<'static, TableSchema>,
    key: Vec<Place>,
    layout: ActionWords,
    store: S,
    default: WordCell<V>,
    counters: Option<Counters>,
    meters: Option<Meters>,
    ages: Option<Ages>,
    profile: Option<Arc<ActionProfile>>,
    // Also what makes writers take turns: the cells of direct counter, direct meter and ages that no entry has.
    free_cells: Mutex<Vec<u64>>,
}

impl<S: Store<K, V>, const K: usize, const V: usize> MatchTable<S, K, V> {
    /// The table with the entries and the default action that the program says.
    pub fn new(schema: &'static TableSchema) -> Self {
        MatchTable::build(Cow::Borrowed(schema), None)
    }

    /// The same, for a program that is loaded while others run.
    pub fn owned(schema: TableSchema) -> Self {
        MatchTable::build(Cow::Owned(schema), None)
    }

    /// As [`MatchTable::new`], for a table whose entries refer to an action profile.
    pub fn with_profile(schema: &'static TableSchema, profile: &Arc<ActionProfile>) -> Self {
        MatchTable::build(Cow::Borrowed(schema), Some(profile.clone()))
    }

    /// As [`MatchTable::owned`], for a table whose entries refer to an action profile.
    pub fn owned_with_profile(schema: TableSchema, profile: &Arc<ActionProfile>) -> Self {
        MatchTable::build(Cow::Owned(schema), Some(profile.clone()))
    }

    fn build(schema: Cow<'static, TableSchema>, profile: Option<Arc<ActionProfile>>) -> Self {
        let key = key_places(schema.fields.iter().map(|field| field.bits));
        let layout = ActionWords::new(&schema);
        let counters = schema.direct_counter.map(|_| Counters::new(schema.size));
        // The caller says how much a packet weighs: bytes, or 1.
        let meters = schema
            .direct_meter
            .map(|_| Meters::new(schema.size, CounterUnit::Bytes));
        let ages = schema.has_idle_timeout.then(|| Ages::new(schema.size));
        let own = usize::from(counters.is_some() || meters.is_some() || ages.is_some());
        debug_assert!(
            key.last()
                .is_none_or(|place| place.end() as usize <= K * 64),
            "key words of {}",
            schema.name
        );
        debug_assert!(layout.len() + own <= V, "action words of {}", schema.name);
        let table = MatchTable {
            key,
            layout,
            store: S::new(&schema),
            schema,
            default: WordCell::new([0; V]),
            counters,
            meters,
            ages,
            profile,
            free_cells: Mutex::new(Vec::new()),
        };
        table.clear();
        table
    }

    /// What the table looks like.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// What a packet with this key hits, else the default action.
    #[inline]
    pub fn lookup(&self, key: &[u64; K]) -> Lookup<V> {
        match self.store.find(key) {
            Some(words) => Lookup { hit: true, words },
            None => Lookup {
                hit: false,
                words: self.default.load(),
            },
        }
    }

    /// The default action, for a table without a key: there nothing else ever runs.
    #[inline]
    pub fn default_action(&self) -> Lookup<V> {
        Lookup {
            hit: false,
            words: self.default.load(),
        }
    }

    /// Counts a packet of `bytes` bytes in the direct counter of the entry that was hit.
    #[inline]
    pub fn count(&self, found: &Lookup<V>, bytes: usize) {
        if let (Some(counters), true, Some(cell)) = (&self.counters, found.hit, found.words.last())
        {
            counters.count(*cell, bytes);
        }
    }

    /// Notes that a packet hit the entry, in a table whose entries can be idle.
    #[inline]
    pub fn touch(&self, found: &Lookup<V>) {
        if let (Some(ages), true, Some(cell)) = (&self.ages, found.hit, found.words.last()) {
            ages.hit(*cell);
        }
    }

    /// The colour of a packet that weighs `amount` in the direct meter of the entry that was hit; 0 (green) without one.
    pub fn meter(&self, found: &Lookup<V>, amount: usize, now_us: u64) -> u8 {
        match (&self.meters, found.hit, found.words.last()) {
            (Some(meters), true, Some(cell)) => meters.execute(*cell, amount, now_us) as u8,
            _ => 0,
        }
    }

    /// The action behind what was found, in a table whose entries refer to an action profile.
    pub fn select(&self, found: Lookup<V>, hash: u64) -> Lookup<V> {
        match &self.profile {
            Some(profile) => profile.resolve(found, hash),
            None => found,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// What the entries take of memory.
    pub fn memory_bytes(&self) -> usize {
        self.store.memory_bytes()
    }

    /// Makes the table as the program says.
    pub fn clear(&self) {
        let mut free = self
            .free_cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.store.clear();
        if let Some(counters) = &self.counters {
            counters.clear();
        }
        if let Some(meters) = &self.meters {
            meters.clear();
        }
        if self.has_cells() {
            *free = (0..self.schema.size).rev().collect();
        }
        if let Some(ages) = &self.ages {
            (0..self.schema.size).for_each(|cell| ages.set_timeout(cell, 0));
        }
        self.default.store(self.initial_default());
        for entry in self.schema.entries.iter() {
            let mut words = self.pack(entry.action, &entry.arguments);
            if let (Some(cell), Some(ages)) = (self.take_cell(&mut free, &mut words), &self.ages) {
                ages.start(cell, 0);
            }
            // Entries that the program repeats count once.
            let _ = self
                .store
                .insert(&self.rule(&entry.matches, entry.priority), words);
        }
    }

    /// Changes an entry or the default action.
    pub fn write(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        self.schema.check(operation, entry)?;
        let mut free = self
            .free_cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A deletion refers to no member, whatever it says.
        let action = entry.action.as_ref();
        let action = action.filter(|_| operation != Operation::Delete);
        let words = action.map(|action| self.pack_action(action));
        let words = words.transpose()?;
        if entry.is_default {
            let words = words.unwrap_or_else(|| self.initial_default());
            self.release(&self.default.load());
            self.default.store(words);
            return Ok(());
        }
        let rule = self.rule(&entry.matches, entry.priority);
        let mut words = words.unwrap_or([0; V]);
        let before = self.profile.as_ref().and_then(|_| self.store.get(&rule));
        let done = match operation {
            Operation::Insert => {
                let cell = self.take_cell(&mut free, &mut words);
                self.set_counter(cell, Some(entry.counter.unwrap_or_default()));
                self.set_meter(cell, entry);
                let done = self.store.insert(&rule, words);
                match (&done, &self.ages, cell) {
                    (Ok(()), Some(ages), Some(cell)) => ages.start(cell, entry.idle_timeout_ns),
                    (Err(_), _, cell) => free.extend(cell),
                    _ => {}
                }
                done
            }
            Operation::Modify => {
                let cell = self
                    .has_cells()
                    .then(|| self.store.get(&rule)?.last().copied())
                    .flatten();
                if let (Some(cell), Some(last)) = (cell, words.last_mut()) {
                    *last = cell;
                }
                self.store.modify(&rule, words).inspect(|()| {
                    self.set_counter(cell, entry.counter);
                    self.set_meter(cell, entry);
                    self.set_timeout(cell, entry.idle_timeout_ns);
                })
            }
            Operation::Delete => self.store.remove(&rule).map(|words| {
                if self.has_cells() {
                    free.extend(words.last());
                    self.set_timeout(words.last().copied(), 0);
                }
            }),
        };
        match (&done, before) {
            (Ok(()), Some(before)) => self.release(&before),
            (Ok(()), None) => {}
            (Err(_), _) => self.release(&words),
        }
        done.map_err(|refused| match refused {
            Refused::Exists => WriteError::AlreadyExists,
            Refused::Missing => WriteError::NotFound,
            Refused::Full => WriteError::ResourceExhausted {
                size: self.schema.size,
            },
        })
    }

    /// Configures the direct meter of the entry with a key.
    pub fn configure(
        &self,
        operation: Operation,
        key: &TableEntry,
        config: Option<MeterConfig>,
    ) -> Result<(), WriteError> {
        let meters = self.meters.as_ref().ok_or(Invalid::NoDirectMeter)?;
        self.schema.check_key(&key.matches, key.priority)?;
        let _turn = self
            .free_cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let words = self.store.get(&self.rule(&key.matches, key.priority));
        let cell = words.and_then(|words| words.last().copied());
        meters.modify(operation, cell.ok_or(WriteError::NotFound)?, config)
    }

    /// It is `now_ns` nanoseconds after some start: the entries that were hit since the last call were hit now. Shows, by key, the
    /// entries that have been idle for as long as they may be; each again after as long a time.
    pub fn age(&self, now_ns: u64, idle: &mut dyn FnMut(TableEntry)) {
        let Some(ages) = &self.ages else { return };
        let mut entries = {
            let _turn = self
                .free_cells
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let mut cells = BTreeSet::new();
            ages.advance(now_ns, |cell| {
                cells.insert(cell);
            });
            if cells.is_empty() {
                return;
            }
            let mut entries = self.store.entries();
            entries.retain(|(_, words)| words.last().is_some_and(|cell| cells.contains(cell)));
            entries
        };
        entries.sort_unstable_by_key(|(rule, _)| *rule);
        (entries.iter()).for_each(|(rule, words)| idle(self.entry(rule, words)));
    }

    /// Shows entries, by key.
    pub fn read(&self, filter: &EntryFilter, visit: &mut dyn FnMut(Entity)) {
        match filter {
            EntryFilter::Default => {
                let action = Some(self.unpack(&self.default.load()));
                let entry = TableEntry {
                    table: self.schema.id,
                    action,
                    is_default: true,
                    ..TableEntry::default()
                };
                visit(Entity::Table(entry));
            }
            EntryFilter::Key { matches, priority } => {
                if self.schema.check_key(matches, *priority).is_ok() {
                    let rule = self.rule(matches, *priority);
                    if let Some(words) = self.store.get(&rule) {
                        visit(Entity::Table(self.entry(&rule, &words)));
                    }
                }
            }
            EntryFilter::All => {
                let mut entries = {
                    let _turn = self
                        .free_cells
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    self.store.entries()
                };
                entries.sort_unstable_by_key(|(rule, _)| *rule);
                entries
                    .iter()
                    .for_each(|(rule, words)| visit(Entity::Table(self.entry(rule, words))));
            }
        }
    }

    /// Shows this table's part of a query.
    pub fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::Tables { table, filter } = query
            && table.is_none_or(|table| table == self.schema.id)
        {
            self.read(filter, visit);
        }
    }

    fn initial_default(&self) -> [u64; V] {
        self.pack(
            self.schema.default_action.action,
            &self.schema.default_action.arguments,
        )
    }

    /// Whether entries have cells of their own.
    fn has_cells(&self) -> bool {
        self.counters.is_some() || self.meters.is_some() || self.ages.is_some()
    }

    fn take_cell(&self, free: &mut Vec<u64>, words: &mut [u64; V]) -> Option<u64> {
        if !self.has_cells() {
            return None;
        }
        // A full table has no cell left; the store refuses the entry then.
        let cell = free.pop()?;
        *words.last_mut()? = cell;
        Some(cell)
    }

    fn set_counter(&self, cell: Option<u64>, value: Option<CounterValue>) {
        if let (Some(counters), Some(cell), Some(value)) = (&self.counters, cell, value) {
            counters.set(cell, value);
        }
    }

    fn set_timeout(&self, cell: Option<u64>, timeout_ns: u64) {
        if let (Some(ages), Some(cell)) = (&self.ages, cell) {
            ages.set_timeout(cell, timeout_ns);
        }
    }

    fn set_meter(&self, cell: Option<u64>, entry: &TableEntry) {
        if let (Some(meters), Some(cell)) = (&self.meters, cell) {
            meters.configure(cell, entry.meter);
        }
    }

    fn pack(&self, action: usize, arguments: &[Integer]) -> [u64; V] {
        let mut words = [0; V];
        self.layout.pack(action, arguments, &mut words);
        words
    }

    /// The words of what an entry runs, without its cell.
    fn pack_action(&self, action: &TableActionRef) -> Result<[u64; V], WriteError> {
        let mut words = [0; V];
        match (action, &self.profile) {
            (TableActionRef::Call(call), _) => self.layout.pack_call(call, &mut words),
            (_, None) => return Err(Invalid::NoProfile.into()),
            (action, Some(profile)) => {
                let word = profile.acquire(action)?;
                words.iter_mut().take(1).for_each(|first| *first = word);
            }
        }
        Ok(words)
    }

    fn release(&self, words: &[u64; V]) {
        if let (Some(profile), Some(first)) = (&self.profile, words.first()) {
            profile.release(*first);
        }
    }

    fn unpack(&self, words: &[u64; V]) -> TableActionRef {
        let profile = self.profile.as_ref();
        let reference = profile.and_then(|profile| profile.reference(*words.first()?));
        reference.unwrap_or_else(|| self.layout.unpack(words).into())
    }

    fn rule(&self, matches: &[FieldMatch], priority: i32) -> Rule<K> {
        let mut rule = Rule {
            priority,
            value: [0; K],
            mask: [0; K],
            low: [0; K],
            high: [0; K],
        };
        for (field, place) in self.schema.fields.iter().zip(&self.key) {
            let given = matches.iter().find(|given| given.field == field.id);
            let mut masked = |value: &Integer, mask: &Integer| {
                put_integer(&mut rule.value, *place, value);
                put_integer(&mut rule.mask, *place, mask);
            };
            match given.map(|given| &given.kind) {
                Some(MatchValue::Exact(value) | MatchValue::Optional(value)) => {
                    masked(value, &Integer::ones(field.bits));
                }
                Some(MatchValue::Lpm { value, prefix }) => {
                    masked(value, &Integer::prefix_mask(field.bits, *prefix));
                }
                Some(MatchValue::Ternary { value, mask }) => masked(value, mask),
                Some(MatchValue::Range { low, high }) => {
                    put_integer(&mut rule.low, *place, low);
                    put_integer(&mut rule.high, *place, high);
                }
                None if field.kind == MatchKind::Range => {
                    put_integer(&mut rule.high, *place, &Integer::ones(field.bits));
                }
                None => {}
            }
        }
        rule
    }

    fn matches(&self, rule: &Rule<K>) -> Vec<FieldMatch> {
        let mut matches = Vec::with_capacity(self.key.len());
        for (field, place) in self.schema.fields.iter().zip(&self.key) {
            let [value, mask, low, high] = [&rule.value, &rule.mask, &rule.low, &rule.high]
                .map(|words| get_integer(words, *place));
            let kind = match field.kind {
                MatchKind::Exact => MatchValue::Exact(value),
                MatchKind::Range if field.is_everything(&low, &high) => continue,
                MatchKind::Range => MatchValue::Range { low, high },
                _ if mask.is_zero() => continue,
                MatchKind::Lpm => MatchValue::Lpm {
                    value,
                    prefix: mask.count_ones(),
                },
                MatchKind::Ternary => MatchValue::Ternary { value, mask },
                MatchKind::Optional => MatchValue::Optional(value),
            };
            matches.push(FieldMatch {
                field: field.id,
                kind,
            });
        }
        matches
    }

    fn entry(&self, rule: &Rule<K>, words: &[u64; V]) -> TableEntry {
        let counter = self
            .counters
            .as_ref()
            .and_then(|counters| counters.get(*words.last()?));
        let meter = self
            .meters
            .as_ref()
            .and_then(|meters| meters.config(*words.last()?));
        let ages = self.ages.as_ref().and_then(|ages| ages.get(*words.last()?));
        TableEntry {
            table: self.schema.id,
            matches: self.matches(rule),
            priority: rule.priority,
            action: Some(self.unpack(words)),
            counter,
            meter,
            idle_timeout_ns: ages.map_or(0, |(timeout, _)| timeout),
            since_hit_ns: ages.map(|(_, since)| since),
            ..TableEntry::default()
        }
    }
}

/// Spreads the words of a key over 64 bits; `seed` keeps outsiders from choosing keys that collide.
#[inline(always)]
fn mix<const K: usize>(seed: u64, key: &[u64; K]) -> u64 {
    let mut state = seed;
    for word in key {
        let product = u128::from(state ^ word) * 0x9e37_79b9_7f4a_7c15;
        state = (product as u64) ^ (product >> 64) as u64 ^ word.rotate_left(32);
    }
    let product = u128::from(state) * 0xd6e8_feb8_6659_fd93;
    (product as u64) ^ (product >> 64) as u64
}

/// A seed that differs from table to table and from run to run.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0u8)
}
