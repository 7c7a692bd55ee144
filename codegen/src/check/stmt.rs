//! Statements.

use super::codes;
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{
    BinaryOp, Block, DeclKind, Expr, ExprKind, ForIn, LoopVariable, Stmt, StmtKind, Switch,
};
use crate::source::Span;

/// Whether no path through a block ends without `return` or `exit`.
pub(super) fn always_returns(block: &Block) -> bool {
    block.statements.iter().any(statement_returns)
}

fn statement_returns(statement: &Stmt) -> bool {
    match &statement.kind {
        StmtKind::Return(_) | StmtKind::Exit | StmtKind::Invalid => true,
        StmtKind::Block(block) => always_returns(block),
        StmtKind::If {
            then, otherwise, ..
        } => {
            statement_returns(then)
                && otherwise
                    .as_ref()
                    .is_some_and(|otherwise| statement_returns(otherwise))
        }
        StmtKind::Switch(switch) => {
            switch
                .cases
                .iter()
                .any(|case| matches!(case.label.kind, ExprKind::Default))
                && switch
                    .cases
                    .iter()
                    .all(|case| case.body.as_ref().is_none_or(always_returns))
        }
        _ => false,
    }
}

impl<'a> Checker<'a> {
    pub(super) fn block(&mut self, block: &'a Block) {
        self.scopes.push();
        self.statements(&block.statements);
        self.scopes.pop();
    }

    pub(super) fn statements(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn scoped(&mut self, statement: &'a Stmt) {
        self.scopes.push();
        self.statement(statement);
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match &statement.kind {
            StmtKind::Empty | StmtKind::Invalid => {}
            StmtKind::Decl(decl) => {
                if let DeclKind::Instance(instance) = &decl.kind {
                    let (place, hint) = match self.context.site {
                        Site::Function => ("functions", None),
                        Site::Action => ("actions", Some("declare it beside the action")),
                        Site::Parser => ("states", Some("declare it before the states")),
                        Site::Apply | Site::Declarations => {
                            ("`apply` blocks", Some("declare it before `apply`"))
                        }
                    };
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        instance.name.span,
                        format!("objects cannot be instantiated in {place}"),
                    )
                    .hint = hint.map(str::to_owned);
                }
                self.declaration(decl);
            }
            StmtKind::Assign { target, op, value } => self.assignment(target, *op, value),
            StmtKind::Call(call) => {
                self.infer(call);
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.check(condition, &Type::Bool);
                self.scoped(then);
                if let Some(otherwise) = otherwise {
                    self.scoped(otherwise);
                }
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Return(value) => self.return_statement(statement.span, value.as_ref()),
            StmtKind::Exit => {
                if matches!(self.context.site, Site::Function | Site::Parser) {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        statement.span,
                        "`exit` is allowed in controls and actions only",
                    );
                }
            }
            StmtKind::Switch(switch) => self.switch(switch),
            StmtKind::For {
                init,
                condition,
                update,
                body,
            } => {
                self.scopes.push();
                self.statements(init);
                self.check(condition, &Type::Bool);
                self.statements(update);
                self.context.loops += 1;
                self.scoped(body);
                self.context.loops -= 1;
                self.scopes.pop();
            }
            StmtKind::ForIn(for_in) => self.for_in(for_in),
            StmtKind::Break | StmtKind::Continue => {
                if self.context.loops == 0 {
                    self.error(
                        codes::OUTSIDE_LOOP,
                        statement.span,
                        "`break` and `continue` stand in loops only",
                    );
                }
            }
        }
    }

    fn assignment(&mut self, target: &'a Expr, op: Option<BinaryOp>, value: &'a Expr) {
        let ty = self.infer(target);
        self.require_writable(target, None);
        let Some(op) = op else {
            self.check(value, &ty);
            return;
        };
        let own = self.infer(value);
        let operand = self.typed.representation(&ty).unwrap_or(ty);
        match op {
            BinaryOp::Shl | BinaryOp::Shr => {
                if !matches!(own, Type::Bit(_) | Type::Integer | Type::Unknown) {
                    let shown = self.show(&own);
                    self.error(
                        codes::BAD_OPERANDS,
                        value.span,
                        format!(
                            "the amount of a shift is an unsigned number, but this is `{shown}`"
                        ),
                    );
                }
            }
            _ => {
                if !operand.is_numeric() && operand != Type::Unknown {
                    let shown = self.show(&operand);
                    self.error(
                        codes::BAD_OPERANDS,
                        target.span,
                        format!("`{}=` is not defined for `{shown}`", op.symbol()),
                    );
                }
                self.coerce(value, &operand);
            }
        }
    }

