//! Calls: inlines functions and controls, and applies tables.

use super::arguments::Body;
use super::instance::Binding;
use super::operand::{Operand, stmt};
use super::{Lowerer, codes};
use crate::ast::{DeclId, DeclKind, Expr, ExprKind};
use crate::check::{self, Bound, Builtin, Callee, Type};
use crate::ir::{self, HeaderRef, StmtKind};
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    /// A call: its effects as statements, its result as an operand.
    pub(super) fn call(
        &mut self,
        expr: &'a Expr,
        callee: &'a Expr,
        out: &mut ir::Block,
    ) -> Operand {
        let Some(call) = self.typed.call(expr.id).cloned() else {
            self.internal(expr.span, "a call that was not checked");
            return Operand::Nothing;
        };
        let span = expr.span;
        match call.callee {
            Some(Callee::Builtin(builtin)) => self.builtin(builtin, callee, &call, span, out),
            Some(Callee::Function(id)) => self.inline_function(id, &call, span, out),
            Some(Callee::Action(id)) => {
                self.inline_action(id, &call.arguments, span, out);
                Operand::Nothing
            }
            Some(Callee::Table(_)) => {
                self.apply_table(expr, ir::ApplyBranch::None, out);
                Operand::Nothing
            }
            Some(Callee::Block(_) | Callee::DirectBlock(_)) => {
                if let Some(at) = self.applied_instance(callee, &call) {
                    self.apply_control(at, callee, &call, span, out);
                }
                Operand::Nothing
            }
            Some(Callee::ExternFunction(id)) => self.extern_function(id, &call, span, out),
            Some(Callee::Method(id)) => self.extern_method(id, callee, &call, expr, out),
            None => Operand::Nothing,
        }
    }

    fn builtin(
        &mut self,
        builtin: Builtin,
        callee: &'a Expr,
        call: &check::Call<'a>,
        span: Span,
        out: &mut ir::Block,
    ) -> Operand {
        let ExprKind::Member { base, .. } = &callee.kind else {
            return Operand::Nothing;
        };
        let operand = self.place_of(base, out);
        match (builtin, operand) {
            (Builtin::IsValid, Operand::Choice(choice)) => {
                Operand::Scalar(self.choice_is_valid(&choice, span))
            }
            (Builtin::SetValid | Builtin::SetInvalid, Operand::Choice(choice)) => {
                let is_valid = builtin == Builtin::SetValid;
                self.for_choice(&choice, span, out, |lowerer, alternative, block| {
                    if let Operand::Header(header, _) = alternative {
                        lowerer.set_validity(header, is_valid, span, block);
                    }
                });
                Operand::Nothing
            }
            (Builtin::PushFront | Builtin::PopFront, Operand::Struct(parts)) => {
                if let Some(Bound::Value(count)) = call.arguments.first()
                    && let Some(count) = self.eval_number(count, "the number of elements")
                {
                    let is_push = builtin == Builtin::PushFront;
                    self.shift_elements(&parts, count, is_push, span, out);
                }
                Operand::Nothing
            }
            (Builtin::IsValid, Operand::Header(header, _)) => {
                Operand::Scalar(self.is_valid(&header, span))
            }
            (Builtin::IsValid, Operand::NewHeader(..)) => {
                Operand::Scalar(self.bool_constant(true, span))
            }
            (Builtin::IsValid, Operand::Union(union)) => Operand::Scalar(ir::Expr {
                kind: ir::ExprKind::IsUnionValid(union),
                scalar: ir::Scalar::Bool,
                span,
            }),
            (Builtin::SetValid, Operand::Header(header, _)) => {
                self.set_validity(&header, true, span, out);
                Operand::Nothing
            }
            (Builtin::SetInvalid, Operand::Header(header, _)) => {
                self.set_validity(&header, false, span, out);
                Operand::Nothing
            }
            (Builtin::PushFront | Builtin::PopFront, Operand::Stack(stack)) => {
                if let Some(Bound::Value(count)) = call.arguments.first()
                    && let Some(count) = self.eval_number(count, "the number of elements")
                {
                    let kind = match builtin {
                        Builtin::PushFront => StmtKind::PushFront(stack, count),
                        _ => StmtKind::PopFront(stack, count),
                    };
                    out.push(stmt(kind, span));
                }
                Operand::Nothing
            }
            (_, Operand::Nothing) => Operand::Nothing,
            _ => {
                self.unsupported(span, "this method here");
                Operand::Nothing
            }
        }
    }

    /// A member of a union that becomes valid makes the others invalid.
    pub(super) fn invalidate_siblings(
        &mut self,
        header: &HeaderRef,
        span: Span,
        out: &mut ir::Block,
    ) {
        let HeaderRef::Instance(id) = header else {
            return;
        };
        let union = self
            .program
            .unions
            .iter()
            .find(|union| union.members.contains(id));
        if let Some(union) = union {
            for other in union.members.clone() {
                if other != *id {
                    out.push(stmt(StmtKind::SetInvalid(HeaderRef::Instance(other)), span));
                }
            }
        }
    }

    /// A body that may contain `return`s, as statements.
    pub(super) fn scoped(&mut self, mut inner: ir::Block, span: Span, out: &mut ir::Block) {
        if matches!(inner.last(), Some(last) if matches!(last.kind, StmtKind::Leave)) {
            inner.pop();
        }
        if leaves_block(&inner) {
            out.push(stmt(StmtKind::Scope(inner), span));
        } else {
            out.append(&mut inner);
        }
    }

    fn inline_function(
        &mut self,
        id: DeclId,
        call: &check::Call<'a>,
        span: Span,
        out: &mut ir::Block,
    ) -> Operand {
        let Some(DeclKind::Function(function)) = self.typed.decl(id).map(|decl| &decl.kind) else {
            return Operand::Nothing;
        };
        let back = self.pass(
            &function.signature.params,
            &call.arguments,
            Body::Closed,
            span,
            out,
        );
        self.pass_types(&function.signature.type_params, &call.type_arguments);
        let ty = self.declared_type(id);
        let result = match ty {
            Type::Void => Operand::Nothing,
            ref ty => self.local(ty, &format!("{}_result", function.signature.name), span),
        };
        let outer = self.result.replace(result.clone());
        self.copy_outs.push(back);
        let mut inner = Vec::new();
        self.statements(&function.body.statements, &mut inner);
        self.result = outer;
        self.scoped(inner, span, out);
        out.append(&mut self.copy_outs.pop().unwrap_or_default());
        result
    }

    /// The instance that `apply` is called of.
    pub(super) fn applied_instance(
        &mut self,
        callee: &'a Expr,
        call: &check::Call<'a>,
    ) -> Option<usize> {
        let ExprKind::Member { base, .. } = &callee.kind else {
            return None;
        };
        if let Some(Callee::DirectBlock(id)) = call.callee {
            // An unnamed instance, named like its type.
            let decl = self.typed.decl(id)?;
            let (path, local_path) = match self.instance.and_then(|at| self.instances.get(at)) {
                Some(instance) => (instance.path.clone(), instance.local_path.clone()),
                None => (String::new(), String::new()),
            };
            let name = self.typed.name(id);
            let path = self.qualified(&path, name, &decl.annotations);
            let local_path = if local_path.is_empty() {
                name.to_owned()
            } else {
                format!("{local_path}.{name}")
            };
            return self.instantiate(decl, path, local_path, None, &call.type_arguments);
        }
        let id = self.typed.reference(base.id)?;
        match self.bindings.get(&id) {
            Some(Binding::Instance(at)) => Some(*at),
            _ => {
                self.unsupported(base.span, "an instance that is not declared in this block");
                None
            }
        }
    }

    fn apply_control(
        &mut self,
        at: usize,
        callee: &Expr,
        call: &check::Call<'a>,
        span: Span,
        out: &mut ir::Block,
    ) {
        let DeclKind::Control(control) = &self.instances[at].decl.kind else {
            self.unsupported(span, "a parser that is applied inside another statement");
            return;
        };
        self.types.extend(self.instances[at].types.clone());
        let body = match self.is_applied_again(at, callee) {
            true => Body::Fixed(at),
            false => Body::Closed,
        };
        let back = self.pass(&control.ty.params, &call.arguments, body, span, out);
        let fixed = u32::from(body != Body::Closed && !back.is_empty());
        self.fixed_results += fixed;
        self.copy_outs.push(back);
        self.inline_control(at, out);
        out.append(&mut self.copy_outs.pop().unwrap_or_default());
        self.fixed_results -= fixed;
    }

    /// Whether a control has tables, or objects that its tables need, and is applied more than once by what surrounds it. Tables
    /// and actions exist once per instance, so their storage must be the same whenever it is applied.
    fn is_applied_again(&self, at: usize, callee: &Expr) -> bool {
        let ExprKind::Member { base, .. } = &callee.kind else {
            return false;
        };
        let surrounding = self.instance.and_then(|at| self.instances.get(at));
        let (Some(id), Some(surrounding)) = (self.typed.reference(base.id), surrounding) else {
            return false;
        };
        let (DeclKind::Control(control), DeclKind::Control(surrounding)) =
            (&self.instances[at].decl.kind, &surrounding.decl.kind)
        else {
            return false;
        };
        let has_state = (control.locals.iter())
            .any(|local| matches!(local.kind, DeclKind::Table(_) | DeclKind::Instance(_)));
        let mut count = 0;
        for statement in &surrounding.apply.statements {
            super::loops::any_statement(statement, &mut |statement| {
                if let crate::ast::StmtKind::Call(call) = &statement.kind
                    && let ExprKind::Call { callee, .. } = &call.kind
                    && let ExprKind::Member { base, .. } = &callee.kind
                    && self.typed.reference(base.id) == Some(id)
                {
                    count += 1;
                }
                false
            });
        }
        has_state && count > 1
    }

    /// The body of a control whose parameters have their meaning.
    pub(super) fn inline_control(&mut self, at: usize, out: &mut ir::Block) {
        let decl = self.instances[at].decl;
        let DeclKind::Control(control) = &decl.kind else {
            self.error(
                codes::BAD_BLOCK,
                decl.span,
                "a control is expected here, not a parser",
            );
            return;
        };
        let outer = self.instance.replace(at);
        let outer_result = self.result.take();
        self.types.extend(self.instances[at].types.clone());
        self.bindings.extend(self.instances[at].bindings.clone());
        let mut inner = Vec::new();
        self.initialise(&control.locals, &mut inner);
        self.statements(&control.apply.statements, &mut inner);
        self.scoped(inner, control.apply.span, out);
        self.instance = outer;
        self.result = outer_result;
    }

    /// Initial values of the locals of a parser or control.
    pub(super) fn initialise(&mut self, locals: &'a [crate::ast::Decl], out: &mut ir::Block) {
        for local in locals {
            let DeclKind::Variable(variable) = &local.kind else {
                continue;
            };
            let Some(Binding::Operand(to)) = self.bindings.get(&local.id).cloned() else {
                continue;
            };
            match &variable.value {
                Some(value) => {
                    let value = self.expr(value, out);
                    self.assign(&to, &value, local.span, out);
                }
                None => self.invalidate(&to, local.span, out),
            }
        }
    }

    /// `table.apply()`; `branch` is what depends on its outcome.
    pub(super) fn apply_table(
        &mut self,
        expr: &'a Expr,
        branch: ir::ApplyBranch,
        out: &mut ir::Block,
    ) {
        let table = match self.typed.call(expr.id).and_then(|call| call.callee) {
            Some(Callee::Table(id)) => self.table(id),
            _ => None,
        };
        let Some((table, mut before)) = table else {
            if !self.diagnostics.has_errors() {
                self.internal(expr.span, "a table that is not there");
            }
            return;
        };
        out.append(&mut before);
        out.push(stmt(StmtKind::Apply(table, branch), expr.span));
    }
}

/// Whether a `Leave` in a block ends the block itself rather than a scope in it.
fn leaves_block(block: &[ir::Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Leave => true,
        StmtKind::If(_, then, otherwise) => leaves_block(then) || leaves_block(otherwise),
        StmtKind::Loop { body, update } => leaves_block(body) || leaves_block(update),
        StmtKind::Switch(_, cases, default) => {
            cases.iter().any(|(_, block)| leaves_block(block)) || leaves_block(default)
        }
        StmtKind::Apply(_, branch) => match branch {
            ir::ApplyBranch::None => false,
            ir::ApplyBranch::Hit { hit, miss } => leaves_block(hit) || leaves_block(miss),
            ir::ApplyBranch::Action { cases, default } => {
                cases.iter().any(|(_, block)| leaves_block(block)) || leaves_block(default)
            }
        },
        _ => false,
    })
}
