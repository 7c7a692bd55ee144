//! Which buckets should move where, and when; what operators ask for.

use super::{
    CommandError, Core, Host, Membership, Output, Timer,
    entry::{Key, Value},
    moves::{Kind, Step},
    target::Link,
    types::{BucketId, HostId, HostSpec, Micros, Target},
};
use crate::{
    criteria::{Candidate, is_weight},
    placer,
};

/// When no move may begin now: how soon to look again.
const LOOK_AGAIN: Micros = 100_000;

/// Moves that may begin at once after a pause, in seconds' worth.
const BURST_S: f64 = 0.1;

/// What decides whether the stages know of a host, and whether its own is one that must know of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    host: HostId,
    stage_mac: u64,
    is_told: bool,
    serial: u64,
}

impl Core {
    /// Whether a host can give and take buckets: alive and not held, with its shim and its stage's control channel, and known to
    /// all stages.
    pub(super) fn is_active(&self, host: &Host) -> bool {
        host.is_told()
            && !host.spec.held
            && host.shim.is_synced()
            && self.introduced.contains(&host.spec.id)
    }

    /// Finds out again which hosts all stages that could be told have an entry for, if any of what decides that has changed: it is
    /// a matter of every pair of hosts.
    fn keep_introduced(&mut self) {
        let pieces = |host: &Host| Introduction {
            host: host.spec.id,
            stage_mac: host.spec.stage_mac,
            is_told: host.is_told(),
            serial: host.stage.introductions(),
        };
        if self
            .hosts
            .values()
            .map(pieces)
            .eq(self.introductions.iter().copied())
        {
            return;
        }
        self.introductions = self.hosts.values().map(pieces).collect();
        let introduced = self.hosts.values().filter(|host| self.is_introduced(host));
        self.introduced = introduced.map(|host| host.spec.id).collect();
    }

    fn is_introduced(&self, host: &Host) -> bool {
        self.hosts
            .values()
            .filter(|other| other.spec.id != host.spec.id && other.is_told())
            .all(|other| {
                let way = Value::Host(self.group.way(&other.spec, &host.spec));
                other.stage.held(&Key::Host(host.spec.id)) == Some(&way)
            })
    }

