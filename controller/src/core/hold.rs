//! A host is held while its stage is replaced: the front router leaves it out, its buckets stay and none comes, so that its stage's
//! memory of SYNs is not missed. Other stages still send it what is its own. That nobody can reach it for a while is no death.

use super::{CommandError, Core, moves::Kind, types::HostId};

impl Core {
    pub(super) fn hold(&mut self, id: HostId) -> Result<(), CommandError> {
        let mut others = self.hosts.keys().filter(|other| **other != id);
        if self.is_sprayed_to(id) && !others.any(|other| self.is_sprayed_to(*other)) {
            let host = self.member_mut(id)?;
            return Err(CommandError::NobodyElse(host.spec.name.clone()));
        }
        self.member_mut(id)?.spec.held = true;
        self.changed()
    }

    pub(super) fn release(&mut self, id: HostId) -> Result<(), CommandError> {
        self.member_mut(id)?.spec.held = false;
        self.changed()
    }

    /// The front router does not spray to a host any more, and no bucket is on its way from or to it.
    pub fn is_at_rest(&self, id: HostId) -> bool {
        !self.is_sprayed_to(id) && !self.has_moves(id)
    }

    /// A host's stage holds all that it should, and the front router sprays to it unless it drains or there is none.
    pub fn is_in_service(&self, id: HostId) -> bool {
        self.hosts.get(&id).is_some_and(|host| {
            let may_be_left_out = self.router.is_none() || host.spec.draining;
            host.is_told() && (may_be_left_out || self.is_sprayed_to(id))
        })
    }

    /// Whether a bucket is on its way from or to a host.
    pub(super) fn has_moves(&self, id: HostId) -> bool {
        self.activities
            .values()
            .any(|activity| match activity.kind {
                Kind::Move { from, to, .. } | Kind::Undecided { from, to } => {
                    from == id || to == id
                }
                Kind::Rehome { to, .. } => to == id,
            })
    }
}
