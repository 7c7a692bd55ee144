//! Statements.

use num_bigint::BigUint;

use super::Lowerer;
use super::instance::Binding;
use super::operand::{Leaf, Operand, stmt};
use crate::ast::{BinaryOp, Decl, DeclKind, Expr, ExprKind, Stmt, StmtKind, Switch, UnaryOp};
use crate::check::{self, Callee, Type};
use crate::ir;
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    pub(super) fn statements(&mut self, statements: &'a [Stmt], out: &mut ir::Block) {
        for (at, statement) in statements.iter().enumerate() {
            self.statement(statement, out);
            // What follows an unconditional end is never reached; only the control plane is told of it.
            if let Some(last) = out.last()
                && matches!(
                    last.kind,
                    ir::StmtKind::Leave
                        | ir::StmtKind::Exit
                        | ir::StmtKind::Break
                        | ir::StmtKind::Continue
                )
            {
                for dead in &statements[at + 1..] {
                    if let StmtKind::Call(call) = &dead.kind
                        && let Some(Callee::Action(id)) =
                            self.typed.call(call.id).and_then(|call| call.callee)
                    {
                        self.note_call(id);
                    }
                }
                break;
            }
        }
    }

    fn block_of(&mut self, statement: &'a Stmt) -> ir::Block {
        let mut block = Vec::new();
        self.statements(std::slice::from_ref(statement), &mut block);
        block
    }

    pub(super) fn statement(&mut self, statement: &'a Stmt, out: &mut ir::Block) {
        let span = statement.span;
        match &statement.kind {
            StmtKind::Empty | StmtKind::Invalid => {}
            StmtKind::Decl(decl) => self.local_declaration(decl, out),
            StmtKind::Assign { target, op, value } => {
                self.assignment(target, *op, value, span, out);
            }
            StmtKind::Call(call) => {
                if let ExprKind::Call { callee, .. } = &call.kind {
                    self.call(call, callee, out);
                }
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                if let Ok(check::Value::Bool(value)) = self.eval(condition) {
                    if value {
                        self.statement(then, out);
                    } else if let Some(otherwise) = otherwise {
                        self.statement(otherwise, out);
                    }
                    return;
                }
                let then = self.block_of(then);
                let otherwise = match otherwise {
                    Some(otherwise) => self.block_of(otherwise),
                    None => Vec::new(),
                };
                self.condition(condition, then, otherwise, span, out);
            }
            StmtKind::Block(block) => self.statements(&block.statements, out),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let value = self.expr(value, out);
                    if let Some(result) = self.result.clone() {
                        self.assign(&result, &value, span, out);
                    }
                }
                out.push(stmt(ir::StmtKind::Leave, span));
            }
            StmtKind::Exit => {
                if self.in_kept_action && self.fixed_results > 0 {
                    self.unsupported(
                        span,
                        "`exit` in an action of a control that is applied more than once",
                    );
                }
                for copies in self.copy_outs.iter().rev() {
                    out.extend(copies.iter().cloned());
                }
                out.push(stmt(ir::StmtKind::Exit, span));
            }
            StmtKind::Switch(switch) => self.switch(switch, span, out),
            StmtKind::ForIn(for_in) => self.for_in(for_in, span, out),
            StmtKind::For {
                init,
                condition,
                update,
                body,
            } => self.for_loop((init, condition, update, body), span, out),
            StmtKind::Break => self.jump(true, span, out),
            StmtKind::Continue => self.jump(false, span, out),
        }
    }

    fn local_declaration(&mut self, decl: &'a Decl, out: &mut ir::Block) {
        match &decl.kind {
            DeclKind::Variable(variable) => {
                let ty = self.declared_type(decl.id);
                // The value is computed before the new variable, which may hide one that it uses.
                let value = variable.value.as_ref().map(|value| self.expr(value, out));
                let name = match self.instance {
                    Some(at) => self.local_name(at, variable.name.as_str()),
                    None => variable.name.as_str().to_owned(),
                };
                let to = self.local(&ty, &name, decl.span);
                match value {
                    Some(value) => self.assign(&to, &value, decl.span, out),
                    None => self.invalidate(&to, decl.span, out),
                }
                self.bindings.insert(decl.id, Binding::Operand(to));
            }
            DeclKind::Const(constant) if self.typed.constant(decl.id).is_none() => {
                match self.eval(&constant.value) {
                    Ok(value) => {
                        self.bindings.insert(decl.id, Binding::Constant(value));
                    }
                    Err(_) => {
                        self.error(
                            check::codes::NOT_CONSTANT,
                            constant.value.span,
                            "the value of a constant must be known at compile time",
                        );
                    }
                }
            }
            DeclKind::Instance(instance) => {
                let ty = self.declared_type(decl.id);
                let (path, local_path) = match self.instance.and_then(|at| self.instances.get(at)) {
                    Some(instance) => (instance.path.clone(), instance.local_path.clone()),
                    None => (String::new(), String::new()),
                };
                let binding = self.construct(
                    instance.id,
                    &ty,
                    &path,
                    &local_path,
                    instance.name.as_str(),
                    &decl.annotations,
                    Some(decl),
                    decl.span,
                );
                if let Some(binding) = binding {
                    self.bindings.insert(decl.id, binding);
                }
            }
            _ => {}
        }
    }

    fn assignment(
        &mut self,
        target: &'a Expr,
        op: Option<BinaryOp>,
        value: &'a Expr,
        span: Span,
        out: &mut ir::Block,
    ) {
        // The place is settled before the value is computed.
        let mut to = self.place_of(target, out);
        let has_effects = self.has_effects(value);
        if has_effects {
            to = self.frozen(to, out);
        }
        let mut operand = match op {
            None => self.expr(value, out),
            Some(op) => {
                let ty = self.own_type(target);
                let mut current = match &to {
                    Operand::Choice(choice) => self.chosen(choice, span, out),
                    to => to.clone(),
                };
                if has_effects {
                    current = self.save(current, out);
                }
                let operand = self.expr(value, out);
                self.binary(op, current, operand, &ty, span)
            }
        };
        let parts = matches!(&operand, Operand::Struct(_) | Operand::NewHeader(..));
        if parts && self.mentions(&operand, &to) {
            operand = self.save(operand, out);
        }
        self.assign(&to, &operand, span, out);
    }

    /// Whether a value that consists of parts reads what it is assigned to.
    fn mentions(&self, value: &Operand, to: &Operand) -> bool {
        let (mut parts, mut own, mut target) = (Vec::new(), Vec::new(), Vec::<Leaf>::new());
        if !self.leaves(to, &mut target) {
            return true;
        }
        self.flatten(value, &mut parts);
        for part in parts {
            if !self.leaves(&Operand::Scalar(part), &mut own) {
                return true;
            }
        }
        own.iter()
            .any(|own| target.iter().any(|target| own.overlaps(*target)))
    }

    /// `if (condition) then else otherwise`, in which the condition may apply tables.
    fn condition(
        &mut self,
        condition: &'a Expr,
        then: ir::Block,
        otherwise: ir::Block,
        span: Span,
        out: &mut ir::Block,
    ) {
        if !self.has_effects(condition) {
            let condition = self.scalar_expr(condition, out);
            out.push(stmt(ir::StmtKind::If(condition, then, otherwise), span));
            return;
        }
        match &condition.kind {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.condition(operand, otherwise, then, span, out),
            ExprKind::Member { base, member }
                if matches!(self.typed.ty(base), Type::ApplyResult(_)) =>
            {
                let (hit, miss) = match member.as_str() {
                    "miss" => (otherwise, then),
                    _ => (then, otherwise),
                };
                self.apply_table(base, ir::ApplyBranch::Hit { hit, miss }, out);
            }
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
                ..
            } => {
                let is_and = *op == BinaryOp::And;
                let simple = if is_and {
                    otherwise.is_empty()
                } else {
                    then.is_empty()
                };
                if simple {
                    let mut inner = Vec::new();
                    self.condition(right, then, otherwise, span, &mut inner);
                    let (then, otherwise) = if is_and {
                        (inner, Vec::new())
                    } else {
                        (Vec::new(), inner)
                    };
                    self.condition(left, then, otherwise, span, out);
                    return;
                }
                // Both branches do something: the outcome is kept, so that neither is written twice.
                let result = self.temporary(ir::Scalar::Bool, "condition", span);
                let to = Operand::Scalar(result.clone());
                let initial = Operand::Scalar(self.bool_constant(!is_and, span));
                self.assign(&to, &initial, span, out);
                let mut inner = Vec::new();
                let right = self.scalar_expr(right, &mut inner);
                self.assign(&to, &Operand::Scalar(right), span, &mut inner);
                let (first, second) = if is_and {
                    (inner, Vec::new())
                } else {
                    (Vec::new(), inner)
                };
                self.condition(left, first, second, span, out);
                out.push(stmt(ir::StmtKind::If(result, then, otherwise), span));
            }
            _ => {
                let condition = self.scalar_expr(condition, out);
                out.push(stmt(ir::StmtKind::If(condition, then, otherwise), span));
            }
        }
    }

    fn switch(&mut self, switch: &'a Switch, span: Span, out: &mut ir::Block) {
        // A case without a body shares that of the next one that has one.
        let mut groups: Vec<(Vec<&'a Expr>, ir::Block)> = Vec::new();
        let mut labels = Vec::new();
        for case in &switch.cases {
            labels.push(&case.label);
            if let Some(body) = &case.body {
                let mut block = Vec::new();
                self.statements(&body.statements, &mut block);
                groups.push((std::mem::take(&mut labels), block));
            }
        }
        let mut default = Vec::new();
        if let ExprKind::Member { base, .. } = &switch.subject.kind
            && matches!(self.typed.ty(&switch.subject), Type::ActionRun(_))
        {
            let mut cases = Vec::new();
            // The table's actions have to be known before its branches.
            let table = match self.typed.call(base.id).and_then(|call| call.callee) {
                Some(Callee::Table(id)) => self.table(id),
                _ => None,
            };
            let Some((table, _)) = table else {
                return;
            };
            let of_table: Vec<ir::ActionId> = (self.program.tables[table.index()].actions.iter())
                .map(|listed| listed.action)
                .collect();
            for (labels, block) in groups {
                let mut actions = Vec::new();
                let mut is_default = false;
                for label in labels {
                    match self.typed.reference(label.id) {
                        Some(id) => {
                            let named = of_table
                                .iter()
                                .find(|action| self.action_decls[action.index()] == id);
                            actions.extend(named);
                        }
                        None => is_default = true,
                    }
                }
                if is_default {
                    default = block;
                } else {
                    cases.push((actions, block));
                }
            }
            self.apply_table(base, ir::ApplyBranch::Action { cases, default }, out);
            return;
        }
        let subject = self.scalar_expr(&switch.subject, out);
        let mut cases = Vec::new();
        for (labels, block) in groups {
            let mut values: Vec<BigUint> = Vec::new();
            let mut is_default = false;
            for label in labels {
                if matches!(label.kind, ExprKind::Default) {
                    is_default = true;
                    continue;
                }
                match self
                    .eval(label)
                    .ok()
                    .and_then(|value| self.bits(&value, subject.scalar))
                {
                    Some(bits) => values.push(bits),
                    None => {
                        self.error(
                            check::codes::NOT_CONSTANT,
                            label.span,
                            "a label must be known at compile time",
                        );
                    }
                }
            }
            if is_default {
                default = block;
            } else {
                cases.push((values, block));
            }
        }
        out.push(stmt(ir::StmtKind::Switch(subject, cases, default), span));
    }
}
