//! What a program's tables, actions, counters and registers look like: enough to check an entry against.
//!
//! Generated code borrows everything from statics; an engine that loads programs while it runs owns it.

use crate::{
    ActionCall, FieldMatch, Integer, Invalid, MatchValue, Operation, TableActionRef, TableEntry,
    WriteError,
};
use std::borrow::Cow;

/// A name.
pub type Name = Cow<'static, str>;
/// Things in an order.
pub type List<T> = Cow<'static, [T]>;

/// A compiled program.
#[derive(Clone, Debug)]
pub struct ProgramInfo {
    /// The root source's file stem, such as `host_stage`.
    pub name: Name,
    /// P4Info, protobuf binary.
    pub p4info: List<u8>,
    /// P4Info, protobuf text.
    pub p4info_text: Name,
    /// SHA-256 over the preprocessed source and the compiler's version: the device config of the in-process target.
    pub digest: [u8; 32],
    /// By id.
    pub tables: List<TableSchema>,
    /// All actions, by id.
    pub actions: List<ActionSchema>,
    /// Indirect counters, by id.
    pub counters: List<CounterSchema>,
    /// By id.
    pub registers: List<RegisterSchema>,
    /// Indirect meters, by id.
    pub meters: List<MeterSchema>,
    /// Action profiles and selectors, by id.
    pub profiles: List<ProfileSchema>,
    /// By id.
    pub digests: List<DigestSchema>,
    /// Parser value sets, by id.
    pub value_sets: List<ValueSetSchema>,
}

impl ProgramInfo {
    /// The table with this id.
    pub fn table(&self, id: u32) -> Option<&TableSchema> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The action with this id.
    pub fn action(&self, id: u32) -> Option<&ActionSchema> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// The indirect counter with this id.
    pub fn counter(&self, id: u32) -> Option<&CounterSchema> {
        self.counters.iter().find(|counter| counter.id == id)
    }

    /// The register with this id.
    pub fn register(&self, id: u32) -> Option<&RegisterSchema> {
        self.registers.iter().find(|register| register.id == id)
    }

    /// The indirect meter with this id.
    pub fn meter(&self, id: u32) -> Option<&MeterSchema> {
        self.meters.iter().find(|meter| meter.id == id)
    }

    /// The action profile or selector with this id.
    pub fn profile(&self, id: u32) -> Option<&ProfileSchema> {
        self.profiles.iter().find(|profile| profile.id == id)
    }

    /// The digest with this id.
    pub fn digest(&self, id: u32) -> Option<&DigestSchema> {
        self.digests.iter().find(|digest| digest.id == id)
    }

    /// The parser value set with this id.
    pub fn value_set(&self, id: u32) -> Option<&ValueSetSchema> {
        self.value_sets.iter().find(|set| set.id == id)
    }

    /// A table whose entries use a profile: its actions are what the profile's members can run.
    pub fn table_of_profile(&self, profile: u32) -> Option<&TableSchema> {
        let uses = |table: &&TableSchema| table.implementation == Some(profile);
        self.tables.iter().find(uses)
    }
}

/// A table.
#[derive(Clone, Debug)]
pub struct TableSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Most entries that it holds.
    pub size: u64,
    /// Key fields in source order; the ids count from 1.
    pub fields: List<FieldSchema>,
    /// In source order. The position tells them apart in the packed words.
    pub actions: List<TableActionSchema>,
    /// What the program says that runs on a miss.
    pub default_action: DefaultAction,
    /// Whether the control plane must not change the default action.
    pub const_default: bool,
    /// Entries that the program says.
    pub entries: List<InitialEntry>,
    /// Whether the control plane must not change the entries.
    pub const_entries: bool,
    /// The id of its direct counter.
    pub direct_counter: Option<u32>,
    /// The id of its direct meter.
    pub direct_meter: Option<u32>,
    /// The id of the action profile or selector that its entries refer to.
    pub implementation: Option<u32>,
    /// Whether entries can have idle timeouts.
    pub has_idle_timeout: bool,
}

