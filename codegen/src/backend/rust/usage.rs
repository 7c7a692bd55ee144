//! What a program does with its headers, hence what generated code can leave out.

use super::layout::{is_regular, places, runs};
use super::stacks::instances;
use super::walk::{self, Node};
use crate::ir::{
    Data, ExprKind, ExternCall, HeaderId, HeaderRef, Place, Program, StmtKind, Target, Transition,
    VariableId,
};
use std::collections::{BTreeMap, BTreeSet};

/// How a packet is put together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deparse {
    /// Whatever was parsed is emitted again, at the same place: fields that the program writes are written back, nothing moves.
    InPlace,
    /// Headers are emitted one after another in front of what the parser left.
    Rebuild,
}

/// The order of a parser's states, each before those that it goes to.
pub(super) enum Order {
    /// Such an order of the states that can be reached.
    Acyclic(Vec<usize>),
    /// There is none: the graph has cycles.
    Cyclic,
}

/// What a program does with its headers and variables.
pub(super) struct Usage {
    /// How the deparser works.
    pub(super) deparse: Deparse,
    /// The order of the parser's states.
    pub(super) order: Order,
    /// Fields that need a local, by header and index.
    pub(super) fields: BTreeSet<(HeaderId, usize)>,
    /// Fields that some statement writes, but for extraction.
    pub(super) written: BTreeSet<(HeaderId, usize)>,
    /// Headers whose fields or validity the parser or the checksum verification change otherwise than by extraction.
    pub(super) changed_early: BTreeSet<HeaderId>,
    /// Headers that are extracted more than once on some way, as far as can be seen.
    pub(super) extracted: BTreeMap<HeaderId, usize>,
    /// Variables that are read or written.
    pub(super) variables: BTreeSet<VariableId>,
    /// Whether packets are cloned.
    pub(super) clones: bool,
    /// Whether packets come to ingress again.
    pub(super) resubmits: bool,
    /// Whether packets come to the parser again after the deparser.
    pub(super) recirculates: bool,
    /// Whether packets are cut.
    pub(super) truncates: bool,
    /// Whether egress looks at the packet's length, which changes with headers that are made valid or invalid.
    pub(super) measures: bool,
}

impl Usage {
    /// Finds out.
    pub(super) fn of(program: &Program) -> Self {
        let order = order(program);
        let deparse = deparse(program, &order);
        let mut usage = Usage {
            deparse,
            order,
            fields: BTreeSet::new(),
            written: BTreeSet::new(),
            changed_early: BTreeSet::new(),
            extracted: BTreeMap::new(),
            variables: BTreeSet::new(),
            clones: false,
            resubmits: false,
            recirculates: false,
            truncates: false,
            measures: false,
        };
        walk::program(program, &mut |node| usage.note(program, node));
        let mut early = BTreeSet::new();
        walk::parser(program, &mut |node| note_changes(program, node, &mut early));
        walk::block(&program.verify_checksum, &mut |node| {
            note_changes(program, node, &mut early)
        });
        usage.changed_early = early;
        usage.measures = !program.egress.is_empty() && usage.reads_length(program);
        if usage.measures {
            usage.add_varbits(program);
        }
        let written: Vec<_> = usage.written.iter().copied().collect();
        usage.fields.extend(written);
        match deparse {
            Deparse::InPlace => usage.add_neighbours(program),
            Deparse::Rebuild => {
                let emitted = emitted(program);
                for header in emitted {
                    usage.add_all(program, header);
                }
            }
        }
        usage
    }

    /// Whether a field has a local.
    pub(super) fn needs(&self, header: HeaderId, field: usize) -> bool {
        self.fields.contains(&(header, field))
    }

    fn reads_length(&self, program: &Program) -> bool {
        let length = crate::ir::Scope::Standard(crate::ir::StandardField::PacketLength);
        let mut read = self.variables.iter();
        read.any(|id| program.variables[id.index()].scope == length)
    }

    /// The length of a header is also that of its varbit field.
    fn add_varbits(&mut self, program: &Program) {
        for (index, header) in program.headers.iter().enumerate() {
            let header_type = &program.header_types[header.header_type.index()];
            let field = super::layout::varbit_field(header_type);
            let id = HeaderId(index as u32);
            self.fields.extend(field.map(|field| (id, field)));
        }
    }

