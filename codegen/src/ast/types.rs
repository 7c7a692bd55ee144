//! Types as they are written.

use super::{DeclId, Expr, Ident, Path};
use crate::source::Span;

/// A type where it is written.
#[derive(Clone, Debug)]
pub struct Type {
    /// Which type.
    pub kind: TypeKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `bool`
    Bool,
    /// `error`
    Error,
    /// `match_kind`
    MatchKind,
    /// `string`
    String,
    /// `int`: an integer of any size, known at compile time.
    Integer,
    /// `bit` (one bit) or `bit<width>`
    Bit(Option<Box<Expr>>),
    /// `int<width>`
    Int(Box<Expr>),
    /// `varbit<max_width>`
    Varbit(Box<Expr>),
    /// `void`: of functions that return nothing, and as a type argument.
    Void,
    /// `_`: a type argument that is to be inferred.
    DontCare,
    /// The name of a type or of a type parameter.
    Name(Path),
    /// `Name<arguments>`
    Specialized {
        /// The generic type.
        base: Path,
        /// Its type arguments; never empty.
        arguments: Vec<Type>,
    },
    /// `Element[size]`: a header stack (or array).
    Stack {
        /// Type of the elements.
        element: Box<Type>,
        /// How many there are.
        size: Box<Expr>,
    },
    /// `tuple<..>`
    Tuple(Vec<Type>),
    /// `list<Element>`
    List(Box<Type>),
}

/// A parameter of a generic declaration.
#[derive(Clone, Debug)]
pub struct TypeParam {
    /// Identity.
    pub id: DeclId,
    /// Name.
    pub name: Ident,
}
