//! `dpr p4rt`: a P4Runtime client for any target. It learns the program from the target, and speaks of it in STF's words.

pub mod device;
mod info;
mod show;
mod watch;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use dpr_p4runtime::v1::stream_message_request::Update as Said;
use dpr_p4runtime::v1::{PacketMetadata, PacketOut};
use dpr_runtime::Pipeline;
use dpr_stf::{Control, Dialect, Number, Script, Session};

use crate::program::{self, Preprocessor};
use crate::switch;
use device::{Device, Primary};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the target's P4Runtime server listens
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9559",
        global = true
    )]
    grpc: String,
    /// The target's device id
    #[arg(long, value_name = "ID", default_value_t = 1, global = true)]
    device_id: u64,
    /// Who this client is among the device's: the largest is the primary, and may change things
    #[arg(long, value_name = "NUMBER", default_value_t = 1, global = true)]
    election_id: u64,
    #[command(subcommand)]
    request: Request,
}

#[derive(Debug, Subcommand)]
enum Request {
    /// What the target's program has: tables with their keys and actions, counters, and the rest
    Info,
    /// Give the target a program: P4 source, which is compiled, or BMv2's JSON with its P4Info
    Push {
        /// PROGRAM.p4 or FILE.json
        program: PathBuf,
        /// The P4Info of the JSON, as protobuf text
        #[arg(long, value_name = "FILE")]
        p4info: Option<PathBuf>,
        #[command(flatten)]
        preprocessor: Preprocessor,
    },
    /// Carry out commands of STF's control plane, one in each argument: add, modify, remove, setdefault, member, group, multicast,
    /// clone_session, counter_read, meter_set_rates, value_set, delete ...
    Do {
        /// Such as 'add ipv4_lpm dst:10.0.0.0/8 forward(port:1)'
        #[arg(value_name = "COMMAND", required_unless_present = "file")]
        commands: Vec<String>,
        /// Commands, one on each line; - is standard input
        #[arg(short, long, value_name = "FILE", conflicts_with = "commands")]
        file: Option<PathBuf>,
    },
    /// What the target holds, as the commands that would make it
    Show {
        /// Only of these tables, counters, meters, profiles and value sets
        names: Vec<String>,
        /// Counters that have counted nothing, too
        #[arg(long)]
        all: bool,
    },
    /// Print packets and digests for the controller, and entries that are idle, as they come
    Watch {
        /// End after so many
        #[arg(long, value_name = "NUMBER")]
        count: Option<u64>,
    },
    /// Send a packet out
    PacketOut {
        /// The packet's bytes in hex digits
        packet: String,
        /// The fields of the program's packet_out header, as NAME:VALUE
        #[arg(value_name = "FIELD:VALUE")]
        metadata: Vec<String>,
    },
}

/// Does what was asked; status 1 if the program to push has errors.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let election_id = arguments.election_id.into();
    let device = Device::connect(&arguments.grpc, arguments.device_id)?;
    let mut output = std::io::stdout().lock();
    match arguments.request {
        Request::Info => write!(output, "{}", info::describe(&device.p4info()?))?,
        Request::Push {
            program,
            p4info,
            preprocessor,
        } => {
            let compiled = program.extension().is_some_and(|ending| ending == "p4");
            let config = match compiled {
                true => program::pipeline_config(&program, &preprocessor)?,
                false => Some(switch::config(&program, p4info.as_deref())?),
            };
            let Some(config) = config else {
                return Ok(ExitCode::FAILURE);
            };
            Primary::of(&device, election_id)?.push(config)?;
        }
        Request::Do { commands, file } => {
            let (name, text) = match file {
                Some(path) => (path.display().to_string(), read(&path)?),
                None => ("command".to_owned(), commands.join("\n")),
            };
            let primary = Primary::of(&device, election_id)?;
            carry_out(&text, &name, &primary, &mut output)?;
        }
        Request::Show { names, all } => {
            // Reading takes no primary.
            let reader = device.reader()?;
            for line in show::show(&reader, &names, all)? {
                writeln!(output, "{line}")?;
            }
        }
        Request::Watch { count } => {
            watch::watch(Primary::of(&device, election_id)?, count, &mut output)?;
        }
        Request::PacketOut { packet, metadata } => {
            let mut primary = Primary::of(&device, election_id)?;
            let packet = packet_out(&primary, &packet, &metadata)?;
            primary.say(Said::Packet(packet))?;
            primary.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Carries out commands up to the first that fails, which is the error.
pub fn carry_out(
    text: &str,
    name: &str,
    control: impl Control,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let script = Script::parse(text).map_err(|error| anyhow!("{name}:{error}"))?;
    let mut session = Session::new(control, Dialect::Client);
    for command in &script.commands {
        let shown = session.execute(&command.node).map_err(|problem| {
            let place = problem.place.unwrap_or(command.place);
            anyhow!("{name}:{place}: {problem}")
        })?;
        if let Some(shown) = shown {
            writeln!(output, "{shown}")?;
        }
    }
    Ok(())
}

/// Carries out the commands of a file on a pipeline of this process.
pub fn fill(pipeline: &dyn Pipeline, path: &Path) -> anyhow::Result<()> {
    let name = path.display().to_string();
    carry_out(&read(path)?, &name, pipeline, &mut std::io::stderr())
}

fn packet_out(primary: &Primary, packet: &str, metadata: &[String]) -> anyhow::Result<PacketOut> {
    let packet: String = packet.split_whitespace().collect();
    let digits = packet.as_bytes().chunks(2);
    let bytes = digits.map(|pair| {
        let digit = |position| char::from(*pair.get(position)?).to_digit(16);
        Some((digit(0)? << 4 | digit(1)?) as u8)
    });
    let payload: Option<Vec<u8>> = bytes.collect();
    let Some(payload) = payload else {
        bail!("`{packet}` is no packet: an even number of hex digits");
    };
    let known = info::controller_header(primary.p4info(), "packet_out");
    let metadata = metadata.iter().map(|given| {
        let (name, value) = given
            .split_once(':')
            .with_context(|| format!("`{given}` is not FIELD:VALUE"))?;
        let field = known.iter().find(|(_, known, _)| known == name);
        let (id, _, _) = field.with_context(|| {
            let names: Vec<_> = known.iter().map(|(_, name, _)| name).collect();
            format!("packet_out has no field `{name}`; it has {names:?}")
        })?;
        let value = Number::parse(value)
            .filter(|value| !value.has_wildcards())
            .with_context(|| format!("`{value}` is no number"))?;
        Ok(PacketMetadata {
            metadata_id: *id,
            value: dpr_p4runtime::bytestring::encode(value.value),
        })
    });
    Ok(PacketOut {
        payload,
        metadata: metadata.collect::<anyhow::Result<_>>()?,
    })
}
