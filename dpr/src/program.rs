//! What all commands that compile P4 programs share.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Context;
use dpr_codegen::diagnostic::{Diagnostics, Style};
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions, compile_for};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use prost::Message;

/// The preprocessor's options.
#[derive(Debug, clap::Args)]
pub struct Preprocessor {
    /// A folder in which included files are searched
    #[arg(short = 'I', value_name = "FOLDER")]
    include: Vec<PathBuf>,
    /// Define a macro: NAME, NAME=text or NAME(parameters)=text
    #[arg(short = 'D', value_name = "MACRO")]
    define: Vec<String>,
    /// Do not define a macro after all
    #[arg(short = 'U', value_name = "NAME")]
    undefine: Vec<String>,
}

impl Preprocessor {
    /// As the compiler takes them.
    pub fn options(&self) -> PreprocessorOptions {
        PreprocessorOptions {
            include_paths: self.include.clone(),
            defines: self.define.clone(),
            undefines: self.undefine.clone(),
        }
    }
}

/// Programs that are files.
pub fn files() -> SourceMap {
    SourceMap::new(|path: &Path| std::fs::read(path))
}

/// A program's P4Info and JSON, as P4Runtime takes them; `None` if the program has errors, which are shown.
pub fn pipeline_config(
    program: &Path,
    preprocessor: &Preprocessor,
) -> anyhow::Result<Option<ForwardingPipelineConfig>> {
    let outcomes = compile_for(
        files(),
        program,
        &preprocessor.options(),
        &[Goal::Bmv2Json, Goal::P4InfoBinary],
    );
    show(&outcomes.diagnostics, &outcomes.sources);
    let outputs: Option<[Vec<u8>; 2]> = outcomes.outputs.and_then(|both| both.try_into().ok());
    let Some([json, p4info]) = outputs else {
        return Ok(None);
    };
    config_of(json, &p4info).map(Some)
}

/// BMv2's JSON and binary P4Info, as P4Runtime takes them.
pub fn config_of(json: Vec<u8>, p4info: &[u8]) -> anyhow::Result<ForwardingPipelineConfig> {
    Ok(ForwardingPipelineConfig {
        p4info: Some(P4Info::decode(p4info).context("the compiler's P4Info")?),
        p4_device_config: json,
        cookie: None,
    })
}

/// Shows diagnostics to whoever looks at standard error.
pub fn show(diagnostics: &Diagnostics, sources: &SourceMap) {
    let style = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Style::Coloured
    } else {
        Style::Plain
    };
    eprint!("{}", diagnostics.render(sources, style));
}
