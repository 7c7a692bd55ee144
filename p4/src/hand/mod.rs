//! The two pipelines written by hand, with the face that generated modules have.

#[macro_use]
mod face;
pub mod front_router;
mod group;
pub mod host_stage;
mod parse;
