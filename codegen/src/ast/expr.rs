//! Expressions.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{ExprId, Ident, Path, Type};
use crate::source::Span;

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Identity, for tables of types and values.
    pub id: ExprId,
    /// Which expression.
    pub kind: ExprKind,
    /// Where it is written; parentheses around it are included.
    pub span: Span,
}

/// The forms of expressions.
///
/// [`Mask`](ExprKind::Mask), [`DontCare`](ExprKind::DontCare) and [`Default`](ExprKind::Default) occur only where the
/// grammar admits them: in key sets, arguments, and table and switch entries. [`Range`](ExprKind::Range) also as the
/// domain of a loop.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// An integer literal.
    Int(IntLiteral),
    /// `true`, `false`
    Bool(bool),
    /// A string literal, with escapes replaced.
    String(Arc<str>),
    /// `this`
    This,
    /// A name of a value, or of a type before a dot (`Enumeration.member`, `Control.apply()`).
    Path(Path),
    /// A type before a dot that is not a plain name (`error.NoMatch`, `Control<T>.apply()`).
    Type(Box<Type>),
    /// `base.member`; also methods (`table.apply`) and members of enumerations and of `error`.
    Member {
        /// What is left of the dot.
        base: Box<Expr>,
        /// The name right of it.
        member: Ident,
    },
    /// `base[index]`
    Index {
        /// The stack, tuple or list.
        base: Box<Expr>,
        /// Which element.
        index: Box<Expr>,
    },
    /// `base[high:low]`
    Slice {
        /// The integer.
        base: Box<Expr>,
        /// The highest bit.
        high: Box<Expr>,
        /// The lowest bit.
        low: Box<Expr>,
    },
    /// `base[low+:width]`
    PartSelect {
        /// The integer.
        base: Box<Expr>,
        /// The lowest bit; need not be constant.
        low: Box<Expr>,
        /// How many bits.
        width: Box<Expr>,
    },
    /// `!`, `~`, `-`, `+` before an operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// Two operands with an operator between.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator itself is written.
        op_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `condition ? then : otherwise`
    Ternary {
        /// What decides.
        condition: Box<Expr>,
        /// The value if it is true.
        then: Box<Expr>,
        /// The value if it is false.
        otherwise: Box<Expr>,
    },
    /// `(type) operand`
    Cast {
        /// The type to have.
        ty: Box<Type>,
        /// The value.
        operand: Box<Expr>,
    },
    /// `callee<types>(arguments)` where the callee is a function, method, action or table method.
    Call {
        /// What is called: a path or a member.
        callee: Box<Expr>,
        /// Explicit type arguments; often empty.
        type_arguments: Vec<Type>,
        /// Arguments.
        arguments: Vec<Argument>,
    },
    /// `Type<types>(arguments)`: a constructor call. The callee was known as a type where it is written.
    Construct {
        /// What is constructed: a name or specialized type.
        ty: Box<Type>,
        /// Arguments.
        arguments: Vec<Argument>,
    },
    /// `{a, b}`; the last element may be [`ExprKind::Default`] (`{a, ...}`).
    List(Vec<Expr>),
    /// `{name = value}`
    Struct {
        /// The fields that are given.
        fields: Vec<NamedExpr>,
        /// The `...` at the end: other fields have default values.
        rest: Option<Span>,
    },
    /// `{#}`: an invalid header or header union.
    InvalidHeader,
    /// `(a, b)` as a key set of several expressions.
    Tuple(Vec<Expr>),
    /// `value &&& mask`
    Mask {
        /// The value.
        value: Box<Expr>,
        /// The bits of it that count.
        mask: Box<Expr>,
    },
    /// `low .. high`, both included.
    Range {
        /// The least value.
        low: Box<Expr>,
        /// The greatest value.
        high: Box<Expr>,
    },
    /// `_`: anything, or an `out` argument that is not wanted.
    DontCare,
    /// `default` in key sets and switch labels, `...` in initializers.
    Default,
    /// What could not be parsed; an error has been reported for it.
    Invalid,
}

impl ExprKind {
    /// Calls `each` for the expressions that are directly part of this one, in the order of the source.
    pub(crate) fn each_part<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match self {
            ExprKind::Member { base: operand, .. }
            | ExprKind::Unary { operand, .. }
            | ExprKind::Cast { operand, .. } => each(operand),
            ExprKind::Index { base: a, index: b }
            | ExprKind::Binary {
                left: a, right: b, ..
            }
            | ExprKind::Mask { value: a, mask: b }
            | ExprKind::Range { low: a, high: b } => {
                each(a);
                each(b);
            }
            ExprKind::Slice {
                base: a,
                high: b,
                low: c,
            }
            | ExprKind::PartSelect {
                base: a,
                low: b,
                width: c,
            }
            | ExprKind::Ternary {
                condition: a,
                then: b,
                otherwise: c,
            } => {
                each(a);
                each(b);
                each(c);
            }
            ExprKind::Call {
                callee, arguments, ..
            } => {
                each(callee);
                for argument in arguments {
                    each(&argument.value);
                }
            }
            ExprKind::Construct { arguments, .. } => {
                for argument in arguments {
                    each(&argument.value);
                }
            }
            ExprKind::List(elements) | ExprKind::Tuple(elements) => {
                for element in elements {
                    each(element);
                }
            }
            ExprKind::Struct { fields, .. } => {
                for field in fields {
                    each(&field.value);
                }
            }
            ExprKind::Int(_)
            | ExprKind::Bool(_)
            | ExprKind::String(_)
            | ExprKind::This
            | ExprKind::Path(_)
            | ExprKind::Type(_)
            | ExprKind::InvalidHeader
            | ExprKind::DontCare
            | ExprKind::Default
            | ExprKind::Invalid => {}
        }
    }
}

/// An integer literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntLiteral {
    /// Its value as it is written, not reduced to the width.
    pub value: BigInt,
    /// The width before `w` or `s`, if there is one.
    pub width: Option<u32>,
    /// Whether it is signed (`8s1`); meaningful only with a width.
    pub signed: bool,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The parameter that it is for, where it is named.
    pub name: Option<Ident>,
    /// The value; [`ExprKind::DontCare`] for `_`.
    pub value: Expr,
    /// The whole.
    pub span: Span,
}

/// `name = value`
#[derive(Clone, Debug)]
pub struct NamedExpr {
    /// Name.
    pub name: Ident,
    /// Value; [`ExprKind::Default`] for `...`.
    pub value: Expr,
    /// The whole.
    pub span: Span,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `~`
    Complement,
    /// `-`
    Negate,
    /// `+`
    Plus,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `|+|`, saturating.
    AddSat,
    /// `|-|`, saturating.
    SubSat,
    /// `++`
    Concat,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `&&`, which evaluates its right operand only if the left one is true.
    And,
    /// `||`, which evaluates its right operand only if the left one is false.
    Or,
}

impl UnaryOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            UnaryOp::Not => "!",
            UnaryOp::Complement => "~",
            UnaryOp::Negate => "-",
            UnaryOp::Plus => "+",
        }
    }
}

impl BinaryOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::AddSat => "|+|",
            BinaryOp::SubSat => "|-|",
            BinaryOp::Concat => "++",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitXor => "^",
            BinaryOp::BitOr => "|",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
        }
    }
}
