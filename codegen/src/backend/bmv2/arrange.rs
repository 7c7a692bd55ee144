//! What BMv2 does by itself, and only in one way, becomes statements where a program asks for more.
//!
//! BMv2 verifies checksums in front of ingress, and behind egress it updates them and then emits the headers that are valid. A
//! control that does only this is left to BMv2. Any other runs as statements, first in ingress or last in egress; what its deparser
//! emits depending on something is then a copy of the header that is valid if it is to be emitted.

use super::UNSUPPORTED;
use super::externs::is_plain_input;
use crate::diagnostic::Diagnostics;
use crate::ir::{
    ApplyBranch, Block, Expr, ExprKind, ExternCall, HashAlgorithm, Header, HeaderId, HeaderRef,
    Place, Program, Stmt, StmtKind,
};
use std::borrow::Cow;

/// A program whose controls around ingress and egress do only what BMv2 does by itself.
pub(super) struct Arranged<'p> {
    pub(super) program: Cow<'p, Program>,
    /// What ingress does first.
    pub(super) before_ingress: Block,
    /// What egress does last, control by control; each may end early.
    pub(super) after_egress: Vec<Block>,
}

/// Finds what BMv2 does not do by itself and moves it.
///
/// # Errors
/// What cannot be moved.
pub(super) fn arranged(program: &Program) -> Result<Arranged<'_>, Diagnostics> {
    let mut arranged = Arranged {
        program: Cow::Borrowed(program),
        before_ingress: Vec::new(),
        after_egress: Vec::new(),
    };
    if !only_checksums(&program.verify_checksum) {
        let moved = std::mem::take(&mut arranged.program.to_mut().verify_checksum);
        arranged.before_ingress = moved;
    }
    let emits_all = only_emits(&program.deparser);
    // A deparser that computes sees the checksums.
    if !emits_all || !only_checksums(&program.compute_checksum) {
        let moved = std::mem::take(&mut arranged.program.to_mut().compute_checksum);
        arranged.after_egress.push(moved);
    }
    if !emits_all {
        let program = arranged.program.to_mut();
        let body = std::mem::take(&mut program.deparser);
        let mut emits = Emits {
            program,
            order: Vec::new(),
            copies: Vec::new(),
            always: true,
            diagnostics: Diagnostics::new(),
        };
        let body = emits.block(body, Depth::Top);
        if emits.diagnostics.has_errors() {
            return Err(emits.diagnostics);
        }
        let Emits { order, copies, .. } = emits;
        program.deparser = order;
        // A clone of a packet at the end of egress comes with the headers of the one that it was made from.
        arranged.after_egress.push([copies, body].concat());
    }
    Ok(arranged)
}

/// Whether a control only verifies or updates checksums in fields, over what BMv2 reads for them.
fn only_checksums(block: &[Stmt]) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::If(_, then, otherwise) => only_checksums(then) && only_checksums(otherwise),
        StmtKind::Scope(block) => only_checksums(block),
        StmtKind::Extern(call) => match call {
            ExternCall::VerifyChecksum {
                data,
                checksum,
                algorithm,
                ..
            } => {
                is_field(checksum)
                    && *algorithm != HashAlgorithm::Random
                    && data.iter().all(is_plain_input)
            }
            ExternCall::UpdateChecksum {
                data,
                checksum,
                algorithm,
                ..
            } => {
                let is_field = matches!(
                    checksum,
                    Place::Variable(_) | Place::Field(HeaderRef::Instance(_), _)
                );
                is_field && *algorithm != HashAlgorithm::Random && data.iter().all(is_plain_input)
            }
            _ => false,
        },
        _ => false,
    })
}

fn is_field(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Variable(_) | ExprKind::Field(HeaderRef::Instance(_), _)
    )
}

/// Whether a deparser emits headers in a row and does nothing that another statement of it could see.
fn only_emits(block: &[Stmt]) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::Emit(HeaderRef::Instance(_)) | StmtKind::Extern(_) => true,
        StmtKind::Scope(block) => only_emits(block),
        _ => false,
    })
}