    /// The hosts that can give and take buckets, as criteria see them.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        self.candidates_that(|host| self.is_active(host))
    }

    /// Whether the targets were computed with a host.
    pub(super) fn is_planned(&self, host: HostId) -> bool {
        let mut planned = self.planned_with.iter().flatten();
        planned.any(|candidate| candidate.id == host)
    }

    /// Where a bucket will be when its move ends.
    fn destination(&self, bucket: BucketId) -> HostId {
        match self.activities.get(&bucket).map(|activity| activity.kind) {
            Some(Kind::Move { to, .. } | Kind::Rehome { to, .. }) => to,
            _ => self.owner(bucket),
        }
    }

    /// Computes the targets again if something changed that they depend on.
    pub(super) fn plan(&mut self) {
        self.keep_introduced();
        // What criteria ask for, and steps of the load's rule, say themselves that they changed.
        let candidates = self.candidates();
        let is_planned = self.planned_with.as_ref() == Some(&candidates);
        if !std::mem::take(&mut self.replan) && is_planned {
            return;
        }
        let shares = self.all_shares(&candidates);
        self.waiting.clear();
        for (&map, weights) in &shares {
            let size = self.owners.get(&map).map_or(0, Vec::len);
            let buckets = || {
                (0..size).map(move |bucket| BucketId {
                    map,
                    bucket: bucket as u16,
                })
            };
            let owners: Vec<HostId> = buckets().map(|bucket| self.destination(bucket)).collect();
            let is_frozen =
                |owner: HostId| self.hosts.get(&owner).is_some_and(|host| host.is_member());
            let targets = placer::place(&owners, weights, is_frozen);
            for (bucket, target) in buckets().zip(&targets) {
                let owner = self.owner(bucket);
                let is_buried = self.hosts.get(&owner).is_none_or(|host| {
                    host.membership == Membership::Dead { buried: true }
                        || host.membership == Membership::Out
                });
                if is_buried && !self.activities.contains_key(&bucket) {
                    // With weights of 0 alone nobody is aimed at, and somebody must serve it.
                    let successor = Some(target).filter(|target| weights.contains_key(target));
                    if let Some(successor) = successor.or(weights.keys().next()) {
                        self.rehome(bucket, *successor);
                    }
                } else if self.destination(bucket) != *target && weights.contains_key(target) {
                    self.waiting.insert(bucket);
                }
            }
            self.targets.insert(map, targets);
        }
        self.planned_with = Some(candidates);
    }

    pub(super) fn target_of(&self, bucket: BucketId) -> HostId {
        let target = self
            .targets
            .get(&bucket.map)
            .and_then(|targets| targets.get(usize::from(bucket.bucket)));
        target.copied().unwrap_or(0)
    }

    /// Begins the moves that may begin now, at the pace that is allowed.
    pub(super) fn begin_moves(&mut self) {
        if self.waiting.is_empty() || self.pace_at.is_some() || self.is_changing() {
            return;
        }
        let rate = self.group.protocol.moves_per_second;
        if rate <= 0.0 {
            return;
        }
        let elapsed = self.now.saturating_sub(self.allowance_at) as f64 / 1e6;
        self.allowance_at = self.now;
        self.allowance = (self.allowance + elapsed * rate).min((rate * BURST_S).max(1.0));
        let mut begun = Vec::new();
        if self.allowance >= 1.0 {
            for &bucket in &self.waiting {
                if self.allowance < 1.0 {
                    break;
                }
                let (from, to) = (self.owner(bucket), self.target_of(bucket));
                let rests = self
                    .resting
                    .get(&bucket)
                    .is_some_and(|until| *until > self.now);
                if rests || self.activities.contains_key(&bucket) {
                    continue;
                }
                if from == to {
                    begun.push((bucket, from, to));
                } else if self.is_planned(from) && self.is_planned(to) {
                    self.allowance -= 1.0;
                    begun.push((bucket, from, to));
                }
            }
        }
        for (bucket, from, to) in begun {
            self.waiting.remove(&bucket);
            if from != to {
                self.begin_move(bucket, from, to);
            }
        }
        if !self.waiting.is_empty() {
            let wait = if self.allowance < 1.0 {
                ((1.0 - self.allowance) / rate * 1e6).ceil() as Micros
            } else {
                LOOK_AGAIN
            };
            let at = self.now + wait.max(1_000);
            self.pace_at = Some(at);
            self.set_timer(at, Timer::Pace);
        }
    }

    /// Buckets that are to come to a host, or whose move to it is not committed.
    pub(super) fn is_expecting(&self, host: HostId) -> bool {
        self.waiting.iter().any(|bucket| self.target_of(*bucket) == host)
            || self.activities.values().any(|activity| {
                matches!(activity.kind, Kind::Move { to, step, .. } if to == host && step <= Step::Commit)
            })
    }

    pub(super) fn set_weight(&mut self, host: HostId, weight: f64) -> Result<(), CommandError> {
        check_weight(weight)?;
        let host = self.member_mut(host)?;
        host.spec.weight = weight;
        host.spec.draining = false;
        self.changed()
    }

    pub(super) fn set_draining(
        &mut self,
        host: HostId,
        draining: bool,
    ) -> Result<(), CommandError> {
        self.member_mut(host)?.spec.draining = draining;
        if draining {
            self.end_sessions(host);
        }
        self.changed()
    }

    pub(super) fn member_mut(&mut self, id: HostId) -> Result<&mut Host, CommandError> {
        self.hosts
            .get_mut(&id)
            .filter(|host| host.membership != Membership::Out)
            .ok_or(CommandError::UnknownHost(id))
    }

    pub(super) fn changed(&mut self) -> Result<(), CommandError> {
        self.replan = true;
        self.want_rules();
        self.outputs.push_back(Output::Save);
        Ok(())
    }

    /// A host comes: all stages learn of it, its own gets its tables, then it gets buckets, and at last packets.
    pub(super) fn join(&mut self, spec: HostSpec) -> Result<(), CommandError> {
        self.check_join(&spec)?;
        self.bring_in(spec);
        self.changed()
    }

    pub(super) fn check_join(&self, spec: &HostSpec) -> Result<(), CommandError> {
        if spec.id == 0 {
            return Err(CommandError::BadHost("0 is no host id: they begin at 1"));
        }
        if spec.stage_mac & 3 != 0 || spec.stage_mac >> 48 != 0 {
            return Err(CommandError::BadHost(
                "a stage's first MAC has 48 bits, the low two of which are 0",
            ));
        }
        check_weight(spec.weight)?;
        for other in self.hosts.values() {
            if other.spec.id == spec.id {
                if other.membership != Membership::Out {
                    return Err(CommandError::AlreadyIn(other.spec.name.clone()));
                }
                continue;
            }
            let taken = [
                ("name", other.spec.name == spec.name),
                ("address", other.spec.address == spec.address),
                (
                    "IPv6 address",
                    spec.location.address6 != 0
                        && other.spec.location.address6 == spec.location.address6,
                ),
                ("stage MAC", other.spec.stage_mac == spec.stage_mac),
            ];
            if let Some((what, _)) = taken.iter().find(|(_, taken)| *taken) {
                return Err(CommandError::Taken {
                    what,
                    taken_by: other.spec.name.clone(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn bring_in(&mut self, mut spec: HostSpec) {
        let id = spec.id;
        spec.joined = true;
        spec.draining = false;
        spec.held = false;
        match self.hosts.get_mut(&id) {
            Some(host) => {
                host.spec = spec;
                host.membership = Membership::Joining;
            }
            None => {
                self.hosts.insert(id, Host::new(spec, Membership::Joining));
            }
        }
        self.introduce(id);
        let target = Target::Stage(id);
        match self.hosts.get_mut(&id) {
            // It was in the group before, and is still connected.
            Some(host) if host.stage.link != Link::Away => {
                host.stage.abandon();
                host.stage.link = Link::Reading;
                self.outputs.push_back(Output::Read { target });
            }
            Some(host) => {
                host.stage.abandon();
                self.outputs.push_back(Output::Dial { target });
            }
            None => {}
        }
        self.announce_peers();
        if self
            .hosts
            .get(&id)
            .is_some_and(|host| host.shim.connection.is_some())
        {
            self.want_snapshot(id);
        }
        self.replan = true;
    }

    /// Entries for a host at all other stages.
    fn introduce(&mut self, id: HostId) {
        let Some(host) = self.hosts.get(&id) else {
            return;
        };
        let others = self
            .hosts
            .values()
            .filter(|other| other.spec.id != id && other.stage.known);
        let entries: Vec<(HostId, Key, Value)> = others
            .flat_map(|other| {
                let entries = self.acquaintance(&other.spec, &host.spec).into_iter();
                entries.map(|(key, value)| (other.spec.id, key, value))
            })
            .collect();
        for (other, key, value) in entries {
            self.want(other, key, Some(value), None);
        }
        self.introductions.clear();
        self.keep_host_routes(id, true);
    }

    pub(super) fn aim(&mut self, bucket: BucketId, to: HostId) -> Result<(), CommandError> {
        self.member_mut(to)?;
        let target = self
            .targets
            .get_mut(&bucket.map)
            .and_then(|targets| targets.get_mut(usize::from(bucket.bucket)))
            .ok_or(CommandError::UnknownBucket(bucket))?;
        *target = to;
        self.waiting.insert(bucket);
        Ok(())
    }
}

/// Whether a number can be a weight.
pub(super) fn check_weight(weight: f64) -> Result<(), CommandError> {
    if is_weight(weight) {
        Ok(())
    } else {
        Err(CommandError::BadWeight(weight))
    }
}
