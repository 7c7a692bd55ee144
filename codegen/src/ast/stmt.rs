//! Statements.

use super::{Annotation, BinaryOp, Decl, DeclId, Expr, Ident, Type};
use crate::source::Span;

/// A statement, or a declaration among statements.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// Annotations, of blocks and loops; those of declarations are in the declaration.
    pub annotations: Vec<Annotation>,
    /// Which statement.
    pub kind: StmtKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `;`
    Empty,
    /// A constant, variable or instance ([`DeclKind::Const`](super::DeclKind::Const),
    /// [`Variable`](super::DeclKind::Variable), [`Instance`](super::DeclKind::Instance)).
    Decl(Box<Decl>),
    /// `target = value;`, `target op= value;`
    Assign {
        /// What is assigned to.
        target: Expr,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The value.
        value: Expr,
    },
    /// A call for its effects; always [`ExprKind::Call`](super::ExprKind::Call). `Control.apply(..)` of a type is a
    /// call of a member of a path (or of [`ExprKind::Type`](super::ExprKind::Type)) too.
    Call(Expr),
    /// `if (condition) then else otherwise`
    If {
        /// What decides.
        condition: Expr,
        /// Done if it is true.
        then: Box<Stmt>,
        /// Done if it is false.
        otherwise: Option<Box<Stmt>>,
    },
    /// `{ .. }`
    Block(Block),
    /// `return;`, `return value;`
    Return(Option<Expr>),
    /// `exit;`
    Exit,
    /// `switch (subject) { .. }`
    Switch(Switch),
    /// `for (init; condition; update) body`
    For {
        /// Declarations and statements before the first round.
        init: Vec<Stmt>,
        /// What must hold for another round.
        condition: Expr,
        /// Assignments and calls after each round.
        update: Vec<Stmt>,
        /// What is done in each round.
        body: Box<Stmt>,
    },
    /// `for (type name in domain) body`
    ForIn(Box<ForIn>),
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// What could not be parsed; an error has been reported for it.
    Invalid,
}

/// A loop over the values of a range, list or stack.
#[derive(Clone, Debug)]
pub struct ForIn {
    /// The variable.
    pub variable: LoopVariable,
    /// The values: [`ExprKind::Range`](super::ExprKind::Range) or an expression.
    pub domain: Expr,
    /// What is done in each round.
    pub body: Stmt,
}

/// The variable of a [`ForIn`] loop.
#[derive(Clone, Debug)]
pub enum LoopVariable {
    /// Declared by the loop.
    Declared {
        /// Identity.
        id: DeclId,
        /// Annotations of the variable.
        annotations: Vec<Annotation>,
        /// Type.
        ty: Type,
        /// Name.
        name: Ident,
    },
    /// A variable that exists.
    Existing(Expr),
}

/// Statements with a scope of their own.
#[derive(Clone, Debug)]
pub struct Block {
    /// Annotations before the opening brace.
    pub annotations: Vec<Annotation>,
    /// What is in it.
    pub statements: Vec<Stmt>,
    /// From brace to brace.
    pub span: Span,
}

/// A `switch` statement.
#[derive(Clone, Debug)]
pub struct Switch {
    /// What is looked at: `table.apply().action_run` or a value.
    pub subject: Expr,
    /// The cases as they are written.
    pub cases: Vec<SwitchCase>,
}

/// A case of a `switch` statement.
#[derive(Clone, Debug)]
pub struct SwitchCase {
    /// The value, or the name of an action; [`ExprKind::Default`](super::ExprKind::Default) for `default`.
    pub label: Expr,
    /// What is done; `None` falls through to the next case that has a body.
    pub body: Option<Block>,
    /// The whole.
    pub span: Span,
}
