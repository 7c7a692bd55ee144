//! Why a configuration is of no use: file, line, field.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// Why a configuration is of no use. `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A field is missing, unknown, or wrong.
    #[error("{}:{line}: {}{message}", file.display(), field.as_ref().map(|field| format!("`{field}`: ")).unwrap_or_default())]
    Field {
        /// Which file.
        file: PathBuf,
        /// Which line.
        line: usize,
        /// The field's name.
        field: Option<String>,
        /// What is wrong.
        message: String,
    },
}

impl ConfigError {
    /// At a place of the text. Without a field, the one that the line begins with.
    pub(super) fn at(
        file: &Path,
        text: &str,
        span: Range<usize>,
        field: Option<String>,
        message: &str,
    ) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_text = text
            .get(line_start..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or("");
        let of_line = || {
            let name = line_text.split_once('=')?.0.trim();
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
                .then(|| name.to_owned())
        };
        ConfigError::Field {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            field: field.or_else(of_line),
            message: message.trim_end().to_owned(),
        }
    }
}
