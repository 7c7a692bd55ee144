//! Checks what lowering must have made true. What it finds is a mistake of the compiler, not of the program.

use super::*;
use crate::diagnostic::{Code, Diagnostics};
use crate::source::Span;

/// A mistake of the compiler.
const INTERNAL: Code = Code("E0702");

/// Checks ids, widths, and where statements and expressions stand. Nothing is reported for a program that is in order.
pub fn verify(program: &Program) -> Diagnostics {
    let mut verifier = Verifier {
        program,
        found: Diagnostics::new(),
        parameters: None,
        in_parser: false,
        scopes: 0,
        loops: 0,
    };
    verifier.program();
    verifier.found
}

struct Verifier<'p> {
    program: &'p Program,
    found: Diagnostics,
    /// Those of the action whose body is being checked.
    parameters: Option<&'p [Parameter]>,
    in_parser: bool,
    /// Scopes around the statement, the body of an action or control not counted.
    scopes: u32,
    /// Loops around the statement.
    loops: u32,
}

impl<'p> Verifier<'p> {
    fn wrong(&mut self, span: Span, what: impl AsRef<str>) {
        self.found.error(
            INTERNAL,
            span,
            format!("internal compiler error: {}", what.as_ref()),
        );
    }

    fn require(&mut self, holds: bool, span: Span, what: &str) {
        if !holds {
            self.wrong(span, what);
        }
    }

    fn program(&mut self) {
        let program = self.program;
        for header in &program.headers {
            let known = header.header_type.index() < program.header_types.len();
            self.require(known, header.span, "a header of a type that is not there");
        }
        for stack in &program.stacks {
            for element in &stack.elements {
                let fits = program
                    .headers
                    .get(element.index())
                    .is_some_and(|header| header.header_type == stack.header_type);
                self.require(fits, stack.span, "a stack with an element of another type");
            }
        }
        for union in &program.unions {
            for member in &union.members {
                let known = member.index() < program.headers.len();
                self.require(known, union.span, "a union with a member that is not there");
            }
        }
        for action in &program.actions {
            self.parameters = Some(&action.parameters);
            self.block(&action.body);
            self.parameters = None;
        }
        for table in &program.tables {
            self.table(table);
        }
        self.in_parser = true;
        for state in &program.parser.states {
            self.block(&state.body);
            self.transition(state);
        }
        self.in_parser = false;
        for body in [
            &program.verify_checksum,
            &program.ingress,
            &program.egress,
            &program.compute_checksum,
            &program.deparser,
        ] {
            self.block(body);
        }
    }

    fn table(&mut self, table: &'p Table) {
        for key in &table.keys {
            self.expr(&key.expr);
        }
        for listed in &table.actions {
            self.action_id(listed.action, table.span);
        }
        self.action_call(&table.default_action, table.span);
        for entry in &table.entries {
            let fits = entry.matches.len() == table.keys.len();
            self.require(
                fits,
                entry.span,
                "an entry with another number of keys than its table",
            );
            self.action_call(&entry.action, entry.span);
        }
        let program = self.program;
        let known = table
            .counter
            .is_none_or(|id| id.index() < program.counters.len())
            && table
                .meter
                .is_none_or(|id| id.index() < program.meters.len())
            && table
                .implementation
                .is_none_or(|id| id.index() < program.action_profiles.len());
        self.require(
            known,
            table.span,
            "a table with an object that is not there",
        );
    }

    fn action_id(&mut self, id: ActionId, span: Span) {
        let known = id.index() < self.program.actions.len();
        self.require(known, span, "an action that is not there");
    }

    fn action_call(&mut self, call: &ActionCall, span: Span) {
        match self.program.actions.get(call.action.index()) {
            Some(action) => {
                let fits = action.parameters.len() == call.arguments.len();
                self.require(fits, span, "an action with another number of arguments");
            }
            None => self.wrong(span, "an action that is not there"),
        }
    }

    fn transition(&mut self, state: &'p State) {
        match &state.transition {
            Transition::Goto(target) => self.target(*target, state.span),
            Transition::Select { keys, cases } => {
                for key in keys {
                    self.expr(key);
                }
                for case in cases {
                    let fits = case.patterns.len() == keys.len();
                    self.require(
                        fits,
                        case.span,
                        "a case with another number of patterns than keys",
                    );
                    for pattern in &case.patterns {
                        if let Pattern::ValueSet(id) = pattern {
                            let known = id.index() < self.program.value_sets.len();
                            self.require(known, case.span, "a value set that is not there");
                        }
                    }
                    self.target(case.target, case.span);
                }
            }
        }
    }

