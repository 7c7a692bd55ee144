//! `dpr switch`: one pipeline between ports, with its P4Runtime server.
//!
//! `dpr run` serves with the same code.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use dpr_p4::{front_router, host_stage};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::text::parse_p4info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use dpr_runtime::Pipeline;
use dpr_switch::bmv2::JsonLoader;
use dpr_switch::{P4RuntimeServer, PipelineSlot, PortConfig, Switch, port::memory};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::p4rt;

/// Packets that may wait between the pipeline and the P4Runtime server.
const CPU_QUEUE: usize = 1024;

/// How a program's pipeline is made.
type Constructor = fn() -> Arc<dyn Pipeline>;

/// The programs that are compiled into this command.
const PROGRAMS: [(&str, Constructor); 2] = [
    ("host_stage", || Arc::new(host_stage::HostStage::new())),
    (
        "front_router",
        || Arc::new(front_router::FrontRouter::new()),
    ),
];

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A program that is compiled into this command. Without it the switch runs what P4Runtime's SetForwardingPipelineConfig
    /// brings: P4Info, and BMv2's JSON as the device config
    #[arg(long, value_parser = PossibleValuesParser::new(PROGRAMS.map(|(name, _)| name)), conflicts_with = "json")]
    program: Option<String>,
    /// A program in BMv2's JSON to begin with, ours or p4c's
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The P4Info of the JSON, as protobuf text
    #[arg(long, value_name = "FILE", requires = "json")]
    p4info: Option<PathBuf>,
    #[command(flatten)]
    serving: Serving,
}

/// What a switch is connected to.
#[derive(Debug, clap::Args)]
pub struct Serving {
    /// Where the P4Runtime server listens; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9559")]
    grpc: SocketAddr,
    /// The device id that P4Runtime clients are to use
    #[arg(long, value_name = "ID", default_value_t = 1)]
    device_id: u64,
    /// A port: NUMBER@INTERFACE, or without root NUMBER@unix:PATH or NUMBER@unix:PATH,PEER, a UNIX datagram socket bound to PATH
    /// that sends to PEER (PATH.peer unless given), one frame a datagram
    #[arg(short, long = "interface", value_name = "PORT")]
    interfaces: Vec<String>,
    /// The port that leads to the controller: packets that the program sends there become packet-ins
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..511))]
    cpu_port: Option<u16>,
    /// For the program's random numbers; chosen at random unless given
    #[arg(long)]
    seed: Option<u64>,
    /// What the program's tables hold from the beginning: commands of STF, as `dpr p4rt show` prints them
    #[arg(long, value_name = "FILE")]
    entries: Option<PathBuf>,
}

/// What runs on a switch.
#[allow(
    clippy::large_enum_variant,
    reason = "a process makes one of them in its life"
)]
pub enum Running {
    /// A pipeline that is there for good.
    Fixed(Arc<dyn Pipeline>),
    /// Whatever P4Runtime brings, after this.
    Loaded(Option<ForwardingPipelineConfig>),
}

/// Runs until SIGINT or SIGTERM.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let running = match (&arguments.program, &arguments.json) {
        (Some(wanted), _) => {
            let mut programs = PROGRAMS.into_iter();
            let found = programs.find(|(name, _)| name == wanted);
            let (_, construct) =
                found.context("the program was checked when the arguments were read")?;
            Running::Fixed(construct())
        }
        (None, Some(json)) => Running::Loaded(Some(config(json, arguments.p4info.as_deref())?)),
        (None, None) => Running::Loaded(None),
    };
    run_until_signal(running, arguments.serving)
}

/// The configuration of a program in files.
pub fn config(json: &Path, p4info: Option<&Path>) -> anyhow::Result<ForwardingPipelineConfig> {
    let cannot_read = |path: &Path| format!("cannot read {}", path.display());
    let p4info = match p4info {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| cannot_read(path))?;
            parse_p4info(&text).with_context(|| format!("{} is no P4Info", path.display()))?
        }
        None => P4Info::default(),
    };
    Ok(ForwardingPipelineConfig {
        p4info: Some(p4info),
        p4_device_config: std::fs::read(json).with_context(|| cannot_read(json))?,
        cookie: None,
    })
}

/// Serves until SIGINT or SIGTERM.
pub fn run_until_signal(running: Running, serving: Serving) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(running, serving))
}

async fn serve(running: Running, arguments: Serving) -> anyhow::Result<()> {
    let ports = arguments.interfaces.iter();
    let ports: Result<Vec<_>, _> = ports.map(|text| PortConfig::parse_numbered(text)).collect();
    let mut ports = ports?;
    let cpu_end = arguments.cpu_port.map(|number| {
        let (inside, outside) = memory::link(CPU_QUEUE);
        ports.push((number, PortConfig::Memory(inside)));
        outside
    });
    // Before the first packet, so that no signal goes unheard.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let slot = match &running {
        Running::Fixed(pipeline) => PipelineSlot::new(Arc::clone(pipeline)),
        Running::Loaded(_) => PipelineSlot::empty(),
    };
    let (grpc, device_id) = (arguments.grpc, arguments.device_id);
    let server = match (running, cpu_end) {
        (Running::Fixed(_), Some(cpu)) => {
            P4RuntimeServer::bind_with_cpu_port(grpc, device_id, slot.clone(), cpu).await
        }
        (Running::Fixed(_), None) => P4RuntimeServer::bind(grpc, device_id, slot.clone()).await,
        (Running::Loaded(initial), cpu) => {
            let (slot, loader) = (slot.clone(), Arc::new(JsonLoader));
            P4RuntimeServer::bind_loadable(grpc, device_id, slot, loader, initial, cpu).await
        }
    };
    let (address, server) = server.with_context(|| format!("cannot serve P4Runtime on {grpc}"))?;
    if let Some(path) = &arguments.entries {
        let pipeline = slot.load();
        p4rt::fill(pipeline.as_ref(), path)?;
    }
    // Now that the tables hold what the first packet is to find.
    let switch = Switch::start_slot(slot, ports, seed)?;
    let mut output = std::io::stdout();
    writeln!(output, "listening on {address}")?;
    output.flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.shutdown().await;
    for (port, counters) in switch.port_counters() {
        tracing::info!(port, ?counters, "port");
    }
    tracing::info!(counters = ?switch.counters(), "switch");
    Ok(())
}
