//! Small P4 programs, one for each feature of the language and of v1model, with tests in STF beside them. They are examples of how
//! P4 and STF are written, and they run in `cargo test` on every engine. This library holds them as generated Rust.

use dpr_runtime::Pipeline;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Where the programs and their tests are.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/programs");

/// Makes a program's pipeline.
pub type Build = fn() -> Arc<dyn Pipeline>;
