use crate::bytestring::ValueError;
use dpr_runtime::Name;
use tonic::Code;

/// Why a message is no entity of a program. Names are aliases from P4Info.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A message without the part that says what it is about.
    #[error("{what} is not set")]
    NotSet {
        /// The protobuf field.
        what: &'static str,
    },
    /// An id that the program does not have.
    #[error("the program has no {kind} with id {id:#010x}")]
    UnknownId {
        /// Table, action, counter or register.
        kind: &'static str,
        /// As given.
        id: u32,
    },
    /// A match on a field that the table does not have.
    #[error("table {table}: no match field has id {field}")]
    UnknownField {
        /// Table.
        table: Name,
        /// As given.
        field: u32,
    },
    /// A match of a kind that is not the field's.
    #[error("table {table}, match field {field}: the match is not of the field's kind")]
    WrongMatchKind {
        /// Table.
        table: Name,
        /// Match field.
        field: Name,
    },
    /// A bad value in a match.
    #[error("table {table}, match field {field}: {error}")]
    Match {
        /// Table.
        table: Name,
        /// Match field.
        field: Name,
        /// What is bad about it.
        error: ValueError,
    },
    /// A prefix of negative length.
    #[error("table {table}, match field {field}: a prefix of {length} bits")]
    PrefixLength {
        /// Table.
        table: Name,
        /// Match field.
        field: Name,
        /// As given.
        length: i32,
    },
    /// An argument for a parameter that the action does not have.
    #[error("action {action}: no parameter has id {param}")]
    UnknownParam {
        /// Action.
        action: Name,
        /// As given.
        param: u32,
    },
    /// A bad argument.
    #[error("action {action}, parameter {param}: {error}")]
    Argument {
        /// Action.
        action: Name,
        /// Parameter.
        param: Name,
        /// What is bad about it.
        error: ValueError,
    },
    /// A bad register value.
    #[error("register {register}: {error}")]
    Register {
        /// Register.
        register: Name,
        /// What is bad about it.
        error: ValueError,
    },
    /// A bad port.
    #[error("port: {error}")]
    Port {
        /// What is bad about it.
        error: ValueError,
    },
    /// A number that the target cannot hold.
    #[error("{what} is too large")]
    TooLarge {
        /// The protobuf field.
        what: &'static str,
    },
    /// A negative number where there can be none.
    #[error("{what} is negative")]
    Negative {
        /// The protobuf field.
        what: &'static str,
    },
    /// Something that no program of this target has.
    #[error("{what} are not supported by this target")]
    Unsupported {
        /// What they are.
        what: &'static str,
    },
    /// Something that the table does not have.
    #[error("table {table} has no {what}")]
    NotOfTable {
        /// Table.
        table: Name,
        /// What it does not have.
        what: &'static str,
    },
}

impl ConvertError {
    /// The canonical code that the specification gives it.
    pub fn code(&self) -> Code {
        match self {
            ConvertError::UnknownId { .. } => Code::NotFound,
            ConvertError::Match { .. }
            | ConvertError::Argument { .. }
            | ConvertError::Register { .. }
            | ConvertError::Port { .. }
            | ConvertError::TooLarge { .. } => Code::OutOfRange,
            ConvertError::Unsupported { .. } => Code::Unimplemented,
            ConvertError::NotSet { .. }
            | ConvertError::UnknownField { .. }
            | ConvertError::WrongMatchKind { .. }
            | ConvertError::PrefixLength { .. }
            | ConvertError::UnknownParam { .. }
            | ConvertError::Negative { .. }
            | ConvertError::NotOfTable { .. } => Code::InvalidArgument,
        }
    }
}
