//! What is read before it is written: variables, `out` parameters, and fields of headers that are not valid.
//!
//! Follows the statements of every control and parser, and of the actions that they run, forward. A variable counts as
//! written as a whole when a part of it is; a header counts as invalid only where it certainly is.

mod state;

use std::collections::HashMap;

pub(super) use self::state::Storage;

use self::state::{Known, State};
use super::states::targets;
use crate::ast::{
    Action, BinaryOp, Block, Control, Decl, DeclId, DeclKind, Direction, Expr, ExprKind, Param,
    Parser, Stmt, StmtKind, TablePropertyKind, TransitionKind, UnaryOp,
};
use crate::check::{Bound, Builtin, Callee, Node, Type, Typed};
use crate::diagnostic::{Diagnostics, WarningKind};
use crate::source::Span;

/// How many statements are followed in one block: actions are followed anew wherever they are called.
const MAX_STEPS: usize = 100_000;

pub(super) fn flow(typed: &Typed<'_>, found: &mut Diagnostics) {
    for decl in &typed.program.declarations {
        let mut flow = Flow {
            typed,
            found,
            quiet: false,
            steps: 0,
            exit: None,
        };
        match &decl.kind {
            DeclKind::Control(control) => flow.control(control),
            DeclKind::Parser(parser) => flow.parser(parser),
            DeclKind::Function(function) => {
                let mut state = State::default();
                flow.callable(&mut state, &function.signature.params, &function.body);
            }
            DeclKind::Action(action) => flow.unused_action(action),
            _ => {}
        }
    }
}

struct Flow<'t, 'f> {
    typed: &'t Typed<'t>,
    found: &'f mut Diagnostics,
    /// Whether nothing is reported, while states of parsers are followed until nothing changes.
    quiet: bool,
    steps: usize,
    /// What is known where the block that is being followed has been left by `return`.
    exit: Option<State>,
}

