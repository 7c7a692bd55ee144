//! The compiler in build scripts. Unlike the rest of the library this module reads and writes files itself.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Style;
use crate::driver::{Goal, compile};
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
    let root = root.as_ref();
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or(BuildError::NoOutputFolder)?);
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let outcome = compile(sources, root, options, Goal::Rust);
    for file in outcome.files() {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    eprint!(
        "{}",
        outcome.diagnostics.render(&outcome.sources, Style::Plain)
    );
    let Some(module) = outcome.output else {
        return Err(BuildError::Program {
            path: root.to_owned(),
            errors: outcome.diagnostics.error_count(),
        });
    };
    let path = folder
        .join(root.file_stem().unwrap_or_default())
        .with_extension("rs");
    match std::fs::write(&path, module) {
        Ok(()) => Ok(path),
        Err(error) => Err(BuildError::Write { path, error }),
    }
}
