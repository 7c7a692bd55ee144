//! The controller: turns what the shims report into flow state, and weights, health and policy into the owners of buckets, and
//! writes both to the stages over P4Runtime.

mod config;
pub mod core;
pub mod criteria;
mod p4runtime_client;
pub mod placer;
mod service;

pub use config::{Config, ConfigError};
pub use service::{Controller, ReloadError, Settings, StartError, StateError};
