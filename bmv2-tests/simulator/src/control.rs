//! The controller in the simulation: the real core, and between it and the stages and shims channels that are slow and break.

use std::collections::BTreeMap;
use std::time::Duration;

use dpr_controller::core::FlowKey as Flow;
use dpr_controller::core::{
    Affinity, Command, Computer, ConfiguredRules, Core, CriteriaChange, FlowStateKey, Group,
    HostSpec, Input, Output, Protocol, Reconfiguration, RouterSpec, Service, Spray, Target, Ways,
    everything,
};
use dpr_controller::criteria::{ClientClass, MapCriteria};
use dpr_p4::host_stage::{
    PROTOCOL_TCP, PROTOCOL_UDP, buckets, clients, flow_state, flow_state6, services,
};
use dpr_p4::read_flow_state;
use dpr_protocol::shim::v1::{ControllerMessage, ShimMessage};
use dpr_runtime::{Entity, Entry, EntryFilter, Pipeline, Query, TableEntry, Update, WriteError};

use super::addresses::{self, CLIENT_PORT, PORT, PUBLISHED, PUBLISHED6, SEVERAL};
use super::client::Phase;
use super::queue::{MILLISECOND, Micros, SECOND};
use super::scenario::{Scenario, Topology};
use super::{Event, Simulation};

/// What happens between the controller and what it controls. Numbers of connections say of which one: those of a controller that
/// is gone, or of a stage that was restarted, have no effect.
#[derive(Debug)]
pub(super) enum ControlEvent {
    /// The controller's timer.
    Tick,
    /// The controller tries to reach a target.
    Dial { target: Target, controller: u64 },
    /// A target's answer to a read arrives.
    Contents {
        target: Target,
        connection: u64,
        entities: Vec<Entity>,
    },
    /// An update of a write is carried out.
    Update {
        target: Target,
        connection: u64,
        write: u64,
        index: usize,
        update: Box<Update>,
    },
    /// The answer to a write arrives.
    Written {
        target: Target,
        connection: u64,
        write: u64,
    },
    /// The controller learns that a connection to a target is gone.
    Disconnected { target: Target, connection: u64 },
    /// A shim tries to reach the controller.
    Attach(u16),
    /// A message of a shim arrives.
    FromShim {
        host: u16,
        connection: u64,
        message: Box<ShimMessage>,
    },
    /// A message of the controller arrives.
    ToShim {
        host: u16,
        connection: u64,
        message: Box<ControllerMessage>,
    },
    /// The controller learns that a shim is gone.
    ShimGone { connection: u64 },
    /// The outage is over.
    Restored,
}

/// A connection of the controller to a target.
#[derive(Debug, Default)]
struct Link {
    /// Its number, while it is up.
    connection: Option<u64>,
    /// The controller wants one.
    is_wanted: bool,
    /// Updates of the write under way that are not carried out yet, and the errors of those that are.
    missing: usize,
    errors: Vec<(usize, WriteError)>,
}

/// The controller.
pub(super) struct Control {
    core: Core,
    /// Counts restarts.
    controller: u64,
    is_cut_off: bool,
    wakes_at: Option<Micros>,
    links: BTreeMap<Target, Link>,
    /// The last connection, of any kind.
    connections: u64,
    shims: BTreeMap<u64, u16>,
}

const REDIAL: Micros = 300 * MILLISECOND;

impl Control {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Control {
            core: Core::new(group(scenario), 0),
            controller: 0,
            is_cut_off: false,
            wakes_at: None,
            links: BTreeMap::new(),
            connections: 0,
            shims: BTreeMap::new(),
        }
    }

    fn new_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }
}

fn host_spec(host: u16, topology: &Topology) -> HostSpec {
    HostSpec {
        id: host,
        name: addresses::host_name(host),
        address: addresses::host_address(host),
        mac: addresses::host_mac(host),
        stage_mac: addresses::stage_mac(host),
        p4runtime: String::new(),
        device_id: u64::from(host),
        router_port: addresses::router_port(host),
        location: addresses::location(host, topology),
        weight: 1.0,
        joined: true,
        draining: false,
        held: false,
    }
}

