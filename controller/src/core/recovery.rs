//! What a controller makes of what the stages hold: at its start, when a stage connects for the first time, and when a host comes
//! back from the dead. Moves that they show are resumed if they were committed, else undone.

use super::{
    Core, change,
    entry::{self, Key, Owned, Value},
    flows::{Flow, Life},
    moves::Kind,
    rules::{Placement, Rules},
    target::Link,
    types::{Affinity, BucketId, FlowKey, HostId, Target},
};
use crate::placer;
use dpr_p4::host_stage::{clients, services};
use dpr_runtime::Entity;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What the stages say of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing.
    Fresh,
    /// Its owner.
    Settled(HostId),
    /// A move that is committed.
    Committed { from: HostId, to: HostId },
    /// The beginning of a move; whether it was committed is for `from`'s stage to say.
    Undecided { from: HostId, to: HostId },
}

/// Makes sense of a bucket's entries at the stages that could be read.
pub(super) fn find(views: &BTreeMap<HostId, Owned>) -> Finding {
    let count = |host: HostId| views.values().filter(|owned| owned.owner == host).count();
    let most_named = |hosts: &mut dyn Iterator<Item = HostId>| {
        hosts.max_by_key(|host| (count(*host), u16::MAX - host))
    };
    // At most one entry accepts unless two moves went wrong; a committed one says more.
    let accepting = views
        .iter()
        .filter(|(_, owned)| owned.accept)
        .max_by_key(|(stage, owned)| (owned.owner == **stage, count(**stage)));
    if let Some((&to, owned)) = accepting {
        if owned.owner == to {
            return match owned.previous {
                0 => Finding::Settled(to),
                from => Finding::Committed { from, to },
            };
        }
        let from = owned.owner;
        return match views.get(&from) {
            Some(at_from) if at_from.owner == to => Finding::Committed { from, to },
            Some(_) => Finding::Settled(from),
            None if views
                .iter()
                .any(|(stage, owned)| *stage != to && owned.owner == to) =>
            {
                Finding::Committed { from, to }
            }
            None => Finding::Undecided { from, to },
        };
    }
    let claiming: Vec<HostId> = views
        .iter()
        .filter(|(stage, owned)| owned.owner == **stage)
        .map(|(stage, _)| *stage)
        .collect();
    match most_named(&mut claiming.iter().copied()) {
        Some(owner) => match claiming.iter().find(|host| **host != owner) {
            // Each may have accepted connections: the one is asked by the other, as after a commit.
            Some(&other) => Finding::Committed {
                from: other,
                to: owner,
            },
            None => Finding::Settled(owner),
        },
        None => most_named(&mut views.values().map(|owned| owned.owner))
            .map_or(Finding::Fresh, Finding::Settled),
    }
}

/// What the stages say of the rules, each key as the stage says it that knows most.
#[derive(Default)]
struct FoundRules {
    services: BTreeMap<services::Key, services::Action>,
    clients: BTreeMap<clients::Key, clients::Action>,
    former_owners: BTreeMap<BucketId, HostId>,
}

impl FoundRules {
    fn add(&mut self, key: Key, value: Value) {
        match (key, value) {
            (Key::Service(key), Value::Service(action)) => {
                let known = self.services.entry(key).or_insert(action);
                if says_of_services(&action) > says_of_services(known) {
                    *known = action;
                }
            }
            (Key::Client(key), Value::Client(action)) => {
                let known = self.clients.entry(key).or_insert(action);
                if says_of_clients(&action) > says_of_clients(known) {
                    *known = action;
                }
            }
            (Key::FormerBucket(bucket), Value::At(owner)) => {
                self.former_owners.insert(bucket, owner);
            }
            _ => {}
        }
    }

