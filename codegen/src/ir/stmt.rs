//! Statements, blocks and parser states.

use super::{
    ActionId, ActionProfileId, CounterId, DigestId, Expr, HeaderId, HeaderRef, MeterId, RegisterId,
    StackId, StateId, TableId, ValueSetId, VariableId,
};
use crate::source::Span;
use num_bigint::BigUint;

/// Statements in order.
pub type Block = Vec<Stmt>;

/// What can be assigned to.
#[derive(Clone, Debug)]
pub enum Place {
    /// A variable.
    Variable(VariableId),
    /// A header's field, by index in its type. Of an invalid header: no effect that can be seen.
    Field(HeaderRef, u32),
    /// Bits `high:low` of a place.
    Slice(Box<Place>, u32, u32),
}

/// A statement and where it stands.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `place = value`, of one type.
    Assign(Place, Expr),
    /// `header.setValid()`; fields become 0 if it was not valid.
    SetValid(HeaderRef),
    /// `header.setInvalid()`.
    SetInvalid(HeaderRef),
    /// `to = from` for whole headers of one type, validity included.
    CopyHeader {
        /// Target.
        to: HeaderRef,
        /// Source.
        from: HeaderRef,
    },
    /// `stack.push_front(count)`.
    PushFront(StackId, u32),
    /// `stack.pop_front(count)`.
    PopFront(StackId, u32),
    /// `if`.
    If(Expr, Block, Block),
    /// `switch` on a value: each case has the constants that select it.
    Switch(Expr, Vec<(Vec<BigUint>, Block)>, Block),
    /// Applies a table; the branch says what depends on the outcome.
    Apply(TableId, ApplyBranch),
    /// Runs its block; [`StmtKind::Leave`] inside ends the innermost one. Inlined bodies that contain `return` stand in one.
    Scope(Block),
    /// `return` from an inlined body.
    Leave,
    /// Runs the body and then the update, again and again, until a [`StmtKind::Break`] (or [`StmtKind::Leave`] or
    /// [`StmtKind::Exit`]) ends it.
    Loop {
        /// Ends early with [`StmtKind::Continue`].
        body: Block,
        /// What follows the body; may break too.
        update: Block,
    },
    /// Ends the innermost loop.
    Break,
    /// Ends the body of the innermost loop; its update follows.
    Continue,
    /// `exit`: ends the control (ingress or egress) as a whole.
    Exit,
    /// An extern call.
    Extern(ExternCall),
    /// `packet.extract(header)`: the error PacketTooShort (or StackOutOfBounds) ends the parser.
    Extract(HeaderRef),
    /// `packet.extract(header, bits)` for a header with a varbit field; errors HeaderTooShort, PacketTooShort,
    /// ParserInvalidArgument.
    ExtractVarbit(HeaderRef, Expr),
    /// `packet.advance(bits)`.
    Advance(Expr),
    /// Ends the parser with PacketTooShort unless this many more bits are there. Stands before the statement that looks ahead.
    RequireLookahead(u32),
    /// `verify(condition, error)`: ends the parser with the error (an expression of type [`super::Scalar::ERROR`]) unless the
    /// condition holds.
    Verify(Expr, Expr),
    /// `packet.emit(header)`.
    Emit(HeaderRef),
}

/// What depends on a table's outcome.
#[derive(Clone, Debug)]
pub enum ApplyBranch {
    /// Nothing.
    None,
    /// `if (t.apply().hit) … else …`.
    Hit {
        /// On a hit.
        hit: Block,
        /// On a miss.
        miss: Block,
    },
    /// `switch (t.apply().action_run) { … }`.
    Action {
        /// By the actions that select each case.
        cases: Vec<(Vec<ActionId>, Block)>,
        /// `default`, or what follows no match.
        default: Block,
    },
}

/// v1model's hash and checksum algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum HashAlgorithm {
    Crc32,
    Crc32Custom,
    Crc16,
    Crc16Custom,
    Random,
    Identity,
    Csum16,
    Xor16,
}

/// A piece of checksum, hash, digest or log data.
#[derive(Clone, Debug)]
pub enum Data {
    /// A scalar.
    Expr(Expr),
    /// A whole header with its varbit field, if valid.
    Header(HeaderId),
}

