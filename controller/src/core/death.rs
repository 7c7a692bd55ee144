//! The death of a host: its data path does not answer. Its buckets get new owners, and nothing names it any more.

use super::{
    Core, Host, Membership, Output,
    moves::Kind,
    target::Link,
    types::{BucketId, FlowKey, HostId, Target},
};
use std::collections::BTreeSet;

/// What is left to do about a dead host.
#[derive(Debug)]
pub(super) struct Grave {
    /// Buckets that are being re-owned because of it.
    buckets: BTreeSet<BucketId>,
    /// Connections that died with it, whose entries go afterwards.
    flows: Vec<FlowKey>,
}

impl Core {
    /// Looks at what the probes say, and at hosts that change their standing.
    pub(super) fn watch_hosts(&mut self) {
        // Of those whom nobody misses there are no votes to count.
        let shims = self.hosts.values().map(|host| &host.shim);
        let suspects: BTreeSet<HostId> = shims.flat_map(|shim| &shim.suspects).copied().collect();
        for id in self.hosts.keys().copied().collect::<Vec<_>>() {
            let Some(host) = self.hosts.get(&id) else {
                continue;
            };
            match host.membership {
                Membership::In | Membership::Joining
                    if !host.spec.held && suspects.contains(&id) && self.is_missed(id) =>
                {
                    self.declare_dead(id)
                }
                Membership::Joining if self.has_arrived(id) => {
                    self.set_membership(id, Membership::In)
                }
                Membership::Dead { buried: false } if self.is_withdrawn(id) => self.bury(id),
                Membership::Dead { buried: true } if self.is_back(id) => self.revive(id),
                _ => {}
            }
        }
    }

