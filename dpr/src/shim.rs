//! `dpr shim`: the agent on a host.

use std::path::PathBuf;

use anyhow::Context;
use dpr_host_shim::source::InterfaceSource;
use dpr_host_shim::{Config, service};
use tokio::signal::unix::{SignalKind, signal};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What the shim must know of its host
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs until SIGINT or SIGTERM, or until the interface is gone.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::read(&arguments.config)?;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let source = InterfaceSource::open(&config.interface)
        .with_context(|| format!("cannot capture on interface {}", config.interface))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        };
        Ok(service::run(config.settings(), source, shutdown).await?)
    })
}
