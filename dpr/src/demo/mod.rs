//! `dpr demo`: a whole group in one process.

// The network below runs in its tests only, until the control plane is joined to it.
#![allow(dead_code)]

mod clients;
mod content;
mod forget;
mod host;
mod http;
mod net;
mod observer;
mod options;
mod stack;
mod topology;
mod traffic;
mod world;

use std::process::ExitCode;

pub use options::Options;

/// Runs the demo.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let _settings = options.settings()?;
    anyhow::bail!("the demo's network is there, but no control plane drives it yet")
}
