//! The tables of `dpr-runtime` behind one face, whatever the width of their keys and actions.

use dpr_runtime::{
    ActionProfile, Entity, ExactStore, Lookup, LpmStore, MatchKind, MatchTable, MeterConfig,
    Operation, Query, Store, TableEntry, TableSchema, TernaryStore, WriteError, action_places,
    key_places,
};
use std::sync::Arc;

/// Words of the widest key, and of the widest action.
pub const MAX_WORDS: usize = 32;

/// A table of any shape.
pub trait AnyTable: Send + Sync {
    /// Looks a key up; writes the words of the action, and says whether an entry was hit.
    fn lookup(&self, key: &[u64; MAX_WORDS], words: &mut [u64; MAX_WORDS]) -> bool;
    /// The default action's words.
    fn default_action(&self, words: &mut [u64; MAX_WORDS]);
    /// Counts a packet for the entry with these words.
    fn count(&self, words: &[u64; MAX_WORDS], bytes: usize);
    /// Notes that a packet hit the entry with these words.
    fn touch(&self, words: &[u64; MAX_WORDS]);
    /// The colour of a packet that weighs `amount` for the entry with these words.
    fn meter(&self, words: &[u64; MAX_WORDS], amount: usize, now_us: u64) -> u8;
    /// Puts the action behind a reference to an action profile in its place; `hash` chooses a group's member.
    fn select(&self, words: &mut [u64; MAX_WORDS], hash: u64);
    /// Changes an entry or the default action.
    fn write(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError>;
    /// Configures the direct meter of an entry.
    fn configure(
        &self,
        operation: Operation,
        key: &TableEntry,
        config: Option<MeterConfig>,
    ) -> Result<(), WriteError>;
    /// Shows this table's part of a query.
    fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity));
    /// See [`MatchTable::age`].
    fn age(&self, now_ns: u64, idle: &mut dyn FnMut(TableEntry));
    /// As the program says.
    fn clear(&self);
}

impl<S: Store<K, V>, const K: usize, const V: usize> AnyTable for MatchTable<S, K, V> {
    #[inline]
    fn lookup(&self, key: &[u64; MAX_WORDS], words: &mut [u64; MAX_WORDS]) -> bool {
        let Some(key) = key.first_chunk::<K>() else {
            return false;
        };
        let found = MatchTable::lookup(self, key);
        put(words, &found.words);
        found.hit
    }

    fn default_action(&self, words: &mut [u64; MAX_WORDS]) {
        put(words, &MatchTable::default_action(self).words);
    }

    fn count(&self, words: &[u64; MAX_WORDS], bytes: usize) {
        if let Some(found) = hit(words) {
            MatchTable::count(self, &found, bytes);
        }
    }

    fn touch(&self, words: &[u64; MAX_WORDS]) {
        if let Some(found) = hit(words) {
            MatchTable::touch(self, &found);
        }
    }

    fn meter(&self, words: &[u64; MAX_WORDS], amount: usize, now_us: u64) -> u8 {
        hit(words).map_or(0, |found| MatchTable::meter(self, &found, amount, now_us))
    }

    fn select(&self, words: &mut [u64; MAX_WORDS], hash: u64) {
        if let Some(found) = hit(words) {
            put(words, &MatchTable::select(self, found, hash).words);
        }
    }

    fn write(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        MatchTable::write(self, operation, entry)
    }

    fn configure(
        &self,
        operation: Operation,
        key: &TableEntry,
        config: Option<MeterConfig>,
    ) -> Result<(), WriteError> {
        MatchTable::configure(self, operation, key, config)
    }

    fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        MatchTable::answer(self, query, visit);
    }

    fn age(&self, now_ns: u64, idle: &mut dyn FnMut(TableEntry)) {
        MatchTable::age(self, now_ns, idle);
    }

    fn clear(&self) {
        MatchTable::clear(self);
    }
}

/// What a lookup found, from its words.
#[inline(always)]
fn hit<const V: usize>(words: &[u64; MAX_WORDS]) -> Option<Lookup<V>> {
    let words = *words.first_chunk::<V>()?;
    Some(Lookup { hit: true, words })
}

#[inline(always)]
fn put<const V: usize>(words: &mut [u64; MAX_WORDS], found: &[u64; V]) {
    if let Some(words) = words.first_chunk_mut::<V>() {
        *words = *found;
    }
}

/// Words of a table's key, and of its actions with the cell that entries have.
pub fn width(schema: &TableSchema) -> (usize, usize) {
    let key = key_places(schema.fields.iter().map(|field| field.bits));
    let key = key.last().map_or(0, |place| place.end().div_ceil(64));
    let actions = schema.actions.iter().map(|entry| {
        let params = entry.action.params.iter().map(|param| param.bits);
        action_places(params)
            .last()
            .map_or(1, |place| place.end().div_ceil(64))
    });
    let has_cells =
        schema.direct_counter.is_some() || schema.direct_meter.is_some() || schema.has_idle_timeout;
    let actions = actions.max().unwrap_or(1) as usize;
    (key as usize, actions + usize::from(has_cells))
}

/// A profile that the entries of a table refer to.
type Profile<'p> = Option<&'p Arc<ActionProfile>>;

/// A table of this shape, with the action profile that its entries refer to; `None` if its key or actions are too wide.
pub fn table(schema: TableSchema, profile: Profile<'_>) -> Option<Box<dyn AnyTable>> {
    match width(&schema).0 {
        0 | 1 => of_key::<1>(schema, profile),
        2 => of_key::<2>(schema, profile),
        3 | 4 => of_key::<4>(schema, profile),
        5..=8 => of_key::<8>(schema, profile),
        9..=32 => of_key::<32>(schema, profile),
        _ => None,
    }
}

fn of_key<const K: usize>(schema: TableSchema, profile: Profile<'_>) -> Option<Box<dyn AnyTable>> {
    match width(&schema).1 {
        1 | 2 => Some(of_action::<K, 2>(schema, profile)),
        3 | 4 => Some(of_action::<K, 4>(schema, profile)),
        5..=8 => Some(of_action::<K, 8>(schema, profile)),
        9..=32 => Some(of_action::<K, 32>(schema, profile)),
        _ => None,
    }
}

fn of_action<const K: usize, const V: usize>(
    schema: TableSchema,
    profile: Profile<'_>,
) -> Box<dyn AnyTable> {
    let is = |kind| {
        schema
            .fields
            .iter()
            .filter(|field| field.kind == kind)
            .count()
    };
    let exact = is(MatchKind::Exact);
    if exact == schema.fields.len() {
        of_store::<ExactStore<K, V>, K, V>(schema, profile)
    } else if exact + 1 == schema.fields.len() && is(MatchKind::Lpm) == 1 {
        of_store::<LpmStore<K, V>, K, V>(schema, profile)
    } else {
        of_store::<TernaryStore<K, V>, K, V>(schema, profile)
    }
}

fn of_store<S: Store<K, V> + 'static, const K: usize, const V: usize>(
    schema: TableSchema,
    profile: Profile<'_>,
) -> Box<dyn AnyTable> {
    Box::new(match profile {
        Some(profile) => MatchTable::<S, K, V>::owned_with_profile(schema, profile),
        None => MatchTable::<S, K, V>::owned(schema),
    })
}
