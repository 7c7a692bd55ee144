//! Tables, actions, and the stateful objects that a control plane sees.

use super::{
    ActionId, ActionProfileId, Annotation, Block, CounterId, Expr, MeterId, Scalar, TypeSpec,
};
use crate::source::Span;
use num_bigint::BigUint;

/// What the control plane knows of an object.
#[derive(Clone, Debug, Default)]
pub struct ControlName {
    /// Fully qualified, `@name` respected, such as `StageIngress.decide.flow_state`.
    pub name: String,
    /// The name in the source without qualification, such as `flow_state`.
    pub local: String,
    /// `@id`, if given.
    pub id: Option<u32>,
    /// `@hidden`: no control plane sees it.
    pub hidden: bool,
    /// Those that P4Info shows.
    pub annotations: Vec<Annotation>,
    /// The comment lines directly above the declaration, joined, for generated documentation.
    pub doc: String,
}

/// An action that tables can run.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name.
    pub control: ControlName,
    /// Data from the control plane.
    pub parameters: Vec<Parameter>,
    /// What it does.
    pub body: Block,
    /// The declaration.
    pub span: Span,
}

/// Data that comes with an action from the control plane.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Type.
    pub scalar: Scalar,
    /// The `type`, or enum without representation, that it was declared with, by name.
    pub type_name: Option<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// The declaration.
    pub span: Span,
}

/// How a key matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchKind {
    /// Equal.
    Exact,
    /// Longest prefix.
    Lpm,
    /// Value and mask.
    Ternary,
    /// Low to high.
    Range,
    /// Equal or anything.
    Optional,
    /// Hashed for an action selector; no key of the control plane.
    Selector,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name.
    pub control: ControlName,
    /// Keys in source order.
    pub keys: Vec<Key>,
    /// Actions in source order.
    pub actions: Vec<TableAction>,
    /// What runs on a miss; `NoAction` if the source says nothing.
    pub default_action: ActionCall,
    /// Whether the control plane must not change it.
    pub const_default_action: bool,
    /// `entries`.
    pub entries: Vec<TableEntry>,
    /// `const entries`.
    pub const_entries: bool,
    /// `size`; 1024 if the source says nothing.
    pub size: u64,
    /// `counters`.
    pub counter: Option<CounterId>,
    /// `meters`.
    pub meter: Option<MeterId>,
    /// `implementation`.
    pub implementation: Option<ActionProfileId>,
    /// `support_timeout`.
    pub support_timeout: bool,
    /// `largest_priority_wins` (default true).
    pub largest_priority_wins: bool,
    /// The declaration.
    pub span: Span,
}

impl Table {
    /// The priority that an entry of the source has over P4Runtime, where the largest wins: 1 or more, or 0 in tables whose entries
    /// have none. Where the smallest wins in the source, the order is turned round.
    pub fn p4runtime_priority(&self, entry: &TableEntry) -> i32 {
        let has_priority = |key: &Key| {
            matches!(
                key.match_kind,
                MatchKind::Ternary | MatchKind::Range | MatchKind::Optional
            )
        };
        if !self.keys.iter().any(has_priority) {
            return 0;
        }
        if self.largest_priority_wins {
            return entry.priority.max(1);
        }
        let all = self.entries.iter().map(|entry| entry.priority);
        let most = all.max().unwrap_or(0);
        most.saturating_sub(entry.priority).saturating_add(1)
    }
}

/// A table's key.
#[derive(Clone, Debug)]
pub struct Key {
    /// What is matched.
    pub expr: Expr,
    /// How.
    pub match_kind: MatchKind,
    /// The control plane's name: `@name`, or the expression as the reference compiler writes it.
    pub name: String,
    /// The `type` of the expression, by name.
    pub type_name: Option<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Where it stands.
    pub span: Span,
}

/// An action in a table's list.
#[derive(Clone, Debug)]
pub struct TableAction {
    /// The action.
    pub action: ActionId,
    /// `@defaultonly`.
    pub default_only: bool,
    /// `@tableonly`.
    pub table_only: bool,
    /// All annotations on the reference.
    pub annotations: Vec<Annotation>,
}

/// An action with constant arguments.
#[derive(Clone, Debug)]
pub struct ActionCall {
    /// The action.
    pub action: ActionId,
    /// One per parameter.
    pub arguments: Vec<BigUint>,
}

/// A match of an entry in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryMatch {
    /// Anything.
    Any,
    /// A value.
    Exact(BigUint),
    /// A prefix.
    Lpm(BigUint, u32),
    /// Value and mask.
    Ternary(BigUint, BigUint),
    /// Low and high.
    Range(BigUint, BigUint),
}

/// An entry in the source.
#[derive(Clone, Debug)]
pub struct TableEntry {
    /// One per key.
    pub matches: Vec<EntryMatch>,
    /// What runs.
    pub action: ActionCall,
    /// `priority`, or what the position gives.
    pub priority: i32,
    /// A const entry in a table whose others may change.
    pub is_const: bool,
    /// Where it stands.
    pub span: Span,
}

/// What counters count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterUnit {
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
    /// Both.
    Both,
}

/// A counter.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Name.
    pub control: ControlName,
    /// Number of cells; `None` for a direct counter.
    pub size: Option<u64>,
    /// What it counts.
    pub unit: CounterUnit,
    /// The declaration.
    pub span: Span,
}

/// A meter.
#[derive(Clone, Debug)]
pub struct Meter {
    /// Name.
    pub control: ControlName,
    /// Number of cells; `None` for a direct meter.
    pub size: Option<u64>,
    /// Packets or bytes.
    pub unit: CounterUnit,
    /// The declaration.
    pub span: Span,
}

/// A register.
#[derive(Clone, Debug)]
pub struct Register {
    /// Name.
    pub control: ControlName,
    /// Number of cells.
    pub size: u64,
    /// What a cell holds; of a struct or the like, all its bits, the first field's at the top.
    pub scalar: Scalar,
    /// The same as the source names it.
    pub type_spec: TypeSpec,
    /// The declaration.
    pub span: Span,
}

/// An action profile or selector.
#[derive(Clone, Debug)]
pub struct ActionProfile {
    /// Name.
    pub control: ControlName,
    /// Number of members.
    pub size: u64,
    /// For a selector: its algorithm and the width of its result in bits.
    pub selector: Option<(super::HashAlgorithm, u32)>,
    /// The declaration.
    pub span: Span,
}

/// A digest.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Name: the struct that is sent, or `digest_` and a number where it has none.
    pub control: ControlName,
    /// Its fields, nested ones flattened with `.`.
    pub fields: Vec<(String, Scalar)>,
    /// What is sent as the source names it.
    pub type_spec: TypeSpec,
    /// The declaration.
    pub span: Span,
}

/// A parser value set.
#[derive(Clone, Debug)]
pub struct ValueSet {
    /// Name.
    pub control: ControlName,
    /// Its fields: name, type, how it matches.
    pub fields: Vec<(String, Scalar, MatchKind)>,
    /// Number of members.
    pub size: u64,
    /// The declaration.
    pub span: Span,
}
