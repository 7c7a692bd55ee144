//! The neutral model of what a control plane writes and reads. Ids are P4Info's; values are integers whose widths the schema says.

use crate::{CounterValue, Integer, MeterConfig};

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
    pub action: Option<TableActionRef>,
    /// Whether this is the table's default action: no matches, no priority.
    pub is_default: bool,
    /// The entry's direct counter, if the table has one: in a read what it counted, in a write what to set it to.
    pub counter: Option<CounterValue>,
    /// The configuration of the entry's direct meter, if the table has one; absent as long as it marks everything green.
    pub meter: Option<MeterConfig>,
    /// After so many nanoseconds without a packet the entry is reported as idle; 0 is never.
    pub idle_timeout_ns: u64,
    /// In a read of a table whose entries can be idle, the nanoseconds since a packet hit the entry; never in a write.
    pub since_hit_ns: Option<u64>,
}

impl TableEntry {
    /// The action that it runs, if it says it itself.
    pub fn call(&self) -> Option<&ActionCall> {
        self.action.as_ref().and_then(TableActionRef::call)
    }
}

/// What an entry runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableActionRef {
    /// An action.
    Call(ActionCall),
    /// A member of the table's action profile, by id.
    Member(u32),
    /// A group of the table's action selector, by id.
    Group(u32),
    /// A group of the entry's own: actions and their weights.
    OneShot(Vec<(ActionCall, u32)>),
}

impl TableActionRef {
    /// The action, if it is said here.
    pub fn call(&self) -> Option<&ActionCall> {
        match self {
            TableActionRef::Call(call) => Some(call),
            _ => None,
        }
    }
}

impl From<ActionCall> for TableActionRef {
    fn from(call: ActionCall) -> Self {
        TableActionRef::Call(call)
    }
}

/// One copy of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Replica {
    /// Where it leaves.
    pub port: u16,
    /// What tells it from others at its port: `egress_rid`.
    pub instance: u16,
}

/// What one key field must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldMatch {
    /// Field id, from 1.
    pub field: u32,
    /// What matches.
    pub kind: MatchValue,
}

/// What matches a key field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchValue {
    /// This value.
    Exact(Integer),
    /// Values that begin like this one.
    Lpm {
        /// Bits beyond the prefix are 0.
        value: Integer,
        /// Length in bits, at least 1.
        prefix: u32,
    },
    /// Values that agree where the mask is 1.
    Ternary {
        /// 0 where the mask is.
        value: Integer,
        /// Not 0.
        mask: Integer,
    },
    /// Values from low to high, both included.
    Range {
        /// Smallest.
        low: Integer,
        /// Largest.
        high: Integer,
    },
    /// This value, in a field that could also be absent.
    Optional(Integer),
}

/// An action and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionCall {
    /// Action id.
    pub action: u32,
    /// Parameter ids, from 1, and values.
    pub arguments: Vec<(u32, Integer)>,
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
        value: Integer,
    },
    /// A multicast group.
    MulticastGroup {
        /// Not 0.
        id: u32,
        /// Each once.
        replicas: Vec<Replica>,
    },
    /// A clone session.
    CloneSession {
        /// From 1 to 32767.
        id: u32,
        /// Each once.
        replicas: Vec<Replica>,
        /// Carried, and without effect.
        class_of_service: u32,
        /// Bytes that are kept of a clone; 0 is all.
        packet_length_bytes: u32,
    },
    /// A cell of an indirect meter; only [`Operation::Modify`].
    Meter {
        /// Meter id.
        meter: u32,
        /// Cell.
        index: u64,
        /// Absent: everything is green.
        config: Option<MeterConfig>,
    },
    /// The direct meter of a table entry; only [`Operation::Modify`].
    DirectMeter {
        /// The entry, by its key.
        entry: TableEntry,
        /// Absent: everything is green.
        config: Option<MeterConfig>,
    },
    /// A member of an action profile.
    Member {
        /// Action profile id.
        profile: u32,
        /// Within the profile.
        id: u32,
        /// What it runs; absent in a deletion.
        action: Option<ActionCall>,
    },
    /// A group of an action selector.
    Group {
        /// Action profile id.
        profile: u32,
        /// Within the profile.
        id: u32,
        /// Most weight that it may have; 0 is whatever the selector holds.
        max_size: u32,
        /// Members by id, and their weights.
        members: Vec<(u32, u32)>,
    },
    /// The members of a parser value set; only [`Operation::Modify`].
    ValueSet {
        /// Value set id.
        id: u32,
        /// One match for each field.
        members: Vec<Vec<MatchValue>>,
    },
    /// How a digest is reported.
    Digest {
        /// Digest id.
        id: u32,
        /// Absent in a deletion, and where nobody asked for it.
        config: Option<DigestConfig>,
    },
}

/// How a digest is reported to the control plane (P4Runtime specification, section "DigestEntry").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DigestConfig {
    /// Longest wait for more messages of a list, in nanoseconds; 0 is none.
    pub max_timeout_ns: u64,
    /// Most messages in a list; 0 is as many as the target likes.
    pub max_list_size: u32,
    /// Longest time for which a message that was sent and not acknowledged is not sent again, in nanoseconds.
    pub ack_timeout_ns: u64,
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
    /// Multicast groups.
    MulticastGroups {
        /// One, or all.
        id: Option<u32>,
    },
    /// Clone sessions.
    CloneSessions {
        /// One, or all.
        id: Option<u32>,
    },
    /// Cells of indirect meters.
    Meters {
        /// Of one meter, or of all.
        meter: Option<u32>,
        /// One cell, or all.
        index: Option<u64>,
    },
    /// Members of action profiles.
    Members {
        /// Of one profile, or of all.
        profile: Option<u32>,
        /// One, or all.
        id: Option<u32>,
    },
    /// Groups of action selectors.
    Groups {
        /// Of one selector, or of all.
        profile: Option<u32>,
        /// One, or all.
        id: Option<u32>,
    },
    /// Parser value sets.
    ValueSets {
        /// One, or all.
        id: Option<u32>,
    },
    /// Digests.
    Digests {
        /// One, or all.
        id: Option<u32>,
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
