//! The parser: states with operations in a row. Where a state of the program branches, it becomes several.

use super::emitter::Emitter;
use super::expr::{digits, number, operand_argument, unary};
use super::json::{Json, array, object};
use super::layout::Taken;
use super::primitive::is_straight;
use crate::ir::{
    Expr, ExprKind, HeaderRef, Place, Scalar, State, Stmt, StmtKind, Target, Transition,
};
use crate::source::Span;
use num_bigint::BigUint;

/// An operation of a parser's state.
pub(super) fn operation(op: &'static str, parameters: Vec<Json>) -> Json {
    object! { "op": op, "parameters": parameters }
}

/// A state by name; `None` is the end of the parser.
pub(super) type Next = Option<String>;

/// The case of a transition that always matches.
pub(super) fn otherwise(next: Next) -> Json {
    object! { "type": "default", "value": Json::Null, "mask": Json::Null, "next_state": next }
}

/// The case of a transition for the keys of this value.
pub(super) fn when(value: String, mask: Option<String>, next: Next) -> Json {
    object! { "type": "hexstr", "value": value, "mask": mask, "next_state": next }
}

/// What comes after the statements of a state.
#[derive(Clone)]
enum Then<'s> {
    Next(Next),
    Transition(&'s Transition, Span),
}

/// Where the statements that end something go.
#[derive(Clone, Default)]
struct Ends {
    leave: Next,
    again: Next,
    after: Next,
}

/// The parser while it is written.
pub(super) struct Parser {
    states: Vec<Json>,
    names: Taken,
    /// The names of the program's states.
    program: Vec<String>,
    /// The state for keys that match no case, once there are some.
    no_match: Option<String>,
}

impl Parser {
    /// A name for a state that the program does not have.
    pub(super) fn fresh(&mut self, of: &str) -> String {
        self.names.unique(&format!("{of}$"))
    }

    pub(super) fn target(&self, target: Target) -> Next {
        match target {
            Target::State(id) => self.program.get(id.index()).cloned(),
            // BMv2 goes on to ingress after a rejected packet too, with the error that was noted.
            Target::Accept | Target::Reject => None,
        }
    }

    pub(super) fn push(&mut self, name: &str, ops: Vec<Json>, key: Vec<Json>, cases: Vec<Json>) {
        let id = self.states.len();
        self.states.push(object! {
            "name": name.to_owned(),
            "id": id,
            "parser_ops": ops,
            "transitions": cases,
            "transition_key": key,
        });
    }
}

impl<'a> Emitter<'a> {
    /// `parsers`.
    pub(super) fn parser(&mut self) -> Json {
        let program = self.program;
        let mut names = Taken::default();
        let state_names: Vec<String> = (program.parser.states.iter())
            .map(|state| names.unique(&state.name))
            .collect();
        let mut parser = Parser {
            states: Vec::new(),
            names,
            program: state_names,
            no_match: None,
        };
        for (at, state) in program.parser.states.iter().enumerate() {
            let name = parser.program[at].clone();
            self.program_state(state, name, &mut parser);
        }
        let first = parser.program.first().cloned();
        array![object! {
            "name": "parser",
            "id": 0u32,
            "init_state": first,
            "parse_states": parser.states,
        }]
    }

    fn program_state(&mut self, state: &State, name: String, parser: &mut Parser) {
        let then = Then::Transition(&state.transition, state.span);
        self.parser_ops = Some(Vec::new());
        self.parser_block(name, &state.body, then, &Ends::default(), parser);
        self.parser_ops = None;
    }

    fn operations(&mut self) -> &mut Vec<Json> {
        self.parser_ops.get_or_insert_default()
    }

    fn take_operations(&mut self) -> Vec<Json> {
        std::mem::take(self.operations())
    }

