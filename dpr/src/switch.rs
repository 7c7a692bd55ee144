//! `dpr switch`: one pipeline between ports, with its P4Runtime server.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use dpr_p4::{front_router, host_stage};
use dpr_runtime::Pipeline;
use dpr_switch::{P4RuntimeServer, PortConfig, Switch, port::memory};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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
    /// The program to run
    #[arg(long, value_parser = PossibleValuesParser::new(PROGRAMS.map(|(name, _)| name)))]
    program: String,
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
}

/// Runs until SIGINT or SIGTERM.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .init();
    let (_, construct) = PROGRAMS
        .into_iter()
        .find(|(name, _)| *name == arguments.program)
        .context("the program was checked when the arguments were read")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(construct(), arguments))
}

async fn serve(pipeline: Arc<dyn Pipeline>, arguments: Arguments) -> anyhow::Result<()> {
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
    let switch = Switch::start(Arc::clone(&pipeline), ports, seed)?;
    let (grpc, device_id) = (arguments.grpc, arguments.device_id);
    let server = match cpu_end {
        Some(cpu) => P4RuntimeServer::bind_with_cpu_port(grpc, device_id, pipeline, cpu).await,
        None => P4RuntimeServer::bind(grpc, device_id, pipeline).await,
    };
    let (address, server) = server.with_context(|| format!("cannot serve P4Runtime on {grpc}"))?;
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
