//! What the shims report becomes flow state: the pin at the server first, then the entry at the bucket's owner.

use super::{
    Core, Host, Timer,
    entry::{Key, Value},
    flows::{Flow, Life},
    moves::{Token, Waiter},
    sessions::idle_limit,
    types::{BucketId, FlowKey, HostId, Micros, micros},
};

/// How soon to look again whether all stages know that a session ends.
const UNTIL_KNOWN: Micros = 100_000;

/// Reports of two hosts about one five-tuple are taken in the order in which they come unless their ages differ by more than this.
const SKEW: Micros = 1_000_000;

impl Core {
    /// A connection is set up at a host. A newer connection of the same five-tuple takes the place of an older one.
    pub(super) fn on_setup(&mut self, host: HostId, seq: u64, key: FlowKey, since: Micros) {
        let Some(bucket) = self.bucket_of(&key) else {
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
        let session = self.rules.session_of(&key);
        self.flows.insert(
            key,
            Flow {
                server: host,
                bucket,
                session,
                since,
                life: Life::Live,
            },
        );
        if let Some(session) = session {
            self.keep_session(host, seq, session);
        }
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

    /// A connection of a session is set up. The first one's host is where the session is.
    fn keep_session(&mut self, host: HostId, seq: u64, session: FlowKey) {
        match self.flows.get_mut(&session) {
            Some(known) if matches!(known.life, Life::Ending { .. }) => {
                self.late_sessions.push((session, host));
            }
            Some(known) => known.life = Life::Live,
            None => self.begin_session(host, seq, session),
        }
    }

    /// None begins while its bucket is on its way: what the previous owner has passed back must not come to it later.
    fn begin_session(&mut self, host: HostId, seq: u64, session: FlowKey) {
        let bucket = self.bucket_of(&session);
        let moves = bucket.is_some_and(|bucket| self.activities.contains_key(&bucket));
        if moves || self.change.is_some() {
            self.late_sessions.push((session, host));
        } else if self
            .hosts
            .get(&host)
            .is_some_and(|host| !host.spec.draining)
        {
            self.on_setup(host, seq, session, self.now);
        }
    }

    /// Sessions that could not begin when their first connections did; these may be over by now.
    pub(super) fn begin_late_sessions(&mut self) {
        for (session, host) in std::mem::take(&mut self.late_sessions) {
            self.keep_session(host, 0, session);
            if self.flows.of_session(&session) == 0 {
                self.end_session_later(session);
            }
        }
    }

    /// A session without connections lives for a while.
    pub(super) fn end_session_later(&mut self, session: FlowKey) {
        let ends = |flow: &Flow| matches!(flow.life, Life::Ending { .. });
        if self.flows.get(&session).is_some_and(ends) {
            return;
        }
        let map = session.session_map().unwrap_or(0);
        let timeout = self.group.criteria_of(map).session_timeout;
        self.linger(session, self.now + micros(timeout));
    }

    /// The sessions on a host end: new connections go where the buckets are.
    pub(super) fn end_sessions(&mut self, host: HostId) {
        for key in self.flows.of_server(host) {
            if key.is_session() {
                self.end_session(key);
            }
        }
    }

    /// A session ends as a bucket moves: its host's stage forgets it, and others ask there for what was begun, until that is
    /// reported.
    pub(super) fn end_session(&mut self, session: FlowKey) {
        let Some(flow) = self.flows.get_mut(&session) else {
            return;
        };
        if matches!(flow.life, Life::Ending { .. }) {
            return;
        }
        flow.life = Life::Ending { is_known: false };
        let flow = *flow;
        let key = Key::Flow(session);
        let holding = self
            .hosts
            .values()
            .filter(|host| host.stage.desired(&key).is_some());
        for stage in holding.map(|host| host.spec.id).collect::<Vec<_>>() {
            self.want(stage, key, flow.value_at(stage), None);
        }
        self.set_timer(self.now, Timer::SessionEnds(session));
    }

    /// Time has passed since the stages were told, or since all of them have known.
    pub(super) fn on_session_ends(&mut self, session: FlowKey) {
        let key = Key::Flow(session);
        let is_settled = |host: &Host| host.stage.held(&key).cloned() == host.stage.desired(&key);
        let knows = |host: &Host| !host.is_member() || !host.stage.known || is_settled(host);
        let all_know = self.hosts.values().all(knows);
        let Some(flow) = self.flows.get_mut(&session) else {
            return;
        };
        let server = flow.server;
        match &mut flow.life {
            Life::Ending { is_known: true } => {
                if let Some(host) = self.hosts.get_mut(&server) {
                    host.shim.flush_queue.push(Waiter::Session(session));
                }
            }
            Life::Ending { is_known } => {
                *is_known = all_know;
                let wait = if all_know {
                    micros(self.group.protocol.settle)
                } else {
                    UNTIL_KNOWN
                };
                self.set_timer(self.now + wait, Timer::SessionEnds(session));
            }
            _ => {}
        }
    }

    /// All that began at the host of a session that ends is reported. What has begun elsewhere since may be a session of its own.
    pub(super) fn on_session_flushed(&mut self, session: FlowKey) {
        let ends = |flow: &Flow| flow.life == Life::Ending { is_known: true };
        if !self.flows.get(&session).is_some_and(ends) {
            return;
        }
        self.remove_flow(session);
        self.begin_late_sessions();
    }

    pub(super) fn bucket_of(&self, flow: &FlowKey) -> Option<BucketId> {
        self.rules.bucket_of(flow, self.group.mask())
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
        if is_over && key.is_session() {
            self.end_session(key);
        } else if is_over {
            self.remove_flow(key);
        }
    }

    /// Forgets a connection, and removes its entries. It is the newest of its five-tuple: entries that name another server than
    /// its own are left from an older one.
    pub(super) fn remove_flow(&mut self, key: FlowKey) {
        if self.drop_flow(key).is_none() {
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

    /// Forgets a connection. Its session, if it was the last one, goes on for a while.
    pub(super) fn drop_flow(&mut self, key: FlowKey) -> Option<Flow> {
        let flow = self.flows.remove(&key)?;
        if let Some(session) = flow.session
            && self.flows.of_session(&session) == 0
        {
            self.end_session_later(session);
        }
        Some(flow)
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
            .and_then(|host| host.stage.desired(&Key::Flow(key)))
            .is_some_and(|value| [Value::Server(server), Value::Asked(server)].contains(&value));
        if names_it {
            self.want(stage, Key::Flow(key), None, None);
        }
    }
}
