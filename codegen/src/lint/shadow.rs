//! Declarations that hide others.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Block, Decl, DeclKind, Ident, Param, Stmt, StmtKind};
use crate::check::Typed;
use crate::diagnostic::{Diagnostics, WarningKind};
use crate::source::Span;

pub(super) fn shadow(typed: &Typed<'_>, found: &mut Diagnostics) {
    let mut shadow = Shadow {
        levels: vec![HashMap::new()],
        found,
    };
    for decl in &typed.program.declarations {
        shadow.decl(decl);
    }
}

struct Shadow<'f> {
    levels: Vec<HashMap<Arc<str>, Span>>,
    found: &'f mut Diagnostics,
}

impl Shadow<'_> {
    fn declare(&mut self, ident: &Ident) {
        let hidden = self
            .levels
            .iter()
            .rev()
            .find_map(|level| level.get(&ident.name).copied());
        if let Some(hidden) = hidden
            && self.levels.len() > 1
        {
            self.found
                .warning(
                    WarningKind::Shadow.code(),
                    ident.span,
                    format!("`{ident}` hides another declaration of this name"),
                )
                .note(hidden, "the other one");
        }
        if let Some(level) = self.levels.last_mut() {
            level.insert(ident.name.clone(), ident.span);
        }
    }

    fn inside(&mut self, work: impl FnOnce(&mut Self)) {
        self.levels.push(HashMap::new());
        work(self);
        self.levels.pop();
    }

    fn params(&mut self, params: &[Param]) {
        for param in params {
            self.declare(&param.name);
        }
    }

    fn decl(&mut self, decl: &Decl) {
        match &decl.kind {
            DeclKind::Function(function) => self.inside(|inner| {
                inner.params(&function.signature.params);
                inner.block(&function.body);
            }),
            DeclKind::Action(action) => self.inside(|inner| {
                inner.params(&action.params);
                inner.block(&action.body);
            }),
            DeclKind::Control(control) => self.inside(|inner| {
                inner.params(&control.ty.params);
                inner.params(&control.constructor_params);
                for local in &control.locals {
                    inner.decl(local);
                }
                inner.block(&control.apply);
            }),
            DeclKind::Parser(parser) => self.inside(|inner| {
                inner.params(&parser.ty.params);
                inner.params(&parser.constructor_params);
                for local in &parser.locals {
                    inner.decl(local);
                }
                for state in &parser.states {
                    inner.inside(|inner| inner.statements(&state.statements));
                }
            }),
            _ => {}
        }
        let is_function = matches!(
            decl.kind,
            DeclKind::Function(_) | DeclKind::ExternFunction(_)
        );
        if let Some(name) = decl.name().filter(|_| !is_function) {
            self.declare(name);
        }
    }

    fn block(&mut self, block: &Block) {
        self.inside(|inner| inner.statements(&block.statements));
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Decl(decl) => self.decl(decl),
            StmtKind::If {
                then, otherwise, ..
            } => {
                self.statement(then);
                if let Some(otherwise) = otherwise {
                    self.statement(otherwise);
                }
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Switch(switch) => {
                for body in switch.cases.iter().filter_map(|case| case.body.as_ref()) {
                    self.block(body);
                }
            }
            StmtKind::For { init, body, .. } => self.inside(|inner| {
                inner.statements(init);
                inner.statement(body);
            }),
            StmtKind::ForIn(for_in) => self.inside(|inner| inner.statement(&for_in.body)),
            _ => {}
        }
    }
}
