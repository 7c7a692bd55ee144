//! The two pipelines written by hand, over the types of the generated ones: what those are measured against and compared with.

mod front_router;
mod host_stage;
mod parse;

pub use front_router::FrontRouter;
pub use host_stage::HostStage;
