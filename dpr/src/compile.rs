//! `dpr compile`: the P4 compiler.

mod message;
mod output;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use dpr_codegen::diagnostic::{Diagnostics, WarningAction, WarningKind, WarningRules};
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, compile_for};

use crate::program::{self, Preprocessor};
use output::{Output, outputs};

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
    /// What to compile for; the extension of the output says it too: .json for bmv2, .rs for rust
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["parse_only", "check", "emit"])]
    target: Option<Target>,
    /// What to write
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["parse_only", "check"])]
    emit: Option<Emit>,
    /// Where to write it; `-` or nothing for standard output
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["parse_only", "check"])]
    output: Option<PathBuf>,
    /// Also write P4Info, in the form that the extension says: .txtpb or .txt, .bin or .json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["parse_only", "check"])]
    p4info: Vec<PathBuf>,
    /// The same for several files, separated by commas
    #[arg(
        long,
        value_name = "FILES",
        value_delimiter = ',',
        conflicts_with_all = ["parse_only", "check"]
    )]
    p4runtime_files: Vec<PathBuf>,
    #[command(flatten)]
    preprocessor: Preprocessor,
    /// The language: p4-16 is the only one
    #[arg(long = "std", value_name = "LANGUAGE", default_value = "p4-16")]
    language: Language,
    /// Do not show warnings, or those of one kind
    #[arg(
        long = "Wdisable",
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        value_delimiter = ','
    )]
    disable: Vec<String>,
    /// Show warnings, or those of one kind, as warnings
    #[arg(
        long = "Wwarn",
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        value_delimiter = ','
    )]
    warn: Vec<String>,
    /// Make errors of warnings, or of those of one kind
    #[arg(
        long = "Werror",
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        value_delimiter = ','
    )]
    error: Vec<String>,
    /// How diagnostics are printed
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: MessageFormat,
}

/// What the compiler can compile for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Target {
    /// A Rust module with the pipeline and the types of its control plane
    Rust,
    /// JSON that the reference switch (BMv2's simple_switch) loads
    Bmv2,
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
    /// P4Info as the JSON form of protobuf
    P4infoJson,
    /// The program's text after preprocessing
    Preprocessed,
}

/// The language of the programs.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Language {
    /// P4-16
    #[value(name = "p4-16", alias = "p4_16", alias = "16")]
    P4_16,
}

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum MessageFormat {
    /// With an excerpt of the source
    Human,
    /// As one JSON object per line
    Json,
}

/// Compiles each program; diagnostics go to standard error. Exits with status 1 if one of them has errors.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let outputs = outputs(arguments)?;
    let rules = warning_rules(arguments)?;
    let mut errors = 0;
    for file in &arguments.files {
        errors += compile(arguments, &outputs, &rules, file)?;
    }
    if errors > 0 {
        if arguments.message_format == MessageFormat::Human {
            let plural = if errors == 1 { "" } else { "s" };
            eprintln!("{errors} error{plural}");
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn warning_rules(arguments: &Arguments) -> anyhow::Result<WarningRules> {
    let mut rules = WarningRules::default();
    let given = [
        (WarningAction::Disable, "Wdisable", &arguments.disable),
        (WarningAction::Warn, "Wwarn", &arguments.warn),
        (WarningAction::Error, "Werror", &arguments.error),
    ];
    for (action, option, names) in given {
        for name in names {
            if name.is_empty() {
                rules.set_all(action);
                continue;
            }
            match WarningKind::from_name(name) {
                Some(kind) => rules.set(kind, action),
                None => anyhow::ensure!(
                    WarningKind::is_known(name),
                    "--{option}={name}: there are no warnings of this kind; {}",
                    meant(name)
                ),
            }
        }
    }
    Ok(rules)
}

/// What a name that is no kind's was probably meant as, or all that there are.
fn meant(name: &str) -> String {
    if let Some(kind) = WarningKind::nearest(name) {
        return format!("did you mean `{}`?", kind.name());
    }
    let names: Vec<&str> = WarningKind::ALL.iter().map(|kind| kind.name()).collect();
    format!("there are {}", names.join(", "))
}

/// Compiles one program and returns how many errors it has.
fn compile(
    arguments: &Arguments,
    outputs: &[Output],
    rules: &WarningRules,
    file: &Path,
) -> anyhow::Result<usize> {
    let goals: Vec<Goal> = match outputs {
        [] if arguments.parse_only => vec![Goal::Syntax],
        [] => vec![Goal::Compilable],
        outputs => outputs.iter().map(|output| output.goal).collect(),
    };
    let options = arguments.preprocessor.options();
    let outcomes = compile_for(program::files(), file, &options, &goals);
    let diagnostics = rules.apply(outcomes.diagnostics);
    show(arguments.message_format, &diagnostics, &outcomes.sources)?;
    if diagnostics.has_errors() {
        return Ok(diagnostics.error_count());
    }
    for (output, text) in outputs.iter().zip(outcomes.outputs.unwrap_or_default()) {
        match &output.path {
            Some(path) => std::fs::write(path, text)
                .with_context(|| format!("cannot write {}", path.display()))?,
            None => std::io::stdout().write_all(&text)?,
        }
    }
    Ok(0)
}

fn show(
    format: MessageFormat,
    diagnostics: &Diagnostics,
    sources: &SourceMap,
) -> anyhow::Result<()> {
    if format == MessageFormat::Json {
        for diagnostic in diagnostics {
            eprintln!("{}", message::json(diagnostic, sources)?);
        }
        return Ok(());
    }
    program::show(diagnostics, sources);
    Ok(())
}
