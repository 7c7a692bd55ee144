//! The shims' connections: registration, numbered batches and their acknowledgement, snapshots, flushes.

use super::{
    Core, Membership, Output,
    moves::Waiter,
    types::{BucketId, FlowKey, Group, HostId, HostSpec, Micros},
};
use dpr_p4::address;
use dpr_protocol::address as wire_address;
use dpr_protocol::shim::v1::{
    Ack, ControllerMessage, Event, Events, FiveTuple, Flush, Load, Peer, Peers, ProbeReport,
    Register, Registered, RequestSnapshot, Service, Services, ShimMessage, Snapshot, Translation,
    event::Kind, shim_message::Message,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Flushes of one shim that may be unanswered.
const FLUSHES: usize = 16;

/// Why a shim's connection is ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its first message was not `Register`.
    #[error("the first message must be Register")]
    NotRegistered,
    /// The group has no such host.
    #[error("the group has no host {0}")]
    UnknownHost(u32),
    /// The host has another name here.
    #[error("host {host} is called {expected:?} here, not {found:?}")]
    OtherName {
        /// As registered.
        host: HostId,
        /// As configured.
        expected: String,
        /// As registered.
        found: String,
    },
    /// A newer connection of the same host took its place.
    #[error("a newer connection of this host has taken over")]
    Replaced,
    /// A message made no sense.
    #[error("{0}")]
    Malformed(&'static str),
}

/// What is known of what the host's shim has reported.
#[derive(Debug, Default, PartialEq, Eq)]
enum Sync {
    /// Nothing yet, or something is missing: a snapshot is on its way.
    #[default]
    Wanted,
    /// A part of a snapshot has come; these connections were in it.
    Reading { claimed: BTreeSet<FlowKey> },
    /// Everything up to `received`.
    Known,
}

#[derive(Debug)]
struct Marker {
    marker: u64,
    waiters: Vec<Waiter>,
    /// Once answered: the batches that must be acknowledged.
    after: Option<u64>,
}

/// A host's shim.
#[derive(Debug, Default)]
pub(super) struct ShimState {
    pub connection: Option<u64>,
    session: u64,
    received: u64,
    acked: u64,
    /// Batches that are not acknowledged, and how many pins each waits for.
    outstanding: VecDeque<(u64, usize)>,
    /// Pins of an earlier epoch count for nothing.
    epoch: u32,
    sync: Sync,
    pub flush_queue: Vec<Waiter>,
    flushes: VecDeque<Marker>,
    /// Probes missed in a row, by peer.
    pub missed: BTreeMap<HostId, u32>,
    /// Peers that have missed so many that they may be dead.
    pub suspects: Vec<HostId>,
    pub load: Load,
    /// Whether the host holds the data of the maps that the shim watches. The last word counts while the shim is away.
    pub data: BTreeMap<u16, bool>,
}

impl ShimState {
    /// Connected, and all that it knows is known here.
    pub fn is_synced(&self) -> bool {
        self.connection.is_some() && self.sync == Sync::Known
    }

    fn disconnected(&mut self) {
        self.connection = None;
        self.missed.clear();
        self.suspects.clear();
        if self.sync != Sync::Known {
            self.sync = Sync::Wanted;
        }
        self.put_flushes_back();
    }

    /// The shim watches the data of these maps.
    fn watch(&mut self, maps: &[u32]) {
        let before = std::mem::take(&mut self.data);
        let maps = maps.iter().filter_map(|map| u16::try_from(*map).ok());
        self.data = maps
            .map(|map| (map, before.get(&map).copied().unwrap_or(false)))
            .collect();
    }

    fn put_flushes_back(&mut self) {
        for flush in self.flushes.drain(..) {
            self.flush_queue.extend(flush.waiters);
        }
    }

    /// What was reported counts for nothing any more.
    pub fn distrust(&mut self) {
        self.sync = Sync::Wanted;
        self.outstanding.clear();
        self.epoch += 1;
        self.put_flushes_back();
    }
}

impl Core {
    pub(super) fn on_shim_message(&mut self, connection: u64, message: ShimMessage) {
        if self.starting {
            return self.early.push((connection, message));
        }
        let Some(message) = message.message else {
            return self.close_shim(connection, Refusal::Malformed("an empty message"));
        };
        let Some(&host) = self.connections.get(&connection) else {
            return match message {
                Message::Register(register) => self.on_register(connection, register),
                _ => self.close_shim(connection, Refusal::NotRegistered),
            };
        };
        match message {
            Message::Register(_) => {
                self.close_shim(connection, Refusal::Malformed("a second Register"))
            }
            Message::Events(events) => self.on_events(host, events),
            Message::Snapshot(snapshot) => self.on_snapshot(host, snapshot),
            Message::FlushDone(done) => self.on_flush_done(host, done.marker),
            Message::ProbeReport(report) => self.on_probe_report(host, report),
            Message::Load(load) => self.on_load(host, load),
            Message::DataHeld(data) => self.on_data_held(host, &data),
        }
    }

    pub(super) fn on_shim_closed(&mut self, connection: u64) {
        self.early.retain(|(early, _)| *early != connection);
        let Some(host) = self.connections.remove(&connection) else {
            return;
        };
        if let Some(host) = self
            .hosts
            .get_mut(&host)
            .filter(|host| host.shim.connection == Some(connection))
        {
            host.shim.disconnected();
        }
    }

    fn close_shim(&mut self, connection: u64, reason: Refusal) {
        self.outputs
            .push_back(Output::CloseShim { connection, reason });
        self.on_shim_closed(connection);
    }

    fn on_register(&mut self, connection: u64, register: Register) {
        let host = HostId::try_from(register.host)
            .ok()
            .and_then(|id| self.hosts.get_mut(&id));
        let Some(host) = host else {
            return self.close_shim(connection, Refusal::UnknownHost(register.host));
        };
        let id = host.spec.id;
        if host.spec.name != register.name {
            let (expected, found) = (host.spec.name.clone(), register.name);
            return self.close_shim(
                connection,
                Refusal::OtherName {
                    host: id,
                    expected,
                    found,
                },
            );
        }
        if let Some(older) = host.shim.connection {
            host.shim.disconnected();
            self.connections.remove(&older);
            self.outputs.push_back(Output::CloseShim {
                connection: older,
                reason: Refusal::Replaced,
            });
        }
        let Some(host) = self.hosts.get_mut(&id) else {
            return;
        };
        let shim = &mut host.shim;
        shim.connection = Some(connection);
        shim.watch(&register.watched_maps);
        self.replan = true;
        if shim.session != register.session || shim.acked < register.acked_seq {
            shim.distrust();
            shim.session = register.session;
            shim.received = register.acked_seq;
            shim.acked = register.acked_seq;
        }
        let (received_seq, acked) = (shim.received, shim.acked);
        let snapshot_wanted = shim.sync != Sync::Known;
        let stage_mac = host.spec.stage_mac;
        self.connections.insert(connection, id);
        let protocol = &self.group.protocol;
        let linger = if protocol.faults.no_linger {
            0
        } else {
            protocol.linger.as_millis() as u64
        };
        let linger_away = if protocol.faults.no_linger {
            0
        } else {
            protocol.linger_away.as_millis() as u64
        };
        let registered = Registered {
            received_seq,
            snapshot_wanted,
            linger_ms: linger,
            linger_away_ms: linger_away,
            stage_mac,
            services: self.group.services.iter().map(service_message).collect(),
            peers: Some(self.peers_of(id)),
            translations: self.translations_of(id),
        };
        self.say(id, registered);
        if !snapshot_wanted {
            self.say(id, Ack { seq: acked });
        }
    }

    /// Whom a host's shim probes: all others of the group, the dead included, since they may come back.
    fn peers_of(&self, id: HostId) -> Peers {
        let prober = self.hosts.get(&id);
        let peers = self
            .hosts
            .values()
            .filter(|host| host.spec.id != id && host.membership != Membership::Out);
        Peers {
            peers: peers
                .map(|host| Peer {
                    host: host.spec.id.into(),
                    address: host.spec.address,
                    stage_mac: prober.map_or(host.spec.stage_mac, |prober| {
                        self.group.next_hop_mac(&prober.spec, &host.spec)
                    }),
                })
                .collect(),
            probe_interval_ms: self.group.protocol.probe_interval.as_millis() as u64,
            probe_timeout_ms: self.group.protocol.probe_timeout.as_millis() as u64,
        }
    }

    /// Tells all shims whom to probe.
    pub(super) fn announce_peers(&mut self) {
        for id in self.hosts.keys().copied().collect::<Vec<_>>() {
            let peers = self.peers_of(id);
            self.say(id, peers);
        }
    }

    /// Tells all shims what is published now.
    pub(super) fn announce_services(&mut self) {
        for id in self.hosts.keys().copied().collect::<Vec<_>>() {
            let services = Services {
                services: self.group.services.iter().map(service_message).collect(),
                translations: self.translations_of(id),
            };
            self.say(id, services);
        }
    }

    fn translations_of(&self, id: HostId) -> Vec<Translation> {
        let host = self.hosts.get(&id);
        host.map(|host| translations(&self.group, &host.spec))
            .unwrap_or_default()
    }

    /// Says something to a host's shim, if it is connected.
    pub(super) fn say(&mut self, host: HostId, message: impl Into<ControllerMessage>) {
        if let Some(connection) = self.hosts.get(&host).and_then(|host| host.shim.connection) {
            self.outputs.push_back(Output::ToShim {
                connection,
                message: message.into(),
            });
        }
    }

    /// What the shim says counts only while its host is in the group and alive.
    fn counts(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_some_and(|host| host.is_member())
    }

    pub(super) fn want_snapshot(&mut self, host: HostId) {
        if let Some(host) = self.hosts.get_mut(&host) {
            host.shim.distrust();
        }
        self.say(host, RequestSnapshot {});
    }

    fn on_events(&mut self, host: HostId, events: Events) {
        if !self.counts(host) {
            return;
        }
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        if shim.sync != Sync::Known {
            return;
        }
        if events.seq <= shim.received {
            let seq = shim.acked;
            return self.say(host, Ack { seq });
        }
        if events.seq != shim.received + 1 {
            return self.want_snapshot(host);
        }
        shim.received = events.seq;
        shim.outstanding.push_back((events.seq, 0));
        for event in events.events {
            self.on_event(host, events.seq, &event);
        }
        self.acknowledge(host);
    }

    fn on_event(&mut self, host: HostId, seq: u64, event: &Event) {
        let Some(key) = event.flow.as_ref().and_then(flow_key) else {
            return;
        };
        match event.kind() {
            Kind::Setup => {
                if let Some(host) = self.hosts.get_mut(&host) {
                    host.load.count_set_up();
                }
                self.on_setup(host, seq, key, self.now.saturating_sub(event.age_us));
            }
            Kind::Teardown => self.on_teardown(host, key),
            Kind::Reopened => self.on_reopened(host, key),
            Kind::Unspecified => {}
        }
    }

    fn on_snapshot(&mut self, host: HostId, snapshot: Snapshot) {
        if !self.counts(host) {
            return;
        }
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        let mut claimed = match std::mem::take(&mut shim.sync) {
            _ if snapshot.first => {
                shim.distrust();
                BTreeSet::new()
            }
            Sync::Reading { claimed } if snapshot.seq == shim.received + 1 => claimed,
            // The rest of a snapshot whose beginning was not for us.
            _ => return self.want_snapshot(host),
        };
        shim.received = snapshot.seq;
        shim.outstanding.push_back((snapshot.seq, 0));
        for live in &snapshot.flows {
            let Some(key) = live.flow.as_ref().and_then(flow_key) else {
                continue;
            };
            claimed.insert(key);
            self.on_setup(
                host,
                snapshot.seq,
                key,
                self.now.saturating_sub(live.age_us),
            );
        }
        if snapshot.last {
            for key in self.flows.of_server(host) {
                let goes_on = self.flows.get(&key).is_some_and(|flow| !flow.is_over());
                if goes_on && !key.is_session() && !claimed.contains(&key) {
                    self.on_unclaimed(host, key, snapshot.partial);
                }
            }
        }
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        shim.sync = if snapshot.last {
            Sync::Known
        } else {
            Sync::Reading { claimed }
        };
        self.acknowledge(host);
    }

    /// One more pin that a batch waits for.
    pub(super) fn expect_pin(&mut self, host: HostId, seq: u64) -> u32 {
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return 0;
        };
        if let Some((_, count)) = shim
            .outstanding
            .iter_mut()
            .rfind(|(number, _)| *number == seq)
        {
            *count += 1;
        }
        shim.epoch
    }

    pub(super) fn pin_acknowledged(&mut self, host: HostId, epoch: u32, seq: u64) {
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        if shim.epoch != epoch {
            return;
        }
        if let Some((_, count)) = shim
            .outstanding
            .iter_mut()
            .find(|(number, _)| *number == seq)
        {
            *count = count.saturating_sub(1);
        }
        self.acknowledge(host);
    }

    /// Acknowledges the batches whose pins are all written, in order, and completes flushes that waited for them.
    fn acknowledge(&mut self, host: HostId) {
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        let before = shim.acked;
        while let Some((seq, 0)) = shim.outstanding.front().copied() {
            shim.outstanding.pop_front();
            shim.acked = seq;
        }
        let seq = shim.acked;
        if seq != before {
            self.say(host, Ack { seq });
        }
        self.complete_flushes(host);
    }

    /// Lets a bucket's activity go on when all that the host has seen by now is reported and pinned.
    pub(super) fn request_flush(&mut self, bucket: BucketId, host: HostId) {
        let Some(generation) = self
            .activities
            .get(&bucket)
            .map(|activity| activity.generation)
        else {
            return;
        };
        if self.group.protocol.faults.no_flush {
            return self.on_flushed(bucket, generation);
        }
        if let Some(host) = self.hosts.get_mut(&host) {
            host.shim
                .flush_queue
                .push(Waiter::Bucket { bucket, generation });
        }
    }

    /// Sends one marker to each shim for all that wait for one.
    pub(super) fn send_flushes(&mut self) {
        for host in self.hosts.values_mut() {
            let shim = &mut host.shim;
            let Some(connection) = shim
                .connection
                .filter(|_| shim.sync == Sync::Known && shim.flushes.len() < FLUSHES)
            else {
                continue;
            };
            if shim.flush_queue.is_empty() {
                continue;
            }
            self.serial += 1;
            let marker = self.serial;
            shim.flushes.push_back(Marker {
                marker,
                waiters: std::mem::take(&mut shim.flush_queue),
                after: None,
            });
            self.outputs.push_back(Output::ToShim {
                connection,
                message: Flush { marker }.into(),
            });
        }
    }

    fn on_flush_done(&mut self, host: HostId, marker: u64) {
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        // A marker from before a snapshot was asked for is in the queue again, and this answer is to nobody.
        let received = shim.received;
        if let Some(flush) = shim.flushes.iter_mut().find(|flush| flush.marker == marker) {
            flush.after = Some(received);
        }
        self.complete_flushes(host);
    }

    fn complete_flushes(&mut self, host: HostId) {
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        let mut done = Vec::new();
        while shim
            .flushes
            .front()
            .is_some_and(|flush| flush.after.is_some_and(|after| after <= shim.acked))
        {
            done.extend(
                shim.flushes
                    .pop_front()
                    .into_iter()
                    .flat_map(|flush| flush.waiters),
            );
        }
        for waiter in done {
            match waiter {
                Waiter::Bucket { bucket, generation } => self.on_flushed(bucket, generation),
                Waiter::Change { generation } => self.on_change_step(host, generation),
                Waiter::Session(session) => self.on_session_flushed(session),
            }
        }
    }

    fn on_probe_report(&mut self, host: HostId, report: ProbeReport) {
        let limit = self.group.protocol.probes_missed;
        let Some(shim) = self.hosts.get_mut(&host).map(|host| &mut host.shim) else {
            return;
        };
        for peer in report.peers {
            if let Ok(id) = HostId::try_from(peer.host) {
                shim.missed.insert(id, peer.missed_in_a_row);
            }
        }
        let missed = shim.missed.iter().filter(|(_, missed)| **missed >= limit);
        shim.suspects = missed.map(|(id, _)| *id).collect();
    }

    /// After the start: what came while the stages were being read.
    pub(super) fn hear_early_shims(&mut self) {
        for (connection, message) in std::mem::take(&mut self.early) {
            self.on_shim_message(connection, message);
        }
    }
}

