//! The controller as a state machine: it does no I/O and takes no time by itself, so that the daemon and a test with a virtual
//! clock run the same code.
//!
//! One struct, [`Core`]. What happens goes in by [`Core::handle`] with the time at which it happens (any origin, never backwards);
//! what is to be done comes out of [`Core::poll_output`] until that is empty; [`Core::poll_timeout`] says when to call `handle` with
//! [`Input::Tick`] at the latest. Operators' requests are [`Core::command`]; what they want to see is read off the core (`status`).
//!
//! ```text
//! loop {
//!     while let Some(output) = core.poll_output() { carry it out }
//!     wait for an input, or until core.poll_timeout()
//!     core.handle(input, now)
//! }
//! ```
//!
//! What the driver promises:
//! - [`Output::Dial`]: connect to the target, become its master, see that it runs its program (push it only if the cookie differs),
//!   read [`everything`], and say [`Input::Contents`]; on failure try again for ever. When the connection or a request on it
//!   fails: [`Input::Disconnected`], and again.
//! - [`Output::Read`]: read everything again and say [`Input::Contents`]. No write is on its way meanwhile.
//! - [`Output::Write`]: one Write request; [`Input::Written`] with the errors by index when it is answered. At most one per target
//!   is on its way.
//! - [`Input::Shim`]: messages of one connection in order; `connection` is any number that was not used before. The first is
//!   `Register`. [`Input::ShimClosed`] when it ends. [`Output::ToShim`] keeps the order too.
//!
//! Everything else follows from the messages: what the stages and shims say after a restart of the core is all that it needs.

mod change;
mod computers;
mod criteria;
mod death;
mod entry;
mod explain;
mod flows;
mod hold;
mod leave;
mod moves;
mod plan;
mod reconfigure;
mod recovery;
mod reports;
mod router;
mod rules;
mod services;
mod sessions;
mod status;
mod target;
#[cfg(test)]
mod tests;
mod types;
mod ways;

pub use criteria::{CriteriaChange, MapHostInfo, MapInfo};
pub use entry::everything;
pub use explain::{Explanation, Hop, Lookups, Path, StageView, explain};
pub(crate) use rules::{Rules, service_key};
pub use sessions::Refusal;
pub use status::{BucketInfo, FlowInfo, HostInfo, HostState, Status};
pub use types::{
    Affinity, BucketId, Computer, Faults, FlowKey, FlowStateKey, Group, HostId, HostSpec, Location,
    Micros, NextHop, Protocol, Rewriting, RouterSpec, Service, Spray, Target, UnknownFault, Ways,
    hash_five_tuple,
};

use crate::criteria::{Candidate, ClientClass, Costs, MapCriteria};
use criteria::{HostLoad, MapLoad};
use dpr_protocol::shim::v1::{ControllerMessage, ShimMessage};
use dpr_runtime::{Entity, Update, WriteError};
use entry::{Key, Value};
use flows::FlowTable;
use hdrhistogram::Histogram;
use moves::{Activity, Token};
use router::RouterState;
use sessions::ShimState;
use std::collections::{BTreeMap, VecDeque};
use target::{FlowChanges, Link, TargetState};
use types::micros;

