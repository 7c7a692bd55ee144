//! The agent on each host of the group: it watches the host's connections come and go and reports them to the controller, probes
//! the other hosts' data paths, and says where the stage's MACs are.
//!
//! [`Tracker`] and [`Session`] are pure: bytes and times in, messages and frames out. [`service`] puts a session between a
//! [`source`] of packets and the controller's gRPC stream.

mod config;
mod data;
mod flow;
mod outbox;
mod prober;
pub mod service;
mod session;
pub mod source;
#[cfg(test)]
mod testing;
mod tracker;
mod wire;

pub use config::{Config, ConfigError};
pub use data::{DataCheck, Evidence};
pub use flow::{Direction, Event, EventKind, FiveTuple, Service};
pub use outbox::OutboxConfig;
pub use session::{Session, SessionConfig};
pub use tracker::{LiveFlow, Tracker, TrackerConfig};
