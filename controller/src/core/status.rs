//! What operators see.

use super::{
    Core, Membership,
    entry::Key,
    flows::{Flow, Life},
    moves::{Kind, RehomeStep, Step},
    target::Link,
    types::{BucketId, FlowKey, HostId, Micros},
};
use std::collections::BTreeMap;

/// How a host stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostState {
    /// Not in the group (yet).
    Out,
    /// Gets its tables and its first buckets.
    Joining,
    /// In the group.
    Serving,
    /// Its buckets move away.
    Draining,
    /// It has no buckets any more.
    Drained,
    /// It is left out by the front router while its stage is replaced.
    Held,
    /// Its shim or its stage's control channel is away.
    Blind,
    /// Its data path does not answer.
    Dead,
}

/// A host in numbers.
#[derive(Clone, Debug)]
pub struct HostInfo {
    /// Number.
    pub id: HostId,
    /// Name.
    pub name: String,
    /// Own address.
    pub address: u32,
    /// First MAC of its stage.
    pub stage_mac: u64,
    /// How it stands.
    pub state: HostState,
    /// Relative to the others'.
    pub weight: f64,
    /// Share of all buckets that it should own, 0 to 1.
    pub target_share: f64,
    /// Share that it owns.
    pub achieved_share: f64,
    /// Buckets that it owns.
    pub buckets: u64,
    /// Connections that its shim has reported, those that linger included.
    pub connections: u64,
    /// What its shim said last of its load: connections, and processor use in thousandths.
    pub load: (u64, u32),
    /// Its shim is connected.
    pub shim_connected: bool,
    /// Its stage's control channel is up.
    pub stage_connected: bool,
    /// Its stage has all it needs.
    pub stage_ready: bool,
    /// The front router sprays to it.
    pub in_router: bool,
    /// Flow-state entries in its stage.
    pub flow_entries: u64,
    /// How many connected shims probe it, and how many of them miss it.
    pub votes: (usize, usize),
}

