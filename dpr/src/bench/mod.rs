//! `dpr bench`: what the parts do on this machine.

mod engines;
mod group;
mod memory;
mod packets;
mod pipeline;
mod report;
mod scenario;
mod throughput;
mod visibility;
mod write;

use clap::{Args, Subcommand};

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Generated Rust beside the engine for BMv2's JSON, in memory and as switch processes between interfaces
    Engines(engines::Options),
    /// Groups of several sizes in virtual time, under churn, beside a plain hash and a router in the middle
    Group(group::Options),
    /// The packet pipelines on one core, generated beside written by hand, and their tables
    Pipeline(pipeline::Options),
    /// A batch of table entries over P4Runtime
    Write(write::Options),
}

/// Measures and prints.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::Engines(options) => engines::run(options),
        What::Group(options) => group::run(options),
        What::Pipeline(options) => pipeline::run(options),
        What::Write(options) => write::run(options),
    }
}
