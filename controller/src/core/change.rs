//! Flows that come onto another map - their service's, or their client's class's - or whose bucket is chosen by something else
//! than before. As in a move of a bucket, no connection may break: each flow has a former owner and a new one, and the new one
//! asks the former one about what it does not know. The steps, each of which begins when all writes of the one before are
//! acknowledged:
//!
//! 1. Every stage gets a copy of the former maps' owners, the buckets of new maps, and entries for connections that live elsewhere
//!    than at their new owner. Then it learns of the change: the former owners count, and new ones take in what former ones pass on.
//! 2. All shims are asked for what they know. Then the stages commit, in any order: a flow changes hands when its former owner does.
//! 3. Connections that were being set up get time to be reported.
//! 4. All shims are asked again; the new owners get the missing entries, and ask the former ones no more. What reminds of these goes.
//!
//! No bucket moves meanwhile, but those of hosts that die.

mod death;
mod entries;

use super::{
    Core, Timer,
    entry::{Key, Owned, Value},
    moves::{Token, Waiter},
    rules::Rules,
    types::{BucketId, FlowKey, HostId, Service, micros},
};
use dpr_p4::host_stage::services;
use entries::{Difference, committed};
use std::collections::{BTreeMap, BTreeSet};

/// Where a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Step 1: what it needs is written, and nothing else.
    Fill,
    /// The stages learn of it.
    Prepare,
    /// Step 2: all that the hosts hold is to be reported.
    Flush,
    /// The stages go by the new rules.
    Commit,
    /// Step 3.
    Settle,
    /// Step 4: what the hosts hold is to be reported again.
    SettleFlush,
    /// The new owners get entries for the connections that live elsewhere.
    Entries,
    /// They ask no more.
    Finish,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Fill => "1 fill",
            Step::Prepare => "1 prepare",
            Step::Flush => "2 flush",
            Step::Commit => "2 commit",
            Step::Settle => "3 settle",
            Step::SettleFlush => "4 flush",
            Step::Entries => "4 entries",
            Step::Finish => "4 finish",
        }
    }
}

/// What is going on.
#[derive(Debug)]
pub(super) struct Change {
    generation: u32,
    pub step: Step,
    /// Not resumed yet.
    is_found: bool,
    former: Rules,
    /// Who owned the buckets of the maps that flows come from; 0 where he is dead.
    former_owners: BTreeMap<u16, Vec<HostId>>,
    /// How many acknowledgements and answers of each host the step waits for.
    waiting: BTreeMap<HostId, usize>,
    /// Former owners that died, until the entries of their flows are written.
    lost: BTreeSet<HostId>,
    /// How many acknowledgements of these entries are missing, by stage.
    burying: BTreeMap<HostId, usize>,
}

impl Change {
    /// One that a controller which starts goes on with, when it reaches all hosts.
    pub fn found(
        former: Rules,
        former_owners: BTreeMap<u16, Vec<HostId>>,
        is_committed: bool,
    ) -> Self {
        let step = if is_committed {
            Step::Flush
        } else {
            Step::Fill
        };
        Change {
            step,
            is_found: true,
            ..Change::new(0, former, former_owners)
        }
    }

    /// Whether a stage has committed what others have not yet, and must not take it back.
    pub fn keeps(&self, held: &Value, wanted: &Value) -> bool {
        let wanted = committed(wanted).unwrap_or_else(|| wanted.clone());
        self.step == Step::Flush && committed(held) == Some(wanted)
    }

    fn new(generation: u32, former: Rules, former_owners: BTreeMap<u16, Vec<HostId>>) -> Self {
        Change {
            generation,
            step: Step::Fill,
            is_found: false,
            former,
            former_owners,
            waiting: BTreeMap::new(),
            lost: BTreeSet::new(),
            burying: BTreeMap::new(),
        }
    }

    /// The rules before it.
    pub fn former(&self) -> &Rules {
        &self.former
    }

    /// Services come and go meanwhile.
    pub fn keep_services(&mut self, services: &[Service]) {
        self.former.keep_services(services);
    }

