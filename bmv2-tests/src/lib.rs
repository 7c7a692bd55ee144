//! The harness that drives a packet pipeline from outside, as its users do: a target process with packets on its ports and
//! P4Runtime on its server; and the scenarios that every target has to pass.
//!
//! Whatever goes wrong here fails a test, so that the harness panics, with all that the target printed.

mod client;
mod describe;
mod eventually;
pub mod frame;
pub mod namespace;
mod port;
mod process;
pub mod random;
pub mod scenarios;
mod target;

pub use client::{Client, WriteFailure};
pub use describe::{describe, difference};
pub use eventually::{eventually, eventually_within};
pub use port::TestPort;
pub use process::Process;
pub use target::{Capability, Launch, Platform, Target, TargetKind, simple_switch_grpc};
