//! What a program's tables, actions, counters and registers look like: static, and enough to check an entry against.

use crate::{
    ActionCall, FieldMatch, Invalid, MatchValue, Operation, TableEntry, WriteError, layout::ones,
};

/// A compiled program.
#[derive(Debug)]
pub struct ProgramInfo {
    /// The root source's file stem, such as `host_stage`.
    pub name: &'static str,
    /// P4Info, protobuf binary.
    pub p4info: &'static [u8],
    /// P4Info, protobuf text.
    pub p4info_text: &'static str,
    /// SHA-256 over the preprocessed source and the compiler's version: the device config of the in-process target.
    pub digest: [u8; 32],
    /// By id.
    pub tables: &'static [TableSchema],
    /// All actions, by id.
    pub actions: &'static [ActionSchema],
    /// Indirect counters, by id.
    pub counters: &'static [CounterSchema],
    /// By id.
    pub registers: &'static [RegisterSchema],
}

impl ProgramInfo {
    /// The table with this id.
    pub fn table(&self, id: u32) -> Option<&'static TableSchema> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The action with this id.
    pub fn action(&self, id: u32) -> Option<&'static ActionSchema> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// The indirect counter with this id.
    pub fn counter(&self, id: u32) -> Option<&'static CounterSchema> {
        self.counters.iter().find(|counter| counter.id == id)
    }

    /// The register with this id.
    pub fn register(&self, id: u32) -> Option<&'static RegisterSchema> {
        self.registers.iter().find(|register| register.id == id)
    }
}

/// A table.
#[derive(Debug)]
pub struct TableSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: &'static str,
    /// Shortest unique suffix of the name.
    pub alias: &'static str,
    /// Most entries that it holds.
    pub size: u64,
    /// Key fields in source order; the ids count from 1.
    pub fields: &'static [FieldSchema],
    /// In source order. The position tells them apart in the packed words.
    pub actions: &'static [TableActionSchema],
    /// What the program says that runs on a miss.
    pub default_action: DefaultAction,
    /// Whether the control plane must not change the default action.
    pub const_default: bool,
    /// Entries that the program says.
    pub entries: &'static [InitialEntry],
    /// Whether the control plane must not change the entries.
    pub const_entries: bool,
    /// The id of its direct counter.
    pub direct_counter: Option<u32>,
}

/// A key field.
#[derive(Clone, Copy, Debug)]
pub struct FieldSchema {
    /// From 1.
    pub id: u32,
    /// The control plane's name.
    pub name: &'static str,
    /// Width, at most 128.
    pub bits: u32,
    /// How it matches.
    pub kind: MatchKind,
}

/// How a field matches.
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
    /// Equal, or anything.
    Optional,
}

/// An action in a table's list.
#[derive(Clone, Copy, Debug)]
pub struct TableActionSchema {
    /// The action.
    pub action: &'static ActionSchema,
    /// Where it may be used.
    pub scope: ActionScope,
}

/// Where a table may use an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionScope {
    /// In entries and as default action.
    Any,
    /// In entries only.
    TableOnly,
    /// As default action only.
    DefaultOnly,
}

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct ActionSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: &'static str,
    /// Shortest unique suffix of the name.
    pub alias: &'static str,
    /// Parameters in source order; the ids count from 1.
    pub params: &'static [ParamSchema],
}

/// An action's parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParamSchema {
    /// From 1.
    pub id: u32,
    /// Name.
    pub name: &'static str,
    /// Width, at most 128.
    pub bits: u32,
}

/// The program's own default action.
#[derive(Clone, Copy, Debug)]
pub struct DefaultAction {
    /// Position in the table's list of actions.
    pub action: usize,
    /// By parameter.
    pub arguments: &'static [u128],
}

/// An entry that the program says.
#[derive(Clone, Copy, Debug)]
pub struct InitialEntry {
    /// As in [`TableEntry::matches`].
    pub matches: &'static [FieldMatch],
    /// As in [`TableEntry::priority`].
    pub priority: i32,
    /// Position in the table's list of actions.
    pub action: usize,
    /// By parameter.
    pub arguments: &'static [u128],
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterUnit {
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
    /// Both.
    Both,
}

/// An indirect counter.
#[derive(Clone, Copy, Debug)]
pub struct CounterSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: &'static str,
    /// Shortest unique suffix of the name.
    pub alias: &'static str,
    /// Number of cells.
    pub size: u64,
    /// What it counts.
    pub unit: CounterUnit,
}

/// A register.
#[derive(Clone, Copy, Debug)]
pub struct RegisterSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: &'static str,
    /// Shortest unique suffix of the name.
    pub alias: &'static str,
    /// Number of cells.
    pub size: u64,
    /// Width of a cell, at most 128.
    pub bits: u32,
}

impl TableSchema {
    /// Whether entries have priorities.
    pub fn has_priority(&self) -> bool {
        self.fields.iter().any(|field| {
            matches!(
                field.kind,
                MatchKind::Ternary | MatchKind::Range | MatchKind::Optional
            )
        })
    }

    /// The position of an action in this table's list.
    pub fn action_position(&self, id: u32) -> Option<usize> {
        self.actions.iter().position(|entry| entry.action.id == id)
    }

