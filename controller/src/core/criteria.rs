//! The criteria at work: candidates from the hosts, averages from the shims' reports, and the rounds of the load's rule.

use super::{
    CommandError, Core, Host, Timer,
    plan::check_weight,
    types::{Affinity, HostId, HostSpec, Micros, Service, micros},
};
use crate::criteria::{
    self, Candidate, ClientClass, Distance, LoadAverage, LoadMeasure, LoadSample, LoadState,
    MapCriteria, Shares,
};
use dpr_protocol::shim::v1::{DataHeld, Load};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What is known of a host's load.
#[derive(Debug, Default)]
pub(super) struct HostLoad {
    average: LoadAverage,
    /// Set-ups reported since the last report of load, and when that was.
    set_ups: u64,
    counted_from: Option<Micros>,
}

impl HostLoad {
    /// A connection was set up.
    pub fn count_set_up(&mut self) {
        self.set_ups += 1;
    }

    fn observe(&mut self, load: &Load, now: Micros, time_constant: Micros) {
        let set_ups = std::mem::take(&mut self.set_ups) as f64;
        let Some(before) = self.counted_from.replace(now) else {
            // Of how long a time these set-ups are is not known.
            return;
        };
        let seconds = now.saturating_sub(before).max(1) as f64 / 1e6;
        let sample = LoadSample {
            connections: load.connections as f64,
            cpu_permille: f64::from(load.cpu_permille),
            requests_per_s: set_ups / seconds,
        };
        self.average.observe(sample, now, time_constant);
    }
}

/// The feedback rule's state for a map.
#[derive(Debug, Default)]
pub(super) struct MapLoad {
    pub state: LoadState,
    /// An interval has passed without moves.
    is_quiet: bool,
}

/// What a change of a map's criteria changes; the rest stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CriteriaChange {
    /// Weights for this map; `None` takes the host's own again.
    pub weights: Vec<(HostId, Option<f64>)>,
    /// The hosts that hold the data; `Some(None)` is all.
    pub data: Option<Option<BTreeSet<HostId>>>,
    /// What the feedback rule evens out; `Some(None)` ends it.
    pub load: Option<Option<LoadMeasure>>,
    /// Hosts and weights of QoS classes; none ends a class.
    pub qos: Vec<(String, BTreeMap<HostId, f64>)>,
    /// What clients' regions count for; `Some(None)` ends it.
    pub distance: Option<Option<Distance>>,
    /// How long a session lives after its last connection.
    pub session_timeout: Option<Duration>,
    /// What chooses the buckets of the map's services.
    pub affinity: Option<Affinity>,
}

/// A map, its criteria, and what came of them.
#[derive(Clone, Debug)]
pub struct MapInfo {
    /// Number.
    pub map: u16,
    /// Of the services whose clients it is for.
    pub base: u16,
    /// The clients' class; `None` if it is for all that have no map of their own.
    pub class: Option<ClientClass>,
    /// What operators ask for.
    pub criteria: MapCriteria,
    /// Its hosts, by number.
    pub hosts: Vec<MapHostInfo>,
}

/// A host's part of a map.
#[derive(Clone, Debug)]
pub struct MapHostInfo {
    /// Which.
    pub host: HostId,
    /// Whether it is in the group, and alive.
    pub is_member: bool,
    /// The map's weight for it, else its own; 0 if it drains.
    pub weight: f64,
    /// Whether it holds the data of the map's services: by the configuration, and by what its shim reports.
    pub holds_data: bool,
    /// The former alone.
    pub data_configured: bool,
    /// The latter alone, if its shim watches the data.
    pub data_reported: Option<bool>,
    /// What its load changes its share by; 1 while the rule is off.
    pub load_factor: f64,
    /// How far its load was from the mean in the last round, as a part of that: 0.2 is a fifth above.
    pub load_deviation: Option<f64>,
    /// Share of the map's buckets that it should own, 0 to 1.
    pub target_share: f64,
    /// Share that it owns.
    pub achieved_share: f64,
    /// Buckets of the map that it owns.
    pub buckets: u64,
}

impl Core {
    /// Some of the hosts, as criteria see them.
    pub(super) fn candidates_that(&self, are_wanted: impl Fn(&Host) -> bool) -> Vec<Candidate> {
        let wanted = self.hosts.values().filter(|host| are_wanted(host));
        wanted
            .map(|host| Candidate {
                id: host.spec.id,
                weight: host.spec.weight,
                draining: host.spec.draining,
            })
            .collect()
    }

    /// What is asked for a map.
    pub(super) fn criteria_of(&self, map: u16) -> MapCriteria {
        self.group.criteria_of(map)
    }