    fn target(&mut self, target: Target, span: Span) {
        if let Target::State(id) = target {
            let known = id.index() < self.program.parser.states.len();
            self.require(known, span, "a state that is not there");
        }
    }

    fn block(&mut self, block: &'p [Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'p Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Assign(place, value) => {
                self.expr(value);
                if let Some(scalar) = self.place(place, span) {
                    let same = scalar == value.scalar;
                    self.require(same, span, "an assignment of another type");
                }
            }
            StmtKind::SetValid(header) | StmtKind::SetInvalid(header) | StmtKind::Emit(header) => {
                self.header(header, span);
            }
            StmtKind::CopyHeader { to, from } => {
                let (to, from) = (self.header(to, span), self.header(from, span));
                self.require(
                    to == from,
                    span,
                    "a copy between headers of different types",
                );
            }
            StmtKind::PushFront(id, _) | StmtKind::PopFront(id, _) => {
                let known = id.index() < self.program.stacks.len();
                self.require(known, span, "a stack that is not there");
            }
            StmtKind::If(condition, then, otherwise) => {
                self.bool(condition);
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::Switch(subject, cases, default) => {
                self.expr(subject);
                for (_, block) in cases {
                    self.block(block);
                }
                self.block(default);
            }
            StmtKind::Apply(id, branch) => {
                let known = id.index() < self.program.tables.len();
                self.require(known, span, "a table that is not there");
                let allowed = !self.in_parser && self.parameters.is_none();
                self.require(allowed, span, "a table that is applied outside a control");
                match branch {
                    ApplyBranch::None => {}
                    ApplyBranch::Hit { hit, miss } => {
                        self.block(hit);
                        self.block(miss);
                    }
                    ApplyBranch::Action { cases, default } => {
                        for (actions, block) in cases {
                            for action in actions {
                                self.action_id(*action, span);
                            }
                            self.block(block);
                        }
                        self.block(default);
                    }
                }
            }
            StmtKind::Scope(block) => {
                self.scopes += 1;
                self.block(block);
                self.scopes -= 1;
            }
            StmtKind::Loop { body, update } => {
                self.loops += 1;
                self.block(body);
                self.block(update);
                self.loops -= 1;
            }
            StmtKind::Break | StmtKind::Continue => {
                let inside = self.loops > 0;
                self.require(inside, span, "a `Break` outside any loop");
            }
            StmtKind::Leave => {
                let inside = self.scopes > 0;
                self.require(inside, span, "a `Leave` outside any scope");
            }
            StmtKind::Exit => {
                let allowed = !self.in_parser;
                self.require(allowed, span, "an `exit` in the parser");
            }
            StmtKind::Extern(call) => self.extern_call(call, span),
            StmtKind::Extract(header) => {
                self.parser_only(span);
                self.header(header, span);
            }
            StmtKind::ExtractVarbit(header, size) => {
                self.parser_only(span);
                self.header(header, span);
                self.expr(size);
            }
            StmtKind::Advance(bits) => {
                self.parser_only(span);
                self.expr(bits);
            }
            StmtKind::RequireLookahead(_) => self.parser_only(span),
            StmtKind::Verify(condition, error) => {
                self.parser_only(span);
                self.bool(condition);
                self.expr(error);
                let same = error.scalar == Scalar::ERROR;
                self.require(same, span, "an error of another type");
            }
        }
    }

    fn parser_only(&mut self, span: Span) {
        let allowed = self.in_parser;
        self.require(allowed, span, "a parser's statement outside the parser");
    }

    fn bool(&mut self, expr: &'p Expr) {
        self.expr(expr);
        let same = expr.scalar == Scalar::Bool;
        self.require(same, expr.span, "a condition that is not a `bool`");
    }

    fn header(&mut self, header: &'p HeaderRef, span: Span) -> Option<HeaderTypeId> {
        let program = self.program;
        let found = match header {
            HeaderRef::Instance(id) => program
                .headers
                .get(id.index())
                .map(|header| header.header_type),
            HeaderRef::Element(id, index) => {
                self.expr(index);
                program
                    .stacks
                    .get(id.index())
                    .map(|stack| stack.header_type)
            }
            HeaderRef::Next(id) | HeaderRef::Last(id) => {
                self.parser_only(span);
                program
                    .stacks
                    .get(id.index())
                    .map(|stack| stack.header_type)
            }
        };
        if found.is_none() {
            self.wrong(span, "a header that is not there");
        }
        found
    }

