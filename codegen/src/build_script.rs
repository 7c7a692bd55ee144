//! The compiler in build scripts. Unlike the rest of the library this module reads and writes files itself.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Style;
use crate::driver::{Goal, compile_for};
use crate::source::SourceMap;
use crate::syntax::PreprocessorOptions;

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The program has errors, which have been printed.
    #[error("{path} has {errors} errors")]
    Program {
        /// Its main file.
        path: PathBuf,
        /// How many.
        errors: usize,
    },
    /// Cargo has not said where to write; this is no build script.
    #[error("OUT_DIR is not set")]
    NoOutputFolder,
    /// The module cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Compiles the program at `root`, a path relative to the package's folder, to a Rust module `OUT_DIR/NAME.rs`, where NAME
/// is that of the program's file. Cargo runs the script again when one of the program's files changes. Diagnostics go to
/// standard error.
///
/// # Errors
/// Errors of the program, or the module cannot be written.
pub fn compile_to_rust(
    root: impl AsRef<Path>,
    options: &PreprocessorOptions,
) -> Result<PathBuf, BuildError> {
    let [module] = compile_to_files(root.as_ref(), options, [(Goal::Rust, "rs")])?;
    Ok(module)
}

/// As [`compile_to_rust`], and the program's JSON for BMv2 in `OUT_DIR/NAME.json` beside it.
///
/// # Errors
/// As [`compile_to_rust`].
pub fn compile_to_rust_and_json(
    root: impl AsRef<Path>,
    options: &PreprocessorOptions,
) -> Result<[PathBuf; 2], BuildError> {
    let goals = [(Goal::Rust, "rs"), (Goal::Bmv2Json, "json")];
    compile_to_files(root.as_ref(), options, goals)
}

/// Compiles a program to a file for each goal, with this extension.
fn compile_to_files<const N: usize>(
    root: &Path,
    options: &PreprocessorOptions,
    goals: [(Goal, &str); N],
) -> Result<[PathBuf; N], BuildError> {
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or(BuildError::NoOutputFolder)?);
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let outcomes = compile_for(sources, root, options, &goals.map(|(goal, _)| goal));
    for file in outcomes.sources.dependencies() {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    eprint!(
        "{}",
        outcomes.diagnostics.render(&outcomes.sources, Style::Plain)
    );
    let Some(outputs) = outcomes.outputs else {
        return Err(BuildError::Program {
            path: root.to_owned(),
            errors: outcomes.diagnostics.error_count(),
        });
    };
    let path = folder.join(root.file_stem().unwrap_or_default());
    let paths = goals.map(|(_, extension)| path.with_extension(extension));
    for (path, output) in paths.iter().zip(outputs) {
        std::fs::write(path, output).map_err(|error| BuildError::Write {
            path: path.clone(),
            error,
        })?;
    }
    Ok(paths)
}
