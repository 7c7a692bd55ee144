//! Tables.

use super::{Annotation, Argument, Expr, ExprId, Ident, Path};
use crate::source::Span;

/// A `table`.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name.
    pub name: Ident,
    /// The properties in the order in which they are written.
    pub properties: Vec<TableProperty>,
}

/// A property of a table.
#[derive(Clone, Debug)]
pub struct TableProperty {
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Whether it is marked `const`.
    pub constant: bool,
    /// Which property.
    pub kind: TablePropertyKind,
    /// The name of the property.
    pub name: Ident,
    /// The whole.
    pub span: Span,
}

/// The forms of table properties.
#[derive(Clone, Debug)]
pub enum TablePropertyKind {
    /// `key = { .. }`
    Key(Vec<KeyElement>),
    /// `actions = { .. }`
    Actions(Vec<ActionRef>),
    /// `entries = { .. }`
    Entries(Vec<Entry>),
    /// `default_action = ..`
    DefaultAction(ActionRef),
    /// `name = value`: `size`, `counters`, `support_timeout` and all others.
    Custom(Expr),
}

/// A field of a table key: `expression : match_kind;`
#[derive(Clone, Debug)]
pub struct KeyElement {
    /// What is looked up.
    pub expr: Expr,
    /// How it is matched.
    pub match_kind: Path,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// The whole.
    pub span: Span,
}

/// An action in a list of actions, as a default action or in an entry.
#[derive(Clone, Debug)]
pub struct ActionRef {
    /// Identity of the reference as an expression.
    pub id: ExprId,
    /// Annotations (`@defaultonly`, `@tableonly`).
    pub annotations: Vec<Annotation>,
    /// Name.
    pub path: Path,
    /// Arguments in parentheses, if there are parentheses.
    pub arguments: Option<Vec<Argument>>,
    /// The whole.
    pub span: Span,
}

/// An entry of a table that is part of the program.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whether it is marked `const`.
    pub constant: bool,
    /// `priority = expression:`
    pub priority: Option<Expr>,
    /// One key set for each field of the key.
    pub keys: Vec<Expr>,
    /// What is done on a match.
    pub action: ActionRef,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// The whole.
    pub span: Span,
}
