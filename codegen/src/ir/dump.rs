//! Writes a program as text: for tests to compare, and for people who look at what the compiler understood.

use std::fmt::Write as _;

use super::*;

/// The program as stable text: two spaces per level, names instead of ids.
pub fn dump(program: &Program) -> String {
    let mut dump = Dump {
        program,
        text: String::new(),
        parameters: &[],
    };
    dump.program();
    dump.text
}

struct Dump<'p> {
    program: &'p Program,
    text: String,
    parameters: &'p [Parameter],
}

impl<'p> Dump<'p> {
    fn line(&mut self, depth: usize, line: impl AsRef<str>) {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn program(&mut self) {
        let program = self.program;
        for header in &program.headers {
            let ty = &program.header_types[header.header_type.index()].name;
            let kind = if header.is_metadata { "local " } else { "" };
            self.line(0, format!("{kind}header {}: {ty}", header.name));
        }
        for variable in &program.variables {
            let scope = match variable.scope {
                Scope::Standard(_) => continue,
                Scope::Metadata => "metadata".to_owned(),
                Scope::Parser => "parser".to_owned(),
                Scope::Control(kind) => format!("{kind:?}"),
            };
            let scalar = scalar(variable.scalar);
            self.line(
                0,
                format!("variable {}: {scalar} in {scope}", variable.name),
            );
        }
        for counter in &program.counters {
            let size = counter
                .size
                .map_or("direct".to_owned(), |size| size.to_string());
            self.line(
                0,
                format!(
                    "counter {} ({size}, {:?})",
                    counter.control.name, counter.unit
                ),
            );
        }
        for meter in &program.meters {
            let size = meter
                .size
                .map_or("direct".to_owned(), |size| size.to_string());
            self.line(
                0,
                format!("meter {} ({size}, {:?})", meter.control.name, meter.unit),
            );
        }
        for register in &program.registers {
            let (name, size) = (&register.control.name, register.size);
            self.line(
                0,
                format!("register {name}: {}[{size}]", scalar(register.scalar)),
            );
        }
        for profile in &program.action_profiles {
            let selector = match profile.selector {
                Some((algorithm, width)) => format!(", {algorithm:?} {width}"),
                None => String::new(),
            };
            self.line(
                0,
                format!(
                    "profile {} ({}{selector})",
                    profile.control.name, profile.size
                ),
            );
        }
        for digest in &program.digests {
            self.line(
                0,
                format!(
                    "digest {} ({} fields)",
                    digest.control.name,
                    digest.fields.len()
                ),
            );
        }
        for set in &program.value_sets {
            self.line(0, format!("value_set {} ({})", set.control.name, set.size));
        }
        for action in &program.actions {
            self.action(action);
        }
        for table in &program.tables {
            self.table(table);
        }
        for state in &program.parser.states {
            self.line(0, format!("state {}", state.name));
            self.block(1, &state.body);
            self.transition(&state.transition);
        }
        let blocks = [
            ("verify_checksum", &program.verify_checksum),
            ("ingress", &program.ingress),
            ("egress", &program.egress),
            ("compute_checksum", &program.compute_checksum),
            ("deparser", &program.deparser),
        ];
        for (name, block) in blocks {
            if !block.is_empty() {
                self.line(0, name);
                self.block(1, block);
            }
        }
    }

    fn action(&mut self, action: &'p Action) {
        let parameters: Vec<String> = action
            .parameters
            .iter()
            .map(|parameter| format!("{}: {}", parameter.name, scalar(parameter.scalar)))
            .collect();
        self.line(
            0,
            format!("action {}({})", action.control.name, parameters.join(", ")),
        );
        self.parameters = &action.parameters;
        self.block(1, &action.body);
        self.parameters = &[];
    }

    fn call(&self, call: &ActionCall) -> String {
        let arguments: Vec<String> = call.arguments.iter().map(ToString::to_string).collect();
        let name = &self.program.actions[call.action.index()].control.name;
        format!("{name}({})", arguments.join(", "))
    }

    fn table(&mut self, table: &'p Table) {
        self.line(0, format!("table {} ({})", table.control.name, table.size));
        for key in &table.keys {
            let expr = self.expr(&key.expr);
            let kind = format!("{:?}", key.match_kind).to_lowercase();
            self.line(1, format!("key {}: {kind} {expr}", key.name));
        }
        for listed in &table.actions {
            let only = match (listed.default_only, listed.table_only) {
                (true, _) => " default only",
                (_, true) => " table only",
                _ => "",
            };
            let name = &self.program.actions[listed.action.index()].control.name;
            self.line(1, format!("action {name}{only}"));
        }
        let constant = if table.const_default_action {
            "const "
        } else {
            ""
        };
        let default = self.call(&table.default_action);
        self.line(1, format!("{constant}default {default}"));
        if let Some(id) = table.counter {
            self.line(
                1,
                format!("counter {}", self.program.counters[id.index()].control.name),
            );
        }
        if let Some(id) = table.meter {
            self.line(
                1,
                format!("meter {}", self.program.meters[id.index()].control.name),
            );
        }
        if let Some(id) = table.implementation {
            let name = &self.program.action_profiles[id.index()].control.name;
            self.line(1, format!("profile {name}"));
        }
        for entry in &table.entries {
            let constant = if entry.is_const { "const " } else { "" };
            let matches: Vec<String> = entry
                .matches
                .iter()
                .map(|key| match key {
                    EntryMatch::Any => "_".to_owned(),
                    EntryMatch::Exact(value) => value.to_string(),
                    EntryMatch::Lpm(value, prefix) => format!("{value}/{prefix}"),
                    EntryMatch::Ternary(value, mask) => format!("{value} &&& {mask}"),
                    EntryMatch::Range(low, high) => format!("{low}..{high}"),
                })
                .collect();
            let call = self.call(&entry.action);
            let priority = entry.priority;
            self.line(
                1,
                format!(
                    "{constant}entry {priority}: ({}) {call}",
                    matches.join(", ")
                ),
            );
        }
    }

    fn transition(&mut self, transition: &'p Transition) {
        match transition {
            Transition::Goto(target) => {
                let target = self.target(*target);
                self.line(1, format!("goto {target}"));
            }
            Transition::Select { keys, cases } => {
                let keys: Vec<String> = keys.iter().map(|key| self.expr(key)).collect();
                self.line(1, format!("select ({})", keys.join(", ")));
                for case in cases {
                    let patterns: Vec<String> = case
                        .patterns
                        .iter()
                        .map(|pattern| match pattern {
                            Pattern::Any => "_".to_owned(),
                            Pattern::Value(value) => value.to_string(),
                            Pattern::Mask(value, mask) => format!("{value} &&& {mask}"),
                            Pattern::Range(low, high) => format!("{low}..{high}"),
                            Pattern::ValueSet(id) => {
                                self.program.value_sets[id.index()].control.name.clone()
                            }
                        })
                        .collect();
                    let target = self.target(case.target);
                    self.line(2, format!("({}): {target}", patterns.join(", ")));
                }
            }
        }
    }

    fn target(&self, target: Target) -> String {
        match target {
            Target::State(id) => self.program.parser.states[id.index()].name.clone(),
            Target::Accept => "accept".to_owned(),
            Target::Reject => "reject".to_owned(),
        }
    }

    fn block(&mut self, depth: usize, block: &'p [Stmt]) {
        for stmt in block {
            self.stmt(depth, stmt);
        }
    }

    fn stmt(&mut self, depth: usize, stmt: &'p Stmt) {
        let line = match &stmt.kind {
            StmtKind::Assign(place, value) => {
                format!("{} = {}", self.place(place), self.expr(value))
            }
            StmtKind::SetValid(header) => format!("set_valid {}", self.header(header)),
            StmtKind::SetInvalid(header) => format!("set_invalid {}", self.header(header)),
            StmtKind::CopyHeader { to, from } => {
                format!("copy {} = {}", self.header(to), self.header(from))
            }
            StmtKind::PushFront(id, count) => {
                format!(
                    "push_front {} {count}",
                    self.program.stacks[id.index()].name
                )
            }
            StmtKind::PopFront(id, count) => {
                format!("pop_front {} {count}", self.program.stacks[id.index()].name)
            }
            StmtKind::If(condition, then, otherwise) => {
                let condition = self.expr(condition);
                self.line(depth, format!("if {condition}"));
                self.block(depth + 1, then);
                if !otherwise.is_empty() {
                    self.line(depth, "else");
                    self.block(depth + 1, otherwise);
                }
                return;
            }
            StmtKind::Switch(subject, cases, default) => {
                let subject = self.expr(subject);
                self.line(depth, format!("switch {subject}"));
                for (values, block) in cases {
                    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                    self.line(depth + 1, format!("case {}", values.join(", ")));
                    self.block(depth + 2, block);
                }
                self.line(depth + 1, "default");
                self.block(depth + 2, default);
                return;
            }
            StmtKind::Apply(id, branch) => {
                let name = &self.program.tables[id.index()].control.name;
                self.line(depth, format!("apply {name}"));
                match branch {
                    ApplyBranch::None => {}
                    ApplyBranch::Hit { hit, miss } => {
                        for (label, block) in [("hit", hit), ("miss", miss)] {
                            if !block.is_empty() {
                                self.line(depth + 1, label);
                                self.block(depth + 2, block);
                            }
                        }
                    }
                    ApplyBranch::Action { cases, default } => {
                        for (actions, block) in cases {
                            let names: Vec<&str> = actions
                                .iter()
                                .map(|id| &*self.program.actions[id.index()].control.name)
                                .collect();
                            self.line(depth + 1, format!("case {}", names.join(", ")));
                            self.block(depth + 2, block);
                        }
                        self.line(depth + 1, "default");
                        self.block(depth + 2, default);
                    }
                }
                return;
            }
            StmtKind::Scope(block) => {
                self.line(depth, "scope");
                self.block(depth + 1, block);
                return;
            }
            StmtKind::Loop { body, update } => {
                self.line(depth, "loop");
                self.block(depth + 1, body);
                if !update.is_empty() {
                    self.line(depth, "update");
                    self.block(depth + 1, update);
                }
                return;
            }
            StmtKind::Break => "break".to_owned(),
            StmtKind::Continue => "continue".to_owned(),
            StmtKind::Leave => "leave".to_owned(),
            StmtKind::Exit => "exit".to_owned(),
            StmtKind::Extern(call) => self.extern_call(call),
            StmtKind::Extract(header) => format!("extract {}", self.header(header)),
            StmtKind::ExtractVarbit(header, size) => {
                format!("extract {} varbit {}", self.header(header), self.expr(size))
            }
            StmtKind::Advance(bits) => format!("advance {}", self.expr(bits)),
            StmtKind::RequireLookahead(bits) => format!("require {bits} bits"),
            StmtKind::Verify(condition, error) => {
                format!("verify {} else {}", self.expr(condition), self.expr(error))
            }
            StmtKind::Emit(header) => format!("emit {}", self.header(header)),
        };
        self.line(depth, line);
    }

    fn header(&self, header: &HeaderRef) -> String {
        let stack = |id: &StackId| &self.program.stacks[id.index()].name;
        match header {
            HeaderRef::Instance(id) => self.program.headers[id.index()].name.clone(),
            HeaderRef::Element(id, index) => format!("{}[{}]", stack(id), self.expr(index)),
            HeaderRef::Next(id) => format!("{}.next", stack(id)),
            HeaderRef::Last(id) => format!("{}.last", stack(id)),
        }
    }

    fn field(&self, header: &HeaderRef, at: u32) -> String {
        let header_type = match header {
            HeaderRef::Instance(id) => self.program.headers[id.index()].header_type,
            HeaderRef::Element(id, _) | HeaderRef::Next(id) | HeaderRef::Last(id) => {
                self.program.stacks[id.index()].header_type
            }
        };
        let field = &self.program.header_types[header_type.index()].fields[at as usize];
        format!("{}.{}", self.header(header), field.name)
    }

    fn place(&self, place: &Place) -> String {
        match place {
            Place::Variable(id) => self.program.variables[id.index()].name.clone(),
            Place::Field(header, at) => self.field(header, *at),
            Place::Slice(base, high, low) => format!("{}[{high}:{low}]", self.place(base)),
        }
    }

    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Constant(value) => match expr.scalar {
                Scalar::Bool => (value.bits() > 0).to_string(),
                Scalar::Int(width) => format!("{width}s{value}"),
                _ => format!("{}w{value}", expr.scalar.width()),
            },
            ExprKind::Variable(id) => self.program.variables[id.index()].name.clone(),
            ExprKind::ActionParameter(at) => match self.parameters.get(*at as usize) {
                Some(parameter) => format!("%{}", parameter.name),
                None => format!("%{at}"),
            },
            ExprKind::Field(header, at) => self.field(header, *at),
            ExprKind::IsValid(header) => format!("valid({})", self.header(header)),
            ExprKind::IsUnionValid(id) => {
                format!("valid({})", self.program.unions[id.index()].name)
            }
            ExprKind::LastIndex(id) => {
                format!("{}.lastIndex", self.program.stacks[id.index()].name)
            }
            ExprKind::Lookahead(at) => format!("lookahead({at}, {})", scalar(expr.scalar)),
            ExprKind::PacketLength => "packet.length".to_owned(),
            ExprKind::Unary(op, operand) => {
                let op = match op {
                    UnaryOp::Not => "!",
                    UnaryOp::Complement => "~",
                    UnaryOp::Negate => "-",
                };
                format!("{op}{}", self.expr(operand))
            }
            ExprKind::Binary(op, left, right) => {
                format!("({} {} {})", self.expr(left), symbol(*op), self.expr(right))
            }
            ExprKind::Concat(left, right) => {
                format!("({} ++ {})", self.expr(left), self.expr(right))
            }
            ExprKind::Slice(base, high, low) => format!("{}[{high}:{low}]", self.expr(base)),
            ExprKind::Cast(operand) => {
                format!("({}){}", scalar(expr.scalar), self.expr(operand))
            }
            ExprKind::Mux(condition, then, otherwise) => format!(
                "({} ? {} : {})",
                self.expr(condition),
                self.expr(then),
                self.expr(otherwise)
            ),
        }
    }

    fn data(&self, data: &[Data]) -> String {
        let parts: Vec<String> = data
            .iter()
            .map(|data| match data {
                Data::Expr(expr) => self.expr(expr),
                Data::Header(id) => self.program.headers[id.index()].name.clone(),
            })
            .collect();
        format!("{{{}}}", parts.join(", "))
    }

    fn extern_call(&self, call: &ExternCall) -> String {
        let program = self.program;
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match call {
            ExternCall::CounterCount { counter, index } => {
                let name = &program.counters[counter.index()].control.name;
                write!(text, "count {name}[{}]", self.expr(index))
            }
            ExternCall::DirectCounterCount { counter } => {
                write!(
                    text,
                    "count {}",
                    program.counters[counter.index()].control.name
                )
            }
            ExternCall::MeterExecute {
                meter,
                index,
                result,
            } => {
                let name = &program.meters[meter.index()].control.name;
                write!(
                    text,
                    "{} = meter {name}[{}]",
                    self.place(result),
                    self.expr(index)
                )
            }
            ExternCall::DirectMeterRead { meter, result } => {
                let name = &program.meters[meter.index()].control.name;
                write!(text, "{} = meter {name}", self.place(result))
            }
            ExternCall::RegisterRead {
                register,
                result,
                index,
            } => {
                let name = &program.registers[register.index()].control.name;
                write!(
                    text,
                    "{} = {name}[{}]",
                    self.place(result),
                    self.expr(index)
                )
            }
            ExternCall::RegisterWrite {
                register,
                index,
                value,
            } => {
                let name = &program.registers[register.index()].control.name;
                write!(text, "{name}[{}] = {}", self.expr(index), self.expr(value))
            }
            ExternCall::Random { result, low, high } => write!(
                text,
                "{} = random {}..={}",
                self.place(result),
                self.expr(low),
                self.expr(high)
            ),
            ExternCall::Hash {
                result,
                algorithm,
                base,
                data,
                max,
            } => write!(
                text,
                "{} = {} + {algorithm:?} {} mod {}",
                self.place(result),
                self.expr(base),
                self.data(data),
                self.expr(max)
            ),
            ExternCall::MarkToDrop => write!(text, "mark_to_drop"),
            ExternCall::VerifyChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            } => {
                let payload = if *with_payload { " with payload" } else { "" };
                write!(
                    text,
                    "verify_checksum{payload} if {}: {algorithm:?} {} == {}",
                    self.expr(condition),
                    self.data(data),
                    self.expr(checksum)
                )
            }
            ExternCall::UpdateChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            } => {
                let payload = if *with_payload { " with payload" } else { "" };
                write!(
                    text,
                    "update_checksum{payload} if {}: {} = {algorithm:?} {}",
                    self.expr(condition),
                    self.place(checksum),
                    self.data(data)
                )
            }
            ExternCall::Digest { digest, data } => {
                let name = &program.digests[digest.index()].control.name;
                write!(text, "digest {name} {}", self.data(data))
            }
            ExternCall::Clone {
                egress,
                session,
                field_list,
            } => {
                let from = if *egress { "egress" } else { "ingress" };
                let list = field_list.map_or(String::new(), |list| format!(" fields {list}"));
                write!(text, "clone {from} to {}{list}", self.expr(session))
            }
            ExternCall::Resubmit { field_list } => write!(text, "resubmit fields {field_list}"),
            ExternCall::Recirculate { field_list } => {
                write!(text, "recirculate fields {field_list}")
            }
            ExternCall::Truncate { length } => write!(text, "truncate {}", self.expr(length)),
            ExternCall::Assert { condition } => write!(text, "assert {}", self.expr(condition)),
            ExternCall::Assume { condition } => write!(text, "assume {}", self.expr(condition)),
            ExternCall::LogMessage { format, data } => {
                write!(text, "log {format:?} {}", self.data(data))
            }
            ExternCall::Foreign {
                name,
                object,
                arguments,
                result,
            } => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|argument| match argument {
                        ForeignArgument::Value(value) => self.expr(value),
                        ForeignArgument::Place(place) => format!("&{}", self.place(place)),
                    })
                    .collect();
                let object = object.as_deref().unwrap_or("");
                let result = result.as_ref().map(|place| self.place(place));
                let result = result.unwrap_or_default();
                write!(
                    text,
                    "{result} = foreign {object} {name}({})",
                    arguments.join(", ")
                )
            }
            ExternCall::ActionProfileUse { profile } => {
                let name = &program.action_profiles[profile.index()].control.name;
                write!(text, "profile {name}")
            }
        };
        text
    }
}

fn scalar(scalar: Scalar) -> String {
    match scalar {
        Scalar::Bool => "bool".to_owned(),
        Scalar::Bits(width) => format!("bit<{width}>"),
        Scalar::Int(width) => format!("int<{width}>"),
        Scalar::Varbit(width) => format!("varbit<{width}>"),
    }
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        BinaryOp::SaturatingAdd => "|+|",
        BinaryOp::SaturatingSub => "|-|",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::ShiftLeft => "<<",
        BinaryOp::ShiftRight => ">>",
    }
}
