//! The preprocessor: directives, includes and macros, over tokens.
//!
//! Tokens keep their true places. Those that a macro brings in get the place of its use, which the
//! [`SourceMap`] remembers as such.

mod condition;
mod directive;
mod include;
mod macros;
mod rust_header;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::token::{Interner, Token, TokenKind, tokenize};
use super::{Preprocessed, codes};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, SourceMap, Span};
use directive::Conditional;
use macros::{Frame, Macro};

/// How many files may include one another.
const MAX_INCLUDE_DEPTH: usize = 64;
/// How many tokens may be looked at, so that macros that double their text end.
const MAX_WORK: usize = 2_000_000;
/// After so many errors the rest of the text is not looked at.
const MAX_ERRORS: usize = 100;

/// What the preprocessor starts with.
#[derive(Clone, Debug, Default)]
pub struct PreprocessorOptions {
    /// Folders in which included files are searched, in this order.
    pub include_paths: Vec<PathBuf>,
    /// Macros that are defined: `NAME`, `NAME=text` or `NAME(parameters)=text`, as after `-D`.
    pub defines: Vec<String>,
    /// Macros that are not defined after all, as after `-U`.
    pub undefines: Vec<String>,
}

/// Reads the file at `root` with all that it includes.
pub(super) fn preprocess(
    sources: &mut SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    diagnostics: &mut Diagnostics,
) -> Preprocessed {
    let mut preprocessor = Preprocessor {
        sources,
        options,
        diagnostics,
        interner: Interner::default(),
        macros: HashMap::new(),
        files: Vec::new(),
        read: HashMap::new(),
        once: HashSet::new(),
        pending: Vec::new(),
        active: HashMap::new(),
        isolated: 0,
        collecting: false,
        nesting: 0,
        work: 0,
        stopped: false,
        unterminated: false,
    };
    let tokens = preprocessor.run(root);
    Preprocessed {
        tokens,
        truncated: preprocessor.stopped || preprocessor.unterminated,
    }
}

/// A file while it is read.
struct OpenFile {
    file: FileId,
    tokens: Rc<[Token]>,
    /// The next token.
    at: usize,
    conditionals: Vec<Conditional>,
}

struct Preprocessor<'a> {
    sources: &'a mut SourceMap,
    options: &'a PreprocessorOptions,
    diagnostics: &'a mut Diagnostics,
    interner: Interner,
    macros: HashMap<Arc<str>, Rc<Macro>>,
    /// The file that is read, after those that include it.
    files: Vec<OpenFile>,
    /// Tokens of the files read so far.
    read: HashMap<FileId, Rc<[Token]>>,
    /// Files with `#pragma once`.
    once: HashSet<FileId>,
    /// Tokens of expansions that are still to be looked at, the next ones last.
    pending: Vec<Frame>,
    /// The macros that the frames of `pending`, and those set aside, are expansions of.
    active: HashMap<Arc<str>, usize>,
    /// How many expansions are under way that must not read on in the file.
    isolated: usize,
    /// Whether the arguments of a macro are being read, which end with the file.
    collecting: bool,
    /// Depth of macro calls in arguments of macro calls.
    nesting: usize,
    work: usize,
    /// Set after an error that makes it pointless to go on.
    stopped: bool,
    /// Set by a comment or string without an end.
    unterminated: bool,
}