/// What happens.
#[derive(Clone, Debug)]
pub enum Input {
    /// A message of a shim.
    Shim {
        /// Which connection it came by.
        connection: u64,
        /// What it says.
        message: ShimMessage,
    },
    /// A shim's connection is gone.
    ShimClosed {
        /// Which.
        connection: u64,
    },
    /// A target is connected (or was asked to be read), and holds this: what [`everything`] asks for.
    Contents {
        /// Which.
        target: Target,
        /// What it holds.
        entities: Vec<Entity>,
    },
    /// The answer to [`Output::Write`].
    Written {
        /// Which target.
        target: Target,
        /// Of the write.
        id: u64,
        /// Updates that were refused, by index; the others were carried out.
        errors: Vec<(usize, WriteError)>,
    },
    /// The connection to a target is gone; a write on its way may or may not have been carried out.
    Disconnected {
        /// Which.
        target: Target,
    },
    /// Time passes.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Keep a connection to this target.
    Dial {
        /// Which.
        target: Target,
    },
    /// Write these updates, which do not depend on one another, in one request.
    Write {
        /// Which target.
        target: Target,
        /// To be given back.
        id: u64,
        /// What to write.
        updates: Vec<Update>,
    },
    /// Read what the target holds.
    Read {
        /// Which.
        target: Target,
    },
    /// Send a message to a shim.
    ToShim {
        /// By which connection.
        connection: u64,
        /// What to say.
        message: ControllerMessage,
    },
    /// End a shim's connection.
    CloseShim {
        /// Which.
        connection: u64,
        /// What to tell it.
        reason: Refusal,
    },
    /// Keep for the next start what operators changed: [`Core::hosts`].
    Save,
}

/// What an operator asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Changes a host's weight, and ends its draining.
    SetWeight {
        /// Which host.
        host: HostId,
        /// Relative to the others'; 0 or more.
        weight: f64,
    },
    /// Takes a host out of the front router's set, and moves its buckets away.
    Drain {
        /// Which host.
        host: HostId,
    },
    /// Brings a host in. One that is configured and out is taken as it is given here.
    Join {
        /// All about it.
        host: HostSpec,
    },
    /// Ends a host's draining.
    Undrain {
        /// Which host.
        host: HostId,
    },
    /// Takes a host out of the front router's set while its stage is replaced; its buckets and connections stay, and nobody
    /// declares it dead.
    Hold {
        /// Which host.
        host: HostId,
    },
    /// Ends that.
    Release {
        /// Which host.
        host: HostId,
    },
    /// Takes a host out of the group for good: one that is drained, or dead.
    Remove {
        /// Which host.
        host: HostId,
        /// Gives up the connections that a drained host still has.
        force: bool,
    },
    /// Changes what is asked for the buckets of a map.
    SetCriteria {
        /// Which map.
        map: u16,
        /// What changes.
        change: Box<CriteriaChange>,
    },
    /// What changed in the configuration: all of it, or nothing.
    Reconfigure(Box<Reconfiguration>),
    /// Moves one bucket. The next change of weights or hosts places it again.
    Move {
        /// Which bucket.
        bucket: BucketId,
        /// To whom.
        to: HostId,
    },
}

/// What changed in the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reconfiguration {
    /// Hosts' weights.
    pub weights: Vec<(HostId, f64)>,
    /// New hosts; those that are `joined` come into the group.
    pub hosts: Vec<HostSpec>,
    /// What is asked for maps.
    pub criteria: Vec<(u16, MapCriteria)>,
    /// Services on other maps or with another affinity, and other classes of clients.
    pub rules: Option<ConfiguredRules>,
    /// All services, if some come or go; those that stay have the map and affinity that they had.
    pub services: Option<Vec<Service>>,
    /// Published addresses that hosts answer ARP and NDP for.
    pub at_home: Vec<(HostId, Vec<u128>)>,
    /// Moves that may begin in a second.
    pub moves_per_second: Option<f64>,
    /// Between two rounds of the load's feedback rule.
    pub load_interval: Option<std::time::Duration>,
    /// All destinations that are no services, if they are others than before.
    pub computers: Option<BTreeMap<u128, Computer>>,
}