    /// The same, but that hosts hold its data only if they do not say otherwise.
    fn effective_criteria(&self, map: u16) -> MapCriteria {
        let mut asked = self.criteria_of(map);
        let (base, _) = self.group.class_of_map(map);
        let lacks = |host: &&Host| host.shim.data.get(&base) == Some(&false);
        if self.hosts.values().any(|host| lacks(&host)) {
            let holding = self.hosts.values().filter(|host| !lacks(host));
            let holding = holding.map(|host| host.spec.id);
            asked.data = Some(match &asked.data {
                Some(configured) => holding.filter(|id| configured.contains(id)).collect(),
                None => holding.collect(),
            });
        }
        asked
    }

    /// The shares of a map's buckets, of these hosts.
    pub(super) fn shares_of(&self, map: u16, hosts: &[Candidate]) -> Shares {
        let asked = self.effective_criteria(map);
        match self.loads.get(&map) {
            Some(load) => criteria::shares(hosts, &asked, &load.state),
            None => criteria::base_shares(hosts, &asked),
        }
    }

    /// The shares of all maps, of these hosts.
    pub(super) fn all_shares(&self, hosts: &[Candidate]) -> BTreeMap<u16, Shares> {
        self.owners
            .keys()
            .map(|map| (*map, self.shares_of(*map, hosts)))
            .collect()
    }

    /// A shim says which data its host holds, of the maps that it watches.
    pub(super) fn on_data_held(&mut self, host: HostId, data: &DataHeld) {
        if let Some(host) = self.hosts.get_mut(&host) {
            for (map, is_held) in &mut host.shim.data {
                *is_held = data.maps.contains(&u32::from(*map));
            }
            tracing::info!(host = host.spec.id, maps = ?host.shim.data, "data that it holds");
            self.replan = true;
        }
    }

    pub(super) fn on_load(&mut self, host: HostId, load: Load) {
        let (now, time_constant) = (self.now, micros(self.group.protocol.load_interval) / 4);
        if let Some(host) = self.hosts.get_mut(&host) {
            host.load.observe(&load, now, time_constant);
            host.shim.load = load;
        }
    }

    /// Sets off the rounds, if a map wants any and none is due already.
    pub(super) fn keep_load_rounds(&mut self) {
        let wanted = self
            .group
            .criteria
            .values()
            .any(|criteria| criteria.load.is_some());
        if wanted && !self.load_round_due {
            self.load_round_due = true;
            let at = self.now + micros(self.group.protocol.load_interval).max(1_000);
            self.set_timer(at, Timer::LoadRound);
        }
    }

    pub(super) fn on_load_round(&mut self) {
        self.load_round_due = false;
        self.keep_load_rounds();
        if self.starting {
            return;
        }
        let candidates = self.candidates();
        let measured: Vec<(u16, MapCriteria, LoadMeasure)> = self
            .owners
            .keys()
            .filter_map(|map| {
                let asked = self.effective_criteria(*map);
                let load = asked.load?;
                Some((*map, asked, load))
            })
            .collect();
        for (map, asked, measure) in measured {
            let moves = self.waiting.iter().any(|bucket| bucket.map == map)
                || self.activities.keys().any(|bucket| bucket.map == map);
            let loads = candidates
                .iter()
                .filter_map(|host| {
                    let average = self.hosts.get(&host.id)?.load.average.get(measure)?;
                    Some((host.id, average))
                })
                .collect();
            let load = self.loads.entry(map).or_default();
            let was_quiet = std::mem::replace(&mut load.is_quiet, !moves);
            if moves || !was_quiet {
                continue;
            }
            let base = criteria::base_shares(&candidates, &asked);
            if load.state.round(measure, &base, &loads) {
                load.is_quiet = false;
                self.replan = true;
                tracing::debug!(map, "shares follow the hosts' load");
            }
        }
    }

    /// A map's rule goes on from what the hosts own.
    pub(super) fn adopt_load(&mut self, map: u16) {
        let asked = self.effective_criteria(map);
        if asked.load.is_none() {
            self.loads.remove(&map);
            return;
        }
        let candidates = self.member_candidates();
        let mut owned: BTreeMap<HostId, usize> = BTreeMap::new();
        for owner in self.owners.get(&map).into_iter().flatten() {
            *owned.entry(*owner).or_default() += 1;
        }
        let base = criteria::base_shares(&candidates, &asked);
        self.loads
            .entry(map)
            .or_default()
            .state
            .adopt(&base, &owned);
    }

