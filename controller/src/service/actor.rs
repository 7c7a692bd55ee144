//! The task that owns the core, and carries out what it asks for.

use super::{
    Settings,
    reload::{Configured, with_configured},
    state,
};
use crate::{
    core::{Core, Input, Micros, Output, Target},
    p4runtime_client::{self, Report, Request, TargetConfig},
};
use dpr_p4::{front_router, host_stage};
use dpr_protocol::shim::v1::ControllerMessage;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::Instant,
};
use tonic::Status;

/// Without anything to do for longer, the loop looks at the clock all the same.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// Letters that are opened before what follows from them is carried out.
const LETTERS_IN_A_ROW: usize = 256;

/// What a shim's stream is sent.
pub(super) type ToShim = UnboundedSender<Result<ControllerMessage, Status>>;

/// Something to be done with the core, by others.
type Visit = Box<dyn FnOnce(&mut Core, &Links, Micros) + Send>;

/// The targets that are connected.
pub(super) type Links = BTreeMap<Target, UnboundedSender<Request>>;

/// What comes to the actor.
pub(super) enum Letter {
    Input(Input),
    /// A shim's stream opened.
    ShimOpened {
        connection: u64,
        stream: ToShim,
    },
    FromTarget(Target, Report),
    Visit(Visit),
}

pub(super) struct Mailbox {
    sender: UnboundedSender<Letter>,
    receiver: UnboundedReceiver<Letter>,
}

impl Mailbox {
    pub fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Mailbox { sender, receiver }
    }

    pub fn sender(&self) -> UnboundedSender<Letter> {
        self.sender.clone()
    }
}

pub(super) struct Actor {
    core: Core,
    started: Instant,
    election_id: u128,
    mailbox: Mailbox,
    links: Links,
    shims: BTreeMap<u64, ToShim>,
    dialled: BTreeMap<Target, String>,
    targets: JoinSet<()>,
    state_file: Option<PathBuf>,
    configured: Configured,
}

impl Actor {
    pub fn new(
        settings: Settings,
        configured: Configured,
        election_id: u128,
        mailbox: Mailbox,
    ) -> Self {
        Actor {
            core: Core::new(settings.group, 0),
            started: Instant::now(),
            election_id,
            mailbox,
            links: BTreeMap::new(),
            shims: BTreeMap::new(),
            dialled: BTreeMap::new(),
            targets: JoinSet::new(),
            state_file: settings.state_file,
            configured,
        }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        self.carry_out();
        loop {
            let due = self
                .core
                .poll_timeout()
                .map(|due| self.started + Duration::from_micros(due));
            let due = due.unwrap_or_else(|| Instant::now() + LONGEST_SLEEP);
            tokio::select! {
                letter = self.mailbox.receiver.recv() => {
                    // The sender is in the same structure: there is always one.
                    if let Some(letter) = letter {
                        self.open(letter);
                    }
                    for _ in 1..LETTERS_IN_A_ROW {
                        match self.mailbox.receiver.try_recv() {
                            Ok(letter) => self.open(letter),
                            Err(_) => break,
                        }
                    }
                }
                () = tokio::time::sleep_until(due) => self.core.handle(Input::Tick, self.now()),
            }
            self.carry_out();
        }
    }

    fn now(&self) -> Micros {
        self.started.elapsed().as_micros() as Micros
    }

    fn open(&mut self, letter: Letter) {
        let now = self.now();
        match letter {
            Letter::Input(Input::ShimClosed { connection }) => {
                self.shims.remove(&connection);
                self.core.handle(Input::ShimClosed { connection }, now);
            }
            // What was on its way when the stream was closed.
            Letter::Input(Input::Shim { connection, .. })
                if !self.shims.contains_key(&connection) => {}
            Letter::Input(input) => self.core.handle(input, now),
            Letter::ShimOpened { connection, stream } => {
                self.shims.insert(connection, stream);
            }
            Letter::FromTarget(target, report) => self.hear(target, report, now),
            Letter::Visit(visit) => visit(&mut self.core, &self.links, now),
        }
    }

    fn hear(&mut self, target: Target, report: Report, now: Micros) {
        let input = match report {
            Report::Up { requests, entities } => {
                self.links.insert(target, requests);
                Input::Contents { target, entities }
            }
            Report::Contents(entities) => Input::Contents { target, entities },
            Report::Written { id, errors } => Input::Written { target, id, errors },
            Report::Down => {
                self.links.remove(&target);
                Input::Disconnected { target }
            }
        };
        self.core.handle(input, now);
    }

    fn carry_out(&mut self) {
        let mut must_save = false;
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Dial { target } => self.dial(target),
                // A target that went away meanwhile says so itself.
                Output::Write {
                    target,
                    id,
                    updates,
                } => self.request(target, Request::Write { id, updates }),
                Output::Read { target } => self.request(target, Request::ReadAll),
                Output::ToShim {
                    connection,
                    message,
                } => {
                    if let Some(stream) = self.shims.get(&connection) {
                        // A stream that has ended says so itself.
                        let _ = stream.send(Ok(message));
                    }
                }
                Output::CloseShim { connection, reason } => {
                    tracing::info!(connection, %reason, "ending a shim's stream");
                    if let Some(stream) = self.shims.remove(&connection) {
                        let _ = stream.send(Err(Status::failed_precondition(reason.to_string())));
                    }
                }
                Output::Save => must_save = true,
            }
        }
        if must_save
            && let Some(file) = &self.state_file
            && let Err(error) = with_configured(&self.configured, |configured| {
                state::save(file, &self.core, configured)
            })
        {
            tracing::error!(%error, "what operators changed is not kept");
        }
    }

    fn request(&self, target: Target, request: Request) {
        if let Some(link) = self.links.get(&target) {
            let _ = link.send(request);
        }
    }

    fn dial(&mut self, target: Target) {
        let (address, device_id, program, json) = match target {
            Target::Router => match &self.core.group().router {
                Some(router) => (
                    router.p4runtime.clone(),
                    router.device_id,
                    &front_router::PROGRAM,
                    front_router::BMV2_JSON,
                ),
                None => return,
            },
            Target::Stage(id) => match self.core.hosts().find(|host| host.id == id) {
                Some(host) => (
                    host.p4runtime.clone(),
                    host.device_id,
                    &host_stage::PROGRAM,
                    host_stage::BMV2_JSON,
                ),
                None => return,
            },
        };
        if self.dialled.insert(target, address.clone()).is_some() {
            return;
        }
        let config = TargetConfig {
            address,
            device_id,
            program,
            json,
            election_id: self.election_id,
        };
        let letters = self.mailbox.sender();
        self.targets
            .spawn(p4runtime_client::keep_connected(config, move |report| {
                letters.send(Letter::FromTarget(target, report)).is_ok()
            }));
    }
}
