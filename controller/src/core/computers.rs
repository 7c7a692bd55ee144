//! Destinations that are no services: each is a computer behind one host, or several computers by a multicast group that has a
//! replica for each host. The group is there before an entry names it, and goes after.

use super::{
    Core, Host, Membership,
    entry::{GroupNumber, Key, Value},
    moves::Token,
    types::{Computer, HostId},
};
use dpr_p4::host_stage::{PORT_HOST, PORT_NETWORK, computers};
use dpr_runtime::Replica;
use std::collections::{BTreeMap, BTreeSet};

/// What the stages are told of destinations that are several computers.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Their multicast groups.
    numbers: BTreeMap<u128, GroupNumber>,
    /// The hosts that copies go to now.
    present: Vec<HostId>,
}

impl Groups {
    /// Numbers what has no number yet. One that was used lately comes last: a stage may still name it.
    fn number(&mut self, several: impl Iterator<Item = u128>) {
        let several: BTreeSet<u128> = several.collect();
        let last = self.numbers.values().copied().max().unwrap_or(0);
        self.numbers.retain(|address, _| several.contains(address));
        let mut used: BTreeSet<GroupNumber> = self.numbers.values().copied().collect();
        let mut free = (last.saturating_add(1)..=GroupNumber::MAX).chain(1..=GroupNumber::MAX);
        for address in several {
            if !self.numbers.contains_key(&address)
                && let Some(number) = free.find(|number| used.insert(*number))
            {
                self.numbers.insert(address, number);
            }
        }
    }
}

fn computer(address: u128) -> Key {
    Key::Computer(computers::Key { address })
}

impl Core {
    /// The destinations that are several computers, and the hosts that these are behind.
    fn several(&self) -> impl Iterator<Item = (u128, &BTreeSet<HostId>)> {
        let all = self.group.computers.iter();
        all.filter_map(|(address, computer)| match computer {
            Computer::AtSeveral(hosts) => Some((*address, hosts)),
            Computer::At(_) => None,
        })
    }

    /// Gives groups numbers: those that the stages have for them already, as far as these agree.
    pub(super) fn number_groups(&mut self, stages: &[HostId]) {
        let mut numbers = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (address, _) in self.several() {
            let named = stages.iter().find_map(|id| {
                match self.hosts.get(id)?.stage.held(&computer(address))? {
                    Value::Computer(computers::Action::AtSeveral { group }) => Some(*group),
                    _ => None,
                }
            });
            if let Some(number) = named.filter(|number| *number != 0 && used.insert(*number)) {
                numbers.insert(address, number);
            }
        }
        let several: Vec<u128> = self.several().map(|(address, _)| address).collect();
        self.groups.numbers = numbers;
        self.groups.number(several.into_iter());
    }

    /// Whether copies of packets to several go to a host now.
    pub fn takes_copies(&self, host: HostId) -> bool {
        self.groups.present.contains(&host)
    }

    /// The hosts that take copies now. One that joins does from when its stage has all it needs.
    fn present(&self) -> impl Iterator<Item = HostId> {
        let takes = |host: &&Host| match host.membership {
            Membership::In => true,
            Membership::Joining => host.stage.is_ready() || self.takes_copies(host.spec.id),
            Membership::Out | Membership::Dead { .. } => false,
        };
        let present = self.hosts.values().filter(takes);
        present.map(|host| host.spec.id)
    }

    /// A stage's replicas of the group for these hosts: its own host is behind another port than the others.
    fn replicas(&self, at: HostId, hosts: &BTreeSet<HostId>) -> Value {
        let present = self.groups.present.iter().copied();
        let members = present.filter(|host| hosts.contains(host));
        let replicas = members.map(|host| Replica {
            port: if host == at { PORT_HOST } else { PORT_NETWORK },
            instance: host,
        });
        Value::Replicas(replicas.collect())
    }

