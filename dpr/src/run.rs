//! `dpr run`: compiles a program and serves it, in one step.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::program::{self, Preprocessor};
use crate::switch::{Running, Serving, run_until_signal};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The program's main file
    #[arg(value_name = "PROGRAM.p4")]
    program: PathBuf,
    #[command(flatten)]
    preprocessor: Preprocessor,
    #[command(flatten)]
    serving: Serving,
}

/// Runs until SIGINT or SIGTERM; exits with status 1 if the program has errors.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = program::pipeline_config(&arguments.program, &arguments.preprocessor)?;
    let Some(config) = config else {
        return Ok(ExitCode::FAILURE);
    };
    run_until_signal(Running::Loaded(Some(config)), arguments.serving)?;
    Ok(ExitCode::SUCCESS)
}
