//! `dpr run`: compiles a program and serves it, in one step.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use prost::Message;

use crate::switch::{Running, Serving, run_until_signal};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The program's main file
    #[arg(value_name = "PROGRAM.p4")]
    program: PathBuf,
    /// A folder in which included files are searched
    #[arg(short = 'I', value_name = "FOLDER")]
    include: Vec<PathBuf>,
    /// Define a macro: NAME, NAME=text or NAME(parameters)=text
    #[arg(short = 'D', value_name = "MACRO")]
    define: Vec<String>,
    /// Do not define a macro after all
    #[arg(short = 'U', value_name = "NAME")]
    undefine: Vec<String>,
    #[command(flatten)]
    serving: Serving,
}

/// Runs until SIGINT or SIGTERM; exits with status 1 if the program has errors.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let compiled = compile(&arguments, Goal::Bmv2Json, true)?;
    let Some(json) = compiled else {
        return Ok(ExitCode::FAILURE);
    };
    // The diagnostics are the same.
    let p4info = compile(&arguments, Goal::P4InfoBinary, false)?.unwrap_or_default();
    let config = ForwardingPipelineConfig {
        p4info: Some(P4Info::decode(p4info.as_slice()).context("the compiler's P4Info")?),
        p4_device_config: json,
        cookie: None,
    };
    run_until_signal(Running::Loaded(Some(config)), arguments.serving)?;
    Ok(ExitCode::SUCCESS)
}

fn compile(arguments: &Arguments, goal: Goal, show: bool) -> anyhow::Result<Option<Vec<u8>>> {
    let options = PreprocessorOptions {
        include_paths: arguments.include.clone(),
        defines: arguments.define.clone(),
        undefines: arguments.undefine.clone(),
    };
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let outcome = dpr_codegen::compile(sources, &arguments.program, &options, goal);
    if show {
        let plain = !std::io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some();
        let style = if plain { Style::Plain } else { Style::Coloured };
        eprint!("{}", outcome.diagnostics.render(&outcome.sources, style));
    }
    let failed = outcome.diagnostics.error_count() > 0;
    Ok(outcome.output.filter(|_| !failed))
}
