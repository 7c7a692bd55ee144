//! The one way through the compiler, for the command, build scripts and the procedural macro.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax::{self, PreprocessorOptions};

/// Stack for phases that recurse over the syntax tree: its height is bounded, and this is ample for any that is allowed.
const STACK_BYTES: usize = 256 << 20;

/// What is wanted of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Its text after preprocessing.
    Preprocessed,
    /// To know whether its syntax is right.
    Syntax,
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

/// Compiles the program whose main file is at `root` as far as the goal needs. Never panics, whatever the program.
pub fn compile(
    mut sources: SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goal: Goal,
) -> Outcome {
    let (output, diagnostics) = with_ample_stack(|| run(&mut sources, root, options, goal));
    Outcome {
        sources,
        output: output.filter(|_| !diagnostics.has_errors()),
        diagnostics,
    }
}

fn with_ample_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
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

fn run(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    goal: Goal,
) -> (Option<Vec<u8>>, Diagnostics) {
    let (preprocessed, diagnostics) = syntax::preprocess(sources, root, options);
    if goal == Goal::Preprocessed {
        return (Some(preprocessed.text().into_bytes()), diagnostics);
    }
    let (_program, diagnostics) = preprocessed.parse(diagnostics);
    (Some(Vec::new()), diagnostics)
}
