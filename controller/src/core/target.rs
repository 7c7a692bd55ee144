//! What is known of one target: what it holds, what it should hold instead, and the batch that is on its way.

use super::{
    entry::{self, Change, Key, RANKS, Value},
    moves::Token,
    types::{HostId, Micros},
};
use dpr_runtime::{Update, WriteError};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::VecDeque;

/// Updates of one rank in one Write.
const BATCH: usize = 1024;

/// After a refusal that is not the controller's mistake, an update is tried again.
pub(super) const RETRY: Micros = 1_000_000;

/// The connection to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// None, or what it holds is not read yet.
    Away,
    /// What it holds is being read again.
    Reading,
    /// Writes may go.
    Up,
}

/// What a key should hold, and who waits until it does.
#[derive(Debug)]
struct Wanted {
    value: Option<Value>,
    tokens: Vec<Token>,
    /// Whether a fill waits for it.
    fills: bool,
}

/// An empty or doubtful target gets what it should hold rank by rank.
#[derive(Debug)]
struct Fill {
    rank: usize,
    remaining: [usize; RANKS],
}

/// One target.
#[derive(Debug)]
pub(super) struct TargetState {
    pub link: Link,
    /// What it holds was read, and `held` says it but for what is on its way.
    pub known: bool,
    /// What it holds differs from what was thought, and must be read again.
    pub in_doubt: bool,
    /// Writes that were refused and are tried again.
    pub refused: u64,
    held: FxHashMap<Key, Value>,
    pending: FxHashMap<Key, Wanted>,
    order: [VecDeque<Key>; RANKS],
    in_flight: Option<(u64, IndexMap<Key, Wanted, FxBuildHasher>)>,
    fill: Option<Fill>,
    retry: Vec<(Key, Wanted)>,
    flow_entries: u64,
    introductions: u64,
}

/// How many flow-state entries came and went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FlowChanges {
    pub installed: u64,
    pub removed: u64,
}

impl TargetState {
    pub fn new() -> Self {
        TargetState {
            link: Link::Away,
            known: false,
            in_doubt: false,
            refused: 0,
            held: FxHashMap::default(),
            pending: FxHashMap::default(),
            order: Default::default(),
            in_flight: None,
            fill: None,
            retry: Vec::new(),
            introductions: 0,
            flow_entries: 0,
        }
    }

    /// Connected, and holding all that it should but for what changes now.
    pub fn is_ready(&self) -> bool {
        self.link != Link::Away && self.known && self.fill.is_none()
    }

    /// A batch is on its way.
    pub fn is_writing(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Nothing is to be written or on its way.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.in_flight.is_none() && self.retry.is_empty()
    }

    /// Another number whenever what it holds about other hosts may have changed.
    pub fn introductions(&self) -> u64 {
        self.introductions
    }

    /// Flow-state entries that it holds.
    pub fn flow_entries(&self) -> u64 {
        self.flow_entries
    }

    /// What it holds, by what it acknowledged.
    pub fn held(&self, key: &Key) -> Option<&Value> {
        self.held.get(key)
    }

    /// Whether it holds a bucket's entry, or is being written one, that names a host.
    pub fn names_owner(&self, host: HostId) -> bool {
        let names = |value: &Value| matches!(value, Value::Owned(owned) if owned.owner == host || owned.previous == host);
        let in_flight = self.in_flight.iter().flat_map(|(_, batch)| batch.values());
        let wanted = in_flight.chain(self.pending.values());
        self.held.values().any(names)
            || wanted.filter_map(|wanted| wanted.value.as_ref()).any(names)
    }

    /// All keys that it holds, in order.
    pub fn held_keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.held.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// What it will hold when all that is wanted now is written.
    pub fn desired(&self, key: &Key) -> Option<Value> {
        if let Some(wanted) = self.pending.get(key) {
            return wanted.value.clone();
        }
        if let Some((_, wanted)) = self.retry.iter().find(|(retried, _)| retried == key) {
            return wanted.value.clone();
        }
        match self
            .in_flight
            .as_ref()
            .and_then(|(_, batch)| batch.get(key))
        {
            Some(wanted) => wanted.value.clone(),
            None => self.held.get(key).cloned(),
        }
    }

