//! Bodies of actions: primitives in a row, with jumps where they branch.

use super::emitter::Emitter;
use super::expr::{binary, constant, number, operand_argument, unary};
use super::json::{Json, object};
use super::primitive::{is_straight, primitive};
use crate::ir::{Action, ActionId, Expr, Parameter, Stmt, StmtKind};
use crate::source::Span;

/// A place in a body that jumps go to.
#[derive(Clone, Copy)]
struct Label(usize);

enum Item {
    Primitive(Json),
    /// If there is a condition: only if it does not hold.
    Jump(Option<Json>, Label, Span),
}

/// A body that is being written.
#[derive(Default)]
struct Body {
    items: Vec<Item>,
    /// The index of the item that each label stands before.
    labels: Vec<usize>,
}

impl Body {
    fn label(&mut self) -> Label {
        self.labels.push(0);
        Label(self.labels.len() - 1)
    }

    fn place(&mut self, label: Label) {
        self.labels[label.0] = self.items.len();
    }

    fn jump(&mut self, label: Label, span: Span) {
        self.items.push(Item::Jump(None, label, span));
    }

    fn jump_unless(&mut self, condition: Json, label: Label, span: Span) {
        self.items.push(Item::Jump(Some(condition), label, span));
    }

    fn finish(self) -> Vec<Json> {
        let labels = self.labels;
        let target = |label: Label| number(labels[label.0], 32);
        let primitives = self.items.into_iter().map(|item| match item {
            Item::Primitive(call) => call,
            Item::Jump(None, label, span) => primitive("_jump", vec![target(label)], span),
            Item::Jump(Some(condition), label, span) => {
                let condition = operand_argument(unary("b2d", condition));
                primitive("_jump_if_zero", vec![condition, target(label)], span)
            }
        });
        primitives.collect()
    }
}

/// Where the statements that end something go.
#[derive(Clone, Copy)]
struct Ends {
    leave: Label,
    exit: Label,
    /// `break` and `continue`, in a loop.
    in_loop: Option<(Label, Label)>,
}

impl<'a> Emitter<'a> {
    /// Writes the actions of the program, in their order, so that an action's number is its index.
    pub(super) fn program_actions(&mut self) {
        for (at, action) in self.program.actions.iter().enumerate() {
            self.program_action(ActionId(at as u32), action);
        }
    }

    fn program_action(&mut self, id: ActionId, action: &Action) {
        let mut body = Body::default();
        for (table, field) in &self.ran {
            let listed = &self.program.tables[table.index()].actions;
            if listed.iter().any(|listed| listed.action == id) {
                let parameters = vec![field.operand(), number(id.0, 32)];
                let note = primitive("assign", parameters, action.span);
                body.items.push(Item::Primitive(note));
            }
        }
        let primitives = self.finished_body(action.body.iter(), body);
        let parameters = action.parameters.iter().map(parameter);
        let parameters = parameters.collect();
        let name = action.control.name.clone();
        self.push_action(name, parameters, primitives, action.span);
    }

    fn push_action(
        &mut self,
        name: String,
        runtime_data: Vec<Json>,
        primitives: Vec<Json>,
        span: Span,
    ) -> ActionId {
        let id = self.actions.len();
        self.actions.push(object! {
            "name": name,
            "id": id,
            "runtime_data": runtime_data,
            "primitives": primitives,
            "source_info": Json::Place(span),
        });
        ActionId(id as u32)
    }

    /// Writes an action of this back end's own and returns its name and number.
    pub(super) fn hidden_action(
        &mut self,
        primitives: Vec<Json>,
        span: Span,
    ) -> (String, ActionId) {
        let number = self.actions.len() - self.program.actions.len();
        // No action of a program has a `$`.
        let name = format!("$act_{number}");
        let id = self.push_action(name.clone(), Vec::new(), primitives, span);
        (name, id)
    }