    /// Who owned a flow's bucket before.
    pub fn former_owner(&self, flow: &FlowKey, mask: u16) -> HostId {
        let bucket = self.former.bucket_of(flow, mask);
        let owner = bucket.and_then(|bucket| {
            let owners = self.former_owners.get(&bucket.map)?;
            owners.get(usize::from(bucket.bucket)).copied()
        });
        owner.unwrap_or(0)
    }

    fn former_buckets(&self) -> impl Iterator<Item = (BucketId, HostId)> {
        self.former_owners.iter().flat_map(|(map, owners)| {
            let buckets = (0..).zip(owners).filter(|(_, owner)| **owner != 0);
            buckets.map(|(bucket, owner)| (BucketId { map: *map, bucket }, *owner))
        })
    }
}

impl Core {
    /// What is going on with a change of rules, as operators see it.
    pub(super) fn change_step(&self) -> Option<&'static str> {
        match (&self.change, &self.wanted_rules) {
            (Some(change), _) => Some(change.step.name()),
            (None, Some(_)) => Some("0 waiting"),
            (None, None) => None,
        }
    }

    /// Buckets keep still while rules change, or are to.
    pub(super) fn is_changing(&self) -> bool {
        self.change.is_some() || self.wanted_rules.is_some()
    }

    /// The configuration may ask for other rules.
    pub(super) fn want_rules(&mut self) {
        let wanted = Rules::of(&self.group);
        self.wanted_rules = (wanted != self.rules).then_some(wanted);
    }

    /// Begins a change that is asked for, as soon as it may: no bucket is on its way, and no host is blind.
    pub(super) fn keep_rules(&mut self) {
        let is_due = match &self.change {
            Some(change) => change.is_found,
            None => self.wanted_rules.is_some(),
        };
        if !is_due || !self.activities.is_empty() || !self.graves.is_empty() {
            return;
        }
        let is_reachable = self
            .hosts
            .values()
            .all(|host| !host.is_member() || host.is_told() && host.shim.is_synced());
        if !is_reachable {
            return;
        }
        if self.change.is_some() {
            return self.resume_change();
        }
        let Some(mut wanted) = self.wanted_rules.take() else {
            return;
        };
        // A stage commits a flow's service or its class, not both at once: the one after the other.
        let changes = Difference {
            former: &self.rules,
            new: &wanted,
        };
        if changes.services().any(|(_, [former, new])| former != new)
            && changes.clients().any(|(_, [former, new])| former != new)
        {
            let first = self.rules.with_services_of(&wanted);
            self.wanted_rules = Some(std::mem::replace(&mut wanted, first));
        }
        self.begin_change(wanted);
    }

    fn begin_change(&mut self, wanted: Rules) {
        let former_maps = Difference {
            former: &self.rules,
            new: &wanted,
        }
        .former_maps();
        let former_owners = former_maps
            .into_iter()
            .filter_map(|map| Some((map, self.owners.get(&map)?.clone())))
            .collect();
        let former = std::mem::replace(&mut self.rules, wanted);
        let generation = self.new_generation();
        self.change = Some(Change::new(generation, former, former_owners));
        tracing::info!("flows come onto other maps, or are hashed otherwise");
        self.open_maps();
        self.place_flows();
        self.fill_change();
    }

    /// Goes on with what the stages showed when this controller started.
    fn resume_change(&mut self) {
        let generation = self.new_generation();
        let Some(change) = &mut self.change else {
            return;
        };
        change.generation = generation;
        change.is_found = false;
        tracing::info!(step = change.step.name(), "a change of maps is resumed");
        match change.step {
            Step::Fill => self.fill_change(),
            _ => self.flush_all(),
        }
    }

    /// Buckets for maps that nobody has yet.
    pub(super) fn open_maps(&mut self) {
        for map in self.rules.maps() {
            if !self.owners.contains_key(&map) {
                self.place_new_map(map);
            }
        }
        self.replan = true;
    }

    /// Connections and sessions are where the rules say.
    pub(super) fn place_flows(&mut self) {
        let (rules, mask) = (&self.rules, self.group.mask());
        self.flows
            .place(|flow| Some((rules.bucket_of(flow, mask)?, rules.session_of(flow))));
    }

    fn enter(&mut self, step: Step) {
        if let Some(change) = &mut self.change {
            change.step = step;
        }
    }

    /// The hosts whose stages take part.
    fn stages_in_change(&self) -> Vec<HostId> {
        let known = self
            .hosts
            .values()
            .filter(|host| host.is_member() && host.stage.known);
        known.map(|host| host.spec.id).collect()
    }

    /// Writes something that the step waits for.
    fn change_write(&mut self, stage: HostId, key: Key, value: Option<Value>) {
        let Some(change) = &mut self.change else {
            return;
        };
        let token = Token::Change {
            generation: change.generation,
            stage,
        };
        *change.waiting.entry(stage).or_default() += 1;
        self.want(stage, key, value, Some(token));
    }

    fn fill_change(&mut self) {
        let former = self.change.iter().flat_map(Change::former_buckets);
        let mut entries: Vec<(Key, Value)> = former
            .map(|(bucket, owner)| (Key::FormerBucket(bucket), Value::At(owner)))
            .collect();
        let buckets = self
            .rules
            .maps()
            .into_iter()
            .flat_map(|map| self.buckets_of(map));
        entries.extend(buckets.map(|bucket| {
            let owned = Owned::by(self.owner(bucket));
            (Key::Bucket(bucket), Value::Owned(owned))
        }));
        for stage in self.stages_in_change() {
            for (key, value) in &entries {
                self.change_write(stage, *key, Some(value.clone()));
            }
        }
        self.write_change_entries();
        self.advance_change_if_done();
    }

    fn buckets_of(&self, map: u16) -> impl Iterator<Item = BucketId> + use<> {
        let size = self.owners.get(&map).map_or(0, Vec::len);
        (0..size).map(move |bucket| BucketId {
            map,
            bucket: bucket as u16,
        })
    }

    /// Entries at the new owners for all connections that live elsewhere.
    fn write_change_entries(&mut self) {
        let elsewhere = self.flows.iter().filter_map(|(key, flow)| {
            let owner = self.owner(flow.bucket);
            (owner != flow.server).then(|| (owner, Key::Flow(*key), flow.elsewhere()))
        });
        for (owner, key, value) in elsewhere.collect::<Vec<_>>() {
            if self.is_written_to(owner) {
                self.change_write(owner, key, Some(value));
            }
        }
    }

    fn is_written_to(&self, stage: HostId) -> bool {
        let host = self.hosts.get(&stage);
        host.is_some_and(|host| host.is_member() && host.stage.known)
    }

    /// Lets all stages hold what the rules say at this step.
    fn write_rules(&mut self) {
        let entries = self.rule_entries();
        for stage in self.stages_in_change() {
            let Some(host) = self.hosts.get(&stage) else {
                continue;
            };
            let gone = host.stage.held_keys().into_iter().filter(|key| {
                let is_rule = match key {
                    Key::Client(_) => true,
                    Key::Service(key) => !is_echo(key),
                    _ => false,
                };
                is_rule && !entries.contains_key(key)
            });
            let mut writes: Vec<(Key, Option<Value>)> = gone.map(|key| (key, None)).collect();
            writes.extend(
                entries
                    .iter()
                    .filter(|(key, value)| host.stage.desired(key).as_ref() != Some(*value))
                    .map(|(key, value)| (*key, Some(value.clone()))),
            );
            for (key, value) in writes {
                self.change_write(stage, key, value);
            }
        }
        self.advance_change_if_done();
    }

    fn flush_all(&mut self) {
        if self.group.protocol.faults.no_flush {
            return self.advance_change_if_done();
        }
        let Some(change) = &mut self.change else {
            return;
        };
        let generation = change.generation;
        for host in self.hosts.values_mut().filter(|host| host.is_member()) {
            change.waiting.insert(host.spec.id, 1);
            host.shim.flush_queue.push(Waiter::Change { generation });
        }
    }

    /// The change that is going on, if it is this one.
    fn this_change(&mut self, generation: u32) -> Option<&mut Change> {
        let change = self.change.as_mut();
        change.filter(|change| change.generation == generation)
    }

    /// A write is acknowledged, or a shim has told what it knew.
    pub(super) fn on_change_step(&mut self, host: HostId, generation: u32) {
        let Some(change) = self.this_change(generation) else {
            return;
        };
        if count_down(&mut change.waiting, host) {
            self.advance_change_if_done();
        }
    }

    fn advance_change_if_done(&mut self) {
        let Some(change) = self
            .change
            .as_ref()
            .filter(|change| change.waiting.is_empty())
        else {
            return;
        };
        let generation = change.generation;
        match change.step {
            Step::Fill => {
                self.enter(Step::Prepare);
                self.write_rules();
            }
            Step::Prepare => {
                self.enter(Step::Flush);
                self.flush_all();
            }
            Step::Flush => {
                self.enter(Step::Commit);
                self.write_rules();
            }
            Step::Commit => {
                self.enter(Step::Settle);
                let settled = self.now + micros(self.group.protocol.settle);
                self.set_timer(settled, Timer::ChangeSettled { generation });
            }
            // It ends by time.
            Step::Settle => {}
            Step::SettleFlush => {
                self.enter(Step::Entries);
                self.write_change_entries();
                self.advance_change_if_done();
            }
            Step::Entries => {
                self.enter(Step::Finish);
                self.write_rules();
            }
            Step::Finish => self.end_change(),
        }
    }

    pub(super) fn on_change_settled(&mut self, generation: u32) {
        let settles =
            |change: &Change| change.generation == generation && change.step == Step::Settle;
        if self.change.as_ref().is_some_and(settles) {
            self.enter(Step::SettleFlush);
            self.flush_all();
        }
    }

    /// Nobody asks by the former rules: what only they need goes.
    fn end_change(&mut self) {
        let Some(change) = self.change.take() else {
            return;
        };
        let maps: BTreeSet<u16> = self.rules.maps().into_iter().collect();
        let closed: Vec<u16> = self
            .owners
            .keys()
            .copied()
            .filter(|map| !maps.contains(map))
            .collect();
        let mut keys: Vec<Key> = closed
            .iter()
            .flat_map(|map| self.buckets_of(*map))
            .map(Key::Bucket)
            .collect();
        keys.extend(
            change
                .former_buckets()
                .map(|(bucket, _)| Key::FormerBucket(bucket)),
        );
        for map in &closed {
            self.owners.remove(map);
            self.targets.remove(map);
            self.loads.remove(map);
        }
        self.waiting.retain(|bucket| maps.contains(&bucket.map));
        self.resting.retain(|bucket, _| maps.contains(&bucket.map));
        let homeless: Vec<FlowKey> = self
            .flows
            .iter()
            .filter(|(key, _)| self.rules.bucket_of(key, self.group.mask()).is_none())
            .map(|(key, _)| *key)
            .collect();
        for key in homeless {
            self.remove_flow(key);
        }
        for stage in self.stages_in_change() {
            for key in &keys {
                self.want(stage, *key, None, None);
            }
            let Some(host) = self.hosts.get(&stage) else {
                continue;
            };
            let needless = host.stage.held_flows().into_iter().filter(|(key, _)| {
                let flow = self.flows.get(key);
                flow.is_some_and(|flow| flow.server != stage && self.owner(flow.bucket) != stage)
            });
            for (key, _) in needless.collect::<Vec<_>>() {
                self.want(stage, Key::Flow(key), None, None);
            }
        }
        self.begin_late_sessions();
        self.counts.changes_completed += 1;
        tracing::info!("flows are on their maps");
        self.replan = true;
        self.want_rules();
    }
}

/// What answers echo requests, and is on no map.
fn is_echo(key: &services::Key) -> bool {
    use dpr_p4::host_stage::{PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    matches!(key.protocol, PROTOCOL_ICMP | PROTOCOL_ICMPV6)
}

/// One less for a host; whether nothing is left for anybody.
fn count_down(counts: &mut BTreeMap<HostId, usize>, host: HostId) -> bool {
    if let Some(count) = counts.get_mut(&host) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&host);
        }
    }
    counts.is_empty()
}