/// TCP, and the others that clients speak.
fn services(scenario: &Scenario) -> Vec<Service> {
    let topology = &scenario.topology;
    let addresses = [(PUBLISHED, true), (PUBLISHED6, topology.ipv6 > 0.0)];
    let protocols = [(PROTOCOL_TCP, true), (PROTOCOL_UDP, topology.udp > 0.0)];
    let addresses = addresses.into_iter().filter(|(_, is_used)| *is_used);
    addresses
        .flat_map(|(address, _)| {
            let protocols = protocols.into_iter().filter(|(_, is_used)| *is_used);
            protocols.map(move |(protocol, _)| (address, protocol))
        })
        .map(|(address, protocol)| Service {
            address,
            protocol,
            port_low: PORT,
            port_high: PORT,
            map: 1,
            affinity: scenario.affinity,
        })
        .collect()
}

/// What stands for several hosts.
fn computers(scenario: &Scenario) -> BTreeMap<u128, Computer> {
    let hosts = scenario.several.iter().copied().collect();
    let several = Computer::AtSeveral(hosts);
    let addresses = SEVERAL.into_iter().filter(|_| !scenario.several.is_empty());
    addresses
        .map(|address| (address, several.clone()))
        .collect()
}

fn group(scenario: &Scenario) -> Group {
    let hosts = (1..=scenario.hosts).map(|host| HostSpec {
        joined: host <= scenario.hosts - scenario.waiting,
        ..host_spec(host, &scenario.topology)
    });
    let ports = (1..=scenario.hosts).map(|host| {
        let port = addresses::router_port(host);
        (port, addresses::router_mac(port), false)
    });
    let client_port = (CLIENT_PORT, addresses::router_mac(CLIENT_PORT), true);
    Group {
        name: "simulated".to_owned(),
        buckets: scenario.buckets,
        services: services(scenario),
        ways: Ways {
            within: scenario.topology.within,
            between: scenario.topology.between,
            pairs: BTreeMap::new(),
        },
        computers: computers(scenario),
        id_config: 0,
        router: Some(RouterSpec {
            p4runtime: String::new(),
            device_id: 0,
            ports: ports.chain([client_port]).collect(),
            gateways: Vec::new(),
            routes: Vec::new(),
            spray: Spray::Random,
        }),
        hosts: hosts.collect(),
        criteria: BTreeMap::new(),
        classes: Vec::new(),
        regions: BTreeMap::new(),
        protocol: Protocol {
            moves_per_second: 10_000.0,
            probe_interval: Duration::from_micros(scenario.probe_interval),
            probe_timeout: Duration::from_micros(scenario.probe_interval / 2),
            faults: scenario.faults,
            seed: scenario.seed,
            ..Protocol::default()
        },
    }
}

/// The connection that an entry of flow state is of.
fn flow_of(entry: &TableEntry) -> Option<Flow> {
    let ipv4 = Entry::<flow_state::FlowState>::try_from(entry).ok();
    let ipv4 = ipv4.map(|entry| FlowStateKey::Ipv4(entry.key));
    let ipv6 = || Entry::<flow_state6::FlowState6>::try_from(entry).ok();
    let key = ipv4.or_else(|| Some(FlowStateKey::Ipv6(ipv6()?.key)));
    key.map(Flow::from)
}

/// Whether an entry commits a change of a service's affinity, or of the class of a client's prefix.
fn is_rule_commit(entry: &TableEntry) -> bool {
    let service = Entry::<services::Services>::try_from(entry);
    let client = Entry::<clients::Clients>::try_from(entry);
    matches!(
        service.map(|entry| entry.action),
        Ok(services::Action::ChangesMap { committed: 1, .. })
    ) || matches!(
        client.map(|entry| entry.action),
        Ok(clients::Action::ChangesClassMap { committed: 1, .. })
    )
}