    /// Writes the state `name`, whose first operations have been written, and those that it needs besides.
    fn parser_block(
        &mut self,
        name: String,
        block: &[Stmt],
        then: Then<'_>,
        ends: &Ends,
        parser: &mut Parser,
    ) {
        for (at, stmt) in block.iter().enumerate() {
            let rest = &block[at + 1..];
            match &stmt.kind {
                StmtKind::If(condition, yes, no) => {
                    let join = self.rest(&name, rest, then, ends, parser);
                    let decision = self.layout.temporary("if", Scalar::Bool);
                    let value = operand_argument(unary("b2d", self.boolean(condition)));
                    let set = operation("set", vec![decision.operand(), value]);
                    self.operations().push(set);
                    let ops = self.take_operations();
                    let yes_name = parser.fresh(&name);
                    let no_name = match no.is_empty() {
                        true => join.clone(),
                        false => Some(parser.fresh(&name)),
                    };
                    let cases = vec![
                        when(
                            digits(&BigUint::from(1u32), 1),
                            None,
                            Some(yes_name.clone()),
                        ),
                        otherwise(no_name.clone()),
                    ];
                    parser.push(&name, ops, vec![decision.operand()], cases);
                    self.parser_block(yes_name, yes, Then::Next(join.clone()), ends, parser);
                    if let (Some(no_name), false) = (no_name, no.is_empty()) {
                        self.parser_block(no_name, no, Then::Next(join), ends, parser);
                    }
                    return;
                }
                StmtKind::Switch(subject, cases, default) => {
                    let join = self.rest(&name, rest, then, ends, parser);
                    let key = self.transition_key(subject);
                    let ops = self.take_operations();
                    let width = subject.scalar.width();
                    let mut transitions = Vec::new();
                    let mut blocks = Vec::new();
                    for (values, block) in cases {
                        let case = parser.fresh(&name);
                        for value in values {
                            transitions.push(when(digits(value, width), None, Some(case.clone())));
                        }
                        blocks.push((case, block));
                    }
                    let case = parser.fresh(&name);
                    transitions.push(otherwise(Some(case.clone())));
                    blocks.push((case, default));
                    parser.push(&name, ops, vec![key], transitions);
                    for (case, block) in blocks {
                        self.parser_block(case, block, Then::Next(join.clone()), ends, parser);
                    }
                    return;
                }
                StmtKind::Scope(inner) => {
                    let join = self.rest(&name, rest, then, ends, parser);
                    let ends = Ends {
                        leave: join.clone(),
                        ..ends.clone()
                    };
                    self.parser_block(name, inner, Then::Next(join), &ends, parser);
                    return;
                }
                StmtKind::Loop { body, update } => {
                    let after = self.rest(&name, rest, then, ends, parser);
                    let first = parser.fresh(&name);
                    let again = parser.fresh(&name);
                    let ops = self.take_operations();
                    parser.push(&name, ops, Vec::new(), vec![otherwise(Some(first.clone()))]);
                    let ends = Ends {
                        again: Some(again.clone()),
                        after,
                        ..ends.clone()
                    };
                    let then = Then::Next(Some(again.clone()));
                    self.parser_block(first.clone(), body, then, &ends, parser);
                    self.parser_block(again, update, Then::Next(Some(first)), &ends, parser);
                    return;
                }
                StmtKind::Leave | StmtKind::Break | StmtKind::Continue => {
                    let next = match &stmt.kind {
                        StmtKind::Leave => &ends.leave,
                        StmtKind::Break => &ends.after,
                        _ => &ends.again,
                    };
                    let ops = self.take_operations();
                    parser.push(&name, ops, Vec::new(), vec![otherwise(next.clone())]);
                    return;
                }
                _ => self.parser_stmt(stmt, rest),
            }
        }
        match then {
            Then::Next(next) => {
                let ops = self.take_operations();
                parser.push(&name, ops, Vec::new(), vec![otherwise(next)]);
            }
            Then::Transition(Transition::Goto(target), _) => {
                let ops = self.take_operations();
                let next = parser.target(*target);
                parser.push(&name, ops, Vec::new(), vec![otherwise(next)]);
            }
            Then::Transition(Transition::Select { keys, cases }, span) => {
                let keys_json: Vec<Json> =
                    keys.iter().map(|key| self.transition_key(key)).collect();
                let ops = self.take_operations();
                self.select(&name, ops, keys, &keys_json, cases, span, parser);
            }
        }
    }

    /// The state for what follows a statement that branches.
    fn rest(
        &mut self,
        name: &str,
        rest: &[Stmt],
        then: Then<'_>,
        ends: &Ends,
        parser: &mut Parser,
    ) -> Next {
        match then {
            Then::Next(next) if rest.is_empty() => next,
            Then::Transition(Transition::Goto(target), _) if rest.is_empty() => {
                parser.target(*target)
            }
            then => {
                let before = self.take_operations();
                let join = parser.fresh(name);
                self.parser_block(join.clone(), rest, then, ends, parser);
                self.parser_ops = Some(before);
                Some(join)
            }
        }
    }

    /// The state that ends the parser with NoMatch.
    pub(super) fn no_match(&mut self, parser: &mut Parser) -> String {
        if let Some(name) = &parser.no_match {
            return name.clone();
        }
        let errors = &self.program.errors;
        let error = errors.iter().position(|error| error.name == "NoMatch");
        let never = object! { "type": "bool", "value": false };
        let verify = operation("verify", vec![never, number(error.unwrap_or(0), 32)]);
        let name = parser.names.unique("$noMatch");
        parser.push(&name, vec![verify], Vec::new(), vec![otherwise(None)]);
        parser.no_match = Some(name.clone());
        name
    }

