//! A small world around a core: stages that are real tables, shims that say what they are told to, and a virtual clock.

use crate::core::{
    Affinity, BucketId, Core, FlowKey, Group, HostId, HostSpec, Input, Location, Micros, Output,
    Protocol, RouterSpec, Service, Target, Ways,
    entry::{self, Owned, Value},
};
use dpr_p4::{
    address,
    front_router::{FrontRouter, routes},
    host_stage::{HostStage, services},
};
use dpr_protocol::shim::v1::{
    ControllerMessage, DataHeld, Event, Events, FiveTuple, FlushDone, LiveFlow, Load, PeerHealth,
    ProbeReport, Register, Services, ShimMessage, Snapshot, controller_message::Message,
    event::Kind,
};
use dpr_runtime::{Entity, Pipeline, Update};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

pub const ADDRESS: u128 = address::mapped(0xc000_0201);

/// What is on its way.
enum Happening {
    Input(Input),
    ToShim {
        connection: u64,
        message: ControllerMessage,
    },
    Output(Output),
    /// By a connection that may be gone when it arrives.
    Write {
        target: Target,
        epoch: u64,
        id: u64,
        updates: Vec<Update>,
    },
}

/// A shim that reports what the test tells it to.
#[derive(Default)]
pub struct Shim {
    pub connection: Option<u64>,
    pub seq: u64,
    pub acked: u64,
    pub live: BTreeSet<FlowKey>,
    /// Does not answer markers.
    pub holds_flushes: bool,
    pub held: Vec<u64>,
    pub session: u64,
    pub markers: u64,
    /// The maps whose data it watches, and those of them that its host holds.
    pub watched: Vec<u32>,
    pub data: Vec<u32>,
    /// What it was told last of what is published.
    pub services: Option<Services>,
}

pub struct World {
    pub core: Core,
    pub group: Group,
    pub now: Micros,
    pub stages: BTreeMap<HostId, Arc<HostStage>>,
    pub router: Arc<FrontRouter>,
    pub shims: BTreeMap<HostId, Shim>,
    /// Stages whose control channel is cut.
    pub cut: BTreeSet<Target>,
    queue: BTreeMap<(Micros, u64), Happening>,
    serial: u64,
    connections: BTreeMap<u64, HostId>,
    /// Counts each target's connections.
    epochs: BTreeMap<Target, u64>,
    /// Every bucket entry that was written: time, stage, bucket, entry.
    pub log: Vec<(Micros, HostId, BucketId, Owned)>,
    /// Every entry of a service or a class of clients that was written: time, stage, key, entry.
    pub rule_log: Vec<(Micros, HostId, entry::Key, Value)>,
    /// Every Write to a stage.
    pub writes: Vec<(HostId, Vec<Update>)>,
    random: fastrand::Rng,
}

pub fn host(id: HostId) -> HostSpec {
    HostSpec {
        id,
        name: format!("h{id}"),
        address: 0x0a00_0000 + u32::from(id),
        mac: 0x02_0000_0000 + u64::from(id),
        stage_mac: 0x06_0000_0000 + u64::from(id) * 4,
        p4runtime: String::new(),
        device_id: 1,
        router_port: id,
        location: Location::default(),
        weight: 1.0,
        joined: true,
        draining: false,
        held: false,
    }
}

pub fn group(hosts: HostId, buckets: u32) -> Group {
    let router = RouterSpec {
        ports: (1..=hosts + 1)
            .map(|port| (port, 0x0a_0000 + u64::from(port), port > hosts))
            .collect(),
        ..Default::default()
    };
    Group {
        name: "test".to_owned(),
        buckets,
        services: vec![Service {
            address: ADDRESS,
            protocol: 6,
            port_low: 80,
            port_high: 80,
            map: 1,
            affinity: Affinity::Connection,
        }],
        hosts: (1..=hosts).map(host).collect(),
        router: Some(router),
        ways: Ways::default(),
        computers: BTreeMap::new(),
        id_config: 0,
        criteria: BTreeMap::new(),
        classes: Vec::new(),
        regions: BTreeMap::new(),
        protocol: Protocol {
            settle: Duration::from_secs(5),
            moves_per_second: 1000.0,
            ..Protocol::default()
        },
    }
}

