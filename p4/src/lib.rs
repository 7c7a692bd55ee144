//! The packet pipelines of dpr, and the types that their control planes use.

mod hand;
pub mod probe;

pub use hand::{front_router, host_stage};
