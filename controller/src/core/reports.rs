//! What the shims report becomes flow state: the pin at the server first, then the entry at the bucket's owner.

use super::{
    Core, Timer,
    entry::{Key, Value},
    flows::{Flow, Life},
    moves::Token,
    sessions::idle_limit,
    types::{FlowKey, HostId, Micros, micros},
};

/// Reports of two hosts about one five-tuple are taken in the order in which they come unless their ages differ by more than this.
const SKEW: Micros = 1_000_000;

impl Core {
    /// A connection is set up at a host. A newer connection of the same five-tuple takes the place of an older one.
    pub(super) fn on_setup(&mut self, host: HostId, seq: u64, key: FlowKey, since: Micros) {
        let Some(bucket) = self.group.bucket_of(&key) else {
            return;
        };
        if let Some(former) = self
            .flows
            .get(&key)
            .copied()
            .filter(|former| former.server != host)
        {
            if since + SKEW < former.since {
                return;
            }
            // The owner's entry is replaced when the new pin is in place.
            if former.server != self.owner(bucket) {
                self.forget_entry(former.server, key, former.server);
            }
        }
        self.flows.insert(
            key,
            Flow {
                server: host,
                bucket,
                since,
                life: Life::Live,
            },
        );
        let epoch = self.expect_pin(host, seq);
        let token = Token::Pin {
            flow: key,
            host,
            epoch,
            seq,
            reported: self.now,
        };
        self.want(host, Key::Flow(key), Some(Value::Server(host)), Some(token));
    }

    /// A pin is acknowledged: the owner's entry may follow. Other entries that name a former server of the five-tuple change too.
    pub(super) fn on_pinned(
        &mut self,
        key: FlowKey,
        host: HostId,
        epoch: u32,
        seq: u64,
        reported: Micros,
    ) {
        let flow = self.flows.get(&key).copied();
        if let Some(flow) = flow.filter(|flow| flow.server == host) {
            let owner = self.owner(flow.bucket);
            let server = Some(Value::Server(host));
            let outdated = self.hosts.values().filter(|stage| {
                stage.spec.id != owner
                    && stage
                        .stage
                        .desired(&Key::Flow(key))
                        .is_some_and(|value| Some(value) != server)
            });
            for stage in outdated.map(|stage| stage.spec.id).collect::<Vec<_>>() {
                self.want(stage, Key::Flow(key), server.clone(), None);
            }
            let token = Token::Installed { reported };
            if owner == host {
                self.on_token(token);
            } else {
                self.want(owner, Key::Flow(key), server.clone(), Some(token));
            }
        }
        self.pin_acknowledged(host, epoch, seq);
    }

    /// A connection was closed, and LINGER has passed.
    pub(super) fn on_teardown(&mut self, host: HostId, key: FlowKey) {
        let protocol = &self.group.protocol;
        let more = protocol.linger_away.saturating_sub(protocol.linger);
        let lingers = !protocol.faults.no_linger && !more.is_zero();
        let until = self.now + micros(more);
        let Some(flow) = self.flows.get(&key).filter(|flow| flow.server == host) else {
            return;
        };
        if self.owner(flow.bucket) == host || !lingers {
            self.remove_flow(key);
        } else {
            self.linger(key, until);
        }
    }

    /// A snapshot does not name a connection. A shim that has not seen its host's connections from their start cannot say that
    /// it is over.
    pub(super) fn on_unclaimed(&mut self, host: HostId, key: FlowKey, is_partial: bool) {
        if is_partial {
            self.linger(key, self.now + idle_limit(key.protocol));
        } else {
            self.on_teardown(host, key);
        }
    }

    fn linger(&mut self, key: FlowKey, until: Micros) {
        if let Some(flow) = self.flows.get_mut(&key) {
            flow.life = Life::Lingering { until };
            self.set_timer(until, Timer::Away(key));
        }
    }

    /// A SYN came for a five-tuple whose entries are about to go.
    pub(super) fn on_reopened(&mut self, host: HostId, key: FlowKey) {
        if let Some(flow) = self.flows.get_mut(&key).filter(|flow| flow.server == host) {
            flow.life = Life::Live;
        }
    }

    pub(super) fn on_away(&mut self, key: FlowKey) {
        let now = self.now;
        let is_over = self
            .flows
            .get(&key)
            .is_some_and(|flow| matches!(flow.life, Life::Lingering { until } if until <= now));
        if is_over {
            self.remove_flow(key);
        }
    }

    /// Forgets a connection, and removes its entries. It is the newest of its five-tuple: entries that name another server than
    /// its own are left from an older one.
    pub(super) fn remove_flow(&mut self, key: FlowKey) {
        if self.flows.remove(&key).is_none() {
            return;
        }
        let holding = self
            .hosts
            .values()
            .filter(|host| host.stage.desired(&Key::Flow(key)).is_some());
        for stage in holding.map(|host| host.spec.id).collect::<Vec<_>>() {
            self.want(stage, Key::Flow(key), None, None);
        }
    }

    pub(super) fn forget_entries(&mut self, key: FlowKey, server: HostId) {
        for stage in self.hosts.keys().copied().collect::<Vec<_>>() {
            self.forget_entry(stage, key, server);
        }
    }

    /// Removes a stage's entry if it names this server.
    fn forget_entry(&mut self, stage: HostId, key: FlowKey, server: HostId) {
        let names_it = self
            .hosts
            .get(&stage)
            .is_some_and(|host| host.stage.desired(&Key::Flow(key)) == Some(Value::Server(server)));
        if names_it {
            self.want(stage, Key::Flow(key), None, None);
        }
    }
}
