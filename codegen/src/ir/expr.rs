//! Expressions: free of side effects; every width is explicit.

use super::{HeaderId, Scalar, StackId, UnionId, VariableId};
use crate::source::Span;
use num_bigint::BigUint;

/// An expression and its type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// Its type.
    pub scalar: Scalar,
    /// Where it stands.
    pub span: Span,
}

/// A header: an instance, or an element of a stack whose index is computed.
#[derive(Clone, Debug)]
pub enum HeaderRef {
    /// An instance.
    Instance(HeaderId),
    /// `stack[index]` with an index that is not constant. Out of range: reads give 0, writes do nothing.
    Element(StackId, Box<Expr>),
    /// `stack.next` (parser).
    Next(StackId),
    /// `stack.last` (parser).
    Last(StackId),
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant, two's complement for `int<W>`; 0 or 1 for `bool`.
    Constant(BigUint),
    /// A variable.
    Variable(VariableId),
    /// A parameter of the action that this expression stands in.
    ActionParameter(u32),
    /// A field of a header, by index in its type. Of an invalid header: 0.
    Field(HeaderRef, u32),
    /// `header.isValid()`.
    IsValid(HeaderRef),
    /// `union.isValid()`.
    IsUnionValid(UnionId),
    /// `stack.lastIndex` (parser), 32 bits.
    LastIndex(StackId),
    /// `packet.lookahead<T>()` at an offset in bits; the parser state's [`super::StmtKind::RequireLookahead`] has checked the length.
    Lookahead(u32),
    /// `packet.length()` in bytes.
    PacketLength,
    /// One operand.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands. Operands and result have one type, but: comparisons give `bool`, shifts take any unsigned amount.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `left ++ right`.
    Concat(Box<Expr>, Box<Expr>),
    /// `base[high:low]`.
    Slice(Box<Expr>, u32, u32),
    /// To this expression's type: truncates or extends (by the sign of the operand's type); `bool` and `bit<1>` convert.
    Cast(Box<Expr>),
    /// `condition ? then : otherwise`.
    Mux(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!` on `bool`.
    Not,
    /// `~`.
    Complement,
    /// `-`, modulo 2^width.
    Negate,
}

/// Binary operators. The type of the left operand says whether they are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `&&`: short-circuits, although nothing here has side effects.
    And,
    /// `||`.
    Or,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `+`, modulo 2^width.
    Add,
    /// `-`, modulo 2^width.
    Sub,
    /// `*`, modulo 2^width.
    Mul,
    /// `/`, unsigned, of a divisor that is not 0 when constant; else 0.
    Div,
    /// `%`, as `/`.
    Mod,
    /// `|+|`.
    SaturatingAdd,
    /// `|-|`.
    SaturatingSub,
    /// `&`.
    BitAnd,
    /// `|`.
    BitOr,
    /// `^`.
    BitXor,
    /// `<<`; a shift by the width or more gives 0.
    ShiftLeft,
    /// `>>`: logical for `bit`, arithmetic for `int`.
    ShiftRight,
}
