//! What becomes of a change when a host dies in the middle of it.

use super::count_down;
use crate::core::{
    Core,
    entry::Key,
    flows::Flow,
    moves::Token,
    types::{BucketId, FlowKey, HostId},
};

impl Core {
    /// A host that takes part is dead, or leaves: nobody waits for it, and nobody asks it. New owners must know its flows that live
    /// elsewhere before others go straight to them.
    pub(in crate::core) fn go_on_without(&mut self, id: HostId) {
        let mask = self.group.mask();
        let Some(change) = &mut self.change else {
            return;
        };
        change.waiting.remove(&id);
        change.burying.remove(&id);
        if change
            .former_owners
            .values()
            .flatten()
            .any(|owner| *owner == id)
        {
            change.lost.insert(id);
        }
        let orphans = self
            .flows
            .iter()
            .filter(|(key, _)| change.former_owner(key, mask) == id);
        let orphans: Vec<(FlowKey, Flow)> = orphans.map(|(key, flow)| (*key, *flow)).collect();
        for (key, flow) in orphans {
            let owner = self.owner(flow.bucket);
            if owner == flow.server || !self.is_written_to(owner) {
                continue;
            }
            if let Some(change) = &mut self.change {
                *change.burying.entry(owner).or_default() += 1;
                let token = Token::Orphan {
                    generation: change.generation,
                    stage: owner,
                };
                self.want(owner, Key::Flow(key), Some(flow.elsewhere()), Some(token));
            }
        }
        self.forget_lost();
        self.advance_change_if_done();
    }

    /// An entry for a flow of a dead former owner is written.
    pub(in crate::core) fn on_orphan(&mut self, stage: HostId, generation: u32) {
        let Some(change) = self.this_change(generation) else {
            return;
        };
        if count_down(&mut change.burying, stage) {
            self.forget_lost();
        }
    }

    /// When the new owners know what they must, nobody asks the dead.
    fn forget_lost(&mut self) {
        let Some(change) = self
            .change
            .as_mut()
            .filter(|change| change.burying.is_empty())
        else {
            return;
        };
        let lost = std::mem::take(&mut change.lost);
        let mut gone = Vec::new();
        for (map, owners) in &mut change.former_owners {
            for (bucket, owner) in (0..).zip(owners) {
                if lost.contains(owner) {
                    *owner = 0;
                    gone.push(Key::FormerBucket(BucketId { map: *map, bucket }));
                }
            }
        }
        for stage in self.stages_in_change() {
            for key in &gone {
                self.want(stage, *key, None, None);
            }
        }
    }
}
