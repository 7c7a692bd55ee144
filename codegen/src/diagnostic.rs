//! What the compiler has to say about a program.

mod kind;
mod render;

pub use kind::{WarningAction, WarningKind, WarningRules};
pub use render::Style;

use crate::source::{SourceMap, Span};

/// Names a kind of diagnostic, for users to look up and for tests to match: `E` or `W` and four digits.
///
/// `01xx` preprocessor and lexer, `02xx` syntax, `03xx` names, `04xx` types, `05xx` constants, `06xx` control and
/// parser structure, `07xx` lowering and back ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program cannot be compiled.
    Error,
    /// The program can be compiled but is probably not what was meant.
    Warning,
}

/// A second place that a diagnostic speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
}

/// One thing to say about one place of the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Kind.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The place it is about.
    pub span: Span,
    /// What is wrong: a sentence without a full stop, beginning in lower case.
    pub message: String,
    /// Other places that belong to it.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            span,
            message: message.into(),
            labels: Vec::new(),
            hint: None,
        }
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// Adds another place.
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Adds another place to a diagnostic that is already collected.
    pub fn note(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Says what to do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The diagnostic with an excerpt of the source, as it is printed.
    pub fn render(&self, sources: &SourceMap, style: Style) -> String {
        render::render(self, sources, style)
    }
}

/// The diagnostics of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Diagnostics {
    /// No diagnostics.
    pub fn new() -> Self {
        Diagnostics::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.list.push(diagnostic);
    }

    /// Adds an error and returns it, for labels and a hint to be added.
    pub fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Diagnostic::error(code, span, message))
    }

    /// Adds a warning and returns it, for labels and a hint to be added.
    pub fn warning(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Diagnostic::warning(code, span, message))
    }

    fn add(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.push(diagnostic);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// Adds those of another phase.
    pub fn append(&mut self, mut other: Diagnostics) {
        self.list.append(&mut other.list);
        self.errors += other.errors;
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// How many are errors.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Puts them in the order of the source and drops repetitions (same kind, place and message).
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.span, a.severity, a.code, &a.message).cmp(&(b.span, b.severity, b.code, &b.message))
        });
        self.list
            .dedup_by(|a, b| (a.span, a.code, &a.message) == (b.span, b.code, &b.message));
        self.errors = self
            .list
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count();
    }

    /// In the order in which they are held: of the source after [`Diagnostics::sort`], else of discovery.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// All of them with excerpts, sorted, as they are printed.
    pub fn render(&self, sources: &SourceMap, style: Style) -> String {
        let mut sorted = self.clone();
        sorted.sort();
        let mut text = String::new();
        for diagnostic in &sorted.list {
            text.push_str(&diagnostic.render(sources, style));
            text.push_str("\n\n");
        }
        text
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
