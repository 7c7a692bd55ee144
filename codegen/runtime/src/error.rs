//! Why a write is refused, and why an entry is not of the type that it should be.

use crate::{Integer, Name, Operation};

/// Why a write is refused. Each reason has one canonical gRPC code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// An insertion of a key that is there.
    #[error("an entry with this key exists")]
    AlreadyExists,
    /// A change or deletion of what is not there.
    #[error("there is no such entry")]
    NotFound,
    /// The program has no such object.
    #[error("the program has no {kind} with id {id:#010x}")]
    UnknownId {
        /// Table, action, counter or register.
        kind: &'static str,
        /// As given.
        id: u32,
    },
    /// The entity is not well-formed.
    #[error(transparent)]
    InvalidArgument(#[from] Invalid),
    /// A reference to what is not there.
    #[error("there is no {what} {id}")]
    Missing {
        /// Member or group.
        what: &'static str,
        /// As given.
        id: u32,
    },
    /// Deletion of a member that a group or an entry refers to, or of a group that an entry refers to.
    #[error("{what} is in use")]
    InUse {
        /// What it is.
        what: &'static str,
    },
    /// It is full, or the group is too heavy.
    #[error("there is room for {size}, and no more")]
    ResourceExhausted {
        /// How many it holds.
        size: u64,
    },
    /// The program declares it constant.
    #[error("{what} is constant")]
    PermissionDenied {
        /// What the program declares constant.
        what: &'static str,
    },
    /// This pipeline has no means for it.
    #[error("{what} is not supported")]
    Unimplemented {
        /// What was asked for.
        what: &'static str,
    },
}

impl WriteError {
    /// The number of the canonical gRPC code.
    pub fn grpc_code(&self) -> i32 {
        match self {
            WriteError::InvalidArgument(_) => 3,
            WriteError::NotFound | WriteError::UnknownId { .. } | WriteError::Missing { .. } => 5,
            WriteError::AlreadyExists => 6,
            WriteError::PermissionDenied { .. } => 7,
            WriteError::ResourceExhausted { .. } => 8,
            WriteError::InUse { .. } => 9,
            WriteError::Unimplemented { .. } => 12,
        }
    }
}

