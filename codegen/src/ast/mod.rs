//! The syntax of a P4-16 program (specification 1.2.5) as plain data.
//!
//! Every node has a [`Span`](crate::source::Span). Expressions and declarations have ids, unique in a [`Program`] and
//! dense from 0, so that later phases can keep what they learn in tables beside the tree.

mod decl;
mod expr;
mod name;
mod stmt;
mod table;
mod types;

pub use decl::*;
pub use expr::*;
pub use name::*;
pub use stmt::*;
pub use table::*;
pub use types::*;

/// A program with all that it includes.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The declarations of all files, in the order of the text after preprocessing.
    pub declarations: Vec<Decl>,
    /// One more than the largest [`ExprId`].
    pub expr_count: u32,
    /// One more than the largest [`DeclId`].
    pub decl_count: u32,
}
