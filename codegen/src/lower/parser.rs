//! Parsers: states, with sub-parsers in place of their calls.

use std::collections::VecDeque;

use super::arguments::Body;
use super::instance::Binding;
use super::operand::Operand;
use super::{Lowerer, codes};
use crate::ast::{
    self, Decl, DeclKind, Expr, ExprKind, SelectCase, Stmt, StmtKind, TransitionKind,
};
use crate::check::{self, Callee, Type};
use crate::ir::{self, Pattern, StateId, Target, Transition};
use crate::source::Span;

/// What is being inlined.
struct Context<'a> {
    parser: &'a ast::Parser,
    /// Path in the names of states.
    path: String,
    /// Where `accept` leads.
    accept: Target,
    /// States that are referred to but not lowered.
    waiting: VecDeque<(&'a ast::State, StateId)>,
}

impl<'a> Lowerer<'a, '_> {
    /// The parser of the pipeline, whose parameters have their meaning.
    pub(super) fn main_parser(&mut self, at: usize) {
        let decl = self.instances[at].decl;
        let DeclKind::Parser(parser) = &decl.kind else {
            self.error(
                codes::BAD_BLOCK,
                decl.span,
                "a parser is expected here, not a control",
            );
            return;
        };
        self.types.extend(self.instances[at].types.clone());
        self.bindings.extend(self.instances[at].bindings.clone());
        let outer = self.instance.replace(at);
        let mut first = Vec::new();
        self.initialise(&parser.locals, &mut first);
        if first.is_empty() {
            self.inline_parser(at, Target::Accept);
        } else {
            // `start` may be entered again, but what it finds is initialised once.
            let entry = self.new_state("initialise".to_owned(), decl.span);
            let start = self.inline_parser(at, Target::Accept);
            self.finish_state(entry, first, Transition::Goto(start));
        }
        self.instance = outer;
    }

    fn new_state(&mut self, name: String, span: Span) -> StateId {
        let id = StateId(self.program.parser.states.len() as u32);
        self.program.parser.states.push(ir::State {
            name,
            body: Vec::new(),
            transition: Transition::Goto(Target::Reject),
            span,
        });
        id
    }

    fn finish_state(&mut self, id: StateId, body: ir::Block, transition: Transition) {
        let state = &mut self.program.parser.states[id.index()];
        state.body = body;
        state.transition = transition;
    }

    /// The states of an instance, whose locals and parameters have their meaning; returns where it starts.
    fn inline_parser(&mut self, at: usize, accept: Target) -> Target {
        let decl = self.instances[at].decl;
        let DeclKind::Parser(parser) = &decl.kind else {
            return Target::Reject;
        };
        let outer = std::mem::take(&mut self.parser_states);
        let mut context = Context {
            parser,
            path: self.instances[at].local_path.clone(),
            accept,
            waiting: VecDeque::new(),
        };
        let start = self.state_target(&mut context, "start", decl.span);
        while let Some((state, id)) = context.waiting.pop_front() {
            self.state(&mut context, state, id);
        }
        self.parser_states = outer;
        start
    }

    fn state_target(&mut self, context: &mut Context<'a>, name: &str, span: Span) -> Target {
        let found = context
            .parser
            .states
            .iter()
            .find(|state| state.name.as_str() == name);
        match (name, found) {
            ("accept", _) => context.accept,
            ("reject", _) => Target::Reject,
            (_, Some(state)) => {
                if let Some(&known) = self.parser_states.get(&state.id) {
                    return Target::State(known);
                }
                let name = if context.path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{}.{name}", context.path)
                };
                let id = self.new_state(name, state.span);
                self.parser_states.insert(state.id, id);
                context.waiting.push_back((state, id));
                Target::State(id)
            }
            (_, None) => {
                self.internal(span, "a state that is not there");
                Target::Reject
            }
        }
    }

    fn state(&mut self, context: &mut Context<'a>, state: &'a ast::State, id: StateId) {
        let mut body = Vec::new();
        let mut current = id;
        self.state_statements(&state.statements, &mut current, &mut body);
        let transition = match &state.transition {
            None => Transition::Goto(Target::Reject),
            Some(transition) => match &transition.kind {
                TransitionKind::Direct(name) => {
                    Transition::Goto(self.state_target(context, name.as_str(), name.span))
                }
                TransitionKind::Select { subjects, cases } => {
                    self.select(context, subjects, cases, &mut body)
                }
            },
        };
        self.finish_state(current, body, transition);
    }

    /// Statements of a state. Where a parser is applied the state ends, and goes on in another one after the parser.
    fn state_statements(
        &mut self,
        statements: &'a [Stmt],
        current: &mut StateId,
        body: &mut ir::Block,
    ) {
        for statement in statements {
            match &statement.kind {
                StmtKind::Block(block) => self.state_statements(&block.statements, current, body),
                StmtKind::If {
                    condition,
                    then,
                    otherwise,
                } if self.applies_parser(statement) => {
                    let branches = [Some(&**then), otherwise.as_deref()];
                    self.branching(condition, branches, statement.span, current, body);
                }
                StmtKind::Call(call) => {
                    let applied = match (&call.kind, self.typed.call(call.id).cloned()) {
                        (ExprKind::Call { callee, .. }, Some(bound))
                            if matches!(
                                bound.callee,
                                Some(Callee::Block(_) | Callee::DirectBlock(_))
                            ) =>
                        {
                            Some((&**callee, bound))
                        }
                        _ => None,
                    };
                    match applied {
                        Some((callee, bound)) => {
                            self.apply_parser(callee, &bound, statement.span, current, body);
                        }
                        None => self.statement(statement, body),
                    }
                }
                _ => self.statement(statement, body),
            }
        }
    }

    fn applies_parser(&self, statement: &Stmt) -> bool {
        super::loops::any_statement(statement, &mut |statement| match &statement.kind {
            StmtKind::Call(call) => matches!(
                self.typed.call(call.id).and_then(|call| call.callee),
                Some(Callee::Block(_) | Callee::DirectBlock(_))
            ),
            _ => false,
        })
    }

    /// `if` in whose branches parsers are applied: states of their own, which meet again in another one.
    fn branching(
        &mut self,
        condition: &'a Expr,
        branches: [Option<&'a Stmt>; 2],
        span: Span,
        current: &mut StateId,
        body: &mut ir::Block,
    ) {
        let key = self.scalar_expr(condition, body);
        let name = self.program.parser.states[current.index()].name.clone();
        let [then, otherwise, after] =
            ["then", "else", "after_if"].map(|part| self.new_state(format!("{name}.{part}"), span));
        let case = |pattern, state| ir::SelectCase {
            patterns: vec![pattern],
            target: Target::State(state),
            span,
        };
        let select = Transition::Select {
            keys: vec![key],
            cases: vec![
                case(Pattern::Value(1u8.into()), then),
                case(Pattern::Any, otherwise),
            ],
        };
        let done = std::mem::take(body);
        self.finish_state(*current, done, select);
        for (branch, first) in branches.into_iter().zip([then, otherwise]) {
            let (mut last, mut block) = (first, Vec::new());
            if let Some(branch) = branch {
                let statements = std::slice::from_ref(branch);
                self.state_statements(statements, &mut last, &mut block);
            }
            self.finish_state(last, block, Transition::Goto(Target::State(after)));
        }
        *current = after;
    }

    fn apply_parser(
        &mut self,
        callee: &'a Expr,
        call: &check::Call<'a>,
        span: Span,
        current: &mut StateId,
        body: &mut ir::Block,
    ) {
        let Some(at) = self.applied_instance(callee, call) else {
            return;
        };
        let decl: &'a Decl = self.instances[at].decl;
        let DeclKind::Parser(parser) = &decl.kind else {
            return;
        };
        self.types.extend(self.instances[at].types.clone());
        let back = self.pass(&parser.ty.params, &call.arguments, Body::Closed, span, body);
        self.bindings.extend(self.instances[at].bindings.clone());
        let outer = self.instance.replace(at);
        self.initialise(&parser.locals, body);
        let name = format!(
            "{}.after_{}",
            self.program.parser.states[current.index()].name,
            self.instances[at].local_path
        );
        let after = self.new_state(name, span);
        let start = self.inline_parser(at, Target::State(after));
        self.instance = outer;
        let done = std::mem::replace(body, back);
        self.finish_state(*current, done, Transition::Goto(start));
        *current = after;
    }

    fn select(
        &mut self,
        context: &mut Context<'a>,
        subjects: &'a [Expr],
        cases: &'a [SelectCase],
        body: &mut ir::Block,
    ) -> Transition {
        let mut keys: Vec<ir::Expr> = Vec::new();
        // How many keys each subject has: more than one if it is a struct or tuple.
        let mut counts = Vec::new();
        for subject in subjects {
            let operand = self.expr(subject, body);
            let before = keys.len();
            self.flatten(&operand, &mut keys);
            counts.push(keys.len() - before);
        }
        let scalars: Vec<ir::Scalar> = keys.iter().map(|key| key.scalar).collect();
        let mut lowered = Vec::new();
        for case in cases {
            let mut patterns = Vec::new();
            let elements: Vec<&'a Expr> = match &case.keys.kind {
                ExprKind::Tuple(elements) => elements.iter().collect(),
                _ => vec![&case.keys],
            };
            if let [only] = elements.as_slice()
                && matches!(only.kind, ExprKind::Default | ExprKind::DontCare)
            {
                patterns = scalars.iter().map(|_| Pattern::Any).collect();
            } else if let [only] = elements.as_slice()
                && let Some(set) = self.value_set_of(only)
            {
                patterns = scalars.iter().map(|_| Pattern::ValueSet(set)).collect();
            } else {
                let mut at = 0;
                for (element, &count) in elements.iter().zip(&counts) {
                    let end = (at + count).min(scalars.len());
                    self.patterns(element, &scalars[at..end], &mut patterns);
                    at = end;
                }
            }
            let target = self.state_target(context, case.state.as_str(), case.state.span);
            if patterns.len() == scalars.len() {
                lowered.push(ir::SelectCase {
                    patterns,
                    target,
                    span: case.span,
                });
            }
        }
        Transition::Select {
            keys,
            cases: lowered,
        }
    }

    fn value_set_of(&self, expr: &Expr) -> Option<ir::ValueSetId> {
        match self.bindings.get(&self.typed.reference(expr.id)?) {
            Some(Binding::ValueSet(id)) => Some(*id),
            _ => None,
        }
    }

    fn patterns(&mut self, element: &'a Expr, scalars: &[ir::Scalar], patterns: &mut Vec<Pattern>) {
        if let Some(set) = self.value_set_of(element) {
            patterns.extend(scalars.iter().map(|_| Pattern::ValueSet(set)));
            return;
        }
        match (&element.kind, scalars) {
            (ExprKind::Default | ExprKind::DontCare, _) => {
                patterns.extend(scalars.iter().map(|_| Pattern::Any));
            }
            (ExprKind::Mask { value, mask }, [scalar]) => {
                let bits = (
                    self.entry_bits(value, *scalar),
                    self.entry_bits(mask, *scalar),
                );
                if let (Some(value), Some(mask)) = bits {
                    patterns.push(Pattern::Mask(value & &mask, mask));
                }
            }
            (ExprKind::Range { low, high }, [scalar]) => {
                let bits = (
                    self.entry_bits(low, *scalar),
                    self.entry_bits(high, *scalar),
                );
                if let (Some(low), Some(high)) = bits {
                    patterns.push(Pattern::Range(low, high));
                }
            }
            (_, [scalar]) => {
                let value = match self.eval(element) {
                    // A tuple of one.
                    Ok(check::Value::List(mut values)) if values.len() == 1 => values.pop(),
                    Ok(value) => Some(value),
                    Err(_) => None,
                };
                match value.and_then(|value| self.bits(&value, *scalar)) {
                    Some(bits) => patterns.push(Pattern::Value(bits)),
                    None => {
                        self.error(
                            check::codes::NOT_CONSTANT,
                            element.span,
                            "what is selected by must be known at compile time",
                        );
                    }
                }
            }
            (ExprKind::List(elements) | ExprKind::Tuple(elements), _)
                if elements.len() == scalars.len() =>
            {
                for (element, scalar) in elements.iter().zip(scalars) {
                    self.patterns(element, std::slice::from_ref(scalar), patterns);
                }
            }
            _ => {
                let mut parts = Vec::new();
                if let Ok(value) = self.eval(element) {
                    let ty: Type = self.final_type(element);
                    let operand: Operand = self.constant(&value, &ty, element.span);
                    self.flatten(&operand, &mut parts);
                }
                for part in parts {
                    if let ir::ExprKind::Constant(bits) = part.kind {
                        patterns.push(Pattern::Value(bits));
                    }
                }
            }
        }
    }
}
