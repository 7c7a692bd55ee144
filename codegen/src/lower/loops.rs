//! Loops. One whose rounds are known is written out round by round; every other one stays a loop.

use num_bigint::BigInt;

use super::Lowerer;
use super::instance::Binding;
use super::operand::{Operand, place, stmt};
use crate::ast::{BinaryOp, DeclId, DeclKind, Expr, ExprKind, ForIn, LoopVariable, Stmt, StmtKind};
use crate::check;
use crate::ir;
use crate::source::Span;

/// More rounds than anyone writes out; the program would become too large.
const MAX_ROUNDS: usize = 256;

/// What a `break` or `continue` leaves.
#[derive(Clone, Debug)]
pub(super) enum Looping {
    /// A loop of the IR.
    Real,
    /// A round of a loop that is written out; the variable says whether the loop has been left.
    Round(ir::Expr),
}

impl<'a> Lowerer<'a, '_> {
    /// `for (init; condition; update) body`
    pub(super) fn for_loop(
        &mut self,
        parts: (&'a [Stmt], &'a Expr, &'a [Stmt], &'a Stmt),
        span: Span,
        out: &mut ir::Block,
    ) {
        let (init, condition, update, body) = parts;
        if let Some((variable, rounds)) = self.counted(init, condition, update, body) {
            for round in rounds {
                self.bindings.insert(variable, Binding::Constant(round));
                self.statement(body, out);
            }
            return;
        }
        self.statements(init, out);
        let mut inner = Vec::new();
        let holds = self.scalar_expr(condition, &mut inner);
        let left = vec![stmt(ir::StmtKind::Break, condition.span)];
        inner.push(stmt(ir::StmtKind::If(holds, Vec::new(), left), span));
        self.loops.push(Looping::Real);
        self.statement(body, &mut inner);
        self.loops.pop();
        if let Some(last) = inner.last()
            && matches!(last.kind, ir::StmtKind::Continue)
        {
            inner.pop();
        }
        let mut after = Vec::new();
        self.statements(update, &mut after);
        let kind = ir::StmtKind::Loop {
            body: inner,
            update: after,
        };
        out.push(stmt(kind, span));
    }

    /// The variable of a loop and its values in each round, if they can be known and nothing but the loop's head changes it.
    fn counted(
        &mut self,
        init: &'a [Stmt],
        condition: &'a Expr,
        update: &'a [Stmt],
        body: &'a Stmt,
    ) -> Option<(DeclId, Vec<check::Value>)> {
        let ([init], [update]) = (init, update) else {
            return None;
        };
        let StmtKind::Decl(decl) = &init.kind else {
            return None;
        };
        let DeclKind::Variable(declared) = &decl.kind else {
            return None;
        };
        let StmtKind::Assign { target, op, value } = &update.kind else {
            return None;
        };
        if !self.is_variable(target, decl.id) || jumps(body) || self.may_write(body, decl.id) {
            return None;
        }
        let ty = self.declared_type(decl.id);
        let scalar = self.scalar(&ty)?;
        let mut current = self.eval(declared.value.as_ref()?).ok()?;
        let outer = self.bindings.get(&decl.id).cloned();
        let mut rounds = Vec::new();
        let known = loop {
            let now = Binding::Constant(current.clone());
            self.bindings.insert(decl.id, now);
            match self.eval(condition) {
                Ok(check::Value::Bool(true)) if rounds.len() < MAX_ROUNDS => {}
                Ok(check::Value::Bool(false)) => break true,
                _ => break false,
            }
            rounds.push(current.clone());
            let next = match (op, self.eval(value), &current) {
                (None, Ok(next), _) => Some(next),
                (Some(op), Ok(check::Value::Int(by)), check::Value::Int(current)) => {
                    step(*op, current, &by, scalar).map(check::Value::Int)
                }
                _ => None,
            };
            match next {
                Some(next) => current = next,
                None => break false,
            }
        };
        match outer {
            Some(outer) => self.bindings.insert(decl.id, outer),
            None => self.bindings.remove(&decl.id),
        };
        known.then_some((decl.id, rounds))
    }

    /// `for (name in domain) body`
    pub(super) fn for_in(&mut self, for_in: &'a ForIn, span: Span, out: &mut ir::Block) {
        let ExprKind::Range { low, high } = &for_in.domain.kind else {
            return self.for_each(for_in, span, out);
        };
        let bounds = (self.eval(low), self.eval(high));
        let (Ok(check::Value::Int(first)), Ok(check::Value::Int(last))) = bounds else {
            return self.range_loop(for_in, (low, high), span, out);
        };
        let is_short = &last - &first < BigInt::from(MAX_ROUNDS);
        if !is_short || jumps(&for_in.body) {
            return self.range_loop(for_in, (low, high), span, out);
        }
        let ty = self.final_type(low);
        let is_constant = match &for_in.variable {
            LoopVariable::Declared { id, .. } if !self.may_write(&for_in.body, *id) => Some(*id),
            _ => None,
        };
        let to = match is_constant {
            Some(_) => Operand::Nothing,
            None => self.loop_variable(for_in, out),
        };
        let mut value = first;
        while value <= last {
            let round = check::Value::Int(value.clone());
            match is_constant {
                Some(id) => drop(self.bindings.insert(id, Binding::Constant(round))),
                None => {
                    let round = self.constant(&round, &ty, span);
                    self.assign(&to, &round, span, out);
                }
            }
            self.statement(&for_in.body, out);
            value += 1;
        }
    }

    fn loop_variable(&mut self, for_in: &'a ForIn, out: &mut ir::Block) -> Operand {
        match &for_in.variable {
            LoopVariable::Declared { id, name, .. } => {
                let ty = self.declared_type(*id);
                let variable = self.local(&ty, name.as_str(), name.span);
                let binding = Binding::Operand(variable.clone());
                self.bindings.insert(*id, binding);
                variable
            }
            LoopVariable::Existing(expr) => self.expr(expr, out),
        }
    }

    /// A loop over a range that is not written out. The bounds are computed once.
    fn range_loop(
        &mut self,
        for_in: &'a ForIn,
        (low, high): (&'a Expr, &'a Expr),
        span: Span,
        out: &mut ir::Block,
    ) {
        let low = self.scalar_expr(low, out);
        let next = Operand::Scalar(self.temporary(low.scalar, "next", span));
        self.assign(&next, &Operand::Scalar(low), span, out);
        let high = self.scalar_expr(high, out);
        let last = self.save(Operand::Scalar(high), out);
        let to = self.loop_variable(for_in, out);
        let (Operand::Scalar(next), Operand::Scalar(last)) = (next, last) else {
            return;
        };
        let compare = |op, left: &ir::Expr, right: &ir::Expr| ir::Expr {
            kind: ir::ExprKind::Binary(op, Box::new(left.clone()), Box::new(right.clone())),
            scalar: ir::Scalar::Bool,
            span,
        };
        let mut body = Vec::new();
        self.assign(&to, &Operand::Scalar(next.clone()), span, &mut body);
        self.loops.push(Looping::Real);
        self.statement(&for_in.body, &mut body);
        self.loops.pop();
        let is_last = compare(ir::BinaryOp::Equal, &next, &last);
        let leave = vec![stmt(ir::StmtKind::Break, span)];
        let mut update = vec![stmt(ir::StmtKind::If(is_last, leave, Vec::new()), span)];
        let one = ir::Expr {
            kind: ir::ExprKind::Constant(1u8.into()),
            scalar: next.scalar,
            span,
        };
        let sum = ir::Expr {
            scalar: next.scalar,
            span,
            kind: ir::ExprKind::Binary(ir::BinaryOp::Add, Box::new(next.clone()), Box::new(one)),
        };
        if let Some(place) = place(&next) {
            update.push(stmt(ir::StmtKind::Assign(place, sum), span));
        }
        let any = compare(ir::BinaryOp::LessEqual, &next, &last);
        let rounds = vec![stmt(ir::StmtKind::Loop { body, update }, span)];
        out.push(stmt(ir::StmtKind::If(any, rounds, Vec::new()), span));
    }

    /// A loop over the elements of a list, tuple or stack.
    fn for_each(&mut self, for_in: &'a ForIn, span: Span, out: &mut ir::Block) {
        let rounds: Vec<Operand> = match self.expr(&for_in.domain, out) {
            Operand::Struct(parts) => parts.iter().map(|(_, part)| part.clone()).collect(),
            Operand::Stack(stack) => {
                let stack = &self.program.stacks[stack.index()];
                let element = |&id| Operand::Header(ir::HeaderRef::Instance(id), stack.header_type);
                stack.elements.iter().map(element).collect()
            }
            _ => {
                self.unsupported(for_in.domain.span, "a loop over this");
                return;
            }
        };
        // What the body writes must not change what is gone over.
        let rounds = match rounds
            .iter()
            .all(|round| matches!(round, Operand::Scalar(_)))
        {
            true => rounds
                .into_iter()
                .map(|round| self.save(round, out))
                .collect(),
            false => rounds,
        };
        let to = self.loop_variable(for_in, out);
        if !jumps(&for_in.body) {
            for round in rounds {
                self.assign(&to, &round, span, out);
                self.statement(&for_in.body, out);
            }
            return;
        }
        let left = self.temporary(ir::Scalar::Bool, "left", span);
        let no = Operand::Scalar(self.bool_constant(false, span));
        self.assign(&Operand::Scalar(left.clone()), &no, span, out);
        for round in rounds {
            let mut body = Vec::new();
            self.assign(&to, &round, span, &mut body);
            self.loops.push(Looping::Round(left.clone()));
            self.statement(&for_in.body, &mut body);
            self.loops.pop();
            body.push(stmt(ir::StmtKind::Break, span));
            let once = ir::StmtKind::Loop {
                body,
                update: Vec::new(),
            };
            let still = self.not(left.clone());
            let kind = ir::StmtKind::If(still, vec![stmt(once, span)], Vec::new());
            out.push(stmt(kind, span));
        }
    }

    /// `break` or `continue`.
    pub(super) fn jump(&mut self, is_break: bool, span: Span, out: &mut ir::Block) {
        let kind = match self.loops.last().cloned() {
            Some(Looping::Real) if !is_break => ir::StmtKind::Continue,
            Some(Looping::Round(left)) if is_break => {
                let yes = Operand::Scalar(self.bool_constant(true, span));
                self.assign(&Operand::Scalar(left), &yes, span, out);
                ir::StmtKind::Break
            }
            _ => ir::StmtKind::Break,
        };
        out.push(stmt(kind, span));
    }

    fn is_variable(&self, expr: &Expr, id: DeclId) -> bool {
        matches!(&expr.kind, ExprKind::Path(_)) && self.typed.reference(expr.id) == Some(id)
    }

    /// Whether a statement may change a variable: it assigns to it, or gives it to a call.
    fn may_write(&self, statement: &Stmt, id: DeclId) -> bool {
        let root = |expr: &Expr| {
            let mut expr = expr;
            while let ExprKind::Member { base, .. }
            | ExprKind::Index { base, .. }
            | ExprKind::PartSelect { base, .. }
            | ExprKind::Slice { base, .. } = &expr.kind
            {
                expr = base;
            }
            self.is_variable(expr, id)
        };
        any_statement(statement, &mut |statement| match &statement.kind {
            StmtKind::Assign { target, value, .. } => root(target) || calls_with(value, &root),
            StmtKind::Call(call) => calls_with(call, &root),
            StmtKind::If { condition, .. } | StmtKind::For { condition, .. } => {
                calls_with(condition, &root)
            }
            StmtKind::Switch(switch) => calls_with(&switch.subject, &root),
            StmtKind::Return(Some(value)) => calls_with(value, &root),
            StmtKind::ForIn(for_in) => match &for_in.variable {
                LoopVariable::Existing(expr) => root(expr),
                LoopVariable::Declared { .. } => false,
            },
            StmtKind::Decl(decl) => match &decl.kind {
                DeclKind::Variable(variable) => {
                    (variable.value.as_ref()).is_some_and(|value| calls_with(value, &root))
                }
                _ => false,
            },
            _ => false,
        })
    }
}