    fn add_all(&mut self, program: &Program, header: HeaderId) {
        let header_type =
            &program.header_types[program.headers[header.index()].header_type.index()];
        self.fields
            .extend((0..header_type.fields.len()).map(|field| (header, field)));
    }

    /// A field that is written back takes the other fields of its bytes with it.
    fn add_neighbours(&mut self, program: &Program) {
        for (index, header) in program.headers.iter().enumerate() {
            let id = HeaderId(index as u32);
            for run in runs(&places(&program.header_types[header.header_type.index()])) {
                if run
                    .places
                    .iter()
                    .any(|place| self.written.contains(&(id, place.field)))
                {
                    self.fields
                        .extend(run.places.iter().map(|place| (id, place.field)));
                }
            }
        }
    }

    fn note(&mut self, program: &Program, node: Node<'_>) {
        match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Variable(id) => _ = self.variables.insert(*id),
                ExprKind::Field(header, field) => {
                    for header in instances(program, header) {
                        self.fields.insert((header, *field as usize));
                    }
                }
                _ => {}
            },
            Node::Data(Data::Header(header)) => self.add_all(program, *header),
            Node::Data(Data::Expr(_)) => {}
            Node::Written(place) => match innermost(place) {
                Place::Variable(id) => _ = self.variables.insert(*id),
                Place::Field(header, field) => {
                    for header in instances(program, header) {
                        self.written.insert((header, *field as usize));
                    }
                }
                Place::Slice(..) => {}
            },
            Node::Stmt(stmt) => match &stmt.kind {
                StmtKind::CopyHeader { to, from } => {
                    for header in [to, from] {
                        for header in instances(program, header) {
                            self.add_all(program, header);
                        }
                    }
                }
                StmtKind::PushFront(stack, _) | StmtKind::PopFront(stack, _) => {
                    for header in &program.stacks[stack.index()].elements {
                        self.add_all(program, *header);
                    }
                }
                StmtKind::Extract(header) | StmtKind::ExtractVarbit(header, _) => {
                    for header in instances(program, header) {
                        *self.extracted.entry(header).or_default() += 1;
                    }
                }
                StmtKind::Extern(call) => match call {
                    ExternCall::Clone { .. } => self.clones = true,
                    ExternCall::Resubmit { .. } => self.resubmits = true,
                    ExternCall::Recirculate { .. } => self.recirculates = true,
                    ExternCall::Truncate { .. } => self.truncates = true,
                    _ => {}
                },
                _ => {}
            },
        }
    }
}

/// The place that a slice is of.
pub(super) fn innermost(place: &Place) -> &Place {
    match place {
        Place::Slice(base, _, _) => innermost(base),
        place => place,
    }
}

fn note_changes(program: &Program, node: Node<'_>, changed: &mut BTreeSet<HeaderId>) {
    match node {
        Node::Written(place) => {
            if let Place::Field(header, _) = innermost(place) {
                changed.extend(instances(program, header));
            }
        }
        Node::Stmt(stmt) => match &stmt.kind {
            StmtKind::SetValid(header)
            | StmtKind::SetInvalid(header)
            | StmtKind::CopyHeader { to: header, .. } => {
                changed.extend(instances(program, header));
            }
            StmtKind::PushFront(stack, _) | StmtKind::PopFront(stack, _) => {
                changed.extend(&program.stacks[stack.index()].elements);
            }
            _ => {}
        },
        Node::Expr(_) | Node::Data(_) => {}
    }
}

/// The header whose validity a statement changes otherwise than by extraction.
fn changed_validity(kind: &StmtKind) -> Option<HeaderId> {
    match kind {
        StmtKind::SetValid(HeaderRef::Instance(header))
        | StmtKind::SetInvalid(HeaderRef::Instance(header))
        | StmtKind::CopyHeader {
            to: HeaderRef::Instance(header),
            ..
        } => Some(*header),
        _ => None,
    }
}