/// What a statement stands in.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Nothing that decides whether it runs.
    Top,
    /// Something that does.
    Branch,
    /// A loop.
    Loop,
}

impl Depth {
    /// Of what stands in a branch of a statement.
    fn branch(self) -> Depth {
        match self {
            Depth::Loop => Depth::Loop,
            _ => Depth::Branch,
        }
    }
}

/// The emits of a deparser.
struct Emits<'p> {
    program: &'p mut Program,
    /// The headers in order.
    order: Block,
    /// Makes all copies invalid.
    copies: Block,
    /// Whether nothing so far may have ended the deparser or a part of it.
    always: bool,
    diagnostics: Diagnostics,
}

impl Emits<'_> {
    fn block(&mut self, block: Block, depth: Depth) -> Block {
        let stmts = block.into_iter();
        stmts.filter_map(|stmt| self.stmt(stmt, depth)).collect()
    }

    fn stmt(&mut self, stmt: Stmt, depth: Depth) -> Option<Stmt> {
        let span = stmt.span;
        let inner = depth.branch();
        let kind = match stmt.kind {
            StmtKind::Emit(header) => return self.emit(header, span, depth),
            StmtKind::If(condition, then, otherwise) => {
                let then = self.block(then, inner);
                StmtKind::If(condition, then, self.block(otherwise, inner))
            }
            StmtKind::Switch(subject, cases, default) => {
                let cases = self.cases(cases, inner);
                StmtKind::Switch(subject, cases, self.block(default, inner))
            }
            StmtKind::Apply(table, ApplyBranch::Hit { hit, miss }) => {
                let hit = self.block(hit, inner);
                let miss = self.block(miss, inner);
                StmtKind::Apply(table, ApplyBranch::Hit { hit, miss })
            }
            StmtKind::Apply(table, ApplyBranch::Action { cases, default }) => {
                let cases = self.cases(cases, inner);
                let default = self.block(default, inner);
                StmtKind::Apply(table, ApplyBranch::Action { cases, default })
            }
            StmtKind::Scope(block) => StmtKind::Scope(self.block(block, depth)),
            StmtKind::Loop { body, update } => StmtKind::Loop {
                body: self.block(body, Depth::Loop),
                update: self.block(update, Depth::Loop),
            },
            kind => {
                self.always &= !matches!(kind, StmtKind::Leave | StmtKind::Exit);
                kind
            }
        };
        Some(Stmt { kind, span })
    }

    fn cases<K>(&mut self, cases: Vec<(K, Block)>, depth: Depth) -> Vec<(K, Block)> {
        let cases = cases.into_iter();
        let cases = cases.map(|(case, block)| (case, self.block(block, depth)));
        cases.collect()
    }

    fn emit(&mut self, header: HeaderRef, span: crate::source::Span, depth: Depth) -> Option<Stmt> {
        let stmt = |kind| Stmt { kind, span };
        if let HeaderRef::Instance(id) = header
            && !self.program.headers[id.index()].is_metadata
            && depth == Depth::Top
            && self.always
        {
            self.order.push(stmt(StmtKind::Emit(header)));
            return None;
        }
        if depth == Depth::Loop {
            let message = "an `emit` in a loop whose rounds are not known is not supported by BMv2";
            self.diagnostics.error(UNSUPPORTED, span, message);
            return None;
        }
        let header_type = match &header {
            HeaderRef::Instance(id) => self.program.headers[id.index()].header_type,
            HeaderRef::Element(stack, _) | HeaderRef::Next(stack) | HeaderRef::Last(stack) => {
                self.program.stacks[stack.index()].header_type
            }
        };
        let copy = HeaderId(self.program.headers.len() as u32);
        self.program.headers.push(Header {
            name: format!("$emitted_{}", self.copies.len()),
            header_type,
            is_metadata: false,
            span,
        });
        let to = HeaderRef::Instance(copy);
        self.copies.push(stmt(StmtKind::SetInvalid(to.clone())));
        self.order.push(stmt(StmtKind::Emit(to.clone())));
        Some(stmt(StmtKind::CopyHeader { to, from: header }))
    }
}
