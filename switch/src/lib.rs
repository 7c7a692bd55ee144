//! A software switch: packets from ports through a pipeline to ports, and a P4Runtime server over the same pipeline. It knows
//! nothing of any program; pipelines come from outside, as [`dpr_runtime::Pipeline`].

pub mod bmv2;
mod controller_header;
mod counters;
mod p4runtime;
pub mod port;
mod slot;
mod switch;

pub use counters::{PortCounters, SwitchCounters};
pub use p4runtime::{Loader, P4RuntimeServer, ServerHandle};
pub use port::{Port, PortConfig, PortConfigError};
pub use slot::PipelineSlot;
pub use switch::{StartError, Switch};