    /// Lets a key hold a value (or nothing). The token comes back at once if it does already, else when it is acknowledged.
    pub fn want(&mut self, key: Key, value: Option<Value>, token: Option<Token>) -> Option<Token> {
        if let Some(at) = self.retry.iter().position(|(retried, _)| *retried == key) {
            let (_, wanted) = self.retry.swap_remove(at);
            self.queue(key, wanted);
        }
        if let Some(wanted) = self.pending.get_mut(&key) {
            wanted.value = value;
            wanted.tokens.extend(token);
            return None;
        }
        match self
            .in_flight
            .as_mut()
            .and_then(|(_, batch)| batch.get_mut(&key))
        {
            Some(wanted) if wanted.value == value => {
                wanted.tokens.extend(token);
                return None;
            }
            Some(_) => {}
            None if self.known && self.held.get(&key) == value.as_ref() => return token,
            None => {}
        }
        self.queue(
            key,
            Wanted {
                value,
                tokens: token.into_iter().collect(),
                fills: false,
            },
        );
        None
    }

    fn queue(&mut self, key: Key, wanted: Wanted) {
        match self.pending.get_mut(&key) {
            Some(newer) => {
                newer.tokens.extend(wanted.tokens);
                newer.fills |= wanted.fills;
            }
            None => {
                self.order[key.rank()].push_back(key);
                self.pending.insert(key, wanted);
            }
        }
    }

    /// The next batch of independent updates, if one may go. Tokens of what needs no write after all are added to `fired`.
    pub fn next_batch(&mut self, id: u64, fired: &mut VecDeque<Token>) -> Option<Vec<Update>> {
        if self.link != Link::Up || !self.known || self.in_flight.is_some() {
            return None;
        }
        let mut batch = IndexMap::default();
        let mut updates = Vec::new();
        loop {
            let ranks = self.fill.as_ref().map_or(RANKS, |fill| fill.rank + 1);
            for rank in 0..ranks {
                let limit = updates.len() + BATCH;
                while updates.len() < limit {
                    let Some(key) = self.order[rank].pop_front() else {
                        break;
                    };
                    let Some(wanted) = self.pending.remove(&key) else {
                        continue;
                    };
                    let held = self.held.get(&key);
                    let change = match (&wanted.value, held) {
                        (Some(value), Some(held)) if value == held => None,
                        (Some(_), Some(_)) => Some(Change::Modify),
                        (Some(_), None) => Some(Change::Insert),
                        (None, Some(_)) => Some(Change::Delete),
                        (None, None) => None,
                    };
                    match change
                        .and_then(|change| entry::update(change, &key, wanted.value.as_ref()))
                    {
                        Some(update) => {
                            updates.push(update);
                            batch.insert(key, wanted);
                        }
                        None => self.done(key, wanted, fired),
                    }
                }
            }
            // What needed no write may have completed a rank of the fill.
            if !updates.is_empty() || !self.advance_fill() {
                break;
            }
        }
        if updates.is_empty() {
            return None;
        }
        self.in_flight = Some((id, batch));
        Some(updates)
    }

    fn done(&mut self, key: Key, wanted: Wanted, fired: &mut VecDeque<Token>) {
        fired.extend(wanted.tokens);
        if wanted.fills
            && let Some(fill) = &mut self.fill
        {
            fill.remaining[key.rank()] = fill.remaining[key.rank()].saturating_sub(1);
        }
    }

    /// Goes to the fill's next rank if this one is written; says whether it did.
    fn advance_fill(&mut self) -> bool {
        let Some(fill) = &mut self.fill else {
            return false;
        };
        if fill.remaining[..=fill.rank].iter().any(|count| *count > 0) {
            return false;
        }
        fill.rank += 1;
        if fill.rank == RANKS {
            self.fill = None;
        }
        true
    }

    /// The answer to a batch; errors by the index of their update. Says whether some must be tried again later.
    pub fn written(
        &mut self,
        id: u64,
        errors: &[(usize, WriteError)],
        fired: &mut VecDeque<Token>,
        changes: &mut FlowChanges,
    ) -> bool {
        let Some((_, batch)) = self.in_flight.take_if(|(in_flight, _)| *in_flight == id) else {
            return false;
        };
        let mut errors: FxHashMap<usize, &WriteError> = errors
            .iter()
            .map(|(index, error)| (*index, error))
            .collect();
        let mut retries = false;
        for (index, (key, wanted)) in batch.into_iter().enumerate() {
            match errors.remove(&index) {
                None => {
                    self.acknowledge(key, wanted.value.clone(), changes);
                    self.done(key, wanted, fired);
                }
                Some(WriteError::NotFound) if wanted.value.is_none() => {
                    self.in_doubt = true;
                    self.acknowledge(key, None, changes);
                    self.done(key, wanted, fired);
                }
                Some(WriteError::NotFound) => {
                    self.in_doubt = true;
                    self.acknowledge(key, None, &mut FlowChanges::default());
                    self.queue(key, wanted);
                }
                Some(WriteError::AlreadyExists) => {
                    self.in_doubt = true;
                    self.acknowledge(key, Some(Value::Unread), &mut FlowChanges::default());
                    self.queue(key, wanted);
                }
                Some(error) => {
                    tracing::warn!(?key, %error, "a write is refused");
                    self.refused += 1;
                    self.retry.push((key, wanted));
                    retries = true;
                }
            }
        }
        while self.advance_fill() {}
        retries
    }