/// What decides on which map each flow is, and in which bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredRules {
    /// Services that are on other maps, or by other affinities.
    pub services: Vec<Service>,
    /// All classes of clients.
    pub classes: Vec<ClientClass>,
    /// What hosts cost, by the clients' region.
    pub regions: BTreeMap<String, Costs>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// There is no such host in the group.
    #[error("the group has no host {0}")]
    UnknownHost(HostId),
    /// There is no such bucket.
    #[error("there is no bucket {} in map {}", .0.bucket, .0.map)]
    UnknownBucket(BucketId),
    /// There is no such map.
    #[error("no service is on map {0}")]
    UnknownMap(u16),
    /// Somebody must hold a map's data.
    #[error("nobody would hold the data of map {0}")]
    NobodyHolds(u16),
    /// A host that owns buckets or is sprayed to.
    #[error("host {0} is neither drained nor dead: `drain` it first")]
    StillServes(String),
    /// The front router would spray to nobody.
    #[error("the front router sprays to nobody but host {0}: clients would find nobody")]
    NobodyElse(String),
    /// Another host's stage has not been told yet that a host has no buckets any more.
    #[error(
        "the stage of {stage} still sends packets to host {host}: wait until it can be reached"
    )]
    StillNamed {
        /// Which.
        host: String,
        /// Whose stage.
        stage: String,
    },
    /// A drained host whose connections go on.
    #[error("host {host} has {connections} connections: wait, or give them up with `--force`")]
    StillConnected {
        /// Which.
        host: String,
        /// How many.
        connections: u64,
    },
    /// Not a weight.
    #[error("{0} is no weight: it must be finite and not negative")]
    BadWeight(f64),
    /// Not a time to live.
    #[error("a session must live for more than 0 seconds")]
    BadTimeout,
    /// A joining host has something that another host has too.
    #[error("host {taken_by} has this {what} already")]
    Taken {
        /// Id, name, address or stage MAC.
        what: &'static str,
        /// Who has it.
        taken_by: String,
    },
    /// Something about a joining host is not usable.
    #[error("{0}")]
    BadHost(&'static str),
    /// It is in the group already.
    #[error("host {0} is in the group already")]
    AlreadyIn(String),
}

/// How a host stands to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    Out,
    /// Gets its tables, then buckets; not sprayed to yet.
    Joining,
    In,
    /// `buried` once its buckets are being re-owned.
    Dead {
        buried: bool,
    },
}

/// A host, with its stage and its shim.
#[derive(Debug)]
struct Host {
    spec: HostSpec,
    membership: Membership,
    /// Whether the front router should spray to it, as far as its own state says.
    in_router: bool,
    /// Back from the dead: what its stage says of buckets is of no account.
    returning: bool,
    stage: TargetState,
    shim: ShimState,
    load: HostLoad,
}

impl Host {
    fn is_dead(&self) -> bool {
        matches!(self.membership, Membership::Dead { .. })
    }

    fn is_member(&self) -> bool {
        matches!(self.membership, Membership::In | Membership::Joining)
    }

    /// In the group, and its stage holds all that it should.
    fn is_told(&self) -> bool {
        self.is_member() && self.stage.is_ready()
    }
}

/// Things that happen by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Timer {
    /// A torn-down connection's entries go.
    Away(FlowKey),
    /// A move has settled.
    Settled { bucket: BucketId, generation: u32 },
    /// A session ends.
    SessionEnds(FlowKey),
    /// A change of the rules has settled.
    ChangeSettled { generation: u32 },
    /// The next moves may begin.
    Pace,
    /// A round of the load's feedback rule.
    LoadRound,
    /// No more waiting for stages.
    Startup,
    /// Refused writes are tried again.
    Retry(Target),
    /// A write that a fault delays.
    Late {
        stage: HostId,
        key: Key,
        value: Value,
    },
    /// Entries that a fault writes after the owners.
    LateEntries { bucket: BucketId },
}

/// What the core counted.
#[derive(Debug, Default)]
struct Counts {
    flow: FlowChanges,
    moves_completed: u64,
    moves_aborted: u64,
    changes_completed: u64,
}

