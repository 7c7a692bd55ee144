//! From text to commands. One command is one line; `#` begins a comment.

mod cursor;
mod statement;

use crate::Script;
use cursor::Cursor;
use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SyntaxError {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

/// Reads all lines.
pub(crate) fn script(text: &str) -> Result<Script, SyntaxError> {
    let mut commands = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut cursor = Cursor::new(line, text);
        if let Some(command) = statement::statement(&mut cursor)? {
            commands.push(command);
        }
    }
    Ok(Script { commands })
}

#[cfg(test)]
mod tests;