/// The group in numbers.
#[derive(Clone, Debug)]
pub struct Status {
    /// All hosts, by number.
    pub hosts: Vec<HostInfo>,
    /// Moves that are over.
    pub moves_completed: u64,
    /// Moves and re-ownings under way.
    pub moves_in_progress: u64,
    /// Moves that are to begin.
    pub moves_waiting: u64,
    /// Moves that a host's death ended.
    pub moves_aborted: u64,
    /// Flow-state entries written.
    pub flow_installed: u64,
    /// Flow-state entries removed.
    pub flow_removed: u64,
    /// Flow-state entries that the stages hold.
    pub flow_remaining: u64,
    /// From a set-up's report to the acknowledgement of its last entry, in milliseconds: median.
    pub install_ms_p50: f64,
    /// The same, 99 of 100.
    pub install_ms_p99: f64,
    /// Connections, those that linger included.
    pub connections: u64,
    /// Clients' sessions.
    pub sessions: u64,
    /// What is going on with flows that come onto another map or are hashed otherwise.
    pub change: Option<&'static str>,
    /// Such changes that are over.
    pub changes_completed: u64,
    /// Whether there is a front router to write to, and a connection to it.
    pub router: Option<bool>,
    /// Whom it sprays to.
    pub router_members: Vec<HostId>,
    /// Share of all buckets that are where they should be, 0 to 1.
    pub placed: f64,
    /// Since the core began.
    pub uptime_us: Micros,
    /// It is still reading the stages.
    pub is_starting: bool,
    /// Nothing is under way: no write, no move, no connection that lingers.
    pub is_idle: bool,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct BucketInfo {
    /// Which.
    pub bucket: BucketId,
    /// Its owner.
    pub owner: HostId,
    /// Where it should be.
    pub target: HostId,
    /// What is going on with it.
    pub step: Option<&'static str>,
    /// Its connections.
    pub flows: u64,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct FlowInfo {
    /// Which.
    pub flow: FlowKey,
    /// Who holds it.
    pub server: HostId,
    /// Its bucket.
    pub bucket: BucketId,
    /// The bucket's owner.
    pub owner: HostId,
    /// The stages that hold an entry for it.
    pub entries_at: Vec<HostId>,
    /// Since its set-up; `None` if no shim has said.
    pub age_us: Option<Micros>,
    /// It is over, and its entries linger.
    pub closing: bool,
}

impl Core {
    /// The group in numbers.
    pub fn status(&self) -> Status {
        let mut owned: BTreeMap<HostId, u64> = BTreeMap::new();
        let (mut all, mut placed) = (0u64, 0u64);
        for (map, owners) in &self.owners {
            let targets = self.targets.get(map);
            for (bucket, owner) in owners.iter().enumerate() {
                all += 1;
                *owned.entry(*owner).or_default() += 1;
                placed += u64::from(targets.and_then(|targets| targets.get(bucket)) == Some(owner));
            }
        }
        // All maps have as many buckets.
        let shares = self.all_shares(&self.member_candidates());
        let mut targets: BTreeMap<HostId, f64> = BTreeMap::new();
        for (host, target) in shares.values().flat_map(crate::criteria::normalized) {
            *targets.entry(host).or_default() += target / shares.len() as f64;
        }
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let hosts: Vec<HostInfo> = self
            .hosts
            .values()
            .map(|host| {
                let id = host.spec.id;
                let buckets = owned.get(&id).copied().unwrap_or(0);
                HostInfo {
                    id,
                    name: host.spec.name.clone(),
                    address: host.spec.address,
                    stage_mac: host.spec.stage_mac,
                    state: self.state_of(host, buckets),
                    weight: host.spec.weight,
                    target_share: targets.get(&id).copied().unwrap_or(0.0),
                    achieved_share: share(buckets as f64, all as f64),
                    buckets,
                    connections: self.flows.count_of_server(id),
                    load: (host.shim.load.connections, host.shim.load.cpu_permille),
                    shim_connected: host.shim.connection.is_some(),
                    stage_connected: host.stage.link != Link::Away,
                    stage_ready: host.stage.is_ready(),
                    in_router: self
                        .router
                        .as_ref()
                        .map_or(host.in_router, |router| router.members().contains(&id)),
                    flow_entries: host.stage.flow_entries(),
                    votes: self.votes(id),
                }
            })
            .collect();
        let alive = self.hosts.values().filter(|host| !host.is_dead());
        let quantile = |quantile: f64| match self.install_us.len() {
            0 => 0.0,
            _ => self.install_us.value_at_quantile(quantile) as f64 / 1e3,
        };
        let writes_over = self
            .hosts
            .values()
            .all(|host| !host.is_member() || host.stage.is_idle());
        Status {
            flow_remaining: alive.map(|host| host.stage.flow_entries()).sum(),
            hosts,
            moves_completed: self.counts.moves_completed,
            moves_in_progress: self.activities.len() as u64,
            moves_waiting: self.waiting.len() as u64,
            moves_aborted: self.counts.moves_aborted,
            flow_installed: self.counts.flow.installed,
            flow_removed: self.counts.flow.removed,
            install_ms_p50: quantile(0.5),
            install_ms_p99: quantile(0.99),
            connections: self.flows.len(),
            sessions: self.flows.sessions(),
            change: self.change_step(),
            changes_completed: self.counts.changes_completed,
            router: self
                .router
                .as_ref()
                .map(|router| router.target.link != Link::Away),
            router_members: self
                .router
                .as_ref()
                .map(|router| router.members().to_vec())
                .unwrap_or_default(),
            placed: share(placed as f64, all as f64),
            uptime_us: self.now - self.started,
            is_starting: self.starting,
            is_idle: !self.starting
                && writes_over
                && self.activities.is_empty()
                && self.waiting.is_empty()
                && self.change_step().is_none()
                && self.flows.len() == 0,
        }
    }

    fn state_of(&self, host: &super::Host, buckets: u64) -> HostState {
        let is_blind = host.shim.connection.is_none() || host.stage.link == Link::Away;
        match host.membership {
            Membership::Out => HostState::Out,
            Membership::Dead { .. } => HostState::Dead,
            Membership::Joining => HostState::Joining,
            Membership::In if is_blind && !host.spec.held => HostState::Blind,
            Membership::In if host.spec.draining && buckets > 0 => HostState::Draining,
            Membership::In if host.spec.draining => HostState::Drained,
            Membership::In if host.spec.held => HostState::Held,
            Membership::In => HostState::Serving,
        }
    }

    /// A bucket's owner.
    pub fn owner_of(&self, bucket: BucketId) -> Option<HostId> {
        Some(self.owner(bucket)).filter(|owner| *owner != 0)
    }

    /// All buckets, by map and number.
    pub fn buckets(&self) -> Vec<BucketInfo> {
        let all = self.owners.iter().flat_map(|(map, owners)| {
            owners.iter().enumerate().map(|(bucket, owner)| {
                (
                    BucketId {
                        map: *map,
                        bucket: bucket as u16,
                    },
                    *owner,
                )
            })
        });
        all.map(|(bucket, owner)| BucketInfo {
            bucket,
            owner,
            target: self.target_of(bucket),
            step: self
                .activities
                .get(&bucket)
                .map(|activity| step_name(activity.kind)),
            flows: self.flows.of_bucket(bucket),
        })
        .collect()
    }

    /// Connections of a client and of a server, if given: at most `limit`, and how many there are.
    pub fn flows(
        &self,
        client: Option<u128>,
        server: Option<HostId>,
        limit: usize,
    ) -> (Vec<FlowInfo>, u64) {
        let mut total = 0;
        let mut found = Vec::new();
        let mut visit = |key: &FlowKey, flow: &Flow| {
            if server.is_some_and(|server| server != flow.server) {
                return;
            }
            total += 1;
            if found.len() < limit {
                found.push(self.flow_info(key, flow));
            }
        };
        match client {
            Some(client) => self
                .flows
                .of_client(client)
                .for_each(|(key, flow)| visit(key, flow)),
            None => self
                .flows
                .connections()
                .for_each(|(key, flow)| visit(key, flow)),
        }
        (found, total)
    }

    /// One connection, if it is known.
    pub fn flow(&self, key: &FlowKey) -> Option<FlowInfo> {
        self.flows.get(key).map(|flow| self.flow_info(key, flow))
    }

    fn flow_info(&self, key: &FlowKey, flow: &Flow) -> FlowInfo {
        let holds = |host: &&super::Host| host.stage.held(&Key::Flow(*key)).is_some();
        FlowInfo {
            flow: *key,
            server: flow.server,
            bucket: flow.bucket,
            owner: self.owner(flow.bucket),
            entries_at: self
                .hosts
                .values()
                .filter(holds)
                .map(|host| host.spec.id)
                .collect(),
            age_us: (flow.life != Life::Unclaimed).then(|| self.now.saturating_sub(flow.since)),
            closing: flow.is_over(),
        }
    }
}

fn step_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Move { step, .. } => match step {
            Step::Prepare => "1 prepare",
            Step::Flush => "2 flush",
            Step::Commit => "2 commit",
            Step::Settle => "3 settle",
            Step::SettleFlush => "4 flush",
            Step::Entries => "4 entries",
            Step::Clear => "4 clear",
        },
        Kind::Rehome {
            step: RehomeStep::Entries,
            ..
        } => "re-own: entries",
        Kind::Rehome {
            step: RehomeStep::Owner,
            ..
        } => "re-own: owner",
        Kind::Undecided { .. } => "undecided",
    }
}
