//! The connections that the shims reported, by five-tuple and by bucket, and the sessions that they are part of.

use super::{
    entry::Value,
    types::{BucketId, FlowKey, HostId, Micros},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a connection's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Reported, and not torn down.
    Live,
    /// Torn down; its entries stay until then.
    Lingering { until: Micros },
    /// A stage holds an entry, and no shim has said anything of it yet.
    Unclaimed,
    /// A session: new connections go elsewhere, those that are being set up are asked for. Whether all stages know.
    Ending { is_known: bool },
}

/// A connection, or a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub server: HostId,
    pub bucket: BucketId,
    /// Of a connection: the session that it is part of.
    pub session: Option<FlowKey>,
    /// When it was set up, by the report's age.
    pub since: Micros,
    pub life: Life,
}

impl Flow {
    /// What other stages than its server's hold of it.
    pub fn elsewhere(&self) -> Value {
        match self.life {
            Life::Ending { .. } => Value::Asked(self.server),
            _ => Value::Server(self.server),
        }
    }

    /// What a stage holds of it, if it is one that holds anything.
    pub fn value_at(&self, stage: HostId) -> Option<Value> {
        let is_kept = stage != self.server || !matches!(self.life, Life::Ending { .. });
        is_kept.then(|| self.elsewhere())
    }

    /// Torn down: only its entries stay for a while.
    pub fn is_over(&self) -> bool {
        matches!(self.life, Life::Lingering { .. })
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct FlowTable {
    flows: BTreeMap<FlowKey, Flow>,
    by_bucket: BTreeMap<BucketId, BTreeSet<FlowKey>>,
    /// How many connections each server holds, and each session has.
    by_server: BTreeMap<HostId, u64>,
    by_session: BTreeMap<FlowKey, u64>,
    sessions: u64,
}

impl FlowTable {
    pub fn get(&self, key: &FlowKey) -> Option<&Flow> {
        self.flows.get(key)
    }

    pub fn get_mut(&mut self, key: &FlowKey) -> Option<&mut Flow> {
        // The server and the bucket are indexed and stay; `insert` replaces them.
        self.flows.get_mut(key)
    }

    pub fn insert(&mut self, key: FlowKey, flow: Flow) {
        self.count(&key, &flow);
        self.by_bucket.entry(flow.bucket).or_default().insert(key);
        if let Some(former) = self.flows.insert(key, flow) {
            if former.bucket != flow.bucket {
                self.leave_bucket(&key, former.bucket);
            }
            self.discount(&key, &former);
        }
    }

    pub fn remove(&mut self, key: &FlowKey) -> Option<Flow> {
        let flow = self.flows.remove(key)?;
        self.discount(key, &flow);
        self.leave_bucket(key, flow.bucket);
        Some(flow)
    }

    fn leave_bucket(&mut self, key: &FlowKey, bucket: BucketId) {
        if let Some(keys) = self.by_bucket.get_mut(&bucket) {
            keys.remove(key);
            if keys.is_empty() {
                self.by_bucket.remove(&bucket);
            }
        }
    }

    fn count(&mut self, key: &FlowKey, flow: &Flow) {
        if key.is_session() {
            self.sessions += 1;
            return;
        }
        *self.by_server.entry(flow.server).or_default() += 1;
        if let Some(session) = flow.session {
            *self.by_session.entry(session).or_default() += 1;
        }
    }

    fn discount(&mut self, key: &FlowKey, flow: &Flow) {
        if key.is_session() {
            self.sessions = self.sessions.saturating_sub(1);
            return;
        }
        if let Some(count) = self.by_server.get_mut(&flow.server) {
            *count = count.saturating_sub(1);
        }
        if let Some(session) = flow.session
            && let Some(count) = self.by_session.get_mut(&session)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_session.remove(&session);
            }
        }
    }

    /// Puts every connection and session where the rules now say; what they say nothing of stays.
    pub fn place(&mut self, rules: impl Fn(&FlowKey) -> Option<(BucketId, Option<FlowKey>)>) {
        self.by_bucket.clear();
        self.by_session.clear();
        for (key, flow) in &mut self.flows {
            if let Some((bucket, session)) = rules(key) {
                flow.bucket = bucket;
                flow.session = session;
            }
            self.by_bucket.entry(flow.bucket).or_default().insert(*key);
            if let Some(session) = flow.session {
                *self.by_session.entry(session).or_default() += 1;
            }
        }
    }

    /// How many connections a session has.
    pub fn of_session(&self, session: &FlowKey) -> u64 {
        self.by_session.get(session).copied().unwrap_or(0)
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> u64 {
        self.sessions
    }

    /// The bucket's connections and sessions that another host than this one holds, and what stages hold of them.
    pub fn of_bucket_elsewhere(&self, bucket: BucketId, host: HostId) -> Vec<(FlowKey, Value)> {
        let keys = self.by_bucket.get(&bucket).into_iter().flatten();
        keys.filter_map(|key| self.flows.get(key).map(|flow| (*key, *flow)))
            .filter(|(_, flow)| flow.server != host)
            .map(|(key, flow)| (key, flow.elsewhere()))
            .collect()
    }

    /// How many connections a bucket has.
    pub fn of_bucket(&self, bucket: BucketId) -> u64 {
        let keys = self.by_bucket.get(&bucket).into_iter().flatten();
        keys.filter(|key| !key.is_session()).count() as u64
    }

    /// All that a host holds.
    pub fn of_server(&self, host: HostId) -> Vec<FlowKey> {
        self.flows
            .iter()
            .filter(|(_, flow)| flow.server == host)
            .map(|(key, _)| *key)
            .collect()
    }

    /// How many connections a host holds, those that linger included.
    pub fn count_of_server(&self, host: HostId) -> u64 {
        self.by_server.get(&host).copied().unwrap_or(0)
    }

    /// How many connections there are.
    pub fn len(&self) -> u64 {
        self.flows.len() as u64 - self.sessions
    }

    /// All of them, and all sessions.
    pub fn iter(&self) -> impl Iterator<Item = (&FlowKey, &Flow)> {
        self.flows.iter()
    }

    /// The connections.
    pub fn connections(&self) -> impl Iterator<Item = (&FlowKey, &Flow)> {
        self.iter().filter(|(key, _)| !key.is_session())
    }

    /// Those of one client address.
    pub fn of_client(&self, src: u128) -> impl Iterator<Item = (&FlowKey, &Flow)> {
        let first = FlowKey {
            src,
            ..FlowKey::default()
        };
        self.flows
            .range(first..)
            .take_while(move |(key, _)| key.src == src)
            .filter(|(key, _)| !key.is_session())
    }
}
