//! Kinds of warnings, by the names that the reference compiler gives them.

use super::{Code, Diagnostics, Severity};
use crate::check::scope::nearest;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $code:literal;)*) => {
        /// A kind of warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum WarningKind {
            $($(#[$doc])* $name,)*
        }

        impl WarningKind {
            /// All kinds.
            pub const ALL: &'static [WarningKind] = &[$(WarningKind::$name,)*];

            /// The name on the command line and in `@noWarn`.
            pub fn name(self) -> &'static str {
                match self {
                    $(WarningKind::$name => $text,)*
                }
            }

            /// The code of its diagnostics.
            pub fn code(self) -> Code {
                match self {
                    $(WarningKind::$name => Code($code),)*
                }
            }
        }
    };
}

kinds! {
    /// Nothing refers to the declaration.
    Unused = "unused", "W0401";
    /// A variable is read before it is written, on some way.
    UninitializedUse = "uninitialized-use", "W0402";
    /// An `out` parameter is left without a value, on some way.
    UninitializedOutParam = "uninitialized-out-param", "W0403";
    /// A field of a header that is not valid.
    InvalidHeader = "invalid-header", "W0404";
    /// A state without a transition.
    ParserTransition = "parser-transition", "W0405";
    /// A state or case that nothing comes to.
    Unreachable = "unreachable", "W0406";
    /// A declaration hides another.
    Shadow = "shadow", "W0407";
    /// A number does not fit.
    Overflow = "overflow", "W0408";
    /// A number with a sign where there can be none.
    Mismatch = "mismatch", "W0409";
    /// Something that is marked as deprecated.
    Deprecated = "deprecated", "W0410";
    /// Two entries with one priority.
    DuplicatePriorities = "duplicate-priorities", "W0411";
    /// Entries that are not in the order of their priorities.
    EntriesOutOfOrder = "entries-out-of-priority-order", "W0412";
    /// Something that is usually there is not.
    Missing = "missing", "W0413";
    /// A name that means nothing here.
    Unknown = "unknown", "W0414";
    /// Arguments of one call that are written to the same place.
    Ordering = "ordering", "W0415";
    /// A value that makes no sense where it stands.
    Invalid = "invalid", "W0416";
    /// A macro is defined again, differently.
    Redefined = "redefined", "W0109";
}

/// Kinds that the reference compiler has and this one does not: they can be switched, without effect.
const OTHER_KINDS: &[&str] = &[
    "branch",
    "duplicate",
    "expr",
    "failed",
    "ignore",
    "ignore-prop",
    "keys",
    "legacy",
    "multi-header-extract",
    "type-inference",
    "uninitialized",
    "unsupported",
];

impl WarningKind {
    /// The kind of a diagnostic's code, of a warning.
    pub fn of(code: Code) -> Option<WarningKind> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The kind with a name; underscores count as hyphens.
    pub fn from_name(name: &str) -> Option<WarningKind> {
        let name = name.replace('_', "-");
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind that was probably meant by a name that no kind has; underscores count as hyphens.
    pub fn nearest(name: &str) -> Option<WarningKind> {
        let names = Self::ALL.iter().map(|kind| kind.name());
        nearest(&name.replace('_', "-"), names).and_then(Self::from_name)
    }

    /// Whether a name is that of a kind, here or in the reference compiler.
    pub fn is_known(name: &str) -> bool {
        Self::from_name(name).is_some() || OTHER_KINDS.contains(&name.replace('_', "-").as_str())
    }
}

/// What becomes of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningAction {
    /// It is not shown.
    Disable,
    /// It is shown.
    Warn,
    /// It is an error.
    Error,
}

/// What becomes of the warnings of each kind. Rules that come later win; a rule for one kind wins over those for all.
#[derive(Clone, Debug, Default)]
pub struct WarningRules {
    all: Option<WarningAction>,
    kinds: Vec<(WarningKind, WarningAction)>,
}

impl WarningRules {
    /// Adds a rule for all warnings.
    pub fn set_all(&mut self, action: WarningAction) {
        self.all = Some(action);
    }

    /// Adds a rule for the warnings of one kind.
    pub fn set(&mut self, kind: WarningKind, action: WarningAction) {
        self.kinds.push((kind, action));
    }

    fn action(&self, code: Code) -> WarningAction {
        let kind = WarningKind::of(code);
        self.kinds
            .iter()
            .rev()
            .find(|(other, _)| Some(*other) == kind)
            .map(|(_, action)| *action)
            .or(self.all)
            .unwrap_or(WarningAction::Warn)
    }

    /// Drops warnings and makes errors of them as the rules say.
    pub fn apply(&self, diagnostics: Diagnostics) -> Diagnostics {
        let mut kept = Diagnostics::new();
        for mut diagnostic in diagnostics {
            if diagnostic.severity == Severity::Warning {
                match self.action(diagnostic.code) {
                    WarningAction::Disable => continue,
                    WarningAction::Warn => {}
                    WarningAction::Error => diagnostic.severity = Severity::Error,
                }
            }
            kept.push(diagnostic);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::source::{NoFiles, SourceMap, Span};

    #[test]
    fn a_rule_for_a_kind_wins_over_one_for_all() {
        let mut sources = SourceMap::new(NoFiles);
        let span = Span::new(sources.add("a.p4", "abc"), 0..1);
        let mut rules = WarningRules::default();
        rules.set(WarningKind::Shadow, WarningAction::Error);
        rules.set_all(WarningAction::Disable);
        let mut found = Diagnostics::new();
        for kind in [WarningKind::Shadow, WarningKind::Unused] {
            found.push(Diagnostic::warning(kind.code(), span, kind.name()));
        }
        let kept = rules.apply(found);
        assert_eq!((kept.len(), kept.error_count()), (1, 1));
        assert_eq!(
            WarningKind::from_name("invalid_header"),
            Some(WarningKind::InvalidHeader)
        );
    }
}