/// A key field.
#[derive(Clone, Debug)]
pub struct FieldSchema {
    /// From 1.
    pub id: u32,
    /// The control plane's name.
    pub name: Name,
    /// Width.
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
#[derive(Clone, Debug)]
pub struct TableActionSchema {
    /// The action.
    pub action: Cow<'static, ActionSchema>,
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
#[derive(Clone, Debug)]
pub struct ActionSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Parameters in source order; the ids count from 1.
    pub params: List<ParamSchema>,
}

/// An action's parameter.
#[derive(Clone, Debug)]
pub struct ParamSchema {
    /// From 1.
    pub id: u32,
    /// Name.
    pub name: Name,
    /// Width.
    pub bits: u32,
}

/// The program's own default action.
#[derive(Clone, Debug)]
pub struct DefaultAction {
    /// Position in the table's list of actions.
    pub action: usize,
    /// By parameter.
    pub arguments: List<Integer>,
}

/// An entry that the program says.
#[derive(Clone, Debug)]
pub struct InitialEntry {
    /// As in [`TableEntry::matches`].
    pub matches: List<FieldMatch>,
    /// As in [`TableEntry::priority`].
    pub priority: i32,
    /// Position in the table's list of actions.
    pub action: usize,
    /// By parameter.
    pub arguments: List<Integer>,
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
#[derive(Clone, Debug)]
pub struct CounterSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Number of cells.
    pub size: u64,
    /// What it counts.
    pub unit: CounterUnit,
}

/// A register.
#[derive(Clone, Debug)]
pub struct RegisterSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Number of cells.
    pub size: u64,
    /// Width of a cell.
    pub bits: u32,
}

/// A digest.
#[derive(Clone, Debug)]
pub struct DigestSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// What one message holds; the ids count from 1.
    pub fields: List<ParamSchema>,
}

/// An indirect meter.
#[derive(Clone, Debug)]
pub struct MeterSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Number of cells.
    pub size: u64,
    /// What it measures.
    pub unit: CounterUnit,
}

/// An action profile, or an action selector if it has groups.
#[derive(Clone, Debug)]
pub struct ProfileSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Most members that it holds.
    pub size: u64,
    /// Whether entries can refer to groups of members.
    pub has_groups: bool,
    /// The most that a group's weights may be together; 0 leaves it to the group.
    pub max_group_size: u32,
}

/// A parser value set.
#[derive(Clone, Debug)]
pub struct ValueSetSchema {
    /// P4Info id.
    pub id: u32,
    /// Fully qualified name.
    pub name: Name,
    /// Shortest unique suffix of the name.
    pub alias: Name,
    /// Most members that it holds.
    pub size: u64,
    /// What a member matches; the ids count from 1.
    pub fields: List<FieldSchema>,
}

