//! `dpr controller`: the controller of a group.

use anyhow::Context;
use dpr_controller::{Config, Controller, Settings};
use std::{io::Write, net::SocketAddr, path::PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The group: its services, hosts, front router and timers
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where shims find the controller, instead of the configuration's address; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS")]
    shims: Option<SocketAddr>,
    /// Where operators find it, likewise
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// Only check the configuration
    #[arg(long)]
    check: bool,
}

/// Runs until SIGINT or SIGTERM; reads the configuration again on SIGHUP.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::read(&arguments.config)?;
    if arguments.check {
        return Ok(());
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .init();
    let mut settings = Settings::from(&config);
    settings.shims = arguments.shims.unwrap_or(settings.shims);
    settings.admin = arguments.admin.unwrap_or(settings.admin);
    settings.config = Some((arguments.config.clone(), config));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before anything is served, so that no signal goes unheard.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let controller = Controller::start(settings)
            .await
            .context("the controller does not start")?;
        let mut output = std::io::stdout();
        writeln!(
            output,
            "shims: {}\nadmin: {}",
            controller.shim_address(),
            controller.admin_address()
        )?;
        output.flush()?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = hang_up.recv() => reload(&controller).await,
            }
        }
        controller.stop().await;
        Ok(())
    })
}

/// Reads the configuration again, and logs what came of it.
async fn reload(controller: &Controller) {
    match controller.reload().await {
        Ok(changes) if changes.is_empty() => {
            tracing::info!("the configuration is as it was");
        }
        Ok(changes) => tracing::info!(
            changes = changes.join("; "),
            "the configuration has changed"
        ),
        Err(error) => tracing::error!(%error, "nothing is changed"),
    }
}
