//! Plays a test against a pipeline.

mod control;
mod digests;
mod entries;
pub mod names;
mod ports;
mod replication;

use crate::{Command, Number, Place, Script};
pub use control::{Control, Refusal, Session};
use dpr_runtime::{Digest, Ingress, Packet, Pipeline, Verdict, Worker};
pub use entries::Dialect;
use names::NameError;
use ports::Ports;
use std::collections::VecDeque;
use std::fmt::Write;

/// Virtual time between two packets.
const PACKET_US: u64 = 1_000;
/// Virtual time that `wait` takes, and any other command that is not a packet.
const COMMAND_US: u64 = 1_000_000;

/// What came of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many packets went in.
    pub sent: usize,
    /// How many came out, by any port.
    pub received: usize,
    /// What the test asked to be shown.
    pub notes: Vec<String>,
    /// What was not as expected, in the order of the text.
    pub failures: Vec<Failure>,
}

/// Something that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The command that says what was expected, or that brought about what was not.
    pub place: Place,
    /// One or several lines.
    pub message: String,
}

impl Summary {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Notes and failures as text, with the test's file in front of places.
    pub fn render(&self, file: &str) -> String {
        let mut text = String::new();
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        for failure in &self.failures {
            let _ = writeln!(
                text,
                "{file}:{}: {}",
                failure.place,
                failure.message.trim_end().replace('\n', "\n    ")
            );
        }
        text
    }
}

/// Why a command does nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Where, if more is known than the command.
    pub place: Option<Place>,
    /// What stands in the way.
    pub message: String,
}

impl Problem {
    fn new(message: impl ToString) -> Self {
        Problem {
            place: None,
            message: message.to_string(),
        }
    }

    fn at(place: Place, message: impl ToString) -> Self {
        Problem {
            place: Some(place),
            message: message.to_string(),
        }
    }
}

impl Problem {
    /// The same, at this place if none is known yet.
    fn or_at(self, place: Place) -> Self {
        Problem {
            place: self.place.or(Some(place)),
            ..self
        }
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Problem::new(error)
    }
}

/// Runs a test against a pipeline that is as new. Ends at the first command that cannot be carried out; packets are compared
/// port by port, in the order in which they left, when all commands have run.
pub fn run(script: &Script, pipeline: &dyn Pipeline) -> Summary {
    let mut runner = Runner {
        pipeline,
        worker: Worker::seeded(0),
        now_us: 0,
        ports: Ports::default(),
        digests: VecDeque::new(),
        control: Session::new(pipeline, Dialect::Test),
        summary: Summary::default(),
    };
    let mut complete = true;
    for command in &script.commands {
        if let Err(problem) = runner.execute(command.place, &command.node) {
            runner.fail(problem.place.unwrap_or(command.place), problem.message);
            complete = false;
            break;
        }
    }
    runner.finish(complete)
}

struct Runner<'p> {
    pipeline: &'p dyn Pipeline,
    worker: Worker,
    now_us: u64,
    ports: Ports,
    /// Those that no command has asked for yet.
    digests: VecDeque<Digest>,
    control: Session<&'p dyn Pipeline>,
    summary: Summary,
}

impl Runner<'_> {
    fn fail(&mut self, place: Place, message: String) {
        self.summary.failures.push(Failure { place, message });
    }

    fn execute(&mut self, place: Place, command: &Command) -> Result<(), Problem> {
        match command {
            Command::Packet { port, bytes } => self.send(place, *port, bytes),
            Command::Expect { port, packet } => self.ports.expect(place, *port, packet.clone()),
            Command::NoPacket { port } => {
                let failures = self.ports.check_silence(place, *port);
                self.summary.failures.extend(failures);
            }
            Command::Wait => self.now_us += COMMAND_US,
            Command::ExpectDigest { digest, fields } => self.expect_digest(digest, fields)?,
            Command::NoDigest => match self.digests.front() {
                None => {}
                Some(digest) => {
                    let program = self.pipeline.program();
                    return Err(Problem::new(digests::unexpected(program, digest)));
                }
            },
            other => {
                self.now_us += COMMAND_US;
                let note = self.control.execute(other)?;
                self.summary.notes.extend(note);
            }
        }
        Ok(())
    }

    fn send(&mut self, place: Place, port: u16, bytes: &[u8]) {
        self.now_us += PACKET_US;
        self.summary.sent += 1;
        self.ports.name(port);
        let mut packet = Packet::from_bytes(bytes);
        let ingress = Ingress {
            port,
            now_us: self.now_us,
        };
        let verdict = self
            .pipeline
            .process(&mut self.worker, ingress, &mut packet);
        self.digests.extend(self.worker.digests.drain(..));
        match verdict {
            Verdict::Drop => {}
            Verdict::Send { port } => self.ports.receive(place, port, packet.bytes()),
            Verdict::Several => {
                for output in self.worker.outputs.drain(..) {
                    let bytes = output.packet.bytes();
                    self.ports.receive(place, output.port, bytes);
                }
            }
        }
    }

    fn expect_digest(&mut self, name: &str, fields: &[(String, Number)]) -> Result<(), Problem> {
        match self.digests.pop_front() {
            Some(digest) => digests::check(self.pipeline.program(), &digest, name, fields),
            None => Err(Problem::new("no packet has caused another digest")),
        }
    }

    fn finish(mut self, complete: bool) -> Summary {
        self.summary.received = self.ports.received();
        if complete {
            self.summary.failures.extend(self.ports.compare());
        }
        self.summary.failures.sort_by_key(|failure| failure.place);
        self.summary
    }
}
