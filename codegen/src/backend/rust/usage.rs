//! What a program does with its headers, hence what generated code can leave out.

use super::layout::{is_loaded_whole, is_regular, places, runs, varbit_field};
use super::stacks::instances;
use super::walk::{self, Node};
use crate::ir::{
    Data, ExprKind, ExternCall, HeaderId, HeaderRef, Place, Program, Scalar, StmtKind, Target,
    Transition, VariableId,
};
use std::collections::{BTreeMap, BTreeSet};

/// How a packet is put together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deparse {
    /// Whatever was parsed is emitted again, at the same place: fields that the program writes are written back, nothing moves.
    InPlace,
    /// Headers are emitted one after another in front of what the parser left.
    Rebuild {
        /// While no header has become valid or invalid otherwise than by extraction, all are where they were found.
        until_moved: bool,
    },
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
    /// Headers that are emitted as they were found, but for the fields that the program writes; of others all fields have a local.
    pub(super) kept: BTreeSet<HeaderId>,
    /// Fields of kept headers that are read where they were found each time: the program does not write them.
    lazy: BTreeSet<(HeaderId, usize)>,
    /// Headers that are named otherwise than by themselves, as a stack's element at a computed place or whole in a list.
    indirect: BTreeSet<HeaderId>,
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
            kept: BTreeSet::new(),
            lazy: BTreeSet::new(),
            indirect: BTreeSet::new(),
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
            Deparse::InPlace => {
                for (to, from) in copies(program) {
                    usage.add_all(program, to);
                    usage.add_all(program, from);
                }
                let all = (0..program.headers.len()).map(|index| HeaderId(index as u32));
                usage.add_neighbours(program, &all.collect());
            }
            Deparse::Rebuild { .. } => usage.keep_headers(program),
        }
        usage.find_lazy(program);
        usage
    }

    /// What is read where it was found: whole runs that nothing writes.
    fn find_lazy(&mut self, program: &Program) {
        for id in self.kept.difference(&self.indirect) {
            let header_type = program.headers[id.index()].header_type;
            let header_type = &program.header_types[header_type.index()];
            for run in runs(&places(header_type)) {
                let mut places = run.places.iter();
                if places.any(|place| self.written.contains(&(*id, place.field))) {
                    continue;
                }
                let places = run.places.iter().filter(|place| {
                    let is_bool = header_type.fields[place.field].scalar == Scalar::Bool;
                    !is_bool && is_loaded_whole(**place)
                });
                self.lazy.extend(places.map(|place| (*id, place.field)));
            }
        }
    }

    /// Whether a field is read where it was found.
    pub(super) fn is_lazy(&self, header: HeaderId, field: usize) -> bool {
        self.lazy.contains(&(header, field))
    }

    /// Whether a packet may be cloned or pass more than once: what lives between two passes waits in a queue then.
    pub(super) fn queues(&self) -> bool {
        self.clones || self.resubmits || self.recirculates
    }

    /// Finds which headers can be emitted by their bytes as they came, and what they need for it. What outlives a packet's bytes
    /// needs all fields.
    fn keep_headers(&mut self, program: &Program) {
        let copies = copies(program);
        let emitted = emitted(program);
        let mut regular: BTreeSet<HeaderId> = emitted.iter().copied().collect();
        regular.extend(copies.iter().flat_map(|(to, from)| [*to, *from]));
        regular.retain(|id| {
            let header_type = program.headers[id.index()].header_type;
            is_regular(&program.header_types[header_type.index()])
        });
        if self.queues() {
            regular.clear();
        }
        for header in emitted {
            if !regular.contains(&header) {
                self.add_all(program, header);
            }
        }
        for (to, from) in &copies {
            if !regular.contains(to) {
                self.add_all(program, *to);
                self.add_all(program, *from);
            }
        }
        for id in &regular {
            let header_type = program.headers[id.index()].header_type;
            let varbit = varbit_field(&program.header_types[header_type.index()]);
            self.fields.extend(varbit.map(|field| (*id, field)));
        }
        // An original has what its copy needs, the neighbours of what is written included.
        let mut before = 0;
        while before != self.fields.len() + self.written.len() {
            before = self.fields.len() + self.written.len();
            for (to, from) in &copies {
                let fields: Vec<usize> = of(&self.fields, *to).collect();
                self.fields
                    .extend(fields.into_iter().map(|field| (*from, field)));
                let written: Vec<usize> = of(&self.written, *from).collect();
                for field in written {
                    self.written.insert((*to, field));
                    self.fields.insert((*to, field));
                }
            }
            self.add_neighbours(program, &regular);
        }
        self.kept = regular;
    }

    /// Whether a field has a local.
    pub(super) fn needs(&self, header: HeaderId, field: usize) -> bool {
        self.fields.contains(&(header, field)) && !self.is_lazy(header, field)
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
            let field = varbit_field(header_type);
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
    fn add_neighbours(&mut self, program: &Program, headers: &BTreeSet<HeaderId>) {
        for &id in headers {
            let header = &program.headers[id.index()];
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
                    if !matches!(header, HeaderRef::Instance(_)) {
                        self.indirect.extend(instances(program, header));
                    }
                    for header in instances(program, header) {
                        self.fields.insert((header, *field as usize));
                    }
                }
                _ => {}
            },
            Node::Data(Data::Header(header)) => {
                self.indirect.insert(*header);
                self.add_all(program, *header);
            }
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

/// The fields of a header among those of all.
fn of(fields: &BTreeSet<(HeaderId, usize)>, header: HeaderId) -> impl Iterator<Item = usize> {
    let fields = fields.range((header, 0)..=(header, usize::MAX));
    fields.map(|(_, field)| *field)
}

/// Which headers may be copied from which.
fn copies(program: &Program) -> BTreeSet<(HeaderId, HeaderId)> {
    let mut copies = BTreeSet::new();
    walk::program(program, &mut |node| {
        let Node::Stmt(stmt) = node else {
            return;
        };
        match &stmt.kind {
            StmtKind::CopyHeader { to, from } => {
                for to in instances(program, to) {
                    copies.extend(instances(program, from).into_iter().map(|from| (to, from)));
                }
            }
            StmtKind::PushFront(stack, _) | StmtKind::PopFront(stack, _) => {
                let elements = &program.stacks[stack.index()].elements;
                for to in elements {
                    copies.extend(elements.iter().map(|from| (*to, *from)));
                }
            }
            _ => {}
        }
    });
    copies
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

/// In place if the deparser emits exactly what was extracted on every way through the parser, in the same order, and until
/// something changes which headers are valid.
fn deparse(program: &Program, order: &Order) -> Deparse {
    const REBUILD: Deparse = Deparse::Rebuild { until_moved: false };
    let Order::Acyclic(order) = order else {
        return REBUILD;
    };
    let mut position = BTreeMap::new();
    for (index, stmt) in program.deparser.iter().enumerate() {
        match stmt.kind {
            StmtKind::Emit(HeaderRef::Instance(header))
                if position.insert(header, index + 1).is_none() => {}
            _ => return REBUILD,
        }
    }
    let (mut moves, mut is_stable) = (false, program.unions.is_empty());
    walk::program(program, &mut |node| {
        if let Node::Stmt(stmt) = node {
            let changes =
                changed_validity(&stmt.kind).is_some_and(|header| position.contains_key(&header));
            // A varbit's bytes stay where they are, so it must stay the same.
            let replaces_varbit = matches!(&stmt.kind, StmtKind::Assign(_, value) if matches!(value.scalar, Scalar::Varbit(_)));
            let shifts = matches!(&stmt.kind, StmtKind::PushFront(..) | StmtKind::PopFront(..));
            let changes_any = match &stmt.kind {
                StmtKind::SetValid(header)
                | StmtKind::SetInvalid(header)
                | StmtKind::CopyHeader { to: header, .. } => {
                    !matches!(header, HeaderRef::Instance(_))
                }
                _ => false,
            };
            moves |= changes || changes_any || shifts;
            is_stable &= !replaces_varbit;
        }
    });
    if !is_stable {
        return REBUILD;
    }
    let is_regular = |id: &HeaderId| {
        let header_type = program.headers[id.index()].header_type;
        is_regular(&program.header_types[header_type.index()])
    };
    if !position.keys().all(is_regular) {
        return REBUILD;
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
                        _ => return REBUILD,
                    }
                }
                StmtKind::Assign(..)
                | StmtKind::Verify(..)
                | StmtKind::RequireLookahead(_)
                | StmtKind::SetInvalid(_) => {}
                _ => return REBUILD,
            }
        }
        for next in successors(program, state) {
            last[next] = last[next].max(reached);
        }
    }
    match moves {
        true => Deparse::Rebuild { until_moved: true },
        false => Deparse::InPlace,
    }
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