/// The headers that a deparser emits, wherever in it.
fn emitted(program: &Program) -> Vec<HeaderId> {
    let mut emitted = Vec::new();
    walk::block(&program.deparser, &mut |node| {
        if let Node::Stmt(stmt) = node
            && let StmtKind::Emit(header) = &stmt.kind
        {
            emitted.extend(instances(program, header));
        }
    });
    emitted
}

/// In place if the deparser emits exactly what was extracted on every way through the parser, in the same order, and nothing
/// changes which headers are valid.
fn deparse(program: &Program, order: &Order) -> Deparse {
    let Order::Acyclic(order) = order else {
        return Deparse::Rebuild;
    };
    let mut position = BTreeMap::new();
    for (index, stmt) in program.deparser.iter().enumerate() {
        match stmt.kind {
            StmtKind::Emit(HeaderRef::Instance(header))
                if position.insert(header, index + 1).is_none() => {}
            _ => return Deparse::Rebuild,
        }
    }
    let mut is_stable = program.stacks.is_empty() && program.unions.is_empty();
    walk::program(program, &mut |node| {
        if let Node::Stmt(stmt) = node {
            let changes =
                changed_validity(&stmt.kind).is_some_and(|header| position.contains_key(&header));
            // A varbit's bytes stay where they are, so it must stay the same.
            let replaces_varbit = matches!(&stmt.kind, StmtKind::Assign(_, value) if matches!(value.scalar, crate::ir::Scalar::Varbit(_)));
            is_stable &= !changes && !replaces_varbit;
        }
    });
    if !is_stable {
        return Deparse::Rebuild;
    }
    let is_regular = |id: &HeaderId| {
        let header_type = program.headers[id.index()].header_type;
        is_regular(&program.header_types[header_type.index()])
    };
    if !position.keys().all(is_regular) {
        return Deparse::Rebuild;
    }
    // The last emission that is matched by an extraction, on the way to each state that is furthest.
    let mut last = vec![0; program.parser.states.len()];
    for &state in order {
        let mut reached = last[state];
        for stmt in &program.parser.states[state].body {
            match &stmt.kind {
                StmtKind::Extract(HeaderRef::Instance(header))
                | StmtKind::ExtractVarbit(HeaderRef::Instance(header), _) => {
                    match position.get(header) {
                        Some(&position) if position > reached => reached = position,
                        _ => return Deparse::Rebuild,
                    }
                }
                StmtKind::Assign(..)
                | StmtKind::Verify(..)
                | StmtKind::RequireLookahead(_)
                | StmtKind::SetInvalid(_) => {}
                _ => return Deparse::Rebuild,
            }
        }
        for next in successors(program, state) {
            last[next] = last[next].max(reached);
        }
    }
    Deparse::InPlace
}

/// The states that a state goes to, once per way.
pub(super) fn successors(program: &Program, state: usize) -> Vec<usize> {
    let states = |target: &Target| match target {
        Target::State(id) => Some(id.index()),
        Target::Accept | Target::Reject => None,
    };
    match &program.parser.states[state].transition {
        Transition::Goto(target) => states(target).into_iter().collect(),
        Transition::Select { cases, .. } => cases
            .iter()
            .filter_map(|case| states(&case.target))
            .collect(),
    }
}

fn order(program: &Program) -> Order {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    if program.parser.states.is_empty() {
        return Order::Acyclic(Vec::new());
    }
    let mut marks = vec![Mark::New; program.parser.states.len()];
    let mut finished = Vec::new();
    // Depth first without recursion: a state is finished after all that it goes to.
    let mut stack = vec![(0, successors(program, 0))];
    marks[0] = Mark::Open;
    while let Some((state, next)) = stack.last_mut() {
        // From the last successor to the first, so that the reversed order follows the source.
        match next.pop() {
            Some(successor) => match marks[successor] {
                Mark::New => {
                    marks[successor] = Mark::Open;
                    stack.push((successor, successors(program, successor)));
                }
                Mark::Open => return Order::Cyclic,
                Mark::Done => {}
            },
            None => {
                marks[*state] = Mark::Done;
                finished.push(*state);
                stack.pop();
            }
        }
    }
    finished.reverse();
    Order::Acyclic(finished)
}
