//! The dpr command: one subcommand per part of the product.

mod shim;

use clap::{Parser, Subcommand};

/// Spreads the packets of a group of hosts over them, each connection to the host that holds it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a host's connections and report them to the controller
    Shim(shim::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Shim(arguments) => shim::run(&arguments),
    }
}
