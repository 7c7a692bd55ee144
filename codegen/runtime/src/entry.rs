//! The neutral model of what a control plane writes and reads. Ids are P4Info's; values are integers whose widths the schema says.

use crate::CounterValue;

/// An entry of a table, or its default action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableEntry {
    /// Table id.
    pub table: u32,
    /// By field; a field of which anything matches is absent.
    pub matches: Vec<FieldMatch>,
    /// The larger wins. 0 in tables without ternary, range or optional fields, else positive.
    pub priority: i32,
    /// What runs. Absent in a deletion, and to set a default action back to the program's own.
    pub action: Option<ActionCall>,
    /// Whether this is the table's default action: no matches, no priority.
    pub is_default: bool,
    /// The entry's direct counter, if the table has one: in a read what it counted, in a write what to set it to.
    pub counter: Option<CounterValue>,
}

/// What one key field must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldMatch {
    /// Field id, from 1.
    pub field: u32,
    /// What matches.
    pub kind: MatchValue,
}

/// What matches a key field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchValue {
    /// This value.
    Exact(u128),
    /// Values that begin like this one.
    Lpm {
        /// Bits beyond the prefix are 0.
        value: u128,
        /// Length in bits, at least 1.
        prefix: u32,
    },
    /// Values that agree where the mask is 1.
    Ternary {
        /// 0 where the mask is.
        value: u128,
        /// Not 0.
        mask: u128,
    },
    /// Values from low to high, both included.
    Range {
        /// Smallest.
        low: u128,
        /// Largest.
        high: u128,
    },
    /// This value, in a field that could also be absent.
    Optional(u128),
}

/// An action and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionCall {
    /// Action id.
    pub action: u32,
    /// Parameter ids, from 1, and values.
    pub arguments: Vec<(u32, u128)>,
}

/// What to do with an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Add what is not there.
    Insert,
    /// Change what is there.
    Modify,
    /// Remove what is there.
    Delete,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What to do.
    pub operation: Operation,
    /// With what.
    pub entity: Entity,
}

/// What can be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A table entry or default action.
    Table(TableEntry),
    /// A cell of an indirect counter; only [`Operation::Modify`].
    Counter {
        /// Counter id.
        counter: u32,
        /// Cell.
        index: u64,
        /// What it counted.
        value: CounterValue,
    },
    /// A cell of a register; only [`Operation::Modify`].
    Register {
        /// Register id.
        register: u32,
        /// Cell.
        index: u64,
        /// What it holds.
        value: u128,
    },
}

/// What to read. Ids that the program does not have select nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Table entries.
    Tables {
        /// Of one table, or of all.
        table: Option<u32>,
        /// Which of them.
        filter: EntryFilter,
    },
    /// Cells of indirect counters.
    Counters {
        /// Of one counter, or of all.
        counter: Option<u32>,
        /// One cell, or all.
        index: Option<u64>,
    },
    /// Cells of registers.
    Registers {
        /// Of one register, or of all.
        register: Option<u32>,
        /// One cell, or all.
        index: Option<u64>,
    },
}

/// Which entries of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFilter {
    /// All but the default action.
    All,
    /// The default action.
    Default,
    /// The entry with this key.
    Key {
        /// As in [`TableEntry::matches`].
        matches: Vec<FieldMatch>,
        /// As in [`TableEntry::priority`].
        priority: i32,
    },
}