/// All that a pipeline holds.
fn contents(pipeline: &dyn Pipeline) -> Vec<Entity> {
    let mut entities = Vec::new();
    for query in everything() {
        pipeline.read(&query, &mut |entity| entities.push(entity));
    }
    entities
}

impl Simulation<'_> {
    pub(super) fn start_control(&mut self) {
        for host in 1..=self.scenario.hosts - self.scenario.waiting {
            self.queue
                .after(0, Event::Control(ControlEvent::Attach(host)));
        }
        self.pump_core();
    }

    pub(super) fn handle_control(&mut self, event: ControlEvent) {
        match event {
            ControlEvent::Tick => {
                if self.control.wakes_at == Some(self.queue.now()) {
                    self.control.wakes_at = None;
                    self.tell_core(Input::Tick);
                }
            }
            ControlEvent::Dial { target, controller } => self.dial(target, controller),
            ControlEvent::Contents {
                target,
                connection,
                entities,
            } => {
                if self.is_connected(target, connection) {
                    self.tell_core(Input::Contents { target, entities });
                }
            }
            ControlEvent::Update {
                target,
                connection,
                write,
                index,
                update,
            } => {
                self.carry_out_update(target, connection, write, index, &update);
            }
            ControlEvent::Written {
                target,
                connection,
                write,
            } => {
                if self.is_connected(target, connection) {
                    let link = self.control.links.entry(target).or_default();
                    let mut errors = std::mem::take(&mut link.errors);
                    errors.sort_by_key(|(index, _)| *index);
                    self.tell_core(Input::Written {
                        target,
                        id: write,
                        errors,
                    });
                }
            }
            ControlEvent::Disconnected { target, connection } => {
                if self.is_connected(target, connection) {
                    self.disconnect(target);
                }
            }
            ControlEvent::Attach(host) => self.attach(host),
            ControlEvent::FromShim {
                host,
                connection,
                message,
            } => {
                if self.control.shims.get(&connection) == Some(&host) {
                    self.tell_core(Input::Shim {
                        connection,
                        message: *message,
                    });
                }
            }
            ControlEvent::ToShim {
                host,
                connection,
                message,
            } => {
                let now = self.queue.now();
                let host_is_dead = self.host(host).is_dead;
                let shim = &mut self.host(host).shim;
                if !host_is_dead && shim.connection == Some(connection) {
                    shim.session.handle_message(now, *message);
                    self.serve_shim(host);
                }
            }
            ControlEvent::ShimGone { connection } => self.close_shim(connection),
            ControlEvent::Restored => {
                self.control.is_cut_off = false;
            }
        }
    }

    fn tell_core(&mut self, input: Input) {
        self.control.core.handle(input, self.queue.now());
        self.pump_core();
    }

    fn pump_core(&mut self) {
        while let Some(output) = self.control.core.poll_output() {
            match output {
                Output::Dial { target } => {
                    self.control.links.entry(target).or_default().is_wanted = true;
                    self.redial(target, MILLISECOND);
                }
                Output::Read { target } => self.read(target),
                Output::Write {
                    target,
                    id,
                    updates,
                } => self.write(target, id, updates),
                Output::ToShim {
                    connection,
                    message,
                } => self.send_to_shim(connection, message),
                Output::CloseShim { connection, reason } => {
                    panic!("the controller refuses a shim: {reason:?} ({connection})")
                }
                Output::Save => {}
            }
        }
        if let Some(due) = self.control.core.poll_timeout() {
            let due = due.max(self.queue.now());
            if self.control.wakes_at.is_none_or(|at| at > due) {
                self.control.wakes_at = Some(due);
                self.queue.at(due, Event::Control(ControlEvent::Tick));
            }
        }
    }

    // -- stages and the router ----------------------------------------------------

    fn redial(&mut self, target: Target, pause: Micros) {
        let controller = self.control.controller;
        self.queue.after(
            pause,
            Event::Control(ControlEvent::Dial { target, controller }),
        );
    }

    fn is_connected(&self, target: Target, connection: u64) -> bool {
        self.control
            .links
            .get(&target)
            .is_some_and(|link| link.connection == Some(connection))
    }

    fn pipeline(&self, target: Target) -> &dyn Pipeline {
        match target {
            Target::Stage(host) => &self.hosts[usize::from(host) - 1].stage,
            Target::Router => &self.router,
        }
    }

    fn is_reachable(&mut self, target: Target) -> bool {
        let is_dead = match target {
            Target::Stage(host) => self.host(host).is_dead,
            Target::Router => false,
        };
        !is_dead && !self.control.is_cut_off
    }

    fn dial(&mut self, target: Target, controller: u64) {
        let link = self.control.links.entry(target).or_default();
        if controller != self.control.controller || !link.is_wanted || link.connection.is_some() {
            return;
        }
        if !self.is_reachable(target) {
            return self.redial(target, REDIAL);
        }
        let connection = self.control.new_connection();
        let link = self.control.links.entry(target).or_default();
        *link = Link {
            connection: Some(connection),
            is_wanted: true,
            ..Link::default()
        };
        self.read(target);
    }

    fn read(&mut self, target: Target) {
        let Some(connection) = self
            .control
            .links
            .get(&target)
            .and_then(|link| link.connection)
        else {
            return;
        };
        let entities = contents(self.pipeline(target));
        let delay = self.dice.between(2 * MILLISECOND, 20 * MILLISECOND);
        self.queue.after(
            delay,
            Event::Control(ControlEvent::Contents {
                target,
                connection,
                entities,
            }),
        );
    }

    /// The updates of one write are carried out in any order, each at another time.
    fn write(&mut self, target: Target, id: u64, updates: Vec<Update>) {
        let Some(link) = self.control.links.get_mut(&target) else {
            return;
        };
        let Some(connection) = link.connection else {
            return;
        };
        assert_eq!(link.missing, 0, "one write at a time");
        link.missing = updates.len();
        for (index, update) in updates.into_iter().enumerate() {
            let delay = self.dice.between(500, 10 * MILLISECOND);
            let update = Box::new(update);
            self.queue.after(
                delay,
                Event::Control(ControlEvent::Update {
                    target,
                    connection,
                    write: id,
                    index,
                    update,
                }),
            );
        }
    }

    fn carry_out_update(
        &mut self,
        target: Target,
        connection: u64,
        write: u64,
        index: usize,
        update: &Update,
    ) {
        if !self.is_connected(target, connection) || !self.is_reachable(target) {
            return;
        }
        if let Target::Stage(host) = target {
            self.watch_update(host, update);
        }
        let result = self.pipeline(target).write(update);
        let Some(link) = self.control.links.get_mut(&target) else {
            return;
        };
        link.errors.extend(result.err().map(|error| (index, error)));
        link.missing -= 1;
        if link.missing == 0 {
            let delay = self.dice.between(500, 10 * MILLISECOND);
            self.queue.after(
                delay,
                Event::Control(ControlEvent::Written {
                    target,
                    connection,
                    write,
                }),
            );
        }
    }

    /// Counts the commits of moves, and the connections that they cross; writes down what concerns the traced ports.
    fn watch_update(&mut self, host: u16, update: &Update) {
        let Entity::Table(entry) = &update.entity else {
            return;
        };
        if let Ok(entry) = Entry::<buckets::Buckets>::try_from(entry)
            && let buckets::Action::OwnedBy {
                owner_id,
                previous_id,
                accept,
            } = entry.action
        {
            let traced = self
                .scenario
                .trace
                .filter(|flow| self.is_in(flow, &entry.key));
            if let Some(flow) = traced {
                self.note(flow, || {
                    format!("stage {host}: bucket {} owner {owner_id} previous {previous_id} accept {accept}", entry.key.bucket)
                });
            }
            if owner_id != host && self.owns(host, &entry.key) {
                self.outcome.moves += 1;
                let crossed = self.current.values().filter(|client| {
                    let client = &self.clients[**client];
                    client.phase == Phase::Open && self.is_in(&client.flow, &entry.key)
                });
                self.outcome.crossed += crossed.count() as u64;
            }
        }
        if is_rule_commit(entry) {
            self.outcome.rule_commits += 1;
        }
        if let Some(flow) = self.scenario.trace
            && flow_of(entry) == Some(flow)
        {
            self.note(flow, || {
                format!(
                    "stage {host}: {:?} flow state {:?}",
                    update.operation, entry.action
                )
            });
        }
    }

    /// Whether a connection is in a bucket, as the controller has it.
    fn is_in(&self, flow: &Flow, bucket: &buckets::Key) -> bool {
        let lookups = self.control.core.lookups(flow);
        lookups.is_some_and(|lookups| lookups.bucket == *bucket)
    }

    fn owns(&self, host: u16, key: &buckets::Key) -> bool {
        let matches = dpr_runtime::TableKey::matches(key);
        let filter = EntryFilter::Key {
            matches,
            priority: 0,
        };
        let mut owns = false;
        self.pipeline(Target::Stage(host)).read(&Query::Tables { table: Some(buckets::ID), filter }, &mut |entity| {
            if let Entity::Table(entry) = entity
                && let Ok(entry) = Entry::<buckets::Buckets>::try_from(&entry)
            {
                owns |= matches!(entry.action, buckets::Action::OwnedBy { owner_id, .. } if owner_id == host);
            }
        });
        owns
    }

    /// The controller has lost a target; it tries again.
    fn disconnect(&mut self, target: Target) {
        let Some(link) = self.control.links.get_mut(&target) else {
            return;
        };
        *link = Link {
            is_wanted: link.is_wanted,
            ..Link::default()
        };
        self.redial(target, REDIAL);
        self.tell_core(Input::Disconnected { target });
    }

    // -- shims --------------------------------------------------------------------

    fn attach(&mut self, number: u16) {
        let now = self.queue.now();
        if self.host(number).is_dead || self.host(number).shim.connection.is_some() {
            return;
        }
        if self.control.is_cut_off {
            let pause = self.dice.between(50 * MILLISECOND, REDIAL);
            return self
                .queue
                .after(pause, Event::Control(ControlEvent::Attach(number)));
        }
        let connection = self.control.new_connection();
        self.control.shims.insert(connection, number);
        let shim = &mut self.host(number).shim;
        shim.connection = Some(connection);
        shim.session.handle_connected(now);
        self.serve_shim(number);
    }

    fn close_shim(&mut self, connection: u64) {
        let Some(number) = self.control.shims.remove(&connection) else {
            return;
        };
        let now = self.queue.now();
        let shim = &mut self.host(number).shim;
        if shim.connection == Some(connection) {
            shim.connection = None;
            shim.session.handle_disconnected(now);
            let pause = self.dice.between(50 * MILLISECOND, REDIAL);
            self.queue
                .after(pause, Event::Control(ControlEvent::Attach(number)));
        }
        self.tell_core(Input::ShimClosed { connection });
    }

    fn send_to_shim(&mut self, connection: u64, message: ControllerMessage) {
        let Some(number) = self.control.shims.get(&connection).copied() else {
            return;
        };
        let arrival = self.queue.now() + self.dice.between(MILLISECOND, 20 * MILLISECOND);
        let shim = &mut self.host(number).shim;
        shim.from_controller = arrival.max(shim.from_controller);
        let arrival = shim.from_controller;
        let message = Box::new(message);
        self.queue.at(
            arrival,
            Event::Control(ControlEvent::ToShim {
                host: number,
                connection,
                message,
            }),
        );
    }

    pub(super) fn wake_shim(&mut self, number: u16) {
        let now = self.queue.now();
        let host = self.host(number);
        if host.is_dead || host.shim.wakes_at != Some(now) {
            return;
        }
        host.shim.wakes_at = None;
        host.shim.session.handle_timeout(now);
        self.serve_shim(number);
    }

    /// Does what a shim wants done.
    pub(super) fn serve_shim(&mut self, number: u16) {
        let now = self.queue.now();
        while let Some(message) = self.host(number).shim.session.poll_message() {
            let late = self.scenario.late_reports;
            let longest = if self.dice.chance(late) {
                2 * SECOND
            } else {
                100 * MILLISECOND
            };
            let arrival = now + self.dice.between(5 * MILLISECOND, longest);
            let shim = &mut self.host(number).shim;
            shim.to_controller = arrival.max(shim.to_controller);
            let (arrival, connection) = (shim.to_controller, shim.connection);
            if let Some(connection) = connection {
                let message = Box::new(message);
                self.queue.at(
                    arrival,
                    Event::Control(ControlEvent::FromShim {
                        host: number,
                        connection,
                        message,
                    }),
                );
            }
        }
        while let Some(frame) = self.host(number).shim.session.poll_frame() {
            self.send_from_host(number, &frame);
        }
        let host = self.host(number);
        if let Some(due) = host.shim.session.poll_timeout() {
            let due = due.max(now);
            if host.shim.wakes_at.is_none_or(|at| at > due) {
                host.shim.wakes_at = Some(due);
                self.queue.at(due, Event::WakeShim(number));
            }
        }
    }

    // -- what is done to them -----------------------------------------------------

    pub(super) fn order_move(&mut self) {
        if self.scenario.moves_per_second <= 0.0
            || self.queue.now() >= super::START + self.scenario.duration
        {
            return;
        }
        let mean = (SECOND as f64 / self.scenario.moves_per_second) as Micros;
        let pause = self.dice.exponential(mean);
        self.queue.after(pause, Event::Move);
        let bucket = self.dice.between(0, u64::from(self.scenario.buckets) - 1) as u16;
        let to = self.dice.between(1, u64::from(self.scenario.hosts)) as u16;
        if self.host(to).is_dead || self.control.is_cut_off {
            return;
        }
        let command = Command::Move {
            bucket: buckets::Key { map: 1, bucket },
            to,
        };
        self.order(command);
    }

    /// What an operator asks for. A controller that has just started, or thinks otherwise of the host, refuses: says whether it did not.
    pub(super) fn order(&mut self, command: Command) -> bool {
        let done = self.control.core.command(command, self.queue.now());
        self.pump_core();
        done.is_ok()
    }

    pub(super) fn order_criteria(&mut self, change: CriteriaChange) {
        let change = Box::new(change);
        self.order(Command::SetCriteria { map: 1, change });
    }

    pub(super) fn order_affinity(&mut self, affinity: Affinity) {
        let group = self.control.core.group();
        let services = group.services.iter();
        let services = services.map(|service| Service {
            affinity,
            ..*service
        });
        let rules = ConfiguredRules {
            services: services.collect(),
            classes: group.classes.clone(),
            regions: BTreeMap::new(),
        };
        self.order_rules(rules, Vec::new());
    }

    pub(super) fn order_classes(&mut self, way: u8) {
        let mut classes: Vec<ClientClass> = (1..=3)
            .map(|class| ClientClass {
                class,
                name: format!("class{class}"),
                prefixes: Vec::new(),
                qos: Some(format!("qos{class}")),
                region: None,
            })
            .collect();
        for (number, prefixes) in (1u8..).zip(addresses::client_prefixes()) {
            // 0 is no class.
            let class = usize::from(number.wrapping_mul(way).wrapping_add(number / 4) % 4);
            if let Some(class) = class.checked_sub(1).filter(|_| way != 0) {
                classes[class].prefixes.extend(prefixes);
            }
        }
        let criteria = MapCriteria {
            qos: (1..=3u16)
                .map(|class| {
                    let hosts = (1..=self.scenario.hosts).filter(|host| host % 3 == class % 3);
                    (
                        format!("qos{class}"),
                        hosts.map(|host| (host, 1.0)).collect(),
                    )
                })
                .collect(),
            ..self.control.core.criteria().remove(&1).unwrap_or_default()
        };
        let rules = ConfiguredRules {
            services: self.control.core.group().services.clone(),
            classes,
            regions: BTreeMap::new(),
        };
        self.order_rules(rules, vec![(1, criteria)]);
    }

    fn order_rules(&mut self, rules: ConfiguredRules, criteria: Vec<(u16, MapCriteria)>) {
        self.order(Command::from(Reconfiguration {
            rules: Some(rules),
            criteria,
            ..Reconfiguration::default()
        }));
    }

    /// A host's shim comes to the controller, and an operator brings the host in.
    pub(super) fn join(&mut self, number: u16) {
        self.order(Command::Join {
            host: host_spec(number, &self.scenario.topology),
        });
        self.attach(number);
    }

    pub(super) fn begin_outage(&mut self, length: Micros) {
        self.control.is_cut_off = true;
        self.queue
            .after(length, Event::Control(ControlEvent::Restored));
        let targets: Vec<Target> = self.control.links.keys().copied().collect();
        for target in targets {
            self.disconnect(target);
        }
        let connections: Vec<u64> = self.control.shims.keys().copied().collect();
        for connection in connections {
            self.close_shim(connection);
        }
    }

    pub(super) fn restart_controller(&mut self) {
        let now = self.queue.now();
        let connections: Vec<u64> = self.control.shims.keys().copied().collect();
        for connection in connections {
            self.close_shim(connection);
        }
        self.control.controller += 1;
        self.control.links.clear();
        let group = Group {
            hosts: self.control.core.hosts().cloned().collect(),
            ..self.control.core.group().clone()
        };
        self.control.core = Core::new(group, now);
        self.control.wakes_at = None;
        self.pump_core();
    }

    pub(super) fn restart_router(&mut self) {
        self.router.clear();
        self.disconnect(Target::Router);
    }

    pub(super) fn restart_stage(&mut self, number: u16) {
        self.host(number).stage.clear();
        // What was on its way is lost with the stage.
        self.disconnect(Target::Stage(number));
    }

    /// Nobody tells the controller at once that a host is gone.
    pub(super) fn host_is_gone(&mut self, number: u16) {
        let target = Target::Stage(number);
        if let Some(connection) = self
            .control
            .links
            .get(&target)
            .and_then(|link| link.connection)
        {
            self.queue.after(
                SECOND,
                Event::Control(ControlEvent::Disconnected { target, connection }),
            );
        }
        if let Some(connection) = self.host(number).shim.connection.take() {
            self.queue.after(
                SECOND,
                Event::Control(ControlEvent::ShimGone { connection }),
            );
        }
    }

    /// Flow-state entries in a stage.
    pub(super) fn entries(&self, index: usize) -> u64 {
        let mut entries = 0;
        read_flow_state(&self.hosts[index].stage, &mut |_| entries += 1);
        entries
    }

    /// Each host's target share of the buckets, and what it has.
    pub(super) fn shares(&self) -> Vec<(f64, f64)> {
        let status = self.control.core.status();
        status
            .hosts
            .iter()
            .map(|host| (host.target_share, host.achieved_share))
            .collect()
    }

    /// Flow-state entries in the stages that are up, of connections that their hosts have seen end.
    pub(super) fn remaining_entries(&self) -> Vec<(u16, Flow)> {
        let mut remaining = Vec::new();
        for (host, number) in self
            .hosts
            .iter()
            .zip(1u16..)
            .filter(|(host, _)| !host.is_dead)
        {
            read_flow_state(&host.stage, &mut |entry| {
                if let Some(flow) = flow_of(&entry)
                    && self.observer.is_over(flow)
                {
                    remaining.push((number, flow));
                }
            });
        }
        remaining
    }
}
