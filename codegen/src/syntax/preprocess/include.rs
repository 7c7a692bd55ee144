//! Included files.

use std::io;
use std::path::{Path, PathBuf};

use super::{MAX_INCLUDE_DEPTH, Preprocessor, Token, TokenKind, codes, rust_header};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// The files that are part of the compiler, by the names that includes use.
const EMBEDDED: [(&str, &str); 2] = [
    ("core.p4", include_str!("../../../p4include/core.p4")),
    ("v1model.p4", include_str!("../../../p4include/v1model.p4")),
];

impl Preprocessor<'_> {
    /// Obeys `#include` with what follows the word on its line.
    pub(super) fn include(&mut self, directive: Span, arguments: &[Token]) {
        let Some((name, quoted, span)) = self.included_name(directive, arguments) else {
            return;
        };
        let found = match self.find(&name, quoted) {
            Ok(file) => file,
            Err(error) => {
                let message = format!("cannot include `{name}`: {error}");
                let mut error = Diagnostic::error(codes::FILE, span, message);
                if !self.options.include_paths.is_empty() {
                    let paths: Vec<String> = self
                        .options
                        .include_paths
                        .iter()
                        .map(|path| format!("`{}`", path.display()))
                        .collect();
                    error = error.with_hint(format!("searched in {}", paths.join(", ")));
                } else {
                    error = error.with_hint("folders to search in are given with `-I`");
                }
                self.report(error);
                return;
            }
        };
        if self.once.contains(&found) {
            return;
        }
        if self.files.len() >= MAX_INCLUDE_DEPTH {
            let message = if self.files.iter().any(|open| open.file == found) {
                format!("`{name}` includes itself")
            } else {
                format!("files include one another more than {MAX_INCLUDE_DEPTH} deep")
            };
            self.report(
                Diagnostic::error(codes::INCLUDE_DEPTH, span, message)
                    .with_hint("guard the file with `#ifndef`, `#define` and `#endif`"),
            );
            self.stopped = true;
            return;
        }
        if let Some(file) = self.as_p4(found, &name, span) {
            self.open(file);
        }
    }

    /// The name of the file, whether it is in quotes, and where it is written.
    fn included_name(
        &mut self,
        directive: Span,
        arguments: &[Token],
    ) -> Option<(String, bool, Span)> {
        let literal = match arguments.first() {
            Some(token) if token.kind == TokenKind::Word => self.expand_all(arguments.to_vec()),
            _ => arguments.to_vec(),
        };
        match literal.as_slice() {
            [token, ..] if token.kind == TokenKind::String => {
                let name = token.text.trim_matches('"').to_owned();
                Some((name, true, token.span))
            }
            [open, ..] if open.kind == TokenKind::Less => {
                let close = literal
                    .iter()
                    .position(|token| token.kind == TokenKind::Greater)?;
                let inner = &literal[1..close];
                let name = match inner {
                    [first, .., last] if first.span != last.span => {
                        self.sources.text(first.span.to(last.span)).to_owned()
                    }
                    _ => inner.iter().map(|token| &*token.text).collect(),
                };
                Some((name, false, open.span.to(literal[close].span)))
            }
            other => {
                let span = other.first().map_or(directive.after(), |token| token.span);
                let message = "expected the name of a file, as `<file>` or `\"file\"`";
                self.error(codes::DIRECTIVE, span, message);
                None
            }
        }
    }

    /// Looks beside the including file (names in quotes), in the compiler, and in the include paths.
    fn find(&mut self, name: &str, quoted: bool) -> io::Result<FileId> {
        let path = Path::new(name);
        if quoted {
            let beside = self
                .files
                .last()
                .and_then(|open| self.sources.file(open.file).path.parent())
                .map_or_else(PathBuf::new, Path::to_path_buf);
            match self.sources.load(&beside.join(path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        }
        if let Some((name, text)) = EMBEDDED.iter().find(|(embedded, _)| *embedded == name) {
            return Ok(self.sources.add_embedded(name, text));
        }
        for folder in &self.options.include_paths {
            match self.sources.load(&folder.join(path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is no such file",
        ))
    }

    /// The file itself or, of a Rust file, the P4 declarations that it stands for.
    fn as_p4(&mut self, file: FileId, name: &str, span: Span) -> Option<FileId> {
        let source = self.sources.file(file);
        if source
            .path
            .extension()
            .is_none_or(|extension| extension != "rs")
        {
            return Some(file);
        }
        let text = source.text.clone();
        let shown = format!("P4 of {}", source.path.display());
        match rust_header::p4_declarations(&text, file) {
            Ok(declarations) => Some(self.sources.add_embedded(&shown, &declarations)),
            Err(errors) => {
                for (place, message) in errors {
                    let error = Diagnostic::error(codes::RUST_INCLUDE, place, message);
                    self.report(error.with_label(span, format!("`{name}` is included here")));
                }
                None
            }
        }
    }
}