/// An argument of an extern that the program declares itself, flattened into scalars.
#[derive(Clone, Debug)]
pub enum ForeignArgument {
    /// `in`, or without direction.
    Value(Expr),
    /// `out` or `inout`.
    Place(Place),
}

/// Calls of v1model's externs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ExternCall {
    CounterCount {
        counter: CounterId,
        index: Expr,
    },
    /// A direct counter's explicit `count()`. (v1model counts direct counters on every hit anyway.)
    DirectCounterCount {
        counter: CounterId,
    },
    MeterExecute {
        meter: MeterId,
        index: Expr,
        result: Place,
    },
    DirectMeterRead {
        meter: MeterId,
        result: Place,
    },
    RegisterRead {
        register: RegisterId,
        result: Place,
        index: Expr,
    },
    RegisterWrite {
        register: RegisterId,
        index: Expr,
        value: Expr,
    },
    /// Uniform in `low..=high`.
    Random {
        result: Place,
        low: Expr,
        high: Expr,
    },
    /// `result = base + hash(data) % max`; `max` 0 counts as no modulus.
    Hash {
        result: Place,
        algorithm: HashAlgorithm,
        base: Expr,
        data: Vec<Data>,
        max: Expr,
    },
    MarkToDrop,
    VerifyChecksum {
        condition: Expr,
        data: Vec<Data>,
        checksum: Expr,
        algorithm: HashAlgorithm,
        with_payload: bool,
    },
    UpdateChecksum {
        condition: Expr,
        data: Vec<Data>,
        checksum: Place,
        algorithm: HashAlgorithm,
        with_payload: bool,
    },
    Digest {
        digest: DigestId,
        data: Vec<Data>,
    },
    /// `clone` and `clone_preserving_field_list`; the list number, if any.
    Clone {
        egress: bool,
        session: Expr,
        field_list: Option<u32>,
    },
    Resubmit {
        field_list: u32,
    },
    Recirculate {
        field_list: u32,
    },
    Truncate {
        length: Expr,
    },
    Assert {
        condition: Expr,
    },
    Assume {
        condition: Expr,
    },
    LogMessage {
        format: String,
        data: Vec<Data>,
    },
    /// A call of an extern that the program declares itself: what it does is not known here, so back ends say that they cannot.
    Foreign {
        /// The function, or the type and the method: `Type.method`.
        name: String,
        /// The object's name for the control plane, for a method.
        object: Option<String>,
        /// Values and places, in order.
        arguments: Vec<ForeignArgument>,
        /// Where the result goes.
        result: Option<Place>,
    },
    /// An action selector's or profile's members are chosen by the table; nothing calls it.
    ActionProfileUse {
        profile: ActionProfileId,
    },
}

/// A parser, sub-parsers inlined.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    /// All states; the first is `start`.
    pub states: Vec<State>,
}

/// A parser state.
#[derive(Clone, Debug)]
pub struct State {
    /// Name; inlined ones with their instance's path.
    pub name: String,
    /// What it does.
    pub body: Block,
    /// Where it goes.
    pub transition: Transition,
    /// The declaration.
    pub span: Span,
}

/// Where a parser goes next.
#[derive(Clone, Debug)]
pub enum Transition {
    /// There at once.
    Goto(Target),
    /// By the first case that matches; none: error NoMatch, reject.
    Select {
        /// What is matched.
        keys: Vec<Expr>,
        /// In source order.
        cases: Vec<SelectCase>,
    },
}

/// A parser's next state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A state.
    State(StateId),
    /// Done.
    Accept,
    /// Done, with the error as it stands.
    Reject,
}

/// A case of a select: one pattern per key.
#[derive(Clone, Debug)]
pub struct SelectCase {
    /// One per key.
    pub patterns: Vec<Pattern>,
    /// Where to.
    pub target: Target,
    /// Where it stands.
    pub span: Span,
}

/// What a key is compared with.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// `default` or `_`.
    Any,
    /// A constant.
    Value(BigUint),
    /// `value &&& mask`.
    Mask(BigUint, BigUint),
    /// `low..high`, both included; compared by the sign of the key's type.
    Range(BigUint, BigUint),
    /// A value set's members. A set of structs over several keys stands at each of them, one field for each in order; the same
    /// member must match all.
    ValueSet(ValueSetId),
}