/// The controller. See the module's description.
#[derive(Debug)]
pub struct Core {
    group: Group,
    now: Micros,
    started: Micros,
    /// Whether it waits for the stages, to learn what they hold.
    starting: bool,
    hosts: BTreeMap<HostId, Host>,
    router: Option<RouterState>,
    connections: BTreeMap<u64, HostId>,
    /// Sessions that are to begin, by the hosts of their first connections.
    late_sessions: Vec<(FlowKey, HostId)>,
    /// Registrations that came while starting.
    early: Vec<(u64, ShimMessage)>,
    flows: FlowTable,
    /// Which map and bucket each flow is in, or comes to by the change that is going on.
    rules: Rules,
    change: Option<change::Change>,
    /// What the configuration asks for instead.
    wanted_rules: Option<Rules>,
    owners: BTreeMap<u16, Vec<HostId>>,
    targets: BTreeMap<u16, Vec<HostId>>,
    resting: BTreeMap<BucketId, Micros>,
    activities: BTreeMap<BucketId, Activity>,
    waiting: std::collections::BTreeSet<BucketId>,
    generation: u32,
    /// The hosts that all stages know of, as found when these were so.
    introduced: std::collections::BTreeSet<HostId>,
    introductions: Vec<plan::Introduction>,
    neighbors: ways::Neighbors,
    groups: computers::Groups,
    /// Whether targets must be computed again.
    replan: bool,
    /// The active hosts that the targets were computed with; nobody has computed any yet if it is not there.
    planned_with: Option<Vec<Candidate>>,
    loads: BTreeMap<u16, MapLoad>,
    load_round_due: bool,
    allowance: f64,
    allowance_at: Micros,
    pace_at: Option<Micros>,
    graves: BTreeMap<HostId, death::Grave>,
    /// How far a change of the services is, and the new addresses that are not routed yet.
    service_step: Option<services::ServiceStep>,
    unrouted: std::collections::BTreeSet<u128>,
    timers: BTreeMap<(Micros, u64), Timer>,
    serial: u64,
    fired: VecDeque<Token>,
    outputs: VecDeque<Output>,
    random: fastrand::Rng,
    counts: Counts,
    install_us: Histogram<u64>,
}

impl Core {
    /// A controller that knows its configuration and nothing else.
    pub fn new(group: Group, now: Micros) -> Self {
        let hosts: BTreeMap<HostId, Host> = group
            .hosts
            .iter()
            .map(|spec| {
                let membership = if spec.joined {
                    Membership::In
                } else {
                    Membership::Out
                };
                (spec.id, Host::new(spec.clone(), membership))
            })
            .collect();
        let rules = Rules::of(&group);
        let owners: BTreeMap<u16, Vec<HostId>> = rules
            .maps()
            .into_iter()
            .map(|map| (map, vec![0; group.buckets as usize]))
            .collect();
        let mut core = Core {
            now,
            started: now,
            starting: true,
            router: group.router.as_ref().map(|_| RouterState::new()),
            connections: BTreeMap::new(),
            late_sessions: Vec::new(),
            early: Vec::new(),
            flows: FlowTable::default(),
            rules,
            change: None,
            wanted_rules: None,
            targets: owners.clone(),
            owners,
            resting: BTreeMap::new(),
            activities: BTreeMap::new(),
            waiting: Default::default(),
            generation: 0,
            introduced: Default::default(),
            introductions: Vec::new(),
            neighbors: Default::default(),
            groups: Default::default(),
            replan: false,
            planned_with: None,
            loads: BTreeMap::new(),
            load_round_due: false,
            allowance: 0.0,
            allowance_at: now,
            pace_at: None,
            graves: BTreeMap::new(),
            service_step: None,
            unrouted: Default::default(),
            timers: BTreeMap::new(),
            serial: 0,
            fired: VecDeque::new(),
            outputs: VecDeque::new(),
            random: fastrand::Rng::with_seed(group.protocol.seed),
            counts: Counts::default(),
            install_us: empty_histogram(),
            hosts,
            group,
        };
        let joined: Vec<HostId> = core
            .hosts
            .values()
            .filter(|host| host.spec.joined)
            .map(|host| host.spec.id)
            .collect();
        for host in joined {
            core.outputs.push_back(Output::Dial {
                target: Target::Stage(host),
            });
        }
        if core.router.is_some() {
            core.outputs.push_back(Output::Dial {
                target: Target::Router,
            });
        }
        core.set_timer(
            now + micros(core.group.protocol.startup_wait),
            Timer::Startup,
        );
        core.keep_load_rounds();
        core
    }