/// The value after `current op= by`.
fn step(op: BinaryOp, current: &BigInt, by: &BigInt, scalar: ir::Scalar) -> Option<BigInt> {
    let next = match op {
        BinaryOp::Add => current + by,
        BinaryOp::Sub => current - by,
        _ => return None,
    };
    let modulus = BigInt::from(1) << scalar.width();
    let wrapped = ((next % &modulus) + &modulus) % &modulus;
    let is_negative = matches!(scalar, ir::Scalar::Int(_)) && &wrapped * 2 >= modulus;
    Some(if is_negative {
        wrapped - modulus
    } else {
        wrapped
    })
}

/// Whether an expression calls something and gives it an argument of some kind.
fn calls_with(expr: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    let within = |expr: &Expr| calls_with(expr, is);
    match &expr.kind {
        ExprKind::Call {
            callee, arguments, ..
        } => {
            within(callee)
                || (arguments.iter()).any(|argument| is(&argument.value) || within(&argument.value))
        }
        ExprKind::Member { base, .. } | ExprKind::Slice { base, .. } => within(base),
        ExprKind::Index { base, index } => within(base) || within(index),
        ExprKind::PartSelect { base, low, .. } => within(base) || within(low),
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => within(operand),
        ExprKind::Binary { left, right, .. } => within(left) || within(right),
        ExprKind::Ternary {
            condition,
            then,
            otherwise,
        } => within(condition) || within(then) || within(otherwise),
        ExprKind::List(elements) | ExprKind::Tuple(elements) => elements.iter().any(within),
        ExprKind::Struct { fields, .. } => fields.iter().any(|field| within(&field.value)),
        _ => false,
    }
}