    /// Whether a map's criteria are of use, when these hosts are added to those that are known and these are the services.
    pub(super) fn check_criteria(
        &self,
        map: u16,
        asked: &MapCriteria,
        added: &[HostSpec],
        services: &[Service],
    ) -> Result<(), CommandError> {
        if services.iter().all(|service| service.map != map) {
            return Err(CommandError::UnknownMap(map));
        }
        let qos = asked.qos.values().flatten();
        for weight in asked
            .weights
            .values()
            .chain(qos.clone().map(|(_, weight)| weight))
        {
            check_weight(*weight)?;
        }
        if asked.data.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(CommandError::NobodyHolds(map));
        }
        let is_known =
            |id: &HostId| self.hosts.contains_key(id) || added.iter().any(|host| host.id == *id);
        let hosts = asked.weights.keys().chain(asked.data.iter().flatten());
        let mut named = hosts.chain(qos.map(|(host, _)| host));
        match named.find(|id| !is_known(id)) {
            Some(unknown) => Err(CommandError::UnknownHost(*unknown)),
            None => Ok(()),
        }
    }

    pub(super) fn change_criteria(
        &mut self,
        map: u16,
        change: CriteriaChange,
    ) -> Result<(), CommandError> {
        let mut asked = self.criteria_of(map);
        for (host, weight) in change.weights {
            match weight {
                Some(weight) => asked.weights.insert(host, weight),
                None => asked.weights.remove(&host),
            };
        }
        if let Some(data) = change.data {
            asked.data = data;
        }
        if let Some(load) = change.load {
            asked.load = load;
        }
        for (class, weights) in change.qos {
            if weights.is_empty() {
                asked.qos.remove(&class);
            } else {
                asked.qos.insert(class, weights);
            }
        }
        if let Some(distance) = change.distance {
            asked.distance = distance;
        }
        if let Some(timeout) = change.session_timeout {
            asked.session_timeout = timeout;
        }
        if asked.session_timeout.is_zero() {
            return Err(CommandError::BadTimeout);
        }
        self.check_criteria(map, &asked, &[], &self.group.services)?;
        if let Some(affinity) = change.affinity {
            let services = self.group.services.iter_mut();
            for service in services.filter(|service| service.map == map) {
                service.affinity = affinity;
            }
        }
        self.set_criteria(map, asked);
        self.changed()
    }

    /// What was checked is asked for from now on.
    pub(super) fn set_criteria(&mut self, map: u16, asked: MapCriteria) {
        let turned_on = asked.load.is_some() && self.criteria_of(map).load.is_none();
        let turned_off = asked.load.is_none();
        self.group.criteria.insert(map, asked);
        let of_classes = |other: &u16| self.group.class_of_map(*other).0 == map;
        for map in self
            .owners
            .keys()
            .copied()
            .filter(of_classes)
            .collect::<Vec<_>>()
        {
            if turned_on && !self.starting {
                self.adopt_load(map);
            } else if turned_off {
                self.loads.remove(&map);
            }
        }
        self.keep_load_rounds();
    }

    /// What is asked for each map: with [`Core::hosts`], what a restarted controller is to be configured with.
    pub fn criteria(&self) -> BTreeMap<u16, MapCriteria> {
        let maps = self.group.base_maps().into_iter();
        maps.map(|map| (map, self.criteria_of(map))).collect()
    }

    /// All maps, with what came of their criteria.
    pub fn maps(&self) -> Vec<MapInfo> {
        self.owners.keys().map(|map| self.map_info(*map)).collect()
    }

    fn map_info(&self, map: u16) -> MapInfo {
        let candidates = self.member_candidates();
        let asked = self.criteria_of(map);
        let weights = criteria::base_shares(
            &candidates,
            &MapCriteria {
                data: None,
                ..asked.clone()
            },
        );
        let targets = criteria::normalized(&self.shares_of(map, &candidates));
        let owners = self.owners.get(&map).map_or(&[][..], Vec::as_slice);
        let info = |host: &Host| {
            let id = host.spec.id;
            let buckets = owners.iter().filter(|owner| **owner == id).count();
            let load = self.loads.get(&map).map(|load| &load.state);
            let data_configured = asked.data.as_ref().is_none_or(|data| data.contains(&id));
            let data_reported = host.shim.data.get(&map).copied();
            MapHostInfo {
                host: id,
                is_member: host.is_member(),
                holds_data: data_configured && data_reported != Some(false),
                data_configured,
                data_reported,
                weight: weights.get(&id).copied().unwrap_or(0.0),
                load_factor: load.map_or(1.0, |load| load.factor(id)),
                load_deviation: load
                    .and_then(|load| load.deviation(id))
                    .map(|deviation| deviation.exp() - 1.0),
                target_share: targets.get(&id).copied().unwrap_or(0.0),
                achieved_share: buckets as f64 / owners.len().max(1) as f64,
                buckets: buckets as u64,
            }
        };
        let (base, class) = self.group.class_of_map(map);
        MapInfo {
            map,
            base,
            class: class.cloned(),
            hosts: self.hosts.values().map(info).collect(),
            criteria: asked,
        }
    }

    /// The hosts that are in the group, whether or not they can give and take buckets at the moment.
    pub(super) fn member_candidates(&self) -> Vec<Candidate> {
        self.candidates_that(Host::is_member)
    }
}
