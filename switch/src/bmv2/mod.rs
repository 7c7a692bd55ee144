//! The engine for BMv2's JSON: reads a program as p4c or our own compiler writes it (behavioral-model, `docs/JSON_format.md`,
//! version 2.x) and runs it as `simple_switch` does, fast enough to be used.
//!
//! `program::read` turns the document into lists in which everything refers to everything else by position; nothing is looked
//! up by name while packets pass. A packet's headers and metadata are a flat list of words (`layout`), expressions are trees
//! over such words (`expr`), and tables are those of `dpr-runtime`.

mod action;
mod agreement;
mod calculation;
mod engine;
mod error;
mod expr;
mod info;
mod json;
mod layout;
mod parser;
mod process;
mod program;
mod sink;
mod state;
pub(crate) mod table;

pub use engine::{Engine, JsonLoader};
pub use error::{LoadError, Reason};

#[cfg(test)]
mod tests;
