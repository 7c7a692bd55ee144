//! A group of hosts in virtual time, from one seed: the real pipelines, the real shims and the real controller, with simple TCP
//! endpoints that send real packets. Links delay and reorder, reports are late, hosts die; an observer at the hosts' ports counts
//! the promises that are broken.

mod addresses;
mod client;
mod control;
mod dice;
mod frames;
mod network;
mod observer;
mod queue;
mod scenario;
mod server;
mod shim;

use std::collections::HashMap;

use client::{Client, Close, Phase, Plan};
use control::{Control, ControlEvent};
use dice::Dice;
use dpr_controller::core::{Command, CriteriaChange};
use dpr_p4::front_router::FrontRouter;
use dpr_p4::host_stage::HostStage;
use dpr_runtime::{Packet, Worker};
use observer::Observer;
use queue::Queue;
use server::Server;
use shim::Shim;

pub use dpr_controller::core::FlowKey as Flow;
pub use observer::{Finding, Lifetime, Violation};
pub use queue::{MILLISECOND, Micros, SECOND};
pub use scenario::{Flood, Outcome, Scenario, Step, Topology};

/// What happens in the simulated world.
#[derive(Debug)]
enum Event {
    /// A frame comes to a port of the router, from a client or having passed so many stages.
    AtRouter {
        port: u16,
        hops: usize,
        frame: Vec<u8>,
    },
    /// A frame comes to a stage's network port, having passed this many.
    AtStage {
        host: u16,
        hops: usize,
        frame: Vec<u8>,
    },
    /// A segment comes to a client.
    AtClient(frames::Segment),
    /// The next client begins.
    Arrival,
    /// More SYNs of a flood.
    Flood,
    /// A datagram to several hosts.
    Several,
    /// These ports are used again.
    Reuse(Flow),
    /// A client's timer.
    Client { client: usize, timer: client::Timer },
    /// A host may have to send its FIN again.
    HostFin { host: u16, flow: Flow },
    /// A shim's timer.
    WakeShim(u16),
    /// A bucket is told to move.
    Move,
    /// The stages' entries are counted.
    Look,
    /// What the script says.
    Script(Step),
    /// Between the controller and what it controls.
    Control(ControlEvent),
}

/// A host with its stage.
struct Host {
    stage: HostStage,
    server: Server,
    shim: Shim,
    is_dead: bool,
}

/// The world.
struct Simulation<'a> {
    scenario: &'a Scenario,
    queue: Queue<Event>,
    dice: Dice,
    worker: Worker,
    packet: Packet,
    router: FrontRouter,
    hosts: Vec<Host>,
    clients: Vec<Client>,
    /// The last client of these ports.
    current: HashMap<Flow, usize>,
    observer: Observer,
    control: Control,
    outcome: Outcome,
}

/// Runs a scenario to its end.
pub fn run(scenario: &Scenario) -> Outcome {
    let mut simulation = Simulation::new(scenario);
    simulation.start();
    let end = START + scenario.duration + scenario.drain;
    while simulation.queue.now() <= end
        && let Some(event) = simulation.queue.pop()
    {
        simulation.handle(event);
    }
    simulation.finish()
}

/// Runs a scenario again and tells what happened to the connections of a five-tuple.
pub fn trace(scenario: &Scenario, flow: Flow) -> Vec<String> {
    run(&Scenario {
        trace: Some(flow),
        ..scenario.clone()
    })
    .trace
}

/// The group has this long to be set up before the first client comes.
pub const START: Micros = 3 * SECOND;

