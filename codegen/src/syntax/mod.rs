//! From source text to the syntax tree.

pub(crate) mod codes;
mod literal;
mod parser;
mod preprocess;
mod token;

pub use preprocess::PreprocessorOptions;

use std::path::Path;

use crate::ast::Program;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use token::Token;

/// Parses the program whose main file is at `root`, with all that it includes.
///
/// Never panics, whatever the text; takes time linear in the text after preprocessing. Where there are errors the
/// program holds what could be understood.
pub fn parse(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
) -> (Program, Diagnostics) {
    let (preprocessed, diagnostics) = preprocess(sources, root, options);
    preprocessed.parse(diagnostics)
}

/// A program after preprocessing.
pub(crate) struct Preprocessed {
    /// The last one is the end of the file.
    tokens: Vec<Token>,
    /// Whether text at the end is missing because of an error that has been reported.
    truncated: bool,
}

pub(crate) fn preprocess(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
) -> (Preprocessed, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let preprocessed = preprocess::preprocess(sources, root, options, &mut diagnostics);
    diagnostics.sort();
    (preprocessed, diagnostics)
}

impl Preprocessed {
    /// Parses the tokens; adds what is wrong to the diagnostics of the preprocessor.
    pub(crate) fn parse(&self, mut diagnostics: Diagnostics) -> (Program, Diagnostics) {
        let program = parser::parse_tokens(&self.tokens, self.truncated, &mut diagnostics);
        diagnostics.sort();
        (program, diagnostics)
    }

    /// The tokens as text, in lines as in the sources and without comments.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let end = self.tokens.len().saturating_sub(1);
        for token in &self.tokens[..end] {
            if token.line_start && !text.is_empty() {
                text.push('\n');
            } else if token.spaced && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&token.text);
        }
        text.push('\n');
        text
    }
}
