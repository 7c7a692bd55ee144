//! Services that come and go while the controller runs. Of new ones all stages get the buckets of new maps first, then the services,
//! and at last the front router gets the routes to new addresses. What is no more goes in reverse, after what takes its place.

use super::{
    Core,
    entry::{Key, Owned, Value},
    types::{BucketId, FlowKey, HostId, Service},
};
use crate::placer;
use std::collections::{BTreeMap, BTreeSet};

/// How far a change of the services is. It waits for the stages that are connected; others get all of it when they are back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceStep {
    /// The buckets of new maps are being written.
    Buckets,
    /// The services are being written.
    Services,
}

impl Core {
    /// Other services from now on. The caller has seen that none that stays has another map or affinity.
    pub(super) fn set_services(&mut self, services: Vec<Service>) {
        let before = self.sprayed();
        self.group.services = services;
        let after = self.sprayed();
        self.rules.keep_services(&self.group.services);
        if let Some(change) = &mut self.change {
            change.keep_services(&self.group.services);
        }
        self.keep_maps();
        let over: Vec<FlowKey> = self
            .flows
            .iter()
            .filter(|(key, _)| self.bucket_of(key).is_none())
            .map(|(key, _)| *key)
            .collect();
        for key in over {
            self.remove_flow(key);
        }
        self.replan = true;
        if self.starting {
            // All of it is told when the stages are read.
            return;
        }
        self.unrouted.retain(|address| after.contains(address));
        self.unrouted.extend(after.difference(&before));
        self.withdraw_routes(&before.difference(&after).copied().collect());
        // Before the first packet of a new service comes.
        self.announce_services();
        self.service_step = Some(ServiceStep::Buckets);
    }

    /// Maps that no service is on any more are forgotten, and new ones get their buckets.
    fn keep_maps(&mut self) {
        let former = self.change.iter().flat_map(|change| change.former().maps());
        let maps: BTreeSet<u16> = self.rules.maps().into_iter().chain(former).collect();
        let base = self.group.base_maps();
        let gone = |map: &u16| !maps.contains(map);
        self.owners.retain(|map, _| !gone(map));
        self.targets.retain(|map, _| !gone(map));
        self.loads.retain(|map, _| !gone(map));
        self.group.criteria.retain(|map, _| base.contains(map));
        self.waiting.retain(|bucket| !gone(&bucket.map));
        self.resting.retain(|bucket, _| !gone(&bucket.map));
        self.activities.retain(|bucket, _| !gone(&bucket.map));
        let mourned: Vec<BucketId> = self.mourned().filter(|bucket| gone(&bucket.map)).collect();
        for bucket in mourned {
            self.close_graves(bucket);
        }
        self.open_maps();
    }

    /// Nobody serves a new map's buckets yet: they need no moves.
    pub(super) fn place_new_map(&mut self, map: u16) {
        let nobody = vec![0; self.group.buckets as usize];
        self.targets.insert(map, nobody.clone());
        self.owners.insert(map, nobody.clone());
        if self.starting {
            return;
        }
        let mut candidates = self.candidates();
        if candidates.is_empty() {
            candidates = self.member_candidates();
        }
        let shares = self.shares_of(map, &candidates);
        let fallback = shares.keys().next().copied().unwrap_or(0);
        let mut owners = placer::place(&nobody, &shares, |_| false);
        for owner in owners.iter_mut().filter(|owner| **owner == 0) {
            *owner = fallback;
        }
        self.owners.insert(map, owners.clone());
        for stage in self.hosts.keys().copied().collect::<Vec<_>>() {
            for (bucket, owner) in owners.iter().enumerate() {
                let bucket = BucketId {
                    map,
                    bucket: bucket as u16,
                };
                self.set_bucket(bucket, stage, Owned::by(*owner));
            }
        }
    }

    /// Goes on with a change of the services when the stages have acknowledged what was written last.
    pub(super) fn keep_services(&mut self) {
        if self.service_step == Some(ServiceStep::Buckets) && self.has_all_buckets() {
            self.service_step = Some(ServiceStep::Services);
            for (stage, entries) in self.fixed_at_stages() {
                for (key, value) in entries {
                    self.want(stage, key, Some(value), None);
                }
            }
        }
        if self.service_step == Some(ServiceStep::Services) && self.has_all_services() {
            self.service_step = None;
            self.unrouted.clear();
            self.want_routes();
            self.forget_services();
        }
    }

    fn has_all_buckets(&self) -> bool {
        let mut told = self.hosts.values().filter(|host| host.is_told());
        told.all(|host| {
            let mut buckets = self.owners.iter().flat_map(|(map, owners)| {
                (0..owners.len()).map(|bucket| BucketId {
                    map: *map,
                    bucket: bucket as u16,
                })
            });
            buckets.all(|bucket| host.stage.held(&Key::Bucket(bucket)).is_some())
        })
    }

    fn has_all_services(&self) -> bool {
        let mut told = self.hosts.values().filter(|host| host.is_told());
        let rules = self.rule_entries();
        told.all(|host| {
            let entries = self.group.fixed_entries(&host.spec);
            let mut entries = entries.iter().chain(&rules);
            entries.all(|(key, value)| host.stage.held(key) == Some(value))
        })
    }

    /// What the configuration says that each stage holds, of those that say what they hold.
    fn fixed_at_stages(&self) -> Vec<(HostId, BTreeMap<Key, Value>)> {
        let known = self.hosts.values().filter(|host| host.stage.known);
        known
            .map(|host| {
                let mut entries = self.group.fixed_entries(&host.spec);
                entries.extend(self.rule_entries());
                (host.spec.id, entries)
            })
            .collect()
    }

    /// No stage needs to know services, addresses and maps that are no more.
    fn forget_services(&mut self) {
        for (stage, entries) in self.fixed_at_stages() {
            let held = self
                .hosts
                .get(&stage)
                .map(|host| host.stage.held_keys())
                .unwrap_or_default();
            let over = held.into_iter().filter(|key| match key {
                Key::Service(_) | Key::Published(_) => !entries.contains_key(key),
                Key::Bucket(bucket) => !self.owners.contains_key(&bucket.map),
                _ => false,
            });
            for key in over.collect::<Vec<_>>() {
                self.want(stage, key, None, None);
            }
        }
    }

    /// The addresses that the front router is to spray: all but new ones that the stages do not all know yet.
    pub(super) fn routed(&self) -> BTreeSet<u128> {
        self.sprayed().difference(&self.unrouted).copied().collect()
    }
}