    fn acknowledge(&mut self, key: Key, value: Option<Value>, changes: &mut FlowChanges) {
        let is_flow = matches!(key, Key::Flow(_));
        self.introductions += u64::from(matches!(key, Key::Host(_)));
        let is_held = value.is_some();
        let before = match value {
            Some(value) => self.held.insert(key, value),
            None => self.held.remove(&key),
        };
        if is_flow {
            match (before.is_some(), is_held) {
                (false, true) => {
                    changes.installed += 1;
                    self.flow_entries += 1;
                }
                (true, false) => {
                    changes.removed += 1;
                    self.flow_entries = self.flow_entries.saturating_sub(1);
                }
                _ => {}
            }
        }
    }

    /// Tries again what was refused.
    pub fn retry(&mut self) {
        for (key, wanted) in std::mem::take(&mut self.retry) {
            self.queue(key, wanted);
        }
    }

    /// The connection is gone; what was on its way may or may not have arrived.
    pub fn disconnected(&mut self) {
        self.link = Link::Away;
        self.put_back();
    }

    fn put_back(&mut self) {
        if let Some((_, batch)) = self.in_flight.take() {
            for (key, wanted) in batch {
                // Not known any more: what a reading says of it counts.
                self.queue(key, wanted);
            }
        }
    }

    /// Forgets what it should hold, and those who wait for it.
    pub fn abandon(&mut self) {
        self.known = false;
        self.fill = None;
        self.in_flight = None;
        self.pending.clear();
        self.retry.clear();
        self.order = Default::default();
    }

    /// It was read. If it was known before, all that it should hold and does not is wanted again, and all that it should
    /// not hold is to go; else the caller says what it should hold, and calls [`TargetState::start_fill`].
    pub fn contents(&mut self, contents: FxHashMap<Key, Value>) {
        self.put_back();
        self.retry();
        self.link = Link::Up;
        self.in_doubt = false;
        self.introductions += 1;
        self.flow_entries = contents
            .keys()
            .filter(|key| matches!(key, Key::Flow(_)))
            .count() as u64;
        let before = std::mem::replace(&mut self.held, contents);
        if !self.known {
            self.known = true;
            return;
        }
        let mut differences: Vec<(Key, Option<Value>)> = Vec::new();
        differences.extend(
            before
                .iter()
                .filter(|(key, value)| self.held.get(key) != Some(value))
                .map(|(key, value)| {
                    (
                        *key,
                        Some(value.clone()).filter(|value| *value != Value::Unread),
                    )
                }),
        );
        differences.extend(
            self.held
                .keys()
                .filter(|key| !before.contains_key(key))
                .map(|key| (*key, None)),
        );
        differences.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in differences {
            if !self.pending.contains_key(&key) {
                self.queue(
                    key,
                    Wanted {
                        value,
                        tokens: Vec::new(),
                        fills: false,
                    },
                );
            }
        }
        self.start_fill();
    }

    /// Writes what is wanted now rank by rank; until then the target is not ready.
    pub fn start_fill(&mut self) {
        let mut remaining = [0; RANKS];
        #[allow(clippy::iter_over_hash_type, reason = "each is changed alike")]
        for (key, wanted) in &mut self.pending {
            wanted.fills = true;
            remaining[key.rank()] += 1;
        }
        self.fill = Some(Fill { rank: 0, remaining });
        while self.advance_fill() {}
    }

    /// What it holds of services and classes of clients, and of former owners, in order.
    pub fn held_rules(&self) -> Vec<(Key, Value)> {
        let is_of_rules =
            |key: &Key| matches!(key, Key::Service(_) | Key::Client(_) | Key::FormerBucket(_));
        let held = self.held.iter().filter(|(key, _)| is_of_rules(key));
        let mut rules: Vec<(Key, Value)> = held.map(|(key, value)| (*key, value.clone())).collect();
        rules.sort_unstable_by_key(|(key, _)| *key);
        rules
    }

    /// What it holds of connections and sessions, in order.
    pub fn held_flows(&self) -> Vec<(super::FlowKey, Value)> {
        let mut flows: Vec<_> = self
            .held
            .iter()
            .filter_map(|(key, value)| match (key, value) {
                (Key::Flow(key), Value::Server(_) | Value::Asked(_)) => Some((*key, value.clone())),
                _ => None,
            })
            .collect();
        flows.sort_unstable_by_key(|(key, _)| *key);
        flows
    }
}