    /// The rules, and the change by which they come. Services that the configuration does not have any more are left out, and
    /// ones that the stages do not have are as it says.
    fn make_sense(self, configured: &Rules, size: usize) -> (Rules, Option<change::Change>) {
        let (mut former, mut rules) = (Rules::default(), Rules::default());
        let (mut is_changing, mut is_committed) = (false, false);
        for (key, placement) in &configured.services {
            let [before, now] = match self.services.get(key).map(placements) {
                Some(Some(placements)) => placements,
                _ => [*placement; 2],
            };
            former.services.insert(*key, before);
            rules.services.insert(*key, now);
            let action = self.services.get(key);
            is_changing |= action.is_some_and(|action| says_of_services(action) > 0);
            is_committed |= action.is_some_and(|action| says_of_services(action) > 1);
        }
        for (key, action) in &self.clients {
            let [before, now] = match *action {
                clients::Action::InClassMap { map_id } => [map_id; 2],
                clients::Action::ChangesClassMap {
                    map_id,
                    former_map_id,
                    ..
                } => [former_map_id, map_id],
                clients::Action::NoAction => continue,
            };
            former.set_client(*key, before);
            rules.set_client(*key, now);
            is_changing |= says_of_clients(action) > 0;
            is_committed |= says_of_clients(action) > 1;
        }
        if self.services.is_empty() {
            return (configured.clone(), None);
        }
        let mut former_owners: BTreeMap<u16, Vec<HostId>> = BTreeMap::new();
        for (bucket, owner) in self.former_owners {
            let owners = former_owners
                .entry(bucket.map)
                .or_insert_with(|| vec![0; size]);
            if let Some(at) = owners.get_mut(usize::from(bucket.bucket)) {
                *at = owner;
            }
        }
        let change =
            is_changing.then(|| change::Change::found(former, former_owners, is_committed));
        (rules, change)
    }
}

/// Where a service's flows are now, and where they come to.
fn placements(action: &services::Action) -> Option<[Placement; 2]> {
    let placement = |map, affinity| {
        let affinity = Affinity::from_stage(affinity)?;
        Some(Placement { map, affinity })
    };
    match *action {
        services::Action::InMap {
            map_id, affinity, ..
        } => Some([placement(map_id, affinity)?; 2]),
        services::Action::ChangesMap {
            map_id,
            affinity,
            former_map_id,
            former_affinity,
            ..
        } => Some([
            placement(former_map_id, former_affinity)?,
            placement(map_id, affinity)?,
        ]),
        services::Action::AnswerHere | services::Action::NoAction => None,
    }
}

/// An entry of a change says more than one without, and a committed one more than one that is not.
fn says_of_services(action: &services::Action) -> u8 {
    match action {
        services::Action::ChangesMap { committed, .. } => 1 + committed,
        _ => 0,
    }
}

/// The same of clients.
fn says_of_clients(action: &clients::Action) -> u8 {
    match action {
        clients::Action::ChangesClassMap { committed, .. } => 1 + committed,
        _ => 0,
    }
}

impl Core {
    pub(super) fn on_contents(&mut self, target: Target, entities: &[Entity]) {
        let is_starting = self.starting;
        if let Some(state) = self.target_mut(target).filter(|_| is_starting) {
            state.abandon();
        }
        match target {
            Target::Router => {
                let contents = entities.iter().filter_map(entry::decode_router).collect();
                let Some(router) = &mut self.router else {
                    return;
                };
                let was_known = router.target.known;
                router.target.contents(contents);
                if !was_known && !self.starting {
                    self.greet_router();
                }
            }
            Target::Stage(id) => {
                let contents: FxHashMap<Key, Value> =
                    entities.iter().filter_map(entry::decode).collect();
                let Some(host) = self.hosts.get_mut(&id) else {
                    return;
                };
                if !host.is_member() {
                    host.stage.link = Link::Up;
                    return;
                }
                let was_known = host.stage.known;
                host.stage.contents(contents);
                if !was_known && !self.starting {
                    self.greet_stage(id);
                }
                self.replan = true;
            }
        }
        if self.starting && self.is_everything_known() {
            self.start();
        }
    }

    fn is_everything_known(&self) -> bool {
        self.hosts
            .values()
            .all(|host| !host.is_member() || host.stage.known)
            && self
                .router
                .as_ref()
                .is_none_or(|router| router.target.known)
    }

    pub(super) fn on_startup_timeout(&mut self) {
        if !self.starting {
            return;
        }
        if self.hosts.values().any(|host| host.stage.known) {
            self.start();
        } else {
            // Nobody to learn from, nobody to write to.
            self.set_timer(self.now + 1_000_000, super::Timer::Startup);
        }
    }

    /// The stages are read: what they hold is the state to go on from.
    fn start(&mut self) {
        self.starting = false;
        let known: Vec<HostId> = self
            .hosts
            .values()
            .filter(|host| host.stage.known)
            .map(|host| host.spec.id)
            .collect();
        tracing::info!(stages = known.len(), "starting from what the stages hold");
        self.find_rules(&known);
        self.number_groups(&known);
        for map in self.owners.keys().copied().collect::<Vec<_>>() {
            self.find_owners(map, &known);
            self.adopt_load(map);
        }
        for id in &known {
            self.adopt_flows(*id, true);
        }
        for id in &known {
            self.adopt_flows(*id, false);
        }
        for id in known {
            self.fill_stage(id);
        }
        if self
            .router
            .as_ref()
            .is_some_and(|router| router.target.known)
        {
            self.greet_router();
        }
        self.replan = true;
        self.hear_early_shims();
    }