/// Whether a `break` or `continue` stands in a statement.
fn jumps(statement: &Stmt) -> bool {
    any_statement(statement, &mut |statement| {
        matches!(statement.kind, StmtKind::Break | StmtKind::Continue)
    })
}

/// Whether something holds of a statement or of one in it.
pub(super) fn any_statement(statement: &Stmt, holds: &mut dyn FnMut(&Stmt) -> bool) -> bool {
    if holds(statement) {
        return true;
    }
    let mut any = |statements: &[Stmt]| {
        statements
            .iter()
            .any(|statement| any_statement(statement, holds))
    };
    match &statement.kind {
        StmtKind::Block(block) => any(&block.statements),
        StmtKind::If {
            then, otherwise, ..
        } => {
            any(std::slice::from_ref(then))
                || (otherwise.as_ref()).is_some_and(|other| any(std::slice::from_ref(other)))
        }
        StmtKind::Switch(switch) => (switch.cases.iter())
            .filter_map(|case| case.body.as_ref())
            .any(|body| any(&body.statements)),
        StmtKind::For {
            init, update, body, ..
        } => any(init) || any(update) || any(std::slice::from_ref(body)),
        StmtKind::ForIn(for_in) => any(std::slice::from_ref(&for_in.body)),
        _ => false,
    }
}
