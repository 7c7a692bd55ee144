//! Diagnostics as JSON for editors, one object per line.

use dpr_codegen::diagnostic::{Diagnostic, Severity, WarningKind};
use dpr_codegen::source::{SourceMap, Span};
use serde::Serialize;

/// One diagnostic. The shape is documented in docs/compiler.md.
#[derive(Serialize)]
struct Message<'a> {
    level: &'static str,
    code: &'static str,
    /// The kind of a warning, as `--Wdisable` and `@noWarn` name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    message: &'a str,
    #[serde(flatten)]
    place: Place,
    /// The place itself, and then those that the labels tell of.
    spans: Vec<Labelled<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct Labelled<'a> {
    #[serde(flatten)]
    place: Place,
    primary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
}

/// Lines and columns count from 1, columns in characters; the end is the first place after what is meant.
#[derive(Serialize)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Place {
    fn of(span: Span, sources: &SourceMap) -> Self {
        let path = sources.files().get(span.file.index());
        let start = sources.position(span);
        let end = sources.position(span.after());
        Place {
            file: path.map_or_else(String::new, |file| file.path.to_string_lossy().into_owned()),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// The diagnostic as a line of JSON, without the line's end.
///
/// # Errors
/// Never for diagnostics of a compilation with these sources.
pub fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Result<String> {
    let primary = Labelled {
        place: Place::of(diagnostic.span, sources),
        primary: true,
        label: None,
    };
    let labels = diagnostic.labels.iter().map(|label| Labelled {
        place: Place::of(label.span, sources),
        primary: false,
        label: Some(&label.message),
    });
    serde_json::to_string(&Message {
        level: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code.0,
        kind: WarningKind::of(diagnostic.code).map(WarningKind::name),
        message: &diagnostic.message,
        place: Place::of(diagnostic.span, sources),
        spans: std::iter::once(primary).chain(labels).collect(),
        hint: diagnostic.hint.as_deref(),
    })
}