/// A connection that falls into a bucket.
pub fn flow_in(group: &Group, bucket: u16, nth: usize) -> FlowKey {
    let flows = (1..).map(|port: u32| FlowKey {
        src: address::mapped(0x0b00_0000 + port / 60_000),
        dst: ADDRESS,
        protocol: 6,
        src_port: (port % 60_000) as u16,
        dst_port: 80,
    });
    flows
        .filter(|flow| group.bucket_of(flow).map(|id| id.bucket) == Some(bucket))
        .nth(nth)
        .expect("endless")
}

impl World {
    pub fn new(group: Group, seed: u64) -> Self {
        let stages = group
            .hosts
            .iter()
            .map(|host| (host.id, Arc::new(HostStage::new())))
            .collect();
        let shims = group
            .hosts
            .iter()
            .map(|host| {
                (
                    host.id,
                    Shim {
                        session: u64::from(host.id),
                        ..Shim::default()
                    },
                )
            })
            .collect();
        let mut world = World {
            core: Core::new(group.clone(), 0),
            group,
            now: 0,
            stages,
            router: Arc::new(FrontRouter::new()),
            shims,
            cut: BTreeSet::new(),
            queue: BTreeMap::new(),
            serial: 0,
            connections: BTreeMap::new(),
            epochs: BTreeMap::new(),
            log: Vec::new(),
            rule_log: Vec::new(),
            writes: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
        };
        world.drain();
        world
    }

    /// A world whose hosts are all up and serving.
    pub fn running(group: Group, seed: u64) -> Self {
        let mut world = World::new(group, seed);
        for id in world.shims.keys().copied().collect::<Vec<_>>() {
            world.connect_shim(id);
        }
        world.run_for(1_000_000);
        assert!(!world.core.status().is_starting);
        world
    }

    /// The controller process is replaced; what was on its way is lost or not.
    pub fn restart_controller(&mut self) {
        let group = self.core.group().clone();
        self.restart_with(group);
    }

    /// The same, and its configuration is another one.
    pub fn restart_with(&mut self, mut group: Group) {
        self.queue.clear();
        for shim in self.shims.values_mut() {
            shim.connection = None;
        }
        self.connections.clear();
        group.hosts = self.core.hosts().cloned().collect();
        self.core = Core::new(group, self.now);
        self.drain();
        for id in self.shims.keys().copied().collect::<Vec<_>>() {
            self.connect_shim(id);
        }
    }

    pub fn restart_stage(&mut self, id: HostId) {
        *self.epochs.entry(Target::Stage(id)).or_default() += 1;
        self.stages.insert(id, Arc::new(HostStage::new()));
        self.input(Input::Disconnected {
            target: Target::Stage(id),
        });
        self.push(
            1_000,
            Happening::Output(Output::Dial {
                target: Target::Stage(id),
            }),
        );
    }

    pub fn cut(&mut self, target: Target) {
        self.cut.insert(target);
        *self.epochs.entry(target).or_default() += 1;
        self.input(Input::Disconnected { target });
    }

    pub fn mend(&mut self, target: Target) {
        self.cut.remove(&target);
        self.push(1_000, Happening::Output(Output::Dial { target }));
    }

    pub fn connect_shim(&mut self, id: HostId) {
        self.serial += 1;
        let connection = self.serial;
        self.connections.insert(connection, id);
        let shim = self.shims.get_mut(&id).expect("a host");
        shim.connection = Some(connection);
        let register = Register {
            host: id.into(),
            name: format!("h{id}"),
            session: shim.session,
            acked_seq: shim.acked,
            watched_maps: shim.watched.clone(),
        };
        self.say(connection, register.into());
    }