impl Preprocessor<'_> {
    fn run(&mut self, root: &Path) -> Vec<Token> {
        let root_file = match self.sources.load(root) {
            Ok(file) => file,
            Err(error) => {
                let file = self.sources.add(root, "");
                let message = format!("cannot read `{}`: {error}", root.display());
                self.report(Diagnostic::error(
                    codes::FILE,
                    Span::new(file, 0..0),
                    message,
                ));
                return vec![self.end_of_file(file)];
            }
        };
        self.open(root_file);
        self.open_command_line();

        let mut tokens: Vec<Token> = Vec::new();
        // Depth of parentheses in the body of an annotation, where any characters may be.
        let mut annotation_depth = 0usize;
        while let Some(mut token) = self.next_expanded() {
            match token.kind {
                TokenKind::Word => token.kind = TokenKind::of_word(&token.text),
                TokenKind::LeftParen => {
                    let begins = matches!(
                        tokens.as_slice(),
                        [.., at, name] if at.kind == TokenKind::At && name.text.starts_with(is_name_start)
                    );
                    if begins || annotation_depth > 0 {
                        annotation_depth += 1;
                    }
                }
                TokenKind::RightParen => annotation_depth = annotation_depth.saturating_sub(1),
                TokenKind::Unknown if annotation_depth > 0 && !token.text.starts_with('"') => {}
                TokenKind::Unknown => {
                    self.unknown(&token);
                    continue;
                }
                TokenKind::UnterminatedComment => {
                    let error = Diagnostic::error(
                        codes::UNTERMINATED,
                        token.span,
                        "this comment has no end",
                    );
                    self.report(error.with_hint("add `*/`"));
                    self.unterminated = true;
                    continue;
                }
                _ => {}
            }
            tokens.push(token);
        }
        tokens.push(self.end_of_file(root_file));
        tokens
    }

    /// The macros of the command line, as a file that is read before the first one.
    fn open_command_line(&mut self) {
        let mut text = String::new();
        for define in &self.options.defines {
            let (name, value) = define.split_once('=').unwrap_or((define, "1"));
            text.push_str(&format!("#define {name} {value}\n"));
        }
        for name in &self.options.undefines {
            text.push_str(&format!("#undef {name}\n"));
        }
        if !text.is_empty() {
            let file = self.sources.add_embedded("command line", &text);
            self.open(file);
        }
    }

    fn open(&mut self, file: FileId) {
        let tokens = match self.read.get(&file) {
            Some(tokens) => tokens.clone(),
            None => {
                let text = self.sources.file(file).text.clone();
                let tokens: Rc<[Token]> = tokenize(&text, 0, file, &mut self.interner).into();
                self.read.insert(file, tokens.clone());
                tokens
            }
        };
        self.files.push(OpenFile {
            file,
            tokens,
            at: 0,
            conditionals: Vec::new(),
        });
    }

    fn end_of_file(&self, file: FileId) -> Token {
        let length = self.sources.file(file).text.len();
        Token {
            kind: TokenKind::EndOfFile,
            text: "".into(),
            span: Span::new(file, length..length),
            spaced: true,
            line_start: true,
            painted: false,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.stopped {
            return;
        }
        self.diagnostics.push(diagnostic);
        if self.diagnostics.error_count() >= MAX_ERRORS {
            self.stopped = true;
        }
    }

    fn error(&mut self, code: crate::diagnostic::Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    fn unknown(&mut self, token: &Token) {
        let error = if token.text.starts_with('"') {
            self.unterminated = true;
            Diagnostic::error(codes::UNTERMINATED, token.span, "this string has no end")
                .with_hint("add `\"` at its end")
        } else {
            let message = format!("`{}` begins no token", token.text.escape_debug());
            Diagnostic::error(codes::CHARACTER, token.span, message)
        };
        self.report(error);
    }

    /// Counts a token that is looked at; `false` once there are too many.
    fn spend(&mut self, span: Span) -> bool {
        self.work += 1;
        if self.work > MAX_WORK && !self.stopped {
            let message = "the program has too many tokens after expansion of macros and includes";
            self.error(codes::EXPANSION_LIMIT, span, message);
            self.stopped = true;
        }
        !self.stopped
    }

    /// The next token of the files that is no directive.
    fn next_source(&mut self) -> Option<Token> {
        loop {
            if self.stopped {
                return None;
            }
            let file = self.files.last_mut()?;
            let Some(token) = file.tokens.get(file.at) else {
                if self.collecting {
                    return None;
                }
                self.close_file();
                continue;
            };
            let skipping = file.conditionals.last().is_some_and(|part| !part.active);
            let is_directive = token.kind == TokenKind::Hash && token.line_start;
            let token = token.clone();
            file.at += 1;
            if !self.spend(token.span) {
                return None;
            }
            if is_directive {
                self.directive(token.span, skipping);
            } else if skipping {
                if token.text.starts_with('"') {
                    self.end_string_at_its_line(&token);
                }
            } else if token.kind != TokenKind::Newline {
                return Some(token);
            }
        }
    }

    /// In text that is skipped a quotation mark need not have a second one: a string that seems to go on after its line
    /// must not hide the directives there.
    fn end_string_at_its_line(&mut self, string: &Token) {
        let Some(open) = self.files.last_mut() else {
            return;
        };
        let text = self.sources.file(open.file).text.clone();
        let start = string.span.start as usize;
        let Some(line_end) = text[start..].find('\n').map(|length| start + length) else {
            return;
        };
        let next = open
            .tokens
            .get(open.at)
            .map(|token| token.span.start as usize);
        if next.is_none_or(|next| next > line_end) {
            let rest = tokenize(&text, line_end, open.file, &mut self.interner);
            self.work += rest.len();
            open.tokens = rest.into();
            open.at = 0;
        }
    }

    fn close_file(&mut self) {
        let Some(file) = self.files.pop() else {
            return;
        };
        for conditional in file.conditionals {
            let error = Diagnostic::error(
                codes::CONDITIONAL,
                conditional.span,
                "this conditional has no `#endif`",
            );
            self.report(error.with_hint("add `#endif` before the end of the file"));
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

#[cfg(test)]
mod tests;
