//! `dpr test`: runs P4 programs against tests in STF, the simple test framework's format.

mod case;
mod engine;
mod parallel;
mod report;

use crate::program::Preprocessor;
use anyhow::Context;
use case::{Case, Found};
use engine::Engine;
use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The program; or, for the engine that reads it, BMv2's JSON
    #[arg(value_name = "PROGRAM.p4", required_unless_present = "dir")]
    program: Option<PathBuf>,
    /// Its test; if not given, the file beside the program whose name ends in .stf
    #[arg(value_name = "TEST.stf")]
    test: Option<PathBuf>,
    /// Run every program of a folder that has a test beside it
    #[arg(long, value_name = "FOLDER", conflicts_with = "program")]
    dir: Option<PathBuf>,
    /// Only programs of the folder whose names contain this
    #[arg(long, value_name = "TEXT", requires = "dir")]
    filter: Option<String>,
    /// A file with the names of programs that are not to be run, one a line, each with the reason behind it
    #[arg(long, value_name = "FILE", requires = "dir")]
    skip: Option<PathBuf>,
    /// What runs the programs
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engines::Bmv2Json)]
    engine: Engines,
    /// Print one JSON object with every result
    #[arg(long)]
    json: bool,
    /// How many programs are worked on at once; one for each core if not given
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<usize>,
    #[command(flatten)]
    preprocessor: Preprocessor,
    #[command(flatten)]
    build: engine::Build,
}

/// Which engines run a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Engines {
    /// Generated Rust, built with cargo
    Rust,
    /// The engine for BMv2's JSON
    #[value(name = "bmv2-json")]
    Bmv2Json,
    /// Each of them
    Both,
}

impl Engines {
    fn all(self) -> &'static [Engine] {
        match self {
            Engines::Rust => &[Engine::Rust],
            Engines::Bmv2Json => &[Engine::Bmv2Json],
            Engines::Both => &[Engine::Rust, Engine::Bmv2Json],
        }
    }
}

/// Runs the tests. Exits with status 1 if one of them fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let found = cases(arguments)?;
    let options = engine::Options {
        preprocessor: arguments.preprocessor.options(),
        jobs: arguments
            .jobs
            .map_or_else(parallel::cores, |jobs| jobs.max(1)),
        build: &arguments.build,
    };
    let mut report = Report::default();
    for engine in arguments.engine.all() {
        let outcomes = engine.run(&found.cases, &options)?;
        report.add(*engine, &found, outcomes);
    }
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    match report.passed() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

/// The tests that the arguments ask for.
fn cases(arguments: &Arguments) -> anyhow::Result<Found> {
    if let Some(folder) = &arguments.dir {
        let skips = match &arguments.skip {
            Some(path) => case::read_skips(path)?,
            None => Default::default(),
        };
        return case::in_folder(folder, arguments.filter.as_deref(), &skips);
    }
    let program = arguments.program.as_deref().context("no program")?;
    anyhow::ensure!(
        !case::is_json(program) || arguments.engine == Engines::Bmv2Json,
        "{} is no P4 program: only the engine for BMv2's JSON runs it",
        program.display()
    );
    let beside = || program.with_extension("stf");
    let case = Case {
        name: name(program),
        program: program.to_owned(),
        test: arguments.test.clone().unwrap_or_else(beside),
    };
    anyhow::ensure!(
        case.test.is_file(),
        "there is no test at {}",
        case.test.display()
    );
    Ok(Found {
        cases: vec![case],
        skipped: Vec::new(),
    })
}

/// A program's name: its file's, without the ending.
fn name(program: &Path) -> String {
    let stem = program.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
