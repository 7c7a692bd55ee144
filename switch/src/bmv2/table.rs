//! The tables of `dpr-runtime` behind one face, whatever the width of their keys and actions.

use dpr_runtime::{
    Entity, ExactStore, LpmStore, MatchKind, MatchTable, Operation, Query, Store, TableEntry,
    TableSchema, TernaryStore, WriteError, action_places, key_places,
};

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
    /// Changes an entry or the default action.
    fn write(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError>;
    /// Shows this table's part of a query.
    fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity));
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
        if let Some(words) = words.first_chunk::<V>() {
            let found = dpr_runtime::Lookup {
                hit: true,
                words: *words,
            };
            MatchTable::count(self, &found, bytes);
        }
    }

    fn write(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        MatchTable::write(self, operation, entry)
    }

    fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        MatchTable::answer(self, query, visit);
    }

    fn clear(&self) {
        MatchTable::clear(self);
    }
}

#[inline(always)]
fn put<const V: usize>(words: &mut [u64; MAX_WORDS], found: &[u64; V]) {
    if let Some(words) = words.first_chunk_mut::<V>() {
        *words = *found;
    }
}

/// Words of a table's key, and of its actions with the cell of a direct counter or meter.
pub fn width(schema: &TableSchema) -> (usize, usize) {
    let key = key_places(schema.fields.iter().map(|field| field.bits));
    let key = key.last().map_or(0, |place| place.end().div_ceil(64));
    let actions = schema.actions.iter().map(|entry| {
        let params = entry.action.params.iter().map(|param| param.bits);
        action_places(params)
            .last()
            .map_or(1, |place| place.end().div_ceil(64))
    });
    let extra = usize::from(schema.direct_counter.is_some() || schema.direct_meter.is_some());
    (key as usize, actions.max().unwrap_or(1) as usize + extra)
}

/// A table of this shape; `None` if its key or actions are too wide.
pub fn table(schema: TableSchema) -> Option<Box<dyn AnyTable>> {
    match width(&schema).0 {
        0 | 1 => of_key::<1>(schema),
        2 => of_key::<2>(schema),
        3 | 4 => of_key::<4>(schema),
        5..=8 => of_key::<8>(schema),
        9..=32 => of_key::<32>(schema),
        _ => None,
    }
}

fn of_key<const K: usize>(schema: TableSchema) -> Option<Box<dyn AnyTable>> {
    match width(&schema).1 {
        1 | 2 => Some(of_action::<K, 2>(schema)),
        3 | 4 => Some(of_action::<K, 4>(schema)),
        5..=8 => Some(of_action::<K, 8>(schema)),
        9..=32 => Some(of_action::<K, 32>(schema)),
        _ => None,
    }
}

fn of_action<const K: usize, const V: usize>(schema: TableSchema) -> Box<dyn AnyTable> {
    let is = |kind| {
        schema
            .fields
            .iter()
            .filter(|field| field.kind == kind)
            .count()
    };
    let exact = is(MatchKind::Exact);
    if exact == schema.fields.len() {
        Box::new(MatchTable::<ExactStore<K, V>, K, V>::owned(schema))
    } else if exact + 1 == schema.fields.len() && is(MatchKind::Lpm) == 1 {
        Box::new(MatchTable::<LpmStore<K, V>, K, V>::owned(schema))
    } else {
        Box::new(MatchTable::<TernaryStore<K, V>, K, V>::owned(schema))
    }
}
