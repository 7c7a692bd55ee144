//! The parser: tokens in, syntax tree out. Recursive descent, one module per part of the grammar.
//!
//! P4 cannot be parsed without knowing which names are types, so the parser keeps the scopes of names as it goes. After
//! an error it goes on at the next statement or declaration, and reports more.

mod annotation;
mod block;
mod cursor;
mod decl;
mod expr;
mod lookahead;
mod primary;
mod scope;
mod stmt;
mod table;
mod types;

use super::codes;
use super::token::{Token, TokenKind};
use crate::ast::{DeclId, Expr, ExprId, ExprKind, Program};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use scope::Scopes;

/// How deep statements, types and brackets may be nested.
const MAX_NESTING: usize = 96;
/// How high the tree of an expression may be; operators in a row make it higher too.
const MAX_HEIGHT: u16 = 256;
/// After so many errors the rest of the program is not looked at.
const MAX_ERRORS: usize = 100;

/// An error has been reported, and what was to be parsed is not there.
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// Parses the tokens of a program; the last of them is [`TokenKind::EndOfFile`]. Where they are `truncated`, their end
/// being where it is is no error of its own.
pub(super) fn parse_tokens(
    tokens: &[Token],
    truncated: bool,
    diagnostics: &mut Diagnostics,
) -> Program {
    let mut parser = Parser {
        tokens,
        truncated,
        at: 0,
        diagnostics,
        scopes: Scopes::default(),
        heights: Vec::new(),
        next_decl: 0,
        nesting: 0,
        in_width: false,
        last_error: None,
    };
    parser.program()
}

struct Parser<'a> {
    /// Ends with [`TokenKind::EndOfFile`].
    tokens: &'a [Token],
    /// Whether the end of the tokens is not that of the program.
    truncated: bool,
    /// The token to be looked at next.
    at: usize,
    diagnostics: &'a mut Diagnostics,
    scopes: Scopes,
    /// Heights of the trees of expressions, by their ids.
    heights: Vec<u16>,
    next_decl: u32,
    nesting: usize,
    /// Whether the width of a type is being parsed, which a `>` ends.
    in_width: bool,
    /// The token at which the last error was reported: a second one there would be its consequence.
    last_error: Option<usize>,
}

impl Parser<'_> {
    fn decl_id(&mut self) -> DeclId {
        let id = DeclId(self.next_decl);
        self.next_decl += 1;
        id
    }

    fn expr_id(&mut self, height: u16) -> ExprId {
        let id = ExprId(self.heights.len() as u32);
        self.heights.push(height);
        id
    }

    /// Makes an expression, unless its tree would be too high.
    fn expr(&mut self, kind: ExprKind, span: Span) -> Parsed<Expr> {
        let mut height = 0;
        kind.each_part(&mut |part| {
            height = height.max(self.heights[part.id.index()]);
        });
        if height >= MAX_HEIGHT {
            return Err(self.too_deep(span, "this expression has too many levels"));
        }
        Ok(Expr {
            id: self.expr_id(height + 1),
            kind,
            span,
        })
    }

    /// Runs a part of the parser one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            let span = self.peek().span;
            return Err(self.too_deep(span, "this is nested too deeply"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// Reports what is too deep and gives the rest of the program up.
    fn too_deep(&mut self, span: Span, message: &str) -> Failed {
        let error = Diagnostic::error(codes::NESTING, span, message);
        let failed = self.fail(error.with_hint("give parts of it names of their own"));
        self.give_up();
        failed
    }

    fn give_up(&mut self) {
        self.at = self.tokens.len() - 1;
        self.last_error = Some(self.at);
    }

    /// Reports an error, unless one has been reported at the same token.
    fn fail(&mut self, error: Diagnostic) -> Failed {
        let consequence = self.truncated && self.kind() == TokenKind::EndOfFile;
        if self.last_error != Some(self.at) && !consequence {
            self.last_error = Some(self.at);
            let span = error.span;
            self.diagnostics.push(error);
            if self.diagnostics.error_count() >= MAX_ERRORS {
                let message = "there are too many errors; the rest is not looked at";
                self.diagnostics.error(codes::TOO_MANY, span, message);
                self.give_up();
            }
        }
        Failed
    }

    fn program(&mut self) -> Program {
        let mut declarations = Vec::new();
        while self.kind() != TokenKind::EndOfFile {
            let start = self.at;
            match self.top_level() {
                Ok(declaration) => declarations.extend(declaration),
                Err(Failed) => self.skip_declaration(start),
            }
        }
        Program {
            declarations,
            expr_count: self.heights.len() as u32,
            decl_count: self.next_decl,
        }
    }
}
