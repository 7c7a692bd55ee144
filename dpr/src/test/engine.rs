//! What can run a program.

mod bmv2_json;
mod rust;

use super::case::Case;
use crate::program::files;
use dpr_codegen::diagnostic::Style;
use dpr_codegen::{Goal, PreprocessorOptions, compile_for};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Generated Rust.
    Rust,
    /// The engine for BMv2's JSON.
    Bmv2Json,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Rust => "rust",
            Engine::Bmv2Json => "bmv2-json",
        })
    }
}

/// What all engines are told.
#[derive(Debug)]
pub struct Options<'a> {
    /// The preprocessor's options.
    pub preprocessor: PreprocessorOptions,
    /// How many programs are worked on at once.
    pub jobs: usize,
    /// Where and with what generated Rust is built.
    pub build: &'a Build,
}

/// Where and with what generated Rust is built.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The source tree of dpr that generated Rust is built with; the one that this binary was built from if not given
    #[arg(long, value_name = "FOLDER")]
    runtime: Option<PathBuf>,
    /// Where generated Rust is built, and kept for the next time; dpr/test in the user's cache folder if not given
    #[arg(long, value_name = "FOLDER")]
    build_dir: Option<PathBuf>,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// All was as expected.
    Passed {
        /// What the test asked to be shown.
        output: String,
    },
    /// Something was not.
    Failed {
        /// How far it came.
        stage: Stage,
        /// What was wrong.
        message: String,
    },
    /// It was not run.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Where a test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The test itself cannot be read.
    Read,
    /// The program does not compile for the engine.
    Compile,
    /// The engine does not take the compiler's output.
    Load,
    /// Packets or state are not as expected.
    Run,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Read => "the test cannot be read",
            Stage::Compile => "the program does not compile",
            Stage::Load => "the engine does not take the compiled program",
            Stage::Run => "not as expected",
        })
    }
}

impl Engine {
    /// Runs tests; the outcomes are in their order.
    ///
    /// # Errors
    /// The engine itself does not work here.
    pub fn run(self, cases: &[Case], options: &Options<'_>) -> anyhow::Result<Vec<Outcome>> {
        match self {
            Engine::Rust => rust::run(cases, options),
            Engine::Bmv2Json => Ok(bmv2_json::run(cases, options)),
        }
    }
}

/// Compiles a program for some goals, or says why not.
fn compile<const GOALS: usize>(
    program: &Path,
    options: &PreprocessorOptions,
    goals: [Goal; GOALS],
) -> Result<[Vec<u8>; GOALS], Outcome> {
    let failed = |message| Outcome::Failed {
        stage: Stage::Compile,
        message,
    };
    let compiled = std::panic::catch_unwind(|| {
        let outcomes = compile_for(files(), program, options, &goals);
        outcomes
            .outputs
            .and_then(|outputs| outputs.try_into().ok())
            .ok_or_else(|| outcomes.diagnostics.render(&outcomes.sources, Style::Plain))
    });
    match compiled {
        Ok(output) => output.map_err(failed),
        Err(_) => Err(failed("the compiler panicked".to_owned())),
    }
}
