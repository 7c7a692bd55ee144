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
    /// To know whether it can be compiled: as [`Goal::Checked`], and for v1model all that its control plane and the
    /// intermediate representation demand.
    Compilable,
    /// A Rust module with the pipeline and the types of its control plane.
    Rust,
    /// JSON for BMv2.
    Bmv2Json,
    /// P4Info as protobuf text.
    P4InfoText,
    /// P4Info as protobuf.
    P4InfoBinary,
    /// P4Info as the JSON form of protobuf.
    P4InfoJson,
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
        self.sources.dependencies()
    }
}

/// What came of a compilation with several goals.
pub struct Outcomes {
    /// The files that were read.
    pub sources: SourceMap,
    /// What is wrong with the program, in the order of the source.
    pub diagnostics: Diagnostics,
    /// What was asked for, one for each goal, unless there are errors.
    pub outputs: Option<Vec<Vec<u8>>>,
}

/// Compiles the program whose main file is at `root` as far as the goal needs. Never panics, whatever the program.
pub fn compile(
    sources: SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goal: Goal,
) -> Outcome {
    let outcomes = compile_for(sources, root, options, &[goal]);
    Outcome {
        sources: outcomes.sources,
        diagnostics: outcomes.diagnostics,
        output: outcomes.outputs.and_then(|mut outputs| outputs.pop()),
    }
}

/// Compiles a program once for several goals.
pub fn compile_for(
    mut sources: SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goals: &[Goal],
) -> Outcomes {
    let mut diagnostics = Diagnostics::new();
    let outputs = with_ample_stack(|| run(&mut sources, root, options, goals, &mut diagnostics));
    diagnostics.sort();
    Outcomes {
        outputs: outputs.filter(|_| !diagnostics.has_errors()),
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

/// Runs the phases, each only if those before it found no errors and a goal needs it.
fn run(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goals: &[Goal],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Vec<u8>>> {
    let (preprocessed, found) = syntax::preprocess(sources, root, options);
    let text = |goal: &Goal| match goal {
        Goal::Preprocessed => preprocessed.text().into_bytes(),
        _ => Vec::new(),
    };
    if goals.iter().all(|goal| *goal == Goal::Preprocessed) {
        diagnostics.append(found);
        return Some(goals.iter().map(text).collect());
    }
    let (program, found) = preprocessed.parse(found);
    diagnostics.append(found);
    let is_of_syntax = |goal: &Goal| matches!(goal, Goal::Preprocessed | Goal::Syntax);
    if goals.iter().all(is_of_syntax) || diagnostics.has_errors() {
        return Some(goals.iter().map(text).collect());
    }
    let lowered = check_and_lower(&program, sources, root, goals, diagnostics)?;
    let mut outputs = Vec::new();
    for goal in goals {
        let emitted = match (goal, &lowered) {
            (Goal::Rust, Some(program)) => {
                let digest = digest(&preprocessed.text());
                rust::rust(program, &rust::Options { digest }).map(String::into_bytes)
            }
            (Goal::Bmv2Json, Some(program)) => bmv2::emit(program, sources).map(String::into_bytes),
            (Goal::P4InfoText, Some(program)) => {
                p4info::p4info(program).map(|message| p4info::to_text(&message).into_bytes())
            }
            (Goal::P4InfoBinary, Some(program)) => {
                p4info::p4info(program).map(|message| message.to_binary())
            }
            (Goal::P4InfoJson, Some(program)) => {
                p4info::p4info(program).map(|message| message.to_json().into_bytes())
            }
            (Goal::Compilable, Some(program)) => p4info::p4info(program).map(|_| Vec::new()),
            (goal, _) => Ok(text(goal)),
        };
        match emitted {
            Ok(output) => outputs.push(output),
            Err(found) => diagnostics.append(found),
        }
    }
    Some(outputs)
}

/// The lowered program, if a goal needs one; nothing at all where there are errors.
fn check_and_lower(
    program: &Program,
    sources: &SourceMap,
    root: &Path,
    goals: &[Goal],
    diagnostics: &mut Diagnostics,
) -> Option<Option<ir::Program>> {
    let (typed, found) = check::check(program);
    diagnostics.append(found);
    if diagnostics.has_errors() {
        return None;
    }
    diagnostics.append(lint::lint(&typed, sources));
    let needs_lowering = goals.iter().any(|goal| match goal {
        Goal::Preprocessed | Goal::Syntax | Goal::Checked => false,
        Goal::Compilable => lower::is_v1model(&typed),
        _ => true,
    });
    if !needs_lowering {
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