    /// The shim process was started anew: nothing is sent again.
    pub fn restart_shim(&mut self, id: HostId) {
        let shim = self.shims.get_mut(&id).expect("a host");
        shim.session += 1000;
        (shim.seq, shim.acked) = (0, 0);
        self.connect_shim(id);
    }

    pub fn disconnect_shim(&mut self, id: HostId) {
        if let Some(connection) = self
            .shims
            .get_mut(&id)
            .and_then(|shim| shim.connection.take())
        {
            self.connections.remove(&connection);
            self.input(Input::ShimClosed { connection });
        }
    }

    pub fn setup(&mut self, id: HostId, flow: FlowKey) {
        self.shims.get_mut(&id).expect("a host").live.insert(flow);
        self.report(id, Kind::Setup, flow);
    }

    pub fn teardown(&mut self, id: HostId, flow: FlowKey) {
        self.shims.get_mut(&id).expect("a host").live.remove(&flow);
        self.report(id, Kind::Teardown, flow);
    }

    pub fn report(&mut self, id: HostId, kind: Kind, flow: FlowKey) {
        let shim = self.shims.get_mut(&id).expect("a host");
        if let Some(connection) = shim.connection {
            shim.seq += 1;
            let event = Event {
                kind: kind.into(),
                flow: Some(five_tuple(&flow)),
                age_us: 0,
            };
            let events = Events {
                seq: shim.seq,
                events: vec![event],
            };
            self.say(connection, events.into());
        }
    }

    pub fn report_load(&mut self, id: HostId, load: Load) {
        if let Some(connection) = self.shims.get(&id).and_then(|shim| shim.connection) {
            self.say(connection, load.into());
        }
    }

    /// The host holds the data of these maps, of those that its shim watches.
    pub fn hold_data(&mut self, id: HostId, maps: &[u32]) {
        let shim = self.shims.get_mut(&id).expect("a host");
        shim.data = maps.to_vec();
        self.report_data(id);
    }

    fn report_data(&mut self, id: HostId) {
        let shim = &self.shims[&id];
        if let Some(connection) = shim.connection.filter(|_| !shim.watched.is_empty()) {
            let maps = shim.data.clone();
            self.say(connection, DataHeld { maps }.into());
        }
    }

    /// The shims of all others miss this many probes of a host.
    pub fn miss(&mut self, id: HostId, missed_in_a_row: u32) {
        let others = self.shims.iter().filter(|(other, _)| **other != id);
        let connections: Vec<u64> = others.filter_map(|(_, shim)| shim.connection).collect();
        for connection in connections {
            let health = PeerHealth {
                host: id.into(),
                missed_in_a_row,
                ..PeerHealth::default()
            };
            let report = ProbeReport {
                peers: vec![health],
            };
            self.say(connection, report.into());
        }
    }

    /// Every shim misses this many probes of every other host.
    pub fn miss_everyone(&mut self, missed_in_a_row: u32) {
        let shims: Vec<(HostId, Option<u64>)> = self
            .shims
            .iter()
            .map(|(id, shim)| (*id, shim.connection))
            .collect();
        for (id, connection) in &shims {
            let others = shims.iter().filter(|(other, _)| other != id);
            let peers = others.map(|(other, _)| PeerHealth {
                host: (*other).into(),
                missed_in_a_row,
                ..PeerHealth::default()
            });
            let report = ProbeReport {
                peers: peers.collect(),
            };
            if let Some(connection) = connection {
                self.say(*connection, report.into());
            }
        }
    }

    fn say(&mut self, connection: u64, message: ShimMessage) {
        // In order: each connection's messages take the same time.
        self.push(
            500,
            Happening::Input(Input::Shim {
                connection,
                message,
            }),
        );
    }

