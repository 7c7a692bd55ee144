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

/// Parses the program whose main file is at `root`, with all that it includes.
///
/// Never panics, whatever the text; takes time linear in the text after preprocessing. Where there are errors the
/// program holds what could be understood.
pub fn parse(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
) -> (Program, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let preprocessed = preprocess::preprocess(sources, root, options, &mut diagnostics);
    let program = parser::parse_tokens(
        &preprocessed.tokens,
        preprocessed.truncated,
        &mut diagnostics,
    );
    diagnostics.sort();
    (program, diagnostics)
}

/// The text of the program after preprocessing: tokens in lines as in the sources, without comments.
pub fn preprocessed_text(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
) -> (String, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let preprocessed = preprocess::preprocess(sources, root, options, &mut diagnostics);
    let mut text = String::new();
    let end = preprocessed.tokens.len().saturating_sub(1);
    for token in &preprocessed.tokens[..end] {
        if token.line_start && !text.is_empty() {
            text.push('\n');
        } else if token.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text.push('\n');
    diagnostics.sort();
    (text, diagnostics)
}