/// What is not well-formed about an entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A match on a field that the table does not have.
    #[error("the table has no match field {field}")]
    UnknownField {
        /// Field id.
        field: u32,
    },
    /// Two matches on one field.
    #[error("match field {field} is given twice")]
    DuplicateField {
        /// Field id.
        field: u32,
    },
    /// No match on an exact field.
    #[error("exact match field {field} ({name}) is missing")]
    MissingField {
        /// Field id.
        field: u32,
        /// Its name.
        name: Name,
    },
    /// A match of another kind than the field's.
    #[error("match field {field} ({name}) is not of this kind")]
    WrongMatchKind {
        /// Field id.
        field: u32,
        /// Its name.
        name: Name,
    },
    /// A value with more bits than its field or parameter.
    #[error("the value of {name} does not fit into {bits} bits")]
    TooWide {
        /// Field or parameter.
        name: Name,
        /// Its width.
        bits: u32,
    },
    /// A prefix longer than the field, of length 0, or with bits beyond its length.
    #[error("the prefix of {name} is not canonical: 1 to {bits} bits, and 0 beyond them")]
    BadPrefix {
        /// Field.
        name: Name,
        /// Its width.
        bits: u32,
    },
    /// A mask of 0, or value bits where the mask is 0.
    #[error(
        "the ternary match of {name} is not canonical: a mask that is not 0, and a value that is 0 where the mask is"
    )]
    BadTernary {
        /// Field.
        name: Name,
    },
    /// A range from high to low, or of everything.
    #[error(
        "the range of {name} is not canonical: low to high, and absent when everything matches"
    )]
    BadRange {
        /// Field.
        name: Name,
    },
    /// A priority where none belongs, or none where one does.
    #[error("{}", if *.needed { "the table's match kinds need a positive priority" } else { "the table's match kinds take no priority" })]
    BadPriority {
        /// Whether the table's entries have priorities.
        needed: bool,
    },
    /// No action in an insertion or a change.
    #[error("the entry has no action")]
    MissingAction,
    /// An action that the table does not have, or not in this role.
    #[error("action {action:#010x} cannot be used here")]
    ActionNotAllowed {
        /// Action id.
        action: u32,
    },
    /// Not each parameter of the action once.
    #[error("the arguments of {action} are not its parameters")]
    BadArguments {
        /// Action name.
        action: Name,
    },
    /// Matches or a priority in a default action.
    #[error("a default action has no key")]
    DefaultWithKey,
    /// An entry in a table that has only a default action.
    #[error("the table has no match fields, hence no entries")]
    NoKey,
    /// Insertion or deletion of what is always there.
    #[error("{what} can only be modified")]
    ModifyOnly {
        /// What it is.
        what: &'static str,
    },
    /// A cell beyond the end.
    #[error("index {index} is beyond the size {size}")]
    IndexOutOfRange {
        /// As given.
        index: u64,
        /// Number of cells.
        size: u64,
    },
    /// Meter configuration for a table that has no direct meter.
    #[error("the table has no direct meter")]
    NoDirectMeter,
    /// An action in an entry of a table whose entries refer to an action profile.
    #[error("the table's entries refer to members of an action profile")]
    DirectAction,
    /// A member or group in an entry of a table without action profile.
    #[error("the table has no action profile")]
    NoProfile,
    /// Groups in a profile that has none.
    #[error("the action profile is no selector: it has no groups")]
    NoSelector,
    /// A group whose members' weights are not all positive.
    #[error("a group's weights are positive")]
    BadWeight,
    /// A group with a member twice.
    #[error("member {0} is in the group twice: its weight says how often it counts")]
    DuplicateMember(u32),
    /// A group whose largest weight is not what the selector allows, or not what it was when the group was inserted.
    #[error("max_size {given} is {}", match (.before, .most) {
        (Some(before), _) => format!("not the {before} with which the group was inserted"),
        (None, most) => format!("not in 1 to {most}"),
    })]
    BadMaxSize {
        /// As given.
        given: u32,
        /// What the group was inserted with, if it is another one.
        before: Option<u32>,
        /// The most that the selector allows.
        most: u32,
    },
    /// Entries of a selector's tables with actions of their own beside entries that refer to members and groups.
    #[error(
        "the selector's entries have actions of their own, or refer to members and groups, not some this and some that"
    )]
    MixedReferences,
    /// An idle timeout of a default action.
    #[error("a default action has no idle timeout")]
    DefaultWithTimeout,
    /// A member of a value set that has not one match for each field.
    #[error("the member has not one match for each field of the value set")]
    BadMember,
    /// A peak rate below the committed rate.
    #[error("the peak rate is less than the committed rate")]
    BadRates,
    /// Two replicas of one port and instance.
    #[error("port {port} with instance {instance} is given twice")]
    DuplicateReplica {
        /// As given.
        port: u16,
        /// As given.
        instance: u16,
    },
    /// A number that the target reserves or cannot hold.
    #[error("{what} {id} is out of range")]
    BadNumber {
        /// What it counts.
        what: &'static str,
        /// As given.
        id: u64,
    },
    /// Counter data for a table that has no direct counter.
    #[error("the table has no direct counter")]
    NoDirectCounter,
}

/// Why an entry or a value is not of a generated type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An entry of another table.
    #[error("the entry is of table {found:#010x}, not {expected:#010x}")]
    OtherTable {
        /// What was asked for.
        expected: u32,
        /// What it is.
        found: u32,
    },
    /// A default action where an entry was asked for, or the other way round.
    #[error("a default action is no entry with a key")]
    DefaultEntry,
    /// No match for an exact field.
    #[error("match field {0} is missing")]
    MissingField(u32),
    /// A match of another kind.
    #[error("match field {0} is of another kind")]
    WrongMatchKind(u32),
    /// No action.
    #[error("the entry has no action")]
    MissingAction,
    /// Not an action of the table.
    #[error("action {0:#010x} is not one of the table's")]
    UnknownAction(u32),
    /// A parameter without argument.
    #[error("parameter {0} has no argument")]
    MissingArgument(u32),
    /// A value that does not fit.
    #[error("the value {0:#x} does not fit")]
    TooWide(Integer),
}

/// Cells of counters, meters and registers are always there: they are modified, never inserted or deleted.
pub(crate) fn check_cell(
    what: &'static str,
    operation: Operation,
    index: u64,
    size: u64,
) -> Result<(), Invalid> {
    if operation != Operation::Modify {
        return Err(Invalid::ModifyOnly { what });
    }
    if index >= size {
        return Err(Invalid::IndexOutOfRange { index, size });
    }
    Ok(())
}
