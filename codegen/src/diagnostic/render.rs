//! Diagnostics as text with source excerpts.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{FileId, SourceMap, Span};

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With ANSI colours, for terminals.
    Coloured,
}

pub(super) fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut labels: Vec<(Span, String)> = diagnostic
        .labels
        .iter()
        .map(|label| (label.span, label.message.clone()))
        .collect();
    let expansion = sources.expansion(diagnostic.span);
    let primary_label = expansion.map(|expansion| format!("from macro `{}`", expansion.name));
    if let Some((name, definition)) =
        expansion.and_then(|expansion| Some((&expansion.name, expansion.definition?)))
    {
        labels.push((definition, format!("`{name}` is defined here")));
    }

    let mut group = Group::with_title(
        level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.0),
    );
    for file in files_in_order(diagnostic.span, &labels) {
        let Some(source) = sources.files().get(file.index()) else {
            continue;
        };
        let mut snippet = Snippet::source(&*source.text).path(source.path.to_string_lossy());
        if file == diagnostic.span.file {
            let mut primary = AnnotationKind::Primary.span(clamped(diagnostic.span, &source.text));
            if let Some(label) = &primary_label {
                primary = primary.label(label.as_str());
            }
            snippet = snippet.annotation(primary);
        }
        for (span, message) in labels.iter().filter(|(span, _)| span.file == file) {
            snippet = snippet.annotation(
                AnnotationKind::Context
                    .span(clamped(*span, &source.text))
                    .label(message.as_str()),
            );
        }
        group = group.element(snippet);
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    renderer.render(&[group])
}

/// The file of the diagnostic first, then those of its labels as they come.
fn files_in_order(primary: Span, labels: &[(Span, String)]) -> Vec<FileId> {
    let mut files = vec![primary.file];
    for (span, _) in labels {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

/// The span as a range that is safe to cut the text at.
fn clamped(span: Span, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary((span.end as usize).min(text.len()));
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{NoFiles, SourceMap};

    #[test]
    fn shows_the_line_the_label_and_the_hint() {
        let mut sources = SourceMap::new(NoFiles);
        let file = sources.add("dir/a.p4", "header h_t {\n    bit<8> x\n}\n");
        let diagnostic = Diagnostic::error(
            Code("E0201"),
            Span::new(file, 25..25),
            "expected `;` after field `x`",
        )
        .with_label(Span::new(file, 7..10), "in this header")
        .with_hint("add `;`");
        let text = diagnostic.render(&sources, Style::Plain);
        for part in [
            "error[E0201]: expected `;` after field `x`",
            "dir/a.p4:2:13",
            "2 |     bit<8> x",
            "in this header",
            "help: add `;`",
        ] {
            assert!(text.contains(part), "`{part}` is missing in:\n{text}");
        }
    }

    #[test]
    fn spans_outside_of_the_text_do_not_panic() {
        let mut sources = SourceMap::new(NoFiles);
        let file = sources.add("a.p4", "ä");
        for (start, end) in [(0, 1), (1, 1), (1, 900), (900, 901), (2, 2)] {
            let span = Span { file, start, end };
            let diagnostic = Diagnostic::error(Code("E0000"), span, "x");
            assert!(diagnostic.render(&sources, Style::Plain).contains("E0000"));
        }
    }
}
