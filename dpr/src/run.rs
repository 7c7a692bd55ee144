//! `dpr run`: compiles a program and serves it, in one step.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use dpr_codegen::{Goal, compile_for};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use prost::Message;

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
    let outcomes = compile_for(
        program::files(),
        &arguments.program,
        &arguments.preprocessor.options(),
        &[Goal::Bmv2Json, Goal::P4InfoBinary],
    );
    program::show(&outcomes.diagnostics, &outcomes.sources);
    let outputs: Option<[Vec<u8>; 2]> = outcomes.outputs.and_then(|both| both.try_into().ok());
    let Some([json, p4info]) = outputs else {
        return Ok(ExitCode::FAILURE);
    };
    let config = ForwardingPipelineConfig {
        p4info: Some(P4Info::decode(p4info.as_slice()).context("the compiler's P4Info")?),
        p4_device_config: json,
        cookie: None,
    };
    run_until_signal(Running::Loaded(Some(config)), arguments.serving)?;
    Ok(ExitCode::SUCCESS)
}
