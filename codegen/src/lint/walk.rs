//! Every expression and statement of a program, in the order of the source.

use crate::ast::{
    ActionRef, Block, Decl, DeclKind, Expr, LoopVariable, MethodKind, Param, Stmt, StmtKind,
    TablePropertyKind, TransitionKind,
};

/// What is called with what is met, outer things first.
pub(super) struct Visit<'v> {
    pub(super) expr: &'v mut dyn FnMut(&Expr),
    pub(super) action: &'v mut dyn FnMut(&ActionRef),
}

impl Visit<'_> {
    pub(super) fn decl(&mut self, decl: &Decl) {
        match &decl.kind {
            DeclKind::Const(constant) => self.expr(&constant.value),
            DeclKind::Variable(variable) => {
                if let Some(value) = &variable.value {
                    self.expr(value);
                }
            }
            DeclKind::Instance(instance) => {
                for argument in &instance.arguments {
                    self.expr(&argument.value);
                }
                for inner in instance.body.iter().flatten() {
                    self.decl(inner);
                }
            }
            DeclKind::Function(function) => {
                self.params(&function.signature.params);
                self.block(&function.body);
            }
            DeclKind::Action(action) => self.block(&action.body),
            DeclKind::Parser(parser) => {
                self.params(&parser.ty.params);
                self.params(&parser.constructor_params);
                for local in &parser.locals {
                    self.decl(local);
                }
                for state in &parser.states {
                    self.statements(&state.statements);
                    match state.transition.as_ref().map(|transition| &transition.kind) {
                        Some(TransitionKind::Select { subjects, cases }) => {
                            for subject in subjects {
                                self.expr(subject);
                            }
                            for case in cases {
                                self.expr(&case.keys);
                            }
                        }
                        Some(TransitionKind::Direct(_)) | None => {}
                    }
                }
            }
            DeclKind::Control(control) => {
                self.params(&control.ty.params);
                self.params(&control.constructor_params);
                for local in &control.locals {
                    self.decl(local);
                }
                self.block(&control.apply);
            }
            DeclKind::Enum(enumeration) => {
                for value in enumeration
                    .members
                    .iter()
                    .filter_map(|member| member.value.as_ref())
                {
                    self.expr(value);
                }
            }
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) | DeclKind::Package(ty) => {
                self.params(&ty.params);
            }
            DeclKind::ExternFunction(signature) => self.params(&signature.params),
            DeclKind::Extern(object) => {
                for method in &object.methods {
                    match &method.kind {
                        MethodKind::Constructor { params, .. } => self.params(params),
                        MethodKind::Method { signature, .. } => self.params(&signature.params),
                    }
                }
            }
            DeclKind::ValueSet(set) => self.expr(&set.size),
            DeclKind::Table(table) => {
                for property in &table.properties {
                    match &property.kind {
                        TablePropertyKind::Key(elements) => {
                            for element in elements {
                                self.expr(&element.expr);
                            }
                        }
                        TablePropertyKind::Actions(actions) => {
                            for action in actions {
                                self.action(action);
                            }
                        }
                        TablePropertyKind::DefaultAction(action) => self.action(action),
                        TablePropertyKind::Entries(entries) => {
                            for entry in entries {
                                for expr in entry.priority.iter().chain(&entry.keys) {
                                    self.expr(expr);
                                }
                                self.action(&entry.action);
                            }
                        }
                        TablePropertyKind::Custom(value) => self.expr(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn params(&mut self, params: &[Param]) {
        for default in params.iter().filter_map(|param| param.default.as_ref()) {
            self.expr(default);
        }
    }

    fn action(&mut self, action: &ActionRef) {
        (self.action)(action);
        for argument in action.arguments.iter().flatten() {
            self.expr(&argument.value);
        }
    }

    fn block(&mut self, block: &Block) {
        self.statements(&block.statements);
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Decl(decl) => self.decl(decl),
            StmtKind::Assign { target, value, .. } => {
                self.expr(target);
                self.expr(value);
            }
            StmtKind::Call(call) => self.expr(call),
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.expr(condition);
                self.statement(then);
                if let Some(otherwise) = otherwise {
                    self.statement(otherwise);
                }
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
            }
            StmtKind::Switch(switch) => {
                self.expr(&switch.subject);
                for case in &switch.cases {
                    self.expr(&case.label);
                    if let Some(body) = &case.body {
                        self.block(body);
                    }
                }
            }
            StmtKind::For {
                init,
                condition,
                update,
                body,
            } => {
                self.statements(init);
                self.expr(condition);
                self.statements(update);
                self.statement(body);
            }
            StmtKind::ForIn(for_in) => {
                if let LoopVariable::Existing(variable) = &for_in.variable {
                    self.expr(variable);
                }
                self.expr(&for_in.domain);
                self.statement(&for_in.body);
            }
            StmtKind::Empty
            | StmtKind::Exit
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Invalid => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        (self.expr)(expr);
        expr.kind.each_part(&mut |part| self.expr(part));
    }
}