impl ValueSetSchema {
    /// Checks what a set is to hold: one match for each field of each member.
    pub fn check(&self, members: &[Vec<MatchValue>]) -> Result<(), WriteError> {
        if members.len() as u64 > self.size {
            return Err(WriteError::ResourceExhausted { size: self.size });
        }
        for member in members {
            if member.len() != self.fields.len() {
                return Err(Invalid::BadMember.into());
            }
            if members.iter().filter(|other| *other == member).count() > 1 {
                return Err(WriteError::AlreadyExists);
            }
            for (field, given) in self.fields.iter().zip(member) {
                let is_anything = match given {
                    MatchValue::Lpm { value, prefix } => value.is_zero() && *prefix == 0,
                    MatchValue::Ternary { value, mask } => value.is_zero() && mask.is_zero(),
                    MatchValue::Range { low, high } => field.is_everything(low, high),
                    _ => false,
                };
                if !is_anything {
                    field.check(given)?;
                }
            }
        }
        Ok(())
    }
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
        if entry.meter.is_some() && self.direct_meter.is_none() {
            return Err(Invalid::NoDirectMeter.into());
        }
        match (&entry.action, operation) {
            (Some(action), Operation::Insert | Operation::Modify) => {
                self.check_reference(action, ActionScope::DefaultOnly)
            }
            (None, Operation::Insert | Operation::Modify) => Err(Invalid::MissingAction.into()),
            (_, Operation::Delete) => Ok(()),
        }
    }

    fn check_default(&self, operation: Operation, entry: &TableEntry) -> Result<(), WriteError> {
        if !entry.matches.is_empty() || entry.priority != 0 {
            return Err(Invalid::DefaultWithKey.into());
        }
        if entry.idle_timeout_ns != 0 {
            return Err(Invalid::DefaultWithTimeout.into());
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
        match &entry.action {
            None => Ok(()),
            // A default action may be said as it is, whatever its table's entries refer to.
            Some(TableActionRef::Call(call)) => self.check_action(call, ActionScope::TableOnly),
            Some(action) => self.check_reference(action, ActionScope::TableOnly),
        }
    }

    /// Checks what an entry runs, as far as the table says it: whether there is such a member or group, its profile knows.
    fn check_reference(
        &self,
        action: &TableActionRef,
        forbidden: ActionScope,
    ) -> Result<(), WriteError> {
        match (action, self.implementation) {
            (TableActionRef::Call(call), None) => self.check_action(call, forbidden),
            (TableActionRef::Call(_), Some(_)) => Err(Invalid::DirectAction.into()),
            (_, None) => Err(Invalid::NoProfile.into()),
            (TableActionRef::Member(_) | TableActionRef::Group(_), Some(_)) => Ok(()),
            (TableActionRef::OneShot(actions), Some(_)) => {
                if actions.is_empty() || actions.iter().any(|(_, weight)| *weight == 0) {
                    return Err(Invalid::BadWeight.into());
                }
                (actions.iter()).try_for_each(|(call, _)| self.check_action(call, forbidden))
            }
        }
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
                .check(&given.kind)?;
        }
        let missing = |field: &&FieldSchema| {
            field.kind == MatchKind::Exact && matches.iter().all(|given| given.field != field.id)
        };
        if let Some(field) = self.fields.iter().find(missing) {
            return Err(Invalid::MissingField {
                field: field.id,
                name: field.name.clone(),
            });
        }
        let needed = self.has_priority();
        if needed != (priority > 0) || priority < 0 {
            return Err(Invalid::BadPriority { needed });
        }
        Ok(())
    }

    /// Checks an action and its arguments against the table's list.
    pub fn check_action(
        &self,
        call: &ActionCall,
        forbidden: ActionScope,
    ) -> Result<(), WriteError> {
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
    /// Whether a range is all that the field can be.
    pub(crate) fn is_everything(&self, low: &Integer, high: &Integer) -> bool {
        low.is_zero() && *high == Integer::ones(self.bits)
    }

    /// Checks a match against the field's kind and width.
    pub fn check(&self, given: &MatchValue) -> Result<(), Invalid> {
        let name = || self.name.clone();
        let fits = |value: &Integer| {
            if value.fits(self.bits) {
                Ok(())
            } else {
                Err(Invalid::TooWide {
                    name: name(),
                    bits: self.bits,
                })
            }
        };
        match (self.kind, given) {
            (MatchKind::Exact, MatchValue::Exact(value))
            | (MatchKind::Optional, MatchValue::Optional(value)) => fits(value),
            (MatchKind::Lpm, MatchValue::Lpm { value, prefix }) => {
                fits(value)?;
                let canonical = (1..=self.bits).contains(prefix)
                    && value.and(&Integer::ones(self.bits - prefix)).is_zero();
                if canonical {
                    Ok(())
                } else {
                    Err(Invalid::BadPrefix {
                        name: name(),
                        bits: self.bits,
                    })
                }
            }
            (MatchKind::Ternary, MatchValue::Ternary { value, mask }) => {
                fits(value)?;
                fits(mask)?;
                if !mask.is_zero() && value.without(mask).is_zero() {
                    Ok(())
                } else {
                    Err(Invalid::BadTernary { name: name() })
                }
            }
            (MatchKind::Range, MatchValue::Range { low, high }) => {
                fits(low)?;
                fits(high)?;
                if low <= high && !self.is_everything(low, high) {
                    Ok(())
                } else {
                    Err(Invalid::BadRange { name: name() })
                }
            }
            _ => Err(Invalid::WrongMatchKind {
                field: self.id,
                name: name(),
            }),
        }
    }
}

impl ActionSchema {
    /// Checks that each parameter has one argument that fits.
    pub fn check(&self, arguments: &[(u32, Integer)]) -> Result<(), Invalid> {
        if arguments.len() != self.params.len() {
            return Err(Invalid::BadArguments {
                action: self.name.clone(),
            });
        }
        for param in self.params.iter() {
            let value = arguments
                .iter()
                .find(|(id, _)| *id == param.id)
                .map(|(_, value)| value);
            let value = value.ok_or(Invalid::BadArguments {
                action: self.name.clone(),
            })?;
            if !value.fits(param.bits) {
                return Err(Invalid::TooWide {
                    name: param.name.clone(),
                    bits: param.bits,
                });
            }
        }
        Ok(())
    }
}
