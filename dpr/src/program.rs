//! What all commands that compile P4 programs share.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use dpr_codegen::PreprocessorOptions;
use dpr_codegen::diagnostic::{Diagnostics, Style};
use dpr_codegen::source::SourceMap;

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

/// Shows diagnostics to whoever looks at standard error.
pub fn show(diagnostics: &Diagnostics, sources: &SourceMap) {
    let style = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Style::Coloured
    } else {
        Style::Plain
    };
    eprint!("{}", diagnostics.render(sources, style));
}
