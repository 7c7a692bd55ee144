//! What stages hold by the rules, and in the course of their change.

use super::{Change, Step};
use crate::core::{
    Core,
    entry::{Key, Value},
    rules::{Placement, Rules},
};
use dpr_p4::host_stage::{clients, services};
use std::collections::{BTreeMap, BTreeSet};

/// What the stages hold at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The former rules.
    Before,
    /// Both; the new ones count once it is committed.
    During { committed: bool },
    /// The new rules.
    After,
}

impl Step {
    fn phase(self) -> Phase {
        match self {
            Step::Fill => Phase::Before,
            Step::Prepare | Step::Flush => Phase::During { committed: false },
            Step::Commit | Step::Settle | Step::SettleFlush | Step::Entries => {
                Phase::During { committed: true }
            }
            Step::Finish => Phase::After,
        }
    }
}

/// What a change from some rules to others is about.
pub(super) struct Difference<'a> {
    pub former: &'a Rules,
    pub new: &'a Rules,
}

impl Difference<'_> {
    /// The services of either, with their placements before and now.
    pub fn services(&self) -> impl Iterator<Item = (services::Key, [Option<Placement>; 2])> {
        let keys: BTreeSet<_> = self
            .former
            .services
            .keys()
            .chain(self.new.services.keys())
            .collect();
        keys.into_iter().map(|key| {
            let of = |rules: &Rules| rules.services.get(key).copied();
            (*key, [of(self.former), of(self.new)])
        })
    }

    /// The prefixes of either, with their maps before and now.
    pub fn clients(&self) -> impl Iterator<Item = (clients::Key, [u16; 2])> {
        let prefixes = self.former.clients().chain(self.new.clients());
        let keys: BTreeSet<_> = prefixes.map(|(key, _)| key).collect();
        keys.into_iter().map(|key| {
            let of = |rules: &Rules| rules.map_within(key.map, key.client.value, key.client.prefix);
            (key, [of(self.former), of(self.new)])
        })
    }

    /// The maps that flows come from: they go to others, or to other buckets.
    pub fn former_maps(&self) -> BTreeSet<u16> {
        let mut maps = BTreeSet::new();
        for (_, placements) in self.services() {
            if let [Some(former), Some(new)] = placements
                && former != new
            {
                maps.insert(former.map);
                let classes = self
                    .former
                    .clients()
                    .filter(|(key, _)| key.map == former.map);
                maps.extend(classes.map(|(_, map)| map));
            }
        }
        let clients = self.clients().filter(|(_, [former, new])| former != new);
        maps.extend(clients.map(|(_, [former, _])| former));
        maps
    }
}

impl Core {
    /// What every stage holds by the rules, at the step where their change is: services, classes of clients, and former owners.
    pub(in crate::core) fn rule_entries(&self) -> BTreeMap<Key, Value> {
        let nothing = Rules::default();
        let phase = self
            .change
            .as_ref()
            .map_or(Phase::After, |change| change.step.phase());
        let former = self
            .change
            .as_ref()
            .map_or(&nothing, |change| &change.former);
        let difference = Difference {
            former,
            new: &self.rules,
        };
        let mask = self.group.mask();
        let asks = !self.group.protocol.faults.no_chain;
        let has_classes = |map: u16| {
            let had = phase != Phase::After && former.has_classes(map);
            (had || self.rules.has_classes(map)).into()
        };
        let in_map = |of: Placement| services::Action::InMap {
            map_id: of.map,
            mask,
            affinity: of.affinity.to_stage(),
            by_class: has_classes(of.map),
        };
        let mut entries = BTreeMap::new();
        for (key, [before, now]) in difference.services() {
            let action = match phase {
                Phase::Before => before.map(in_map),
                Phase::After => now.map(in_map),
                Phase::During { committed } => match (before, now) {
                    (Some(former), Some(new)) if former != new && (asks || !committed) => {
                        Some(services::Action::ChangesMap {
                            map_id: new.map,
                            mask,
                            affinity: new.affinity.to_stage(),
                            by_class: has_classes(new.map),
                            former_map_id: former.map,
                            former_affinity: former.affinity.to_stage(),
                            committed: committed.into(),
                        })
                    }
                    (before, now) => now.or(before).map(in_map),
                },
            };
            entries.extend(action.map(|action| (Key::Service(key), Value::Service(action))));
        }
        for (key, [former_map_id, map_id]) in difference.clients() {
            let within = |rules: &Rules, map_id| {
                rules
                    .has_client(&key)
                    .then_some(clients::Action::InClassMap { map_id })
            };
            let action = match phase {
                Phase::Before => within(former, former_map_id),
                Phase::After => within(&self.rules, map_id),
                Phase::During { committed } if former_map_id != map_id && (asks || !committed) => {
                    Some(clients::Action::ChangesClassMap {
                        map_id,
                        former_map_id,
                        committed: committed.into(),
                    })
                }
                Phase::During { .. } => Some(clients::Action::InClassMap { map_id }),
            };
            entries.extend(action.map(|action| (Key::Client(key), Value::Client(action))));
        }
        let former_buckets = self.change.iter().flat_map(Change::former_buckets);
        entries.extend(
            former_buckets.map(|(bucket, owner)| (Key::FormerBucket(bucket), Value::At(owner))),
        );
        entries
    }
}

/// A stage's entry of a change, as it is when it is committed; `None` for others.
pub(super) fn committed(value: &Value) -> Option<Value> {
    let mut value = value.clone();
    match &mut value {
        Value::Service(services::Action::ChangesMap { committed, .. })
        | Value::Client(clients::Action::ChangesClassMap { committed, .. }) => *committed = 1,
        _ => return None,
    }
    Some(value)
}
