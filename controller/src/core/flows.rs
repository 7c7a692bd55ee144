//! The connections that the shims reported, by five-tuple and by bucket.

use super::types::{BucketId, FlowKey, HostId, Micros};
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
}

/// A connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub server: HostId,
    pub bucket: BucketId,
    /// When it was set up, by the report's age.
    pub since: Micros,
    pub life: Life,
}

impl Flow {
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
    by_server: BTreeMap<HostId, u64>,
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
        *self.by_server.entry(flow.server).or_default() += 1;
        self.by_bucket.entry(flow.bucket).or_default().insert(key);
        if let Some(former) = self.flows.insert(key, flow) {
            self.leave_server(former.server);
        }
    }

    pub fn remove(&mut self, key: &FlowKey) -> Option<Flow> {
        let flow = self.flows.remove(key)?;
        self.leave_server(flow.server);
        if let Some(keys) = self.by_bucket.get_mut(&flow.bucket) {
            keys.remove(key);
            if keys.is_empty() {
                self.by_bucket.remove(&flow.bucket);
            }
        }
        Some(flow)
    }

    fn leave_server(&mut self, server: HostId) {
        if let Some(count) = self.by_server.get_mut(&server) {
            *count = count.saturating_sub(1);
        }
    }

    /// The bucket's connections that another host than this one holds, and which host.
    pub fn of_bucket_elsewhere(&self, bucket: BucketId, host: HostId) -> Vec<(FlowKey, HostId)> {
        let keys = self.by_bucket.get(&bucket).into_iter().flatten();
        keys.filter_map(|key| self.flows.get(key).map(|flow| (*key, flow.server)))
            .filter(|(_, server)| *server != host)
            .collect()
    }

    pub fn of_bucket(&self, bucket: BucketId) -> u64 {
        self.by_bucket
            .get(&bucket)
            .map_or(0, |keys| keys.len() as u64)
    }

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

    pub fn len(&self) -> u64 {
        self.flows.len() as u64
    }

    pub fn iter(&self) -> impl Iterator<Item = (&FlowKey, &Flow)> {
        self.flows.iter()
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
    }
}