    /// What a stage holds for a destination, if it is one.
    fn computer_value(&self, address: u128) -> Option<Value> {
        let action = match self.group.computers.get(&address)? {
            Computer::At(host) => computers::Action::At { host: *host },
            Computer::AtSeveral(_) => computers::Action::AtSeveral {
                group: *self.groups.numbers.get(&address)?,
            },
        };
        Some(Value::Computer(action))
    }

    /// A stage's groups.
    fn group_entries(&self, at: HostId) -> impl Iterator<Item = (u128, Key, Value)> {
        self.several().filter_map(move |(address, hosts)| {
            let number = self.groups.numbers.get(&address)?;
            Some((address, Key::Replicas(*number), self.replicas(at, hosts)))
        })
    }

    /// All that a stage holds for them.
    pub(super) fn computer_entries(&self, at: HostId) -> Vec<(Key, Value)> {
        let addresses = self.group.computers.keys();
        let entries = addresses
            .filter_map(|address| Some((computer(*address), self.computer_value(*address)?)));
        let groups = self.group_entries(at).map(|(_, key, value)| (key, value));
        groups.chain(entries).collect()
    }

    fn known_stages(&self) -> Vec<HostId> {
        let known = self.hosts.values().filter(|host| host.stage.known);
        known.map(|host| host.spec.id).collect()
    }

    /// Tells all stages if a host that copies go to has come or gone.
    pub(super) fn keep_groups(&mut self) {
        let is_told = || self.present().eq(self.groups.present.iter().copied());
        if self.groups.numbers.is_empty() || is_told() {
            return;
        }
        self.groups.present = self.present().collect();
        for id in self.known_stages() {
            let groups: Vec<_> = self.group_entries(id).collect();
            for (_, key, value) in groups {
                self.want(id, key, Some(value), None);
            }
        }
    }

    /// Other destinations than before.
    pub(super) fn set_computers(&mut self, wanted: BTreeMap<u128, Computer>) {
        let before = std::mem::replace(&mut self.group.computers, wanted);
        let numbers = self.groups.numbers.clone();
        let several: Vec<u128> = self.several().map(|(address, _)| address).collect();
        self.groups.number(several.into_iter());
        let changed: BTreeSet<u128> = before
            .keys()
            .chain(self.group.computers.keys())
            .filter(|address| before.get(*address) != self.group.computers.get(*address))
            .copied()
            .collect();
        for host in self.known_stages() {
            let groups: BTreeMap<u128, (Key, Value)> = self
                .group_entries(host)
                .map(|(address, key, value)| (address, (key, value)))
                .collect();
            for &address in &changed {
                match groups.get(&address) {
                    Some((key, value)) => {
                        let token = Token::Grouped { host, address };
                        self.want(host, *key, Some(value.clone()), Some(token));
                    }
                    None => {
                        let group = numbers.get(&address).copied();
                        let token = group.map(|group| Token::Ungrouped { host, group });
                        self.want(host, computer(address), self.computer_value(address), token);
                    }
                }
            }
        }
        self.spray_again(changed);
    }

    /// A stage has a destination's group.
    pub(super) fn on_grouped(&mut self, host: HostId, address: u128) {
        let value = self.computer_value(address);
        self.want(host, computer(address), value, None);
    }

    /// No entry of a stage names a group any more.
    pub(super) fn on_ungrouped(&mut self, host: HostId, group: GroupNumber) {
        if !self.groups.numbers.values().any(|number| *number == group) {
            self.want(host, Key::Replicas(group), None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_are_not_used_again_at_once() {
        let mut groups = Groups::default();
        groups.number([10, 20, 30].into_iter());
        assert_eq!(groups.numbers, [(10, 1), (20, 2), (30, 3)].into());
        groups.number([5, 20].into_iter());
        assert_eq!(groups.numbers, [(5, 4), (20, 2)].into());
        groups.numbers.insert(5, GroupNumber::MAX);
        groups.number([5, 6, 20].into_iter());
        let expected = [(5, GroupNumber::MAX), (6, 1), (20, 2)];
        assert_eq!(groups.numbers, expected.into());
    }
}
