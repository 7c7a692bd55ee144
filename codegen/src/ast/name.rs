//! Names, ids and annotations.

use std::fmt;
use std::sync::Arc;

use super::{Expr, NamedExpr};
use crate::source::Span;

/// Identifies an expression of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub u32);

impl ExprId {
    /// The id as an index into a table of expressions.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Identifies a declaration of a program, of whatever kind: also parameters, type parameters, states, fields,
/// members of enumerations, variables of loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeclId(pub u32);

impl DeclId {
    /// The id as an index into a table of declarations.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name where it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name; equal names of a program share their text.
    pub name: Arc<str>,
    /// Where it is written.
    pub span: Span,
}

impl Ident {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A name that refers to a declaration: `name`, or `.name` for the one at the top level.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Whether it begins with a dot.
    pub absolute: bool,
    /// The name.
    pub name: Ident,
    /// The whole, dot included.
    pub span: Span,
}

/// `@name`, `@name(tokens)`, `@name[expressions]` or `@name[key=value, ..]`.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The name, without `@`.
    pub name: Ident,
    /// What follows the name.
    pub body: AnnotationBody,
    /// The whole.
    pub span: Span,
}

/// What follows the name of an annotation.
#[derive(Clone, Debug)]
pub enum AnnotationBody {
    /// Nothing.
    Empty,
    /// `(..)`: any tokens, with balanced parentheses.
    Unstructured(Vec<AnnotationToken>),
    /// `[a, b]`: expressions, to be evaluated at compile time.
    List(Vec<Expr>),
    /// `[k = v]`: named expressions, to be evaluated at compile time.
    Map(Vec<NamedExpr>),
}

/// A token of the body of an unstructured annotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnnotationToken {
    /// What kind of token it is.
    pub kind: AnnotationTokenKind,
    /// Its text; of a string literal the content, with escapes replaced.
    pub text: Arc<str>,
    /// Where it is written.
    pub span: Span,
}

/// Kinds of tokens of annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnnotationTokenKind {
    /// An identifier or keyword.
    Word,
    /// An integer literal.
    Integer,
    /// A string literal.
    String,
    /// Anything else.
    Punctuation,
}

impl Annotation {
    /// The string of an annotation that consists of one string literal, as `@name("..")` does.
    pub fn string(&self) -> Option<&str> {
        match &self.body {
            AnnotationBody::Unstructured(tokens) => match tokens.as_slice() {
                [token] if token.kind == AnnotationTokenKind::String => Some(&token.text),
                _ => None,
            },
            _ => None,
        }
    }
}
