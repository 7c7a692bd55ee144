//! `dpr compile`: the P4 compiler.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The programs, by their main files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only look whether the syntax is right
    #[arg(long)]
    parse_only: bool,
    /// Only look whether the program is right; this is what is done if nothing else is asked for
    #[arg(long, conflicts_with = "parse_only")]
    check: bool,
    /// What to write
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["parse_only", "check"])]
    emit: Option<Emit>,
    /// Where to write it; `-` or nothing for standard output
    #[arg(short, long, value_name = "FILE", requires = "emit")]
    output: Option<PathBuf>,
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

/// What the compiler can write.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Emit {
    /// A Rust module with the pipeline and the types of its control plane
    Rust,
    /// JSON that the reference switch (BMv2's simple_switch) loads
    Bmv2Json,
    /// P4Info as protobuf text
    P4info,
    /// P4Info as protobuf
    P4infoBinary,
    /// The program's text after preprocessing
    Preprocessed,
}

/// Compiles each program; diagnostics go to standard error. Exits with status 1 if one of them has errors.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        arguments.files.len() == 1 || arguments.output.is_none(),
        "--output takes the result of one program, not of {}",
        arguments.files.len()
    );
    let mut errors = 0;
    for file in &arguments.files {
        errors += compile(arguments, file)?;
    }
    if errors > 0 {
        let plural = if errors == 1 { "" } else { "s" };
        eprintln!("{errors} error{plural}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Compiles one program and returns how many errors it has.
fn compile(arguments: &Arguments, file: &Path) -> anyhow::Result<usize> {
    let options = PreprocessorOptions {
        include_paths: arguments.include.clone(),
        defines: arguments.define.clone(),
        undefines: arguments.undefine.clone(),
    };
    let goal = match arguments.emit {
        Some(Emit::Rust) => Goal::Rust,
        Some(Emit::Bmv2Json) => Goal::Bmv2Json,
        Some(Emit::P4info) => Goal::P4InfoText,
        Some(Emit::P4infoBinary) => Goal::P4InfoBinary,
        Some(Emit::Preprocessed) => Goal::Preprocessed,
        None if arguments.parse_only => Goal::Syntax,
        None => Goal::Checked,
    };
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let outcome = dpr_codegen::compile(sources, file, &options, goal);
    let style = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Style::Coloured
    } else {
        Style::Plain
    };
    eprint!("{}", outcome.diagnostics.render(&outcome.sources, style));
    if let Some(output) = outcome.output.filter(|_| arguments.emit.is_some()) {
        match arguments.output.as_deref() {
            Some(path) if path != Path::new("-") => std::fs::write(path, output)
                .with_context(|| format!("cannot write {}", path.display()))?,
            _ => std::io::stdout().write_all(&output)?,
        }
    }
    Ok(outcome.diagnostics.error_count())
}