    /// The primitives of a body.
    pub(super) fn body<'s>(&mut self, stmts: impl Iterator<Item = &'s Stmt>) -> Vec<Json> {
        self.finished_body(stmts, Body::default())
    }

    /// The primitives of a body that has been begun.
    fn finished_body<'s>(
        &mut self,
        stmts: impl Iterator<Item = &'s Stmt>,
        mut body: Body,
    ) -> Vec<Json> {
        let end = body.label();
        let ends = Ends {
            leave: end,
            exit: end,
            in_loop: None,
        };
        for stmt in stmts {
            self.action_stmt(stmt, ends, &mut body);
        }
        body.place(end);
        body.finish()
    }

    fn action_block(&mut self, block: &[Stmt], ends: Ends, body: &mut Body) {
        for stmt in block {
            self.action_stmt(stmt, ends, body);
        }
    }

    fn action_stmt(&mut self, stmt: &Stmt, ends: Ends, body: &mut Body) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::If(condition, then, otherwise) => {
                let condition = self.boolean(condition);
                let after = body.label();
                if otherwise.is_empty() {
                    body.jump_unless(condition, after, span);
                    self.action_block(then, ends, body);
                } else {
                    let other = body.label();
                    body.jump_unless(condition, other, span);
                    self.action_block(then, ends, body);
                    body.jump(after, span);
                    body.place(other);
                    self.action_block(otherwise, ends, body);
                }
                body.place(after);
            }
            StmtKind::Switch(subject, cases, default) => {
                let mut primitives = Vec::new();
                let subject_field = self.copied(subject, "switch", &mut primitives);
                body.items
                    .extend(primitives.into_iter().map(Item::Primitive));
                let after = body.label();
                for (values, block) in cases {
                    let other = body.label();
                    let condition = one_of(&subject_field.operand(), subject, values);
                    body.jump_unless(condition, other, span);
                    self.action_block(block, ends, body);
                    body.jump(after, span);
                    body.place(other);
                }
                self.action_block(default, ends, body);
                body.place(after);
            }
            StmtKind::Scope(block) => {
                let leave = body.label();
                self.action_block(block, Ends { leave, ..ends }, body);
                body.place(leave);
            }
            StmtKind::Loop {
                body: inner,
                update,
            } => {
                let (first, again, after) = (body.label(), body.label(), body.label());
                let ends = Ends {
                    in_loop: Some((after, again)),
                    ..ends
                };
                body.place(first);
                self.action_block(inner, ends, body);
                body.place(again);
                self.action_block(update, ends, body);
                body.jump(first, span);
                body.place(after);
            }
            StmtKind::Leave => body.jump(ends.leave, span),
            StmtKind::Break | StmtKind::Continue => {
                if let Some((after, again)) = ends.in_loop {
                    let is_break = matches!(stmt.kind, StmtKind::Break);
                    body.jump(if is_break { after } else { again }, span);
                }
            }
            StmtKind::Exit => {
                let exit = match &self.exited {
                    Some(field) => {
                        primitive("assign", vec![field.operand(), number(1u32, 8)], span)
                    }
                    None => primitive("exit", Vec::new(), span),
                };
                body.items.push(Item::Primitive(exit));
                body.jump(ends.exit, span);
            }
            _ if is_straight(stmt) => {
                let after = body.label();
                if let Some(condition) = self.bounds(stmt) {
                    body.jump_unless(condition, after, span);
                }
                let mut primitives = Vec::new();
                self.primitives(stmt, &mut primitives);
                body.items
                    .extend(primitives.into_iter().map(Item::Primitive));
                body.place(after);
            }
            _ => self.unsupported(span, "this statement in an action"),
        }
    }
}

/// Whether an operand has one of several values of an expression's type.
pub(super) fn one_of(operand: &Json, subject: &Expr, values: &[num_bigint::BigUint]) -> Json {
    let equal = |value| binary("==", operand.clone(), constant(value, subject.scalar));
    let any = values
        .iter()
        .map(equal)
        .reduce(|any, equal| binary("or", any, equal));
    any.unwrap_or_else(|| object! { "type": "bool", "value": false })
}

fn parameter(parameter: &Parameter) -> Json {
    object! { "name": parameter.name.clone(), "bitwidth": parameter.scalar.width() }
}