    fn push(&mut self, delay: Micros, event: Happening) {
        self.serial += 1;
        self.queue.insert((self.now + delay, self.serial), event);
    }

    pub fn input(&mut self, input: Input) {
        self.core.handle(input, self.now);
        self.drain();
    }

    pub fn command(&mut self, command: crate::core::Command) {
        self.try_command(command).expect("a good command");
    }

    pub fn try_command(
        &mut self,
        command: crate::core::Command,
    ) -> Result<(), crate::core::CommandError> {
        let done = self.core.command(command, self.now);
        self.drain();
        done
    }

    fn drain(&mut self) {
        while let Some(output) = self.core.poll_output() {
            let delay = self.random.u64(100..5_000);
            match output {
                Output::ToShim {
                    connection,
                    message,
                } => self.push(
                    500,
                    Happening::ToShim {
                        connection,
                        message,
                    },
                ),
                Output::CloseShim { connection, reason } => {
                    panic!("{connection} is closed: {reason}")
                }
                Output::Save => {}
                Output::Write {
                    target,
                    id,
                    updates,
                } => {
                    let epoch = self.epochs.get(&target).copied().unwrap_or(0);
                    self.push(
                        delay,
                        Happening::Write {
                            target,
                            epoch,
                            id,
                            updates,
                        },
                    );
                }
                output => self.push(delay, Happening::Output(output)),
            }
        }
    }

    pub fn run_for(&mut self, time: Micros) {
        let end = self.now + time;
        self.run_until(end, |_| false);
        self.now = end;
    }