    fn set_membership(&mut self, id: HostId, membership: Membership) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.membership = membership;
        }
        self.replan = true;
    }

    /// A joining host has the buckets that it was to get.
    fn has_arrived(&self, id: HostId) -> bool {
        self.is_planned(id) && !self.replan && !self.is_expecting(id)
    }

    /// The hosts whose connected shims probe another one. A host that joins is none: its own stage may hold nothing yet, and
    /// pass no answer to it.
    fn probers(&self, id: HostId) -> impl Iterator<Item = &Host> {
        self.hosts.values().filter(move |host| {
            host.spec.id != id
                && host.membership == Membership::In
                && host.shim.connection.is_some()
        })
    }

    /// How many connected shims of other hosts probe a host, and how many of them miss it.
    pub(super) fn votes(&self, id: HostId) -> (usize, usize) {
        let limit = self.group.protocol.probes_missed;
        let is_heard = self
            .hosts
            .get(&id)
            .is_some_and(|host| host.shim.connection.is_some());
        self.probers(id).fold((0, 0), |(all, missed), prober| {
            let misses = prober
                .shim
                .missed
                .get(&id)
                .is_some_and(|missed| *missed >= limit);
            let counts = misses && !(is_heard && self.is_cut_off(prober, id));
            (all + 1, missed + usize::from(counts))
        })
    }

    /// A prober that misses all others too has lost its own path, or is too busy to see answers: it says nothing about a host
    /// whose shim is heard.
    fn is_cut_off(&self, prober: &Host, but: HostId) -> bool {
        let limit = self.group.protocol.probes_missed;
        let mut others = prober
            .shim
            .missed
            .iter()
            .filter(|(id, _)| **id != but && self.hosts.get(id).is_some_and(Host::is_member));
        let misses = |(_, missed): (&HostId, &u32)| *missed >= limit;
        others.next().is_some_and(misses) && others.all(misses)
    }

    /// A majority misses it, and there is another host to take over.
    fn is_missed(&self, id: HostId) -> bool {
        let (probers, missed) = self.votes(id);
        missed * 2 > probers
            && self
                .hosts
                .values()
                .any(|host| host.spec.id != id && host.is_member())
    }

    fn declare_dead(&mut self, id: HostId) {
        tracing::warn!(
            host = id,
            "dead: its stage does not answer the other hosts' probes"
        );
        self.set_membership(id, Membership::Dead { buried: false });
        if let Some(host) = self.hosts.get_mut(&id) {
            host.in_router = false;
        }
    }

    /// It is out of the front router's set: now its buckets and connections.
    fn bury(&mut self, id: HostId) {
        self.set_membership(id, Membership::Dead { buried: true });
        let flows = self.flows.of_server(id);
        for key in &flows {
            self.drop_flow(*key);
        }
        if let Some(host) = self.hosts.get_mut(&id) {
            host.stage.abandon();
            host.shim.distrust();
        }
        self.go_on_without(id);
        let mut buckets = BTreeSet::new();
        let mut successors = Vec::new();
        for (bucket, activity) in &self.activities {
            let (from, to) = match activity.kind {
                Kind::Move { from, to, .. } | Kind::Undecided { from, to } => (from, to),
                Kind::Rehome { to, .. } => (to, to),
            };
            // The old owner of a bucket that was on its way to the dead host takes it back; a dead old owner's bucket
            // goes on to the new one; a bucket re-owned twice is placed again.
            if to == id && from == id {
                successors.push((*bucket, None));
            } else if to == id {
                successors.push((*bucket, Some(from)));
            } else if from == id {
                successors.push((*bucket, Some(to)));
            }
        }
        for (map, owners) in &self.owners {
            let owned = owners.iter().enumerate().filter(|(_, owner)| **owner == id);
            buckets.extend(owned.map(|(bucket, _)| BucketId {
                map: *map,
                bucket: bucket as u16,
            }));
        }
        buckets.extend(successors.iter().map(|(bucket, _)| *bucket));
        tracing::info!(
            host = id,
            buckets = buckets.len(),
            connections = flows.len(),
            "re-owning a dead host's buckets"
        );
        self.graves.insert(id, Grave { buckets, flows });
        for (bucket, successor) in successors {
            self.activities.remove(&bucket);
            self.counts.moves_aborted += 1;
            let alive = successor.filter(|host| {
                self.hosts
                    .get(host)
                    .is_some_and(|host| host.is_member() && host.stage.known)
            });
            match alive {
                Some(successor) => self.rehome(bucket, successor),
                // `plan` places it.
                None => self.set_owner(bucket, id),
            }
        }
        if self
            .graves
            .get(&id)
            .is_some_and(|grave| grave.buckets.is_empty())
        {
            self.close_grave(id);
        }
        self.replan = true;
    }

    /// A bucket has a live owner again; after the last, nothing needs to name the dead host.
    pub(super) fn close_graves(&mut self, bucket: BucketId) {
        let mut empty = Vec::new();
        for (id, grave) in &mut self.graves {
            if grave.buckets.remove(&bucket) && grave.buckets.is_empty() {
                empty.push(*id);
            }
        }
        for id in empty {
            self.close_grave(id);
        }
    }

    /// Buckets that are being re-owned because of a death.
    pub(super) fn mourned(&self) -> impl Iterator<Item = BucketId> {
        let graves = self.graves.values();
        graves.flat_map(|grave| grave.buckets.iter().copied())
    }

    fn close_grave(&mut self, id: HostId) {
        if let Some(grave) = self.graves.remove(&id) {
            for key in grave.flows {
                self.forget_entries(key, id);
            }
        }
    }

    /// Its stage answers most probers again, its shim is there, and nothing of its death is left to do.
    fn is_back(&self, id: HostId) -> bool {
        let Some(host) = self.hosts.get(&id) else {
            return false;
        };
        if self.graves.contains_key(&id)
            || host.stage.link == Link::Away
            || host.shim.connection.is_none()
        {
            return false;
        }
        let (all, answered) = self.probers(id).fold((0, 0), |(all, answered), prober| {
            let is_answered = prober.shim.missed.get(&id) == Some(&0);
            (all + 1, answered + usize::from(is_answered))
        });
        answered * 2 > all
    }

    /// It joins again; its stage may hold anything.
    fn revive(&mut self, id: HostId) {
        tracing::info!(
            host = id,
            "back: its stage answers the other hosts' probes again"
        );
        self.set_membership(id, Membership::Joining);
        if let Some(host) = self.hosts.get_mut(&id) {
            host.stage.abandon();
            host.stage.link = Link::Reading;
            host.returning = true;
        }
        self.outputs.push_back(Output::Read {
            target: Target::Stage(id),
        });
        self.want_snapshot(id);
    }
}