    fn return_statement(&mut self, span: Span, value: Option<&'a Expr>) {
        if self.context.site == Site::Parser {
            self.error(
                codes::NOT_ALLOWED_HERE,
                span,
                "`return` is not allowed in the states of a parser",
            );
            return;
        }
        match (self.context.result.clone(), value) {
            (Some(ty), Some(value)) => self.check(value, &ty),
            (Some(ty), None) => {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_RETURN,
                    span,
                    format!("a value of type `{shown}` must be returned"),
                );
            }
            (None, Some(value)) => {
                self.infer(value);
                self.error(
                    codes::BAD_RETURN,
                    value.span,
                    "nothing can be returned here",
                );
            }
            (None, None) => {}
        }
    }

    fn for_in(&mut self, for_in: &'a ForIn) {
        self.scopes.push();
        let ty = match &for_in.variable {
            LoopVariable::Declared { id, ty, name, .. } => {
                let ty = self.resolve_value_type(ty, "a variable");
                self.typed.set_decl_type(*id, ty.clone());
                self.declare(name, *id);
                ty
            }
            LoopVariable::Existing(expr) => {
                let ty = self.infer(expr);
                self.require_writable(expr, None);
                ty
            }
        };
        self.infer(&for_in.domain);
        if let ExprKind::Range { low, high } = &for_in.domain.kind {
            self.coerce(low, &ty);
            self.coerce(high, &ty);
        }
        self.context.loops += 1;
        self.scoped(&for_in.body);
        self.context.loops -= 1;
        self.scopes.pop();
    }

    fn switch(&mut self, switch: &'a Switch) {
        self.subject_of_switch = matches!(switch.subject.kind, ExprKind::Member { .. });
        let subject = self.infer(&switch.subject);
        self.subject_of_switch = false;
        if let Type::ActionRun(table) = subject {
            self.switch_on_action(switch, table);
            return;
        }
        let subject = match subject {
            Type::Integer => {
                self.error(
                    codes::NEEDS_WIDTH,
                    switch.subject.span,
                    "this integer needs a width here",
                );
                Type::Unknown
            }
            Type::Bit(_)
            | Type::Int(_)
            | Type::Enum(_)
            | Type::Bool
            | Type::Error
            | Type::NewType(_)
            | Type::Unknown => subject,
            other => {
                let shown = self.show(&other);
                self.error(
                    codes::BAD_TYPE,
                    switch.subject.span,
                    format!("`switch` is not defined for `{shown}`"),
                );
                Type::Unknown
            }
        };
        let mut seen = Vec::new();
        for case in &switch.cases {
            self.infer(&case.label);
            if !matches!(case.label.kind, ExprKind::Default) {
                self.coerce(&case.label, &subject);
                if let Some(value) = self.constant(&case.label, "a label") {
                    if seen.contains(&value) {
                        self.error(
                            codes::DUPLICATE_VALUE,
                            case.label.span,
                            "this value has a case already",
                        );
                    }
                    seen.push(value);
                }
            }
            if let Some(body) = &case.body {
                self.block(body);
            }
        }
        self.one_default(switch);
    }

    /// `default` comes last, hence once.
    fn one_default(&mut self, switch: &'a Switch) {
        let at = switch
            .cases
            .iter()
            .position(|case| matches!(case.label.kind, ExprKind::Default));
        if let Some(at) = at
            && let Some(after) = switch.cases.get(at + 1)
        {
            self.error(
                codes::BAD_DEFAULT,
                after.label.span,
                "nothing comes after `default`",
            );
        }
    }

    fn switch_on_action(&mut self, switch: &'a Switch, table: crate::ast::DeclId) {
        let mut seen = Vec::new();
        for case in &switch.cases {
            match &case.label.kind {
                ExprKind::Default | ExprKind::Invalid => {}
                ExprKind::Path(path) => {
                    let found = self.lookup(path);
                    if let Some(&id) = found.first() {
                        self.typed.set_reference(case.label.id, id);
                        if !self.table_has_action(table, id) {
                            let table = self.typed.name(table);
                            self.error(
                                codes::ACTION_NOT_IN_TABLE,
                                case.label.span,
                                format!("`{}` is no action of the table `{table}`", path.name),
                            );
                        } else if seen.contains(&id) {
                            self.error(
                                codes::DUPLICATE_VALUE,
                                case.label.span,
                                "this action has a case already",
                            );
                        }
                        seen.push(id);
                    }
                }
                _ => {
                    self.infer(&case.label);
                    self.error(
                        codes::TYPE_MISMATCH,
                        case.label.span,
                        "a label here is the name of an action",
                    );
                }
            }
            if let Some(body) = &case.body {
                self.block(body);
            }
        }
        self.one_default(switch);
    }
}