impl<'t> Flow<'t, '_> {
    fn warn(&mut self, kind: WarningKind, span: Span, message: String) {
        if !self.quiet && self.steps < MAX_STEPS {
            self.found.warning(kind.code(), span, message);
        }
    }

    fn control(&mut self, control: &'t Control) {
        let mut state = State::default();
        self.parameters(&mut state, &control.ty.params);
        for local in &control.locals {
            self.local(&mut state, local);
        }
        self.exit = None;
        self.block(&mut state, &control.apply);
        self.leave(&mut state);
        self.check_out(&state, &control.ty.params);
    }

    /// An action or function by itself: what it reads of its surroundings is unknown.
    fn callable(&mut self, state: &mut State, params: &'t [Param], body: &'t Block) {
        self.parameters(state, params);
        let outer = self.exit.take();
        self.block(state, body);
        self.leave(state);
        self.exit = outer;
        for param in params {
            self.check_out_param(state, param);
        }
    }

    fn unused_action(&mut self, action: &'t Action) {
        let mut state = State::default();
        self.callable(&mut state, &action.params, &action.body);
    }

    /// Joins the ways that end by `return` with the one that ends by itself.
    fn leave(&mut self, state: &mut State) {
        if let Some(exit) = self.exit.take() {
            state.join(exit);
        }
        state.ended = false;
    }

    fn parameters(&mut self, state: &mut State, params: &[Param]) {
        for param in params {
            let Some(ty) = self.typed.decl_type(param.id) else {
                continue;
            };
            if param.direction == Direction::Out {
                self.storage(state, param.id, ty, Known::No);
            } else {
                state.values.remove(&param.id);
            }
        }
    }

    /// A variable or parameter begins to be.
    fn storage(&self, state: &mut State, id: DeclId, ty: &Type, known: Known) {
        state.make_valid(&Storage::of(id));
        if state::is_value(self.typed, ty) {
            state.values.insert(id, known);
        } else {
            state.make_all_invalid(self.typed, Storage::of(id), ty);
        }
    }

    fn check_out(&mut self, state: &State, params: &[Param]) {
        for param in params {
            self.check_out_param(state, param);
        }
    }

    fn check_out_param(&mut self, state: &State, param: &Param) {
        if param.direction != Direction::Out || state.ended {
            return;
        }
        let message = match state.values.get(&param.id) {
            Some(Known::No) => format!("the `out` parameter `{}` never gets a value", param.name),
            Some(Known::Maybe) => {
                format!(
                    "the `out` parameter `{}` may be left without a value",
                    param.name
                )
            }
            _ => return,
        };
        self.warn(WarningKind::UninitializedOutParam, param.name.span, message);
    }

    fn local(&mut self, state: &mut State, decl: &'t Decl) {
        if let DeclKind::Variable(variable) = &decl.kind {
            if let Some(value) = &variable.value {
                self.read(state, value);
            }
            let Some(ty) = self.typed.decl_type(decl.id) else {
                return;
            };
            match variable.value {
                Some(_) => state.make_valid(&Storage::of(decl.id)),
                None => self.storage(state, decl.id, ty, Known::No),
            }
        }
    }

    fn parser(&mut self, parser: &'t Parser) {
        let mut start = State::default();
        self.parameters(&mut start, &parser.ty.params);
        for local in &parser.locals {
            self.local(&mut start, local);
        }
        let mut before: HashMap<&str, State> = HashMap::from([("start", start)]);
        let mut open = vec!["start"];
        self.quiet = true;
        while let Some(name) = open.pop() {
            let (Some(state), Some(known)) = (
                parser
                    .states
                    .iter()
                    .find(|state| state.name.as_str() == name),
                before.get(name),
            ) else {
                continue;
            };
            let mut after = known.clone();
            self.statements(&mut after, &state.statements);
            if self.steps >= MAX_STEPS {
                return;
            }
            for target in targets(state) {
                let changed = match before.get_mut(target) {
                    Some(known) => known.join(after.clone()),
                    None => {
                        before.insert(target, after.clone());
                        true
                    }
                };
                if changed && !open.contains(&target) {
                    open.push(target);
                }
            }
        }
        self.quiet = false;
        for state in &parser.states {
            let Some(mut known) = before.get(state.name.as_str()).cloned() else {
                continue;
            };
            self.statements(&mut known, &state.statements);
            if let Some(TransitionKind::Select { subjects, .. }) =
                state.transition.as_ref().map(|transition| &transition.kind)
            {
                for subject in subjects {
                    self.read(&mut known, subject);
                }
            }
        }
        if let Some(accepted) = before.get("accept").cloned() {
            self.check_out(&accepted, &parser.ty.params);
        }
    }

    fn block(&mut self, state: &mut State, block: &'t Block) {
        self.statements(state, &block.statements);
    }

    fn statements(&mut self, state: &mut State, statements: &'t [Stmt]) {
        for statement in statements {
            if state.ended || self.steps >= MAX_STEPS {
                return;
            }
            self.steps += 1;
            self.statement(state, statement);
        }
    }

    fn branches(&mut self, state: &mut State, branches: Vec<State>) {
        let mut joined: Option<State> = None;
        for branch in branches {
            match &mut joined {
                Some(joined) => {
                    joined.join(branch);
                }
                None => joined = Some(branch),
            }
        }
        if let Some(joined) = joined {
            *state = joined;
        }
    }

    fn one(&mut self, state: &mut State, statement: &'t Stmt) {
        self.statements(state, std::slice::from_ref(statement));
    }

    fn statement(&mut self, state: &mut State, statement: &'t Stmt) {
        match &statement.kind {
            StmtKind::Decl(decl) => self.local(state, decl),
            StmtKind::Assign { target, op, value } => {
                self.read(state, value);
                if op.is_some() {
                    self.read(state, target);
                }
                self.write(state, target);
            }
            StmtKind::Call(call) => self.read(state, call),
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.read(state, condition);
                let mut other = state.clone();
                self.assume(state, condition, true);
                self.assume(&mut other, condition, false);
                self.one(state, then);
                if let Some(otherwise) = otherwise {
                    self.one(&mut other, otherwise);
                }
                state.join(other);
            }
            StmtKind::Block(block) => self.block(state, block),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.read(state, value);
                }
                let left = state.clone();
                match &mut self.exit {
                    Some(exit) => {
                        exit.join(left);
                    }
                    None => self.exit = Some(left),
                }
                state.ended = true;
            }
            StmtKind::Exit => state.ended = true,
            StmtKind::Switch(switch) => {
                self.read(state, &switch.subject);
                if let Some(case) = switch.cases.last().filter(|case| case.body.is_none()) {
                    let message = "this case has no body, and there is none below it";
                    self.warn(WarningKind::Missing, case.label.span, message.to_owned());
                }
                let mut branches = Vec::new();
                let has_default = switch
                    .cases
                    .iter()
                    .any(|case| matches!(case.label.kind, ExprKind::Default));
                if !has_default {
                    branches.push(state.clone());
                }
                for body in switch.cases.iter().filter_map(|case| case.body.as_ref()) {
                    let mut branch = state.clone();
                    self.block(&mut branch, body);
                    branches.push(branch);
                }
                self.branches(state, branches);
            }
            StmtKind::For {
                init,
                condition,
                update,
                body,
            } => {
                self.statements(state, init);
                self.read(state, condition);
                let mut round = state.clone();
                self.one(&mut round, body);
                self.statements(&mut round, update);
                state.join(round);
            }
            StmtKind::ForIn(for_in) => {
                self.read(state, &for_in.domain);
                let mut round = state.clone();
                self.one(&mut round, &for_in.body);
                state.join(round);
            }
            StmtKind::Empty | StmtKind::Break | StmtKind::Continue | StmtKind::Invalid => {}
        }
    }

    fn place(&self, expr: &Expr) -> Option<Storage> {
        place(self.typed, expr)
    }

    /// The header that an expression names, or the stack that it is an element of: the elements of a stack count as one.
    fn header_place(&self, expr: &Expr) -> Option<Storage> {
        match &expr.kind {
            ExprKind::Index { base, .. } => self.place(base),
            ExprKind::Member { base, .. } if matches!(self.typed.ty(base), Type::Stack(..)) => {
                self.place(base)
            }
            _ => self.place(expr),
        }
    }

    /// The variable that an expression is a part of.
    fn variable(&self, expr: &Expr) -> Option<DeclId> {
        match &expr.kind {
            ExprKind::Path(_) => self.typed.reference(expr.id),
            ExprKind::Member { base, .. }
            | ExprKind::Index { base, .. }
            | ExprKind::Slice { base, .. }
            | ExprKind::PartSelect { base, .. } => self.variable(base),
            _ => None,
        }
    }

    fn write(&mut self, state: &mut State, expr: &'t Expr) {
        if let ExprKind::Member { base, .. } = &expr.kind {
            self.field_of_header(state, expr, base, "written");
        }
        if let ExprKind::Index { index, .. } = &expr.kind {
            self.read(state, index);
        }
        if let Some(id) = self.variable(expr)
            && let Some(known) = state.values.get_mut(&id)
        {
            *known = Known::Yes;
        }
        match self.place(expr) {
            Some(place) => state.make_valid(&place),
            // Some element of a stack or other part: nothing is certain of the whole.
            None => {
                if let Some(id) = self.variable(expr) {
                    state.make_valid(&Storage::of(id));
                }
            }
        }
    }

    fn field_of_header(&mut self, state: &State, expr: &Expr, base: &Expr, done: &str) {
        if !matches!(self.typed.ty(base), Type::Header(..)) {
            return;
        }
        let Some(place) = self.header_place(base) else {
            return;
        };
        let message = if state.invalid.contains(&place) {
            format!("a field of a header that is not valid here is {done}")
        } else if state.maybe_invalid.contains(&place) {
            format!("a field of a header that may be not valid here is {done}")
        } else {
            return;
        };
        self.warn(WarningKind::InvalidHeader, expr.span, message);
    }

    /// What is known of headers where a condition is true or false.
    fn assume(&self, state: &mut State, condition: &Expr, truth: bool) {
        match &condition.kind {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.assume(state, operand, !truth),
            ExprKind::Binary {
                op, left, right, ..
            } if (*op == BinaryOp::And && truth) || (*op == BinaryOp::Or && !truth) => {
                self.assume(state, left, truth);
                self.assume(state, right, truth);
            }
            ExprKind::Call { callee, .. } => {
                let is_test = (self.typed.call(condition.id))
                    .is_some_and(|call| call.callee == Some(Callee::Builtin(Builtin::IsValid)));
                if let ExprKind::Member { base, .. } = &callee.kind
                    && is_test
                    && truth
                    && let Some(place) = self.header_place(base)
                {
                    state.make_valid(&place);
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, state: &mut State, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::Path(path) => {
                let known = self
                    .typed
                    .reference(expr.id)
                    .and_then(|id| state.values.get(&id));
                let message = match known {
                    Some(Known::No) => format!("`{}` is read before it is written", path.name),
                    Some(Known::Maybe) => {
                        format!("`{}` may be read before it is written", path.name)
                    }
                    Some(Known::Yes) | None => return,
                };
                // Once is enough for one variable.
                if let Some(id) = self.typed.reference(expr.id) {
                    state.values.insert(id, Known::Yes);
                }
                self.warn(WarningKind::UninitializedUse, expr.span, message);
            }
            ExprKind::Member { base, .. } => {
                self.field_of_header(state, expr, base, "read");
                self.read(state, base);
            }
            ExprKind::Call { callee, .. } => self.call(state, expr, callee),
            _ => expr.kind.each_part(&mut |part| self.read(state, part)),
        }
    }

    fn call(&mut self, state: &mut State, expr: &'t Expr, callee: &'t Expr) {
        let Some(call) = self.typed.call(expr.id) else {
            return;
        };
        let arguments: Vec<Option<&'t Expr>> = call.arguments.iter().map(Bound::value).collect();
        let base = match &callee.kind {
            ExprKind::Member { base, .. } => Some(&**base),
            _ => None,
        };
        match call.callee {
            Some(Callee::Builtin(builtin)) => {
                for argument in arguments.iter().flatten() {
                    self.read(state, argument);
                }
                if let Some(base) = base {
                    self.builtin(state, builtin, base);
                }
            }
            Some(Callee::Table(id)) => self.table(state, id),
            Some(Callee::Action(id)) => {
                let Some(DeclKind::Action(action)) = self.typed.decl(id).map(|decl| &decl.kind)
                else {
                    return;
                };
                self.pass(state, &action.params, &arguments);
                self.action(state, action);
            }
            Some(callee) => {
                if let Some(base) = base.filter(|base| !matches!(base.kind, ExprKind::Path(_))) {
                    self.read(state, base);
                }
                let params = params_of(self.typed, callee);
                self.pass(state, params, &arguments);
            }
            None => {
                for argument in arguments.iter().flatten() {
                    self.read(state, argument);
                }
            }
        }
    }

    /// Arguments are read and written as the parameters say.
    fn pass(&mut self, state: &mut State, params: &[Param], arguments: &[Option<&'t Expr>]) {
        let pairs = || params.iter().zip(arguments);
        for (param, argument) in pairs() {
            let Some(argument) = argument else { continue };
            let is_whole = !state::is_value(self.typed, self.typed.ty(argument));
            if param.direction != Direction::Out && !is_whole {
                self.read(state, argument);
            }
        }
        for (param, argument) in pairs() {
            if let (Direction::Out | Direction::InOut, Some(argument)) = (param.direction, argument)
            {
                self.write(state, argument);
            }
        }
    }

    fn builtin(&mut self, state: &mut State, builtin: Builtin, base: &'t Expr) {
        match builtin {
            Builtin::SetValid | Builtin::PushFront | Builtin::PopFront => match self.place(base) {
                Some(place) => state.make_valid(&place),
                None => {
                    if let Some(id) = self.variable(base) {
                        state.make_valid(&Storage::of(id));
                    }
                }
            },
            Builtin::SetInvalid => {
                if let Some(place) = self.place(base) {
                    state.maybe_invalid.remove(&place);
                    state.invalid.insert(place);
                }
            }
            Builtin::IsValid | Builtin::Size { .. } => {}
        }
    }

    /// Runs an action whose arguments have been passed.
    fn action(&mut self, state: &mut State, action: &'t Action) {
        let outer = self.exit.take();
        self.parameters(state, &action.params);
        self.block(state, &action.body);
        let ended = state.ended && self.exit.is_none();
        self.leave(state);
        state.ended = ended;
        self.exit = outer;
        for param in &action.params {
            self.check_out_param(state, param);
        }
    }

    /// Any of the table's actions may run.
    fn table(&mut self, state: &mut State, id: DeclId) {
        let Some(DeclKind::Table(table)) = self.typed.decl(id).map(|decl| &decl.kind) else {
            return;
        };
        let mut branches = Vec::new();
        for property in &table.properties {
            match &property.kind {
                TablePropertyKind::Key(elements) => {
                    for element in elements {
                        self.read(state, &element.expr);
                    }
                }
                TablePropertyKind::Actions(actions) => {
                    for reference in actions {
                        let found = self.typed.reference(reference.id);
                        let decl = found.and_then(|id| self.typed.decl(id));
                        let Some(DeclKind::Action(action)) = decl.map(|decl| &decl.kind) else {
                            continue;
                        };
                        let mut branch = state.clone();
                        if let Some(call) = self.typed.call(reference.id) {
                            let arguments: Vec<Option<&'t Expr>> =
                                call.arguments.iter().map(Bound::value).collect();
                            self.pass(&mut branch, &action.params, &arguments);
                        }
                        self.action(&mut branch, action);
                        branches.push(branch);
                    }
                }
                _ => {}
            }
        }
        self.branches(state, branches);
    }
}

/// The storage that an expression names, if its place is known.
pub(super) fn place(typed: &Typed<'_>, expr: &Expr) -> Option<Storage> {
    match &expr.kind {
        ExprKind::Path(_) => Some(Storage::of(typed.reference(expr.id)?)),
        ExprKind::Member { base, .. } if matches!(typed.ty(base), Type::Stack(..)) => None,
        ExprKind::Member { base, member } => Some(place(typed, base)?.field(&member.name)),
        _ => None,
    }
}

/// The parameters of what is called.
pub(super) fn params_of<'t>(typed: &Typed<'t>, callee: Callee) -> &'t [Param] {
    let (Callee::Function(id)
    | Callee::ExternFunction(id)
    | Callee::Method(id)
    | Callee::Action(id)
    | Callee::Block(id)
    | Callee::DirectBlock(id)) = callee
    else {
        return &[];
    };
    match typed.node(id) {
        Some(Node::Method(method, _)) => match &method.kind {
            crate::ast::MethodKind::Constructor { params, .. } => params,
            crate::ast::MethodKind::Method { signature, .. } => &signature.params,
        },
        Some(Node::Decl(decl)) => match &decl.kind {
            DeclKind::Function(function) => &function.signature.params,
            DeclKind::ExternFunction(signature) => &signature.params,
            DeclKind::Action(action) => &action.params,
            DeclKind::Parser(parser) => &parser.ty.params,
            DeclKind::Control(control) => &control.ty.params,
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) => &ty.params,
            _ => &[],
        },
        _ => &[],
    }
}