    /// The rules by which the stages go, and a change of these that they show. What the configuration asks for comes afterwards.
    fn find_rules(&mut self, known: &[HostId]) {
        let mut found = FoundRules::default();
        for stage in known.iter().filter_map(|id| self.hosts.get(id)) {
            for (key, value) in stage.stage.held_rules() {
                found.add(key, value);
            }
        }
        let configured = std::mem::take(&mut self.rules);
        let size = self.group.buckets as usize;
        let (rules, change) = found.make_sense(&configured, size);
        self.rules = rules;
        self.change = change;
        for map in self.rules.maps() {
            let owners = || vec![0; self.group.buckets as usize];
            self.owners.entry(map).or_insert_with(owners);
            self.targets.entry(map).or_insert_with(owners);
        }
        self.want_rules();
    }

    fn find_owners(&mut self, map: u16, known: &[HostId]) {
        let size = self.owners.get(&map).map_or(0, Vec::len);
        let mut fresh = Vec::new();
        for bucket in (0..size).map(|bucket| BucketId {
            map,
            bucket: bucket as u16,
        }) {
            let views = known
                .iter()
                .filter_map(|id| Some((*id, self.view(bucket, *id)?)))
                .collect();
            match find(&views) {
                Finding::Fresh => fresh.push(bucket),
                Finding::Settled(owner) => self.set_owner(bucket, owner),
                Finding::Committed { from, to } => {
                    self.set_owner(bucket, to);
                    if self.hosts.contains_key(&from) {
                        tracing::debug!(map, bucket = bucket.bucket, from, to, "a move is resumed");
                        self.resume_move(bucket, from, to);
                    }
                }
                Finding::Undecided { from, to } => {
                    self.set_owner(bucket, from);
                    self.begin(bucket, Kind::Undecided { from, to });
                }
            }
        }
        // Nobody serves these yet: they need no moves.
        let candidates = self.candidates_that(|host| host.stage.known);
        let weights = self.shares_of(map, &candidates);
        let targets = placer::place(&vec![0; fresh.len()], &weights, |_| false);
        let fallback = known.first().copied().unwrap_or(0);
        for (bucket, target) in fresh.into_iter().zip(targets) {
            self.set_owner(bucket, if target == 0 { fallback } else { target });
        }
    }

    /// What a stage holds for a bucket.
    fn view(&self, bucket: BucketId, stage: HostId) -> Option<Owned> {
        match self.hosts.get(&stage)?.stage.held(&Key::Bucket(bucket))? {
            Value::Owned(owned) => Some(*owned),
            _ => None,
        }
    }

    /// Entries of connections that no shim has claimed yet: first those at their servers, which say more than the others.
    fn adopt_flows(&mut self, stage: HostId, pins: bool) -> Vec<FlowKey> {
        let Some(host) = self.hosts.get(&stage) else {
            return Vec::new();
        };
        let mut adopted = Vec::new();
        for (key, value) in host.stage.held_flows() {
            let (Value::Server(server) | Value::Asked(server)) = value else {
                continue;
            };
            if (server == stage) != pins || self.flows.get(&key).is_some() {
                continue;
            }
            if self.hosts.get(&server).is_none_or(|host| host.is_dead()) {
                continue;
            }
            if let Some(bucket) = self.bucket_of(&key) {
                self.flows.insert(
                    key,
                    Flow {
                        server,
                        bucket,
                        session: self.rules.session_of(&key),
                        since: 0,
                        life: Life::Unclaimed,
                    },
                );
                // Nobody else remembers a session; its connections claim it again.
                match value {
                    Value::Asked(_) => self.end_session(key),
                    _ if key.is_session() => self.end_session_later(key),
                    _ => {}
                }
                adopted.push(key);
            }
        }
        adopted
    }