    /// Checks that a write is well-formed and that the program allows it. The table's content is another matter.
    pub fn check(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        if entry.counter.is_some() && self.direct_counter.is_none() {
            return Err(Invalid::NoDirectCounter.into());
        }
        if entry.is_default {
            return self.check_default(operation, entry);
        }
        if self.const_entries {
            return Err(WriteError::PermissionDenied { what: "the table" });
        }
        if self.fields.is_empty() {
            return Err(Invalid::NoKey.into());
        }
        self.check_key(&entry.matches, entry.priority)?;
        match (&entry.action, operation) {
            (Some(call), Operation::Insert | Operation::Modify) => {
                self.check_action(call, ActionScope::DefaultOnly)
            }
            (None, Operation::Insert | Operation::Modify) => Err(Invalid::MissingAction.into()),
            (_, Operation::Delete) => Ok(()),
        }
    }

    fn check_default(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        if !entry.matches.is_empty() || entry.priority != 0 {
            return Err(Invalid::DefaultWithKey.into());
        }
        if operation != Operation::Modify {
            return Err(Invalid::ModifyOnly {
                what: "a default action",
            }
            .into());
        }
        if self.const_default {
            return Err(WriteError::PermissionDenied {
                what: "the default action",
            });
        }
        entry.action.as_ref().map_or(Ok(()), |call| {
            self.check_action(call, ActionScope::TableOnly)
        })
    }

    /// Checks that a key is canonical: each field by its kind, "anything" only by absence, a priority exactly where one belongs.
    pub fn check_key(&self, matches: &[FieldMatch], priority: i32) -> Result<(), Invalid> {
        for (position, given) in matches.iter().enumerate() {
            if matches[..position]
                .iter()
                .any(|other| other.field == given.field)
            {
                return Err(Invalid::DuplicateField { field: given.field });
            }
            let field = self.fields.iter().find(|field| field.id == given.field);
            field
                .ok_or(Invalid::UnknownField { field: given.field })?
                .check(given.kind)?;
        }
        let missing = |field: &&FieldSchema| {
            field.kind == MatchKind::Exact && matches.iter().all(|given| given.field != field.id)
        };
        if let Some(field) = self.fields.iter().find(missing) {
            return Err(Invalid::MissingField {
                field: field.id,
                name: field.name,
            });
        }
        let needed = self.has_priority();
        if needed != (priority > 0) || priority < 0 {
            return Err(Invalid::BadPriority { needed });
        }
        Ok(())
    }

    fn check_action(&self, call: &ActionCall, forbidden: ActionScope) -> Result<(), WriteError> {
        let entry = self
            .actions
            .iter()
            .find(|entry| entry.action.id == call.action);
        let entry = entry.ok_or(Invalid::ActionNotAllowed {
            action: call.action,
        })?;
        if entry.scope == forbidden {
            return Err(Invalid::ActionNotAllowed {
                action: call.action,
            }
            .into());
        }
        Ok(entry.action.check(&call.arguments)?)
    }
}

impl FieldSchema {
    /// Checks a match against the field's kind and width.
    pub fn check(&self, given: MatchValue) -> Result<(), Invalid> {
        let name = self.name;
        let fits = |value: u128| {
            if value <= ones(self.bits) {
                Ok(())
            } else {
                Err(Invalid::TooWide {
                    name,
                    bits: self.bits,
                })
            }
        };
        match (self.kind, given) {
            (MatchKind::Exact, MatchValue::Exact(value))
            | (MatchKind::Optional, MatchValue::Optional(value)) => fits(value),
            (MatchKind::Lpm, MatchValue::Lpm { value, prefix }) => {
                fits(value)?;
                let canonical =
                    (1..=self.bits).contains(&prefix) && value & ones(self.bits - prefix) == 0;
                if canonical {
                    Ok(())
                } else {
                    Err(Invalid::BadPrefix {
                        name,
                        bits: self.bits,
                    })
                }
            }
            (MatchKind::Ternary, MatchValue::Ternary { value, mask }) => {
                fits(value | mask)?;
                if mask != 0 && value & !mask == 0 {
                    Ok(())
                } else {
                    Err(Invalid::BadTernary { name })
                }
            }
            (MatchKind::Range, MatchValue::Range { low, high }) => {
                fits(low)?;
                fits(high)?;
                if low <= high && (low, high) != (0, ones(self.bits)) {
                    Ok(())
                } else {
                    Err(Invalid::BadRange { name })
                }
            }
            _ => Err(Invalid::WrongMatchKind {
                field: self.id,
                name,
            }),
        }
    }
}

impl ActionSchema {
    /// Checks that each parameter has one argument that fits.
    pub fn check(&self, arguments: &[(u32, u128)]) -> Result<(), Invalid> {
        if arguments.len() != self.params.len() {
            return Err(Invalid::BadArguments { action: self.name });
        }
        for param in self.params {
            let value = arguments
                .iter()
                .find(|(id, _)| *id == param.id)
                .map(|(_, value)| *value);
            if value.ok_or(Invalid::BadArguments { action: self.name })? > ones(param.bits) {
                return Err(Invalid::TooWide {
                    name: param.name,
                    bits: param.bits,
                });
            }
        }
        Ok(())
    }
}