    fn parser_stmt(&mut self, stmt: &Stmt, rest: &[Stmt]) {
        let span = stmt.span;
        let op = match &stmt.kind {
            StmtKind::Extract(header) => {
                let header = self.extracted(header, span);
                operation("extract", vec![header])
            }
            StmtKind::ExtractVarbit(header, size) => {
                let header = self.extracted(header, span);
                let size = object! { "type": "expression", "value": self.data(size) };
                operation("extract_VL", vec![header, size])
            }
            StmtKind::Advance(bits) => {
                let bits = self.argument(bits);
                operation("advance", vec![bits])
            }
            StmtKind::RequireLookahead(bits) => {
                if is_checked_by(rest.first(), *bits) {
                    return;
                }
                let scratch = self.layout.temporary("ahead", Scalar::Bits(8));
                let ahead = object! { "type": "lookahead", "value": array![0u32, *bits] };
                operation("set", vec![scratch.operand(), ahead])
            }
            StmtKind::Verify(condition, error) => {
                let condition = self.boolean(condition);
                let error = self.data(error);
                operation("verify", vec![condition, error])
            }
            StmtKind::Assign(place, value) => match self.set(place, value) {
                Some(op) => op,
                None => return self.parser_primitives(stmt),
            },
            _ if is_straight(stmt) => return self.parser_primitives(stmt),
            _ => return self.unsupported(span, "this statement in a parser"),
        };
        self.operations().push(op);
    }

    /// A statement as calls of primitives.
    fn parser_primitives(&mut self, stmt: &Stmt) {
        let mut primitives = Vec::new();
        self.primitives(stmt, &mut primitives);
        let operations = primitives
            .into_iter()
            .map(|primitive| operation("primitive", vec![primitive]));
        self.operations().extend(operations);
    }

    /// An assignment to a field as the parser's own operation.
    fn set(&mut self, place: &Place, value: &Expr) -> Option<Json> {
        if matches!(self.place_scalar(place), Scalar::Varbit(_)) {
            return None;
        }
        let field = self.place_field(place)?;
        let value = match &value.kind {
            ExprKind::Lookahead(offset) if self.place_scalar(place) == value.scalar => object! {
                "type": "lookahead",
                "value": array![*offset, value.scalar.width()],
            },
            _ => self.argument(value),
        };
        // Only these kinds of value are taken; the rest are operands of expressions.
        let value = match &value {
            Json::Object(members)
                if members
                    .iter()
                    .any(|(_, kind)| *kind == "stack_field".into()) =>
            {
                object! { "type": "expression", "value": value }
            }
            _ => value,
        };
        Some(operation("set", vec![field.operand(), value]))
    }

    fn extracted(&mut self, header: &HeaderRef, span: Span) -> Json {
        match header {
            HeaderRef::Instance(id) => {
                object! { "type": "regular", "value": self.layout.header(*id) }
            }
            HeaderRef::Next(stack) => {
                object! { "type": "stack", "value": self.layout.stack(*stack) }
            }
            HeaderRef::Element(..) | HeaderRef::Last(_) => {
                let what = "parsing into an element of a stack other than `next` or a constant one";
                self.unsupported(span, what);
                Json::Null
            }
        }
    }

    /// A key of a transition: a field, what is ahead in the packet, or a new field with the expression's value.
    fn transition_key(&mut self, key: &Expr) -> Json {
        match &key.kind {
            ExprKind::Lookahead(offset) => object! {
                "type": "lookahead",
                "value": array![*offset, key.scalar.width()],
            },
            ExprKind::Field(HeaderRef::Last(stack), field) => self.last_field(*stack, *field),
            ExprKind::Variable(id) => self.layout.variable(*id).operand(),
            ExprKind::Field(HeaderRef::Instance(id), field) => {
                self.layout.field(*id, *field).operand()
            }
            ExprKind::IsValid(HeaderRef::Instance(id)) => self.layout.valid(*id).operand(),
            _ => {
                let field = self.layout.temporary("select", key.scalar);
                let value = self.argument(key);
                let set = operation("set", vec![field.operand(), value]);
                self.operations().push(set);
                field.operand()
            }
        }
    }
}

/// Whether a statement reads as many bits ahead as are required, from the first one: BMv2 then looks whether they are there.
fn is_checked_by(stmt: Option<&Stmt>, bits: u32) -> bool {
    match stmt.map(|stmt| &stmt.kind) {
        Some(StmtKind::Assign(
            Place::Variable(_) | Place::Field(HeaderRef::Instance(_), _),
            value,
        )) => matches!(value.kind, ExprKind::Lookahead(0)) && value.scalar.width() == bits,
        _ => false,
    }
}