impl<'a> Simulation<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let hosts = (1..=scenario.hosts).map(|number| Host {
            stage: HostStage::new(),
            server: Server::default(),
            shim: Shim::new(number, scenario),
            is_dead: false,
        });
        Simulation {
            queue: Queue::default(),
            dice: Dice::new(scenario.seed),
            worker: Worker::seeded(scenario.seed),
            packet: Packet::new(),
            router: FrontRouter::new(),
            hosts: hosts.collect(),
            clients: Vec::new(),
            current: HashMap::new(),
            observer: Observer::default(),
            control: Control::new(scenario),
            outcome: Outcome {
                stage_packets: vec![0; usize::from(scenario.hosts)],
                most_entries: vec![0; usize::from(scenario.hosts)],
                ..Outcome::default()
            },
            scenario,
        }
    }

    fn start(&mut self) {
        self.start_control();
        self.queue.at(START, Event::Arrival);
        self.queue.at(START, Event::Move);
        self.queue.at(START, Event::Look);
        if let Some(flood) = self.scenario.flood {
            self.queue.at(START + flood.from, Event::Flood);
        }
        if !self.scenario.several.is_empty() {
            self.queue.at(START, Event::Several);
        }
        for (at, step) in &self.scenario.script {
            self.queue.at(START + at, Event::Script(*step));
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::AtRouter { port, hops, frame } => self.at_router(port, hops, &frame),
            Event::AtStage { host, hops, frame } => self.at_stage(host, hops, &frame),
            Event::AtClient(segment) => self.at_client(&segment),
            Event::Arrival => self.arrival(),
            Event::Flood => self.flood(),
            Event::Several => self.send_to_several(),
            Event::Reuse(flow) => self.connect(flow),
            Event::Client { client, timer } => {
                let before = self.clients[client].phase;
                let reaction = self.clients[client].handle_timer(timer, &mut self.dice);
                self.react(client, before, reaction);
            }
            Event::HostFin { host, flow } => self.host_fin(host, flow),
            Event::WakeShim(host) => self.wake_shim(host),
            Event::Move => self.order_move(),
            Event::Look => self.look(),
            Event::Script(step) => self.carry_out(step),
            Event::Control(event) => self.handle_control(event),
        }
    }

    fn host(&mut self, number: u16) -> &mut Host {
        &mut self.hosts[usize::from(number) - 1]
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Outage(length) => self.begin_outage(length),
            Step::RestartController => self.restart_controller(),
            Step::RestartStage(number) => {
                let now = self.queue.now();
                self.observer.stage_restarted(number, now);
                self.restart_stage(number);
            }
            Step::RestartRouter => self.restart_router(),
            Step::Join(number) => self.join(number),
            Step::Drain(host) => {
                self.order(Command::Drain { host });
            }
            Step::Weight(host, percent) => {
                let weight = f64::from(percent) / 100.0;
                self.order(Command::SetWeight { host, weight });
            }
            Step::Data(holders) => {
                let holds = |host: &u16| holders >> (host - 1) & 1 == 1;
                let data = (1..=self.scenario.hosts).filter(holds).collect();
                self.order_criteria(CriteriaChange {
                    data: Some(Some(data)),
                    ..CriteriaChange::default()
                });
            }
            Step::Holds(host, is_held) => {
                self.host(host).shim.session.handle_check(0, is_held);
                self.serve_shim(host);
            }
            Step::Load(load) => self.order_criteria(CriteriaChange {
                load: Some(load),
                ..CriteriaChange::default()
            }),
            Step::Affinity(affinity) => self.order_affinity(affinity),
            Step::Classes(way) => self.order_classes(way),
            Step::Hold(host) => {
                self.order(Command::Hold { host });
            }
            Step::Release(host) => {
                self.order(Command::Release { host });
            }
            Step::Remove(host) => {
                if !self.order(Command::Remove { host, force: false }) {
                    self.queue.after(SECOND / 4, Event::Script(step));
                }
            }
            Step::Kill(number) => {
                self.observer.host_died(number);
                self.host(number).is_dead = true;
                self.host_is_gone(number);
            }
        }
    }

    // -- clients ------------------------------------------------------------------

    fn arrival(&mut self) {
        if self.queue.now() >= START + self.scenario.duration {
            return;
        }
        let topology = &self.scenario.topology;
        let number = self.clients.len() as u64;
        let flow = addresses::client_flow(number, topology, &mut self.dice);
        self.connect(flow);
        let mean = (SECOND as f64 / self.scenario.connections_per_second) as Micros;
        let pause = self.dice.exponential(mean);
        self.queue.after(pause, Event::Arrival);
    }

    fn connect(&mut self, flow: Flow) {
        let scenario = self.scenario;
        let is_slow = self.dice.chance(scenario.slow_clients);
        let delay = if is_slow {
            (300 * MILLISECOND, 1_200 * MILLISECOND)
        } else {
            (2 * MILLISECOND, 50 * MILLISECOND)
        };
        let close = match self.dice.between(0, 9) {
            _ if self.dice.chance(scenario.abort) => Close::Abort,
            0..=5 => Close::Client,
            6..=7 => Close::Server,
            _ => Close::Both,
        };
        let plan = Plan {
            bursts: self.dice.between(2, scenario.bursts) as u32,
            think: scenario.think,
            delay: self.dice.between(delay.0, delay.1),
            close,
            late_fin: self
                .dice
                .chance(scenario.late_fin)
                .then(|| self.dice.between(200 * MILLISECOND, 600 * MILLISECOND)),
            reuse: self
                .dice
                .chance(scenario.port_reuse)
                .then(|| self.dice.between(10 * MILLISECOND, 3 * SECOND)),
        };
        let mut client = Client::new(flow, plan, self.dice.bits());
        let reaction = client.connect();
        let number = self.clients.len();
        self.current.insert(flow, number);
        self.clients.push(client);
        self.note(flow, || format!("client {number} connects, {plan:?}"));
        self.react(number, Phase::Connecting, reaction);
    }

    fn react(&mut self, number: usize, before: Phase, reaction: client::Reaction) {
        for segment in reaction.send {
            self.client_sends(&segment);
        }
        for (delay, timer) in reaction.timers {
            self.queue.after(
                delay,
                Event::Client {
                    client: number,
                    timer,
                },
            );
        }
        let client = &self.clients[number];
        let (flow, phase, plan) = (client.flow, client.phase, client.plan);
        if phase != before {
            self.note(flow, || format!("client {number} is {phase:?}"));
            if phase == Phase::Done
                && let Some(pause) = plan.reuse
                && self.queue.now() + pause < START + self.scenario.duration
            {
                // After the late copy of the FIN has gone its way, as TIME-WAIT would have it, or before.
                self.queue.after(pause, Event::Reuse(flow));
            }
        }
    }

    fn at_client(&mut self, segment: &frames::Segment) {
        let Some(number) = self.current.get(&segment.flow).copied() else {
            return;
        };
        let before = self.clients[number].phase;
        let reaction = self.clients[number].handle(segment, &mut self.dice);
        self.react(number, before, reaction);
    }

    /// Counts what the stages hold, every second.
    fn look(&mut self) {
        let end = START + self.scenario.duration;
        for number in 0..self.hosts.len() {
            let entries = self.entries(number);
            let most = &mut self.outcome.most_entries[number];
            *most = entries.max(*most);
        }
        let open = self
            .clients
            .iter()
            .filter(|client| client.phase == Phase::Open);
        self.outcome.most_open = self.outcome.most_open.max(open.count() as u64);
        if self.queue.now() < end {
            self.queue.after(SECOND, Event::Look);
        }
    }

    // -- the end ------------------------------------------------------------------

    fn note(&mut self, flow: Flow, what: impl FnOnce() -> String) {
        if self.scenario.trace == Some(flow) {
            self.outcome.trace.push(format!(
                "{:>11.6} {}",
                self.queue.now() as f64 / SECOND as f64,
                what()
            ));
        }
    }

    fn finish(mut self) -> Outcome {
        self.outcome.begun = self.clients.len() as u64;
        self.outcome.accepted = self.observer.connections;
        for client in &self.clients {
            let counter = match client.phase {
                Phase::Done => &mut self.outcome.completed,
                Phase::Reset => &mut self.outcome.reset,
                Phase::TimedOut => &mut self.outcome.timed_out,
                Phase::Connecting | Phase::Open => &mut self.outcome.unfinished,
            };
            *counter += 1;
            let is_lost = self.observer.is_lost_with_host(client.flow);
            match client.phase {
                Phase::Done => {}
                Phase::Reset | Phase::TimedOut if is_lost => self.outcome.failed_with_host += 1,
                _ => self.outcome.stuck.push(client.flow),
            }
        }
        self.outcome.remaining = self.remaining_entries();
        self.outcome.shares = self.shares();
        self.outcome.lifetimes = self.observer.lifetimes(self.queue.now());
        self.outcome.lost_with_host = self.observer.lost_with_host;
        self.outcome.lost_with_register = self.observer.lost_with_register;
        self.outcome.findings = self.observer.findings;
        self.outcome
    }
}