    /// A stage connects for the first time, or comes back from the dead.
    fn greet_stage(&mut self, id: HostId) {
        let is_returning = self
            .hosts
            .get_mut(&id)
            .is_some_and(|host| std::mem::take(&mut host.returning));
        let maps: Vec<(u16, usize)> = self
            .owners
            .iter()
            .map(|(map, owners)| (*map, owners.len()))
            .collect();
        for (map, size) in maps {
            for bucket in (0..size).map(|bucket| BucketId {
                map,
                bucket: bucket as u16,
            }) {
                self.greet_bucket(bucket, id, is_returning);
            }
        }
        // Nobody knows the connections of a host that was dead but itself, and its shim is asked.
        let mut adopted = Vec::new();
        if !is_returning {
            adopted.extend(self.adopt_flows(id, true));
            adopted.extend(self.adopt_flows(id, false));
        }
        self.fill_stage(id);
        for key in adopted {
            let Some(flow) = self.flows.get(&key).copied() else {
                continue;
            };
            for stage in [flow.server, self.owner(flow.bucket)] {
                self.want(stage, Key::Flow(key), flow.value_at(stage), None);
            }
            // A shim that has told all it knows would have told of it.
            let is_synced = |host: &super::Host| host.shim.is_synced();
            if !key.is_session() && self.hosts.get(&flow.server).is_some_and(is_synced) {
                self.on_teardown(flow.server, key);
            }
        }
    }

    /// What a stage that was not there at the start says of a bucket may show a move that is still to be decided or ended.
    fn greet_bucket(&mut self, bucket: BucketId, id: HostId, is_returning: bool) {
        let Some(view) = self.view(bucket, id) else {
            return;
        };
        let owner = self.owner(bucket);
        match self.activities.get(&bucket).map(|activity| activity.kind) {
            Some(Kind::Undecided { from, to }) if from == id => {
                self.activities.remove(&bucket);
                if view.owner == to {
                    self.resume_move(bucket, from, to);
                } else {
                    self.set_bucket(bucket, to, Owned::by(from));
                }
            }
            Some(_) => {}
            None if is_returning => {}
            None => {
                let asked = if view.owner == id {
                    view.previous
                } else {
                    view.owner
                };
                let is_host =
                    |host: HostId| self.hosts.get(&host).is_some_and(|host| host.is_member());
                if owner == id && view.accept && asked != id && is_host(asked) {
                    self.resume_move(bucket, asked, id);
                } else if view.owner == id && owner != id && is_host(owner) {
                    self.resume_move(bucket, id, owner);
                }
            }
        }
    }

    /// All that a stage should hold, rank by rank.
    fn fill_stage(&mut self, id: HostId) {
        let Some(host) = self.hosts.get(&id) else {
            return;
        };
        let mut wanted = self.group.fixed_entries(&host.spec);
        wanted.extend(self.neighbor_entries());
        wanted.extend(self.computer_entries(id));
        wanted.extend(self.rule_entries());
        if let Some(change) = &self.change {
            for (key, value) in &mut wanted {
                if let Some(held) = host
                    .stage
                    .held(key)
                    .filter(|held| change.keeps(held, value))
                {
                    *value = held.clone();
                }
            }
        }
        for other in self
            .hosts
            .values()
            .filter(|other| other.spec.id != id && other.spec.joined)
        {
            wanted.extend(self.acquaintance(&host.spec, &other.spec));
        }
        for (map, owners) in &self.owners {
            for bucket in (0..owners.len()).map(|bucket| BucketId {
                map: *map,
                bucket: bucket as u16,
            }) {
                let owned = self.expected(bucket, id).or_else(|| self.view(bucket, id));
                wanted.extend(owned.map(|owned| (Key::Bucket(bucket), Value::Owned(owned))));
            }
        }
        for (key, flow) in self.flows.iter() {
            // The two ends of a move keep what they have until its last step.
            let is_end = match self
                .activities
                .get(&flow.bucket)
                .map(|activity| activity.kind)
            {
                Some(Kind::Move { from, to, .. } | Kind::Undecided { from, to }) => {
                    from == id || to == id
                }
                _ => false,
            };
            let stays = is_end && host.stage.held(&Key::Flow(*key)).is_some();
            let mask = self.group.mask();
            let was_owner = |change: &change::Change| change.former_owner(key, mask) == id;
            if flow.server == id
                || self.owner(flow.bucket) == id
                || stays
                || self.change.as_ref().is_some_and(was_owner)
            {
                wanted.extend(flow.value_at(id).map(|value| (Key::Flow(*key), value)));
            }
        }
        let held = host.stage.held_keys();
        let Some(host) = self.hosts.get_mut(&id) else {
            return;
        };
        for key in held.iter().filter(|key| !wanted.contains_key(key)) {
            // Connections that ask for nothing here, hosts and services that are no more.
            self.fired.extend(host.stage.want(*key, None, None));
        }
        for (key, value) in wanted {
            self.fired.extend(host.stage.want(key, Some(value), None));
        }
        host.stage.start_fill();
    }
}