fn wire_bytes(bits: u128) -> Vec<u8> {
    wire_address::to_bytes(address::from_bits(bits))
}

/// Which published addresses a host's own stand for.
fn translations(group: &Group, host: &HostSpec) -> Vec<Translation> {
    let (ipv4, ipv6) = group.translated(host);
    let pairs = [
        (address::mapped(ipv4), address::mapped(host.address)),
        (ipv6, host.location.address6),
    ];
    let is_one =
        |(published, _): &(u128, u128)| *published != 0 && *published != address::mapped(0);
    let pairs = pairs.into_iter().filter(is_one);
    pairs
        .map(|(published, own)| Translation {
            published: wire_bytes(published),
            own: wire_bytes(own),
        })
        .collect()
}

fn service_message(service: &super::types::Service) -> Service {
    Service {
        address: wire_bytes(service.address),
        protocol: service.protocol.into(),
        port_low: service.port_low.into(),
        port_high: service.port_high.into(),
    }
}

/// From the wire; `None` if a number does not fit.
fn flow_key(flow: &FiveTuple) -> Option<FlowKey> {
    Some(FlowKey {
        src: address::to_bits(wire_address::from_bytes(&flow.src)?),
        dst: address::to_bits(wire_address::from_bytes(&flow.dst)?),
        protocol: flow.protocol.try_into().ok()?,
        src_port: flow.src_port.try_into().ok()?,
        dst_port: flow.dst_port.try_into().ok()?,
    })
}

/// How long a connection that a restarted shim may not know can be quiet and live: RFC 5382 for TCP, and the group's own rule
/// for the rest.
pub(super) fn idle_limit(protocol: u8) -> Micros {
    const TCP: u8 = 6;
    if protocol == TCP {
        124 * 60 * 1_000_000
    } else {
        30 * 1_000_000
    }
}
