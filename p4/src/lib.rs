//! The packet pipelines of dpr, and the types that their control planes use.

mod hand;
pub mod probe;

pub use hand::{front_router, host_stage};

/// The same pipelines written by hand: what the generated ones are measured against and compared with.
pub mod by_hand {
    pub use crate::hand::{front_router::FrontRouter, host_stage::HostStage};
}
