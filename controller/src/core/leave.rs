//! A host leaves the group for good, in the reverse order of joining: it is out of the front router's set, its buckets have moved
//! away and its connections have ended; now no stage needs to know it any more.

use super::{CommandError, Core, HostLoad, Membership, entry::Key, types::HostId};

impl Core {
    /// Removes a host that is drained, or dead and buried.
    pub(super) fn remove(&mut self, id: HostId, force: bool) -> Result<(), CommandError> {
        let host = self
            .hosts
            .get(&id)
            .filter(|host| host.membership != Membership::Out)
            .ok_or(CommandError::UnknownHost(id))?;
        let name = host.spec.name.clone();
        let is_out_of_service = match host.membership {
            Membership::Dead { buried } => buried && !self.graves.contains_key(&id),
            _ => host.spec.draining && !self.is_sprayed_to(id),
        };
        if !is_out_of_service || self.has_buckets(id) {
            return Err(CommandError::StillServes(name));
        }
        if let Some(stage) = self.still_names(id) {
            return Err(CommandError::StillNamed { host: name, stage });
        }
        let connections = self.live_connections(id);
        if connections > 0 && !force {
            return Err(CommandError::StillConnected {
                host: name,
                connections,
            });
        }
        for key in self.flows.of_server(id) {
            self.remove_flow(key);
        }
        self.clear_stage(id);
        self.go_on_without(id);
        let tunnel_peers = self
            .hosts
            .get(&id)
            .map(|host| self.group.tunnel_peers(&host.spec));
        let keys: Vec<Key> = tunnel_peers
            .into_iter()
            .flatten()
            .chain([Key::Host(id)])
            .collect();
        for stage in self.hosts.keys().copied().collect::<Vec<_>>() {
            for key in &keys {
                self.want(stage, *key, None, None);
            }
        }
        self.keep_host_routes(id, false);
        if let Some(host) = self.hosts.get_mut(&id) {
            tracing::info!(host = id, "leaves the group");
            host.membership = Membership::Out;
            host.spec.joined = false;
            host.spec.draining = false;
            host.spec.held = false;
            host.in_router = false;
            // Should it join again, what its stage says of buckets is of no account.
            host.returning = true;
            host.shim.distrust();
            host.load = HostLoad::default();
        }
        self.announce_peers();
        self.changed()
    }

    /// Whether a bucket is its own, or on its way from or to it.
    fn has_buckets(&self, id: HostId) -> bool {
        let owns = self.owners.values().flatten().any(|owner| *owner == id);
        owns || self.has_moves(id)
    }

    /// A host whose stage has an entry that makes it the owner of a bucket, as far as is known: it may be away.
    fn still_names(&self, id: HostId) -> Option<String> {
        self.hosts
            .values()
            .filter(|host| host.spec.id != id && host.is_member())
            .find(|host| host.stage.names_owner(id))
            .map(|host| host.spec.name.clone())
    }

    /// Nobody sends it packets of services any more: its stage forgets all but who it is.
    fn clear_stage(&mut self, id: HostId) {
        let keys = self
            .hosts
            .get(&id)
            .map(|host| host.stage.held_keys())
            .unwrap_or_default();
        for key in keys.into_iter().filter(|key| *key != Key::Identity) {
            self.want(id, key, None, None);
        }
    }

    /// How many connections a host holds that go on, those that linger left out.
    pub fn live_connections(&self, host: HostId) -> u64 {
        let flows = self.flows.connections().map(|(_, flow)| flow);
        let live = flows.filter(|flow| flow.server == host && !flow.is_over());
        live.count() as u64
    }

    /// How many connections each service has, in the order of [`Group::services`](super::Group::services).
    pub fn service_connections(&self) -> Vec<u64> {
        let mut counts = vec![0; self.group.services.len()];
        for (key, _) in self.flows.connections() {
            let index = self
                .group
                .services
                .iter()
                .position(|service| service.includes(key));
            if let Some(count) = index.and_then(|index| counts.get_mut(index)) {
                *count += 1;
            }
        }
        counts
    }
}