    fn field(&mut self, header: &'p HeaderRef, at: u32, span: Span) -> Option<Scalar> {
        let header_type = self.header(header, span)?;
        let field = self
            .program
            .header_types
            .get(header_type.index())
            .and_then(|ty| ty.fields.get(at as usize));
        if field.is_none() {
            self.wrong(span, "a field that is not there");
        }
        field.map(|field| field.scalar)
    }

    fn place(&mut self, place: &'p Place, span: Span) -> Option<Scalar> {
        match place {
            Place::Variable(id) => {
                let scalar = self
                    .program
                    .variables
                    .get(id.index())
                    .map(|variable| variable.scalar);
                if scalar.is_none() {
                    self.wrong(span, "a variable that is not there");
                }
                scalar
            }
            Place::Field(header, at) => self.field(header, *at, span),
            Place::Slice(base, high, low) => {
                let base = self.place(base, span)?;
                self.slice(base, *high, *low, span);
                Some(Scalar::Bits(high.saturating_sub(*low) + 1))
            }
        }
    }

    fn slice(&mut self, base: Scalar, high: u32, low: u32, span: Span) {
        let fits = low <= high && high < base.width();
        self.require(fits, span, "a slice out of range");
    }

    fn expr(&mut self, expr: &'p Expr) {
        let span = expr.span;
        let own = match &expr.kind {
            ExprKind::Constant(value) => {
                let fits = value.bits() <= u64::from(expr.scalar.width());
                self.require(fits, span, "a constant that is wider than its type");
                None
            }
            ExprKind::Variable(id) => match self.program.variables.get(id.index()) {
                Some(variable) => Some(variable.scalar),
                None => {
                    self.wrong(span, "a variable that is not there");
                    None
                }
            },
            ExprKind::ActionParameter(at) => {
                let parameter = self
                    .parameters
                    .and_then(|parameters| parameters.get(*at as usize));
                if parameter.is_none() {
                    self.wrong(span, "an action's parameter outside the action");
                }
                parameter.map(|parameter| parameter.scalar)
            }
            ExprKind::Field(header, at) => self.field(header, *at, span),
            ExprKind::IsValid(header) => {
                self.header(header, span);
                Some(Scalar::Bool)
            }
            ExprKind::IsUnionValid(id) => {
                let known = id.index() < self.program.unions.len();
                self.require(known, span, "a union that is not there");
                Some(Scalar::Bool)
            }
            ExprKind::LastIndex(id) => {
                let known = id.index() < self.program.stacks.len();
                self.require(known, span, "a stack that is not there");
                Some(Scalar::Bits(32))
            }
            ExprKind::Lookahead(_) => {
                self.parser_only(span);
                None
            }
            ExprKind::PacketLength => Some(Scalar::Bits(32)),
            ExprKind::Unary(op, operand) => {
                self.expr(operand);
                if *op == UnaryOp::Not {
                    let same = operand.scalar == Scalar::Bool;
                    self.require(same, span, "`!` of something that is not a `bool`");
                }
                Some(operand.scalar)
            }
            ExprKind::Binary(op, left, right) => Some(self.binary(*op, left, right, span)),
            ExprKind::Concat(left, right) => {
                self.expr(left);
                self.expr(right);
                let width = left.scalar.width() + right.scalar.width();
                let fits = expr.scalar.width() == width;
                self.require(fits, span, "a concatenation of another width");
                None
            }
            ExprKind::Slice(base, high, low) => {
                self.expr(base);
                self.slice(base.scalar, *high, *low, span);
                Some(Scalar::Bits(high.saturating_sub(*low) + 1))
            }
            ExprKind::Cast(operand) => {
                self.expr(operand);
                None
            }
            ExprKind::Mux(condition, then, otherwise) => {
                self.bool(condition);
                self.expr(then);
                self.expr(otherwise);
                let same = then.scalar == otherwise.scalar;
                self.require(same, span, "a choice between different types");
                Some(then.scalar)
            }
        };
        if let Some(own) = own {
            let same = own == expr.scalar;
            self.require(
                same,
                span,
                "an expression that is of another type than it says",
            );
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'p Expr, right: &'p Expr, span: Span) -> Scalar {
        self.expr(left);
        self.expr(right);
        match op {
            BinaryOp::ShiftLeft | BinaryOp::ShiftRight => left.scalar,
            BinaryOp::And | BinaryOp::Or => {
                let same = left.scalar == Scalar::Bool && right.scalar == Scalar::Bool;
                self.require(same, span, "`&&` or `||` of something that is not a `bool`");
                Scalar::Bool
            }
            _ => {
                let same = left.scalar == right.scalar;
                self.require(same, span, "operands of different types");
                match op {
                    BinaryOp::Equal
                    | BinaryOp::NotEqual
                    | BinaryOp::Less
                    | BinaryOp::LessEqual
                    | BinaryOp::Greater
                    | BinaryOp::GreaterEqual => Scalar::Bool,
                    _ => left.scalar,
                }
            }
        }
    }

    fn data(&mut self, data: &'p [Data], span: Span) {
        for data in data {
            match data {
                Data::Expr(expr) => self.expr(expr),
                Data::Header(id) => {
                    let known = id.index() < self.program.headers.len();
                    self.require(known, span, "a header that is not there");
                }
            }
        }
    }

    fn known(&mut self, index: usize, length: usize, span: Span) {
        self.require(index < length, span, "an object that is not there");
    }

    fn extern_call(&mut self, call: &'p ExternCall, span: Span) {
        let program = self.program;
        match call {
            ExternCall::CounterCount { counter, index } => {
                self.known(counter.index(), program.counters.len(), span);
                self.expr(index);
            }
            ExternCall::DirectCounterCount { counter } => {
                self.known(counter.index(), program.counters.len(), span);
            }
            ExternCall::MeterExecute {
                meter,
                index,
                result,
            } => {
                self.known(meter.index(), program.meters.len(), span);
                self.expr(index);
                self.place(result, span);
            }
            ExternCall::DirectMeterRead { meter, result } => {
                self.known(meter.index(), program.meters.len(), span);
                self.place(result, span);
            }
            ExternCall::RegisterRead {
                register,
                result,
                index,
            } => {
                self.known(register.index(), program.registers.len(), span);
                self.expr(index);
                let scalar = self.place(result, span);
                let cell = program
                    .registers
                    .get(register.index())
                    .map(|register| register.scalar);
                self.require(
                    scalar == cell,
                    span,
                    "a register that is read as another type",
                );
            }
            ExternCall::RegisterWrite {
                register,
                index,
                value,
            } => {
                self.known(register.index(), program.registers.len(), span);
                self.expr(index);
                self.expr(value);
                let cell = program
                    .registers
                    .get(register.index())
                    .map(|register| register.scalar);
                let same = cell == Some(value.scalar);
                self.require(same, span, "a register that is written as another type");
            }
            ExternCall::Random { result, low, high } => {
                self.place(result, span);
                self.expr(low);
                self.expr(high);
            }
            ExternCall::Hash {
                result,
                base,
                data,
                max,
                ..
            } => {
                self.place(result, span);
                self.expr(base);
                self.data(data, span);
                self.expr(max);
            }
            ExternCall::VerifyChecksum {
                condition,
                data,
                checksum,
                ..
            } => {
                self.bool(condition);
                self.data(data, span);
                self.expr(checksum);
            }
            ExternCall::UpdateChecksum {
                condition,
                data,
                checksum,
                ..
            } => {
                self.bool(condition);
                self.data(data, span);
                self.place(checksum, span);
            }
            ExternCall::Digest { digest, data } => {
                self.known(digest.index(), program.digests.len(), span);
                self.data(data, span);
            }
            ExternCall::Clone { session, .. } => self.expr(session),
            ExternCall::Truncate { length } => self.expr(length),
            ExternCall::Assert { condition } | ExternCall::Assume { condition } => {
                self.bool(condition);
            }
            ExternCall::LogMessage { data, .. } => self.data(data, span),
            ExternCall::Foreign {
                arguments, result, ..
            } => {
                for argument in arguments {
                    match argument {
                        ForeignArgument::Value(value) => self.expr(value),
                        ForeignArgument::Place(place) => drop(self.place(place, span)),
                    }
                }
                if let Some(result) = result {
                    self.place(result, span);
                }
            }
            ExternCall::ActionProfileUse { profile } => {
                self.known(profile.index(), program.action_profiles.len(), span);
            }
            ExternCall::MarkToDrop
            | ExternCall::Resubmit { .. }
            | ExternCall::Recirculate { .. } => {}
        }
    }
}
