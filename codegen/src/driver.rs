//! The one way through the compiler, for the command, build scripts and the procedural macro.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::ast::Program;
use crate::backend::{bmv2, p4info, rust};
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax::{self, PreprocessorOptions};
use crate::{check, ir, lint, lower};

/// Stack for phases that recurse over the syntax tree: its height is bounded, and this is ample for any that is allowed.
const STACK_BYTES: usize = 256 << 20;

/// What is wanted of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Its text after preprocessing.
    Preprocessed,
    /// To know whether its syntax is right.
    Syntax,
    /// To know whether its names and types are right.
    Checked,
    /// A Rust module with the pipeline and the types of its control plane.
    Rust,
    /// JSON for BMv2.
    Bmv2Json,
    /// P4Info as protobuf text.
    P4InfoText,
    /// P4Info as protobuf.
    P4InfoBinary,
}

/// What came of a compilation.
pub struct Outcome {
    /// The files that were read.
    pub sources: SourceMap,
    /// What is wrong with the program, in the order of the source.
    pub diagnostics: Diagnostics,
    /// What was asked for, unless there are errors; empty where only the diagnostics were.
    pub output: Option<Vec<u8>>,
}

impl Outcome {
    /// The files that the output depends on, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sources
            .files()
            .iter()
            .filter(|file| !file.embedded)
            .map(|file| &file.path)
    }
}

/// Compiles the program whose main file is at `root` as far as the goal needs. Never panics, whatever the program.
pub fn compile(
    mut sources: SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goal: Goal,
) -> Outcome {
    let mut diagnostics = Diagnostics::new();
    let output = with_ample_stack(|| run(&mut sources, root, options, goal, &mut diagnostics));
    diagnostics.sort();
    Outcome {
        output: output.filter(|_| !diagnostics.has_errors()),
        sources,
        diagnostics,
    }
}

pub(crate) fn with_ample_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("compile".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .expect("a process that cannot start a thread cannot compile");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Runs the phases, each only if those before it found no errors.
fn run(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goal: Goal,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<u8>> {
    let (preprocessed, found) = syntax::preprocess(sources, root, options);
    if goal == Goal::Preprocessed {
        diagnostics.append(found);
        return Some(preprocessed.text().into_bytes());
    }
    let (program, found) = preprocessed.parse(found);
    diagnostics.append(found);
    if goal == Goal::Syntax || diagnostics.has_errors() {
        return Some(Vec::new());
    }
    let checked = check_and_lower(&program, sources, root, goal, diagnostics)?;
    let emitted = match (goal, checked) {
        (Goal::Rust, Some(program)) => {
            let digest = digest(&preprocessed.text());
            rust::rust(&program, &rust::Options { digest }).map(String::into_bytes)
        }
        (Goal::Bmv2Json, Some(program)) => bmv2::emit(&program, sources).map(String::into_bytes),
        (Goal::P4InfoText, Some(program)) => {
            p4info::p4info(&program).map(|message| p4info::to_text(&message).into_bytes())
        }
        (Goal::P4InfoBinary, Some(program)) => {
            p4info::p4info(&program).map(|message| message.to_binary())
        }
        _ => Ok(Vec::new()),
    };
    match emitted {
        Ok(output) => Some(output),
        Err(found) => {
            diagnostics.append(found);
            None
        }
    }
}

/// The lowered program, if the goal needs one; nothing at all where there are errors.
fn check_and_lower(
    program: &Program,
    sources: &SourceMap,
    root: &Path,
    goal: Goal,
    diagnostics: &mut Diagnostics,
) -> Option<Option<ir::Program>> {
    let (typed, found) = check::check(program);
    diagnostics.append(found);
    if diagnostics.has_errors() {
        return None;
    }
    diagnostics.append(lint::lint(&typed, sources));
    if goal == Goal::Checked {
        return Some(None);
    }
    let name = root
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    match lower::lower(&typed, sources, &name) {
        Ok(program) => Some(Some(program)),
        Err(found) => {
            diagnostics.append(found);
            None
        }
    }
}

/// What tells this version of a program, as this version of the compiler sees it, from others.
fn digest(preprocessed: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update([0])
        .chain_update(preprocessed)
        .finalize()
        .into()
}
