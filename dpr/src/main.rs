//! The dpr command: one subcommand per part of the product.

mod bench;
mod compile;
mod controller;
mod ctl;
mod demo;
mod p4rt;
mod program;
mod run;
mod shim;
mod switch;
mod test;

use std::process::ExitCode;

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
    /// Measure parts of the product on this machine
    Bench(bench::Arguments),
    /// Compile P4-16 programs
    Compile(compile::Arguments),
    /// Control a group: its hosts' stages and its front router
    Controller(controller::Arguments),
    /// Ask or tell the controller something
    Ctl(ctl::Arguments),
    /// Run a whole group in this process, with real TCP connections, and show what it does
    Demo(demo::Options),
    /// Read and change what a P4Runtime target holds
    P4rt(p4rt::Arguments),
    /// Compile a P4-16 program and run it between ports, with a P4Runtime server
    Run(run::Arguments),
    /// Watch a host's connections and report them to the controller
    Shim(shim::Arguments),
    /// Run one packet pipeline between ports, with a P4Runtime server
    Switch(switch::Arguments),
    /// Run P4 programs against tests in STF
    Test(test::Arguments),
}

fn main() -> ExitCode {
    run(Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Bench(arguments) => bench::run(&arguments)?,
        Command::Compile(arguments) => return compile::run(&arguments),
        Command::Controller(arguments) => controller::run(&arguments)?,
        Command::Ctl(arguments) => ctl::run(arguments)?,
        Command::Demo(options) => return demo::run(&options),
        Command::P4rt(arguments) => return p4rt::run(arguments),
        Command::Run(arguments) => return run::run(arguments),
        Command::Shim(arguments) => shim::run(&arguments)?,
        Command::Switch(arguments) => switch::run(arguments)?,
        Command::Test(arguments) => return test::run(&arguments),
    }
    Ok(ExitCode::SUCCESS)
}