    /// Runs until something holds; says whether it did before the time was over.
    pub fn run_until(&mut self, end: Micros, mut holds: impl FnMut(&World) -> bool) -> bool {
        loop {
            if holds(self) {
                return true;
            }
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let timeout = self.core.poll_timeout();
            let Some(at) = queued
                .into_iter()
                .chain(timeout)
                .min()
                .filter(|at| *at <= end)
            else {
                return false;
            };
            self.now = self.now.max(at);
            if queued == Some(at) {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.step(event);
                }
            } else {
                self.input(Input::Tick);
            }
        }
    }

    fn step(&mut self, event: Happening) {
        match event {
            // Of a connection that is gone since.
            Happening::Input(Input::Shim { connection, .. })
                if !self.connections.contains_key(&connection) => {}
            Happening::Input(input) => self.input(input),
            Happening::ToShim {
                connection,
                message,
            } => self.at_shim(connection, message),
            Happening::Output(Output::Dial { target } | Output::Read { target }) => {
                if !self.cut.contains(&target) {
                    let entities = read(self.pipeline(target).as_ref());
                    self.input(Input::Contents { target, entities });
                }
            }
            Happening::Write {
                target,
                epoch,
                id,
                updates,
            } => {
                if self.cut.contains(&target)
                    || epoch != self.epochs.get(&target).copied().unwrap_or(0)
                {
                    return;
                }
                if let Target::Stage(stage) = target {
                    self.writes.push((stage, updates.clone()));
                }
                let mut errors = Vec::new();
                for (index, update) in updates.iter().enumerate() {
                    if let Err(error) = self.pipeline(target).write(update) {
                        errors.push((index, error));
                    }
                    let Target::Stage(stage) = target else {
                        continue;
                    };
                    match entry::decode(&update.entity) {
                        Some((entry::Key::Bucket(bucket), Value::Owned(owned))) => {
                            self.log.push((self.now, stage, bucket, owned));
                        }
                        Some((key @ (entry::Key::Service(_) | entry::Key::Client(_)), value)) => {
                            self.rule_log.push((self.now, stage, key, value))
                        }
                        _ => {}
                    }
                }
                self.push(200, Happening::Input(Input::Written { target, id, errors }));
            }
            Happening::Output(_) => {}
        }
    }

    fn at_shim(&mut self, connection: u64, message: ControllerMessage) {
        let Some(&id) = self.connections.get(&connection) else {
            return;
        };
        let message = message.message.expect("a message");
        if matches!(message, Message::Registered(_)) {
            self.report_data(id);
        }
        let shim = self.shims.get_mut(&id).expect("a host");
        match message {
            Message::Registered(registered) if registered.snapshot_wanted => self.send_snapshot(id),
            Message::Registered(registered) => assert_eq!(registered.received_seq, shim.seq),
            Message::RequestSnapshot(_) => self.send_snapshot(id),
            Message::Ack(ack) => shim.acked = ack.seq,
            Message::Flush(flush) => {
                shim.markers += 1;
                if shim.holds_flushes {
                    shim.held.push(flush.marker);
                } else {
                    self.say(
                        connection,
                        FlushDone {
                            marker: flush.marker,
                        }
                        .into(),
                    );
                }
            }
            Message::Peers(_) => {}
            Message::Services(services) => shim.services = Some(services),
        }
    }

    pub fn release_flushes(&mut self, id: HostId) {
        let shim = self.shims.get_mut(&id).expect("a host");
        shim.holds_flushes = false;
        let markers = std::mem::take(&mut shim.held);
        if let Some(connection) = shim.connection {
            for marker in markers {
                self.say(connection, FlushDone { marker }.into());
            }
        }
    }

    fn send_snapshot(&mut self, id: HostId) {
        let shim = self.shims.get_mut(&id).expect("a host");
        shim.seq += 1;
        let flows = shim
            .live
            .iter()
            .map(|flow| LiveFlow {
                flow: Some(five_tuple(flow)),
                age_us: 0,
            })
            .collect();
        let snapshot = Snapshot {
            seq: shim.seq,
            flows,
            first: true,
            last: true,
            partial: false,
        };
        if let Some(connection) = shim.connection {
            self.say(connection, snapshot.into());
        }
    }

    pub fn pipeline(&self, target: Target) -> Arc<dyn Pipeline> {
        match target {
            Target::Stage(id) => self.stages[&id].clone(),
            Target::Router => self.router.clone(),
        }
    }

    /// What a stage holds, by the stage itself.
    pub fn held(&self, stage: HostId) -> BTreeMap<entry::Key, Value> {
        read(self.stages[&stage].as_ref())
            .iter()
            .filter_map(entry::decode)
            .collect()
    }

    pub fn bucket(&self, stage: HostId, bucket: u16) -> Option<Owned> {
        match self
            .held(stage)
            .get(&entry::Key::Bucket(BucketId { map: 1, bucket }))
        {
            Some(Value::Owned(owned)) => Some(*owned),
            _ => None,
        }
    }

    pub fn server(&self, stage: HostId, flow: FlowKey) -> Option<HostId> {
        match self.held(stage).get(&entry::Key::Flow(flow)) {
            Some(Value::Server(host)) => Some(*host),
            _ => None,
        }
    }

    /// All stages (but those left out) agree on the owner of every bucket, and nothing is under way; every live connection has its
    /// entry at its server and at its bucket's owner, and nowhere else is one.
    pub fn assert_settled(&self, without: &[HostId]) {
        self.assert_settled_without(without, &[]);
    }

    /// The same, where the shims know of connections that are to no service any more.
    pub fn assert_settled_but(&self, unknown: &[FlowKey]) {
        self.assert_settled_without(&[], unknown);
    }

    fn assert_settled_without(&self, without: &[HostId], unknown: &[FlowKey]) {
        let status = self.core.status();
        assert_eq!((status.moves_in_progress, status.moves_waiting), (0, 0));
        assert_eq!(status.change, None);
        let stages: Vec<HostId> = self
            .stages
            .keys()
            .copied()
            .filter(|id| !without.contains(id))
            .collect();
        let held: BTreeMap<HostId, _> = stages.iter().map(|id| (*id, self.held(*id))).collect();
        self.assert_rules(&held);
        for info in self.core.buckets() {
            for stage in &stages {
                let value = held[stage].get(&entry::Key::Bucket(info.bucket));
                assert_eq!(
                    value,
                    Some(&Value::Owned(Owned::by(info.owner))),
                    "bucket {} at {stage}",
                    info.bucket.bucket
                );
            }
            assert!(!without.contains(&info.owner));
        }
        let mut expected: BTreeMap<(HostId, FlowKey), HostId> = BTreeMap::new();
        for (id, shim) in self.shims.iter().filter(|(id, _)| !without.contains(id)) {
            for flow in shim.live.iter().filter(|flow| !unknown.contains(flow)) {
                let owner = self.core.flow(flow).expect("reported").owner;
                expected.insert((*id, *flow), *id);
                expected.insert((owner, *flow), *id);
            }
        }
        for (session, flow) in self.core.flows.iter().filter(|(key, _)| key.is_session()) {
            for stage in [flow.server, self.core.owner(flow.bucket)] {
                expected.insert((stage, *session), flow.server);
            }
        }
        let mut found = BTreeMap::new();
        for (stage, held) in &held {
            for (key, value) in held {
                if let (entry::Key::Flow(flow), Value::Server(server)) = (key, value) {
                    found.insert((*stage, *flow), *server);
                }
            }
        }
        let missing: Vec<_> = expected
            .iter()
            .filter(|(key, server)| found.get(key) != Some(server))
            .collect();
        let extra: Vec<_> = found
            .iter()
            .filter(|(key, server)| expected.get(key) != Some(server))
            .collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "missing {missing:?}, extra {extra:?}"
        );
    }

    /// All stages go by the rules that are configured, and nothing is left of former ones.
    fn assert_rules(&self, held: &BTreeMap<HostId, BTreeMap<entry::Key, Value>>) {
        let rules = self.core.rule_entries();
        let buckets: BTreeSet<BucketId> =
            self.core.buckets().iter().map(|info| info.bucket).collect();
        for (stage, held) in held {
            for (key, value) in &rules {
                assert_eq!(held.get(key), Some(value), "{key:?} at {stage}");
            }
            for (key, value) in held {
                match key {
                    entry::Key::FormerBucket(_) => panic!("{key:?} is left at {stage}"),
                    entry::Key::Client(_) => assert!(rules.contains_key(key), "{key:?} at {stage}"),
                    entry::Key::Bucket(bucket) => {
                        assert!(buckets.contains(bucket), "{bucket:?} at {stage}")
                    }
                    entry::Key::Service(_) => {
                        let is_echo = *value == Value::Service(services::Action::AnswerHere);
                        assert!(is_echo || rules.contains_key(key), "{key:?} at {stage}");
                    }
                    _ => {}
                }
            }
        }
    }

    pub fn route(&self, key: routes::Key) -> Option<routes::Action> {
        let held = read(self.router.as_ref());
        let mut held = held.iter().filter_map(entry::decode_router);
        let found = held.find(|(held, _)| *held == entry::Key::Route(key));
        match found {
            Some((_, Value::Route(action))) => Some(action),
            _ => None,
        }
    }

    pub fn router_members(&self) -> Vec<HostId> {
        self.core.status().router_members
    }
}

fn read(pipeline: &dyn Pipeline) -> Vec<Entity> {
    let mut entities = Vec::new();
    for query in entry::everything() {
        pipeline.read(&query, &mut |entity| entities.push(entity));
    }
    entities
}

fn five_tuple(flow: &FlowKey) -> FiveTuple {
    FiveTuple {
        src: wire_bytes(flow.src),
        dst: wire_bytes(flow.dst),
        protocol: flow.protocol.into(),
        src_port: flow.src_port.into(),
        dst_port: flow.dst_port.into(),
    }
}

fn wire_bytes(bits: u128) -> Vec<u8> {
    dpr_protocol::address::to_bytes(address::from_bits(bits))
}