    /// Something happens.
    pub fn handle(&mut self, input: Input, now: Micros) {
        self.now = now.max(self.now);
        match input {
            Input::Shim {
                connection,
                message,
            } => self.on_shim_message(connection, message),
            Input::ShimClosed { connection } => self.on_shim_closed(connection),
            Input::Contents { target, entities } => self.on_contents(target, &entities),
            Input::Written { target, id, errors } => self.on_written(target, id, &errors),
            Input::Disconnected { target } => self.on_disconnected(target),
            Input::Tick => {}
        }
        self.settle_down();
    }

    /// An operator asks for something.
    pub fn command(&mut self, command: Command, now: Micros) -> Result<(), CommandError> {
        self.now = now.max(self.now);
        let done = match command {
            Command::SetWeight { host, weight } => self.set_weight(host, weight),
            Command::Drain { host } => self.set_draining(host, true),
            Command::Undrain { host } => self.set_draining(host, false),
            Command::Hold { host } => self.hold(host),
            Command::Release { host } => self.release(host),
            Command::Remove { host, force } => self.remove(host, force),
            Command::SetCriteria { map, change } => self.change_criteria(map, *change),
            Command::Reconfigure(changes) => self.reconfigure(*changes),
            Command::Join { host } => self.join(host),
            Command::Move { bucket, to } => self.aim(bucket, to),
        };
        self.settle_down();
        done
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due at the latest.
    pub fn poll_timeout(&self) -> Option<Micros> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// What it controls, as it was configured; [`Core::hosts`] says how the hosts are now.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The hosts as operators have made them: what a restarted controller is to be configured with.
    pub fn hosts(&self) -> impl Iterator<Item = &HostSpec> {
        self.hosts.values().map(|host| &host.spec)
    }

    fn set_timer(&mut self, at: Micros, timer: Timer) {
        self.serial += 1;
        self.timers.insert((at, self.serial), timer);
    }

    /// Does what follows from the input: due timers, acknowledged writes, moves that may begin, and then batches of writes.
    fn settle_down(&mut self) {
        loop {
            while let Some(entry) = self
                .timers
                .first_entry()
                .filter(|entry| entry.key().0 <= self.now)
            {
                let timer = entry.remove();
                self.on_timer(timer);
            }
            while let Some(token) = self.fired.pop_front() {
                self.on_token(token);
            }
            if !self.starting {
                self.watch_hosts();
                self.keep_neighbors();
                self.keep_rules();
                self.keep_groups();
                self.plan();
                self.begin_moves();
                self.keep_services();
                self.keep_router();
            }
            self.send_flushes();
            self.send_batches();
            if self.fired.is_empty() {
                break;
            }
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Away(key) => self.on_away(key),
            Timer::Settled { bucket, generation } => self.on_settled(bucket, generation),
            Timer::SessionEnds(session) => self.on_session_ends(session),
            Timer::ChangeSettled { generation } => self.on_change_settled(generation),
            Timer::Pace => self.pace_at = None,
            Timer::LoadRound => self.on_load_round(),
            Timer::Startup => self.on_startup_timeout(),
            Timer::Retry(target) => {
                if let Some(state) = self.target_mut(target) {
                    state.retry();
                }
            }
            Timer::Late { stage, key, value } => self.want(stage, key, Some(value), None),
            Timer::LateEntries { bucket } => self.copy_entries_late(bucket),
        }
    }

    fn on_token(&mut self, token: Token) {
        match token {
            Token::Pin {
                flow,
                host,
                epoch,
                seq,
                reported,
            } => self.on_pinned(flow, host, epoch, seq, reported),
            Token::Installed { reported } => self
                .install_us
                .saturating_record(self.now.saturating_sub(reported).max(1)),
            Token::Step { bucket, generation } => self.on_step(bucket, generation),
            Token::Change { generation, stage } => self.on_change_step(stage, generation),
            Token::Orphan { generation, stage } => self.on_orphan(stage, generation),
            Token::MemberSet => self.on_member_set(),
            Token::Grouped { host, address } => self.on_grouped(host, address),
            Token::Ungrouped { host, group } => self.on_ungrouped(host, group),
        }
    }

    fn target_mut(&mut self, target: Target) -> Option<&mut TargetState> {
        match target {
            Target::Stage(host) => self.hosts.get_mut(&host).map(|host| &mut host.stage),
            Target::Router => self.router.as_mut().map(|router| &mut router.target),
        }
    }

    fn on_written(&mut self, target: Target, id: u64, errors: &[(usize, WriteError)]) {
        let mut fired = std::mem::take(&mut self.fired);
        let mut changes = self.counts.flow;
        let mut retries = false;
        if let Some(state) = self.target_mut(target) {
            retries = state.written(id, errors, &mut fired, &mut changes);
        }
        self.fired = fired;
        self.counts.flow = changes;
        if retries {
            self.set_timer(self.now + target::RETRY, Timer::Retry(target));
        }
    }

    fn on_disconnected(&mut self, target: Target) {
        let is_starting = self.starting;
        if let Some(state) = self.target_mut(target) {
            state.disconnected();
            if is_starting {
                // Nothing was said yet about what it should hold; the next reading counts alone.
                state.abandon();
            }
        }
        self.replan = true;
    }

    /// Lets a stage hold something; the token fires when it does.
    fn want(&mut self, host: HostId, key: Key, value: Option<Value>, token: Option<Token>) {
        if let Some(host) = self.hosts.get_mut(&host) {
            // The stage of a host that is dead or out gets nothing. One that was never read says first what it holds of the rules.
            let is_of_rules = matches!(
                key,
                Key::Bucket(_) | Key::FormerBucket(_) | Key::Client(_) | Key::Service(_)
            );
            if !host.is_member() || is_of_rules && !host.stage.known {
                return;
            }
            self.fired.extend(host.stage.want(key, value, token));
        }
    }

    fn send_batches(&mut self) {
        let targets = self
            .hosts
            .keys()
            .map(|host| Target::Stage(*host))
            .chain(self.router.as_ref().map(|_| Target::Router));
        for target in targets.collect::<Vec<_>>() {
            let id = self.serial + 1;
            let mut fired = std::mem::take(&mut self.fired);
            let mut outputs = std::mem::take(&mut self.outputs);
            let is_starting = self.starting;
            if let Some(state) = self.target_mut(target) {
                if state.link == Link::Up && state.in_doubt && !state.is_writing() {
                    state.link = Link::Reading;
                    outputs.push_back(Output::Read { target });
                } else if !is_starting && let Some(updates) = state.next_batch(id, &mut fired) {
                    outputs.push_back(Output::Write {
                        target,
                        id,
                        updates,
                    });
                }
            }
            self.serial = id;
            self.fired = fired;
            self.outputs = outputs;
        }
    }
}

/// Of latencies in microseconds, up to an hour.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("the bounds are in order")
}

impl Host {
    fn new(spec: HostSpec, membership: Membership) -> Self {
        Host {
            spec,
            membership,
            in_router: false,
            returning: false,
            stage: TargetState::new(),
            shim: ShimState::default(),
            load: HostLoad::default(),
        }
    }
}
