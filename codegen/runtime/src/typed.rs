//! The typed face of tables: generated code implements [`Table`], [`TableKey`] and [`TableAction`] for each, so that no control
//! plane spells an id or a name.

use crate::{
    ActionCall, DecodeError, Entity, FieldMatch, Integer, MatchValue, Operation, TableEntry,
    Update, Wide,
};
use std::hash::Hash;

/// A table of a program.
pub trait Table {
    /// What entries match.
    type Key: TableKey;
    /// What entries run.
    type Action: TableAction;
    /// P4Info id.
    const ID: u32;
    /// Fully qualified name.
    const NAME: &'static str;
}

/// A table's key.
pub trait TableKey: Clone + Eq + Hash + Ord {
    /// As the neutral model has it; what matches anything is absent.
    fn matches(&self) -> Vec<FieldMatch>;
    /// From the neutral model.
    fn from_matches(matches: &[FieldMatch]) -> Result<Self, DecodeError>;
}

/// A table's action with its arguments.
pub trait TableAction: Clone + Eq {
    /// As the neutral model has it.
    fn call(&self) -> ActionCall;
    /// From the neutral model.
    fn from_call(call: &ActionCall) -> Result<Self, DecodeError>;
}

/// An entry of a table.
pub struct Entry<T: Table> {
    /// What it matches.
    pub key: T::Key,
    /// The larger wins; 0 in tables without ternary, range or optional fields.
    pub priority: i32,
    /// What it runs.
    pub action: T::Action,
}

impl<T: Table> Entry<T> {
    /// An entry of a table without priorities.
    pub fn new(key: T::Key, action: T::Action) -> Self {
        Entry {
            key,
            priority: 0,
            action,
        }
    }

    /// An entry of a table with priorities.
    pub fn with_priority(key: T::Key, priority: i32, action: T::Action) -> Self {
        Entry {
            key,
            priority,
            action,
        }
    }

    /// Adds it.
    pub fn insert(&self) -> Update {
        self.update(Operation::Insert)
    }

    /// Gives the entry with its key its action.
    pub fn modify(&self) -> Update {
        self.update(Operation::Modify)
    }

    /// Removes the entry with its key, whatever its action.
    pub fn delete(&self) -> Update {
        self.update(Operation::Delete)
    }

    /// Makes an action the table's default.
    pub fn default_entry(action: &T::Action) -> Update {
        let entry = TableEntry {
            table: T::ID,
            action: Some(action.call().into()),
            is_default: true,
            ..TableEntry::default()
        };
        Update {
            operation: Operation::Modify,
            entity: Entity::Table(entry),
        }
    }

    fn update(&self, operation: Operation) -> Update {
        let mut entry = TableEntry::from(self);
        if operation == Operation::Delete {
            entry.action = None;
        }
        Update {
            operation,
            entity: Entity::Table(entry),
        }
    }
}

// Derived implementations would ask the same of the marker type.
impl<T: Table> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Entry {
            key: self.key.clone(),
            priority: self.priority,
            action: self.action.clone(),
        }
    }
}

impl<T: Table> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.priority == other.priority && self.action == other.action
    }
}

impl<T: Table> Eq for Entry<T> {}

impl<T: Table<Key: std::fmt::Debug, Action: std::fmt::Debug>> std::fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(T::NAME)
            .field("key", &self.key)
            .field("priority", &self.priority)
            .field("action", &self.action)
            .finish()
    }
}

impl<T: Table> From<&Entry<T>> for TableEntry {
    fn from(entry: &Entry<T>) -> Self {
        TableEntry {
            table: T::ID,
            matches: entry.key.matches(),
            priority: entry.priority,
            action: Some(entry.action.call().into()),
            ..TableEntry::default()
        }
    }
}

impl<T: Table> From<Entry<T>> for TableEntry {
    fn from(entry: Entry<T>) -> Self {
        TableEntry::from(&entry)
    }
}

impl<T: Table> TryFrom<&TableEntry> for Entry<T> {
    type Error = DecodeError;

    fn try_from(entry: &TableEntry) -> Result<Self, DecodeError> {
        if entry.table != T::ID {
            return Err(DecodeError::OtherTable {
                expected: T::ID,
                found: entry.table,
            });
        }
        if entry.is_default {
            return Err(DecodeError::DefaultEntry);
        }
        let action = entry.call().ok_or(DecodeError::MissingAction)?;
        Ok(Entry {
            key: T::Key::from_matches(&entry.matches)?,
            priority: entry.priority,
            action: T::Action::from_call(action)?,
        })
    }
}

impl<T: Table> TryFrom<TableEntry> for Entry<T> {
    type Error = DecodeError;

    fn try_from(entry: TableEntry) -> Result<Self, DecodeError> {
        Entry::try_from(&entry)
    }
}

/// An integer of a key or an action.
pub trait Unsigned:
    Copy + Eq + Ord + Hash + Default + Into<Integer> + for<'a> TryFrom<&'a Integer>
{
    /// From a value that must fit.
    fn decode(value: &Integer) -> Result<Self, DecodeError> {
        Self::try_from(value).map_err(|_| DecodeError::TooWide(value.clone()))
    }
}

/// A field of a generated key, by how it matches: an integer (exact), [`Lpm`], [`Ternary`], [`Range`], or `Option` (optional).
pub trait KeyField: Sized {
    /// As the neutral model has it; `None` if anything matches.
    fn to_match(&self, field: u32, bits: u32) -> Option<FieldMatch>;
    /// From the neutral model; `None` stands for an absent field.
    fn from_match(field: u32, bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError>;
}

macro_rules! unsigned {
    ($([$($generics:tt)*] $integer:ty;)*) => {$(
        impl<$($generics)*> Unsigned for $integer {}

        impl<$($generics)*> KeyField for $integer {
            fn to_match(&self, field: u32, _bits: u32) -> Option<FieldMatch> {
                Some(FieldMatch { field, kind: MatchValue::Exact((*self).into()) })
            }

            fn from_match(field: u32, _bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError> {
                match kind {
                    Some(MatchValue::Exact(value)) => Self::decode(value),
                    Some(_) => Err(DecodeError::WrongMatchKind(field)),
                    None => Err(DecodeError::MissingField(field)),
                }
            }
        }
    )*};
}

unsigned! {
    [] u8;
    [] u16;
    [] u32;
    [] u64;
    [] u128;
    [const N: usize] Wide<N>;
}

/// What a longest-prefix field matches. A prefix of 0 bits matches anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lpm<T> {
    /// Bits beyond the prefix are 0.
    pub value: T,
    /// Length in bits.
    pub prefix: u32,
}

impl<T: Unsigned> KeyField for Lpm<T> {
    fn to_match(&self, field: u32, _bits: u32) -> Option<FieldMatch> {
        let kind = MatchValue::Lpm {
            value: self.value.into(),
            prefix: self.prefix,
        };
        (self.prefix > 0).then_some(FieldMatch { field, kind })
    }

    fn from_match(field: u32, _bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError> {
        match kind {
            Some(MatchValue::Lpm { value, prefix }) => Ok(Lpm {
                value: T::decode(value)?,
                prefix: *prefix,
            }),
            Some(_) => Err(DecodeError::WrongMatchKind(field)),
            None => Ok(Lpm::default()),
        }
    }
}

/// What a ternary field matches. A mask of 0 matches anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ternary<T> {
    /// 0 where the mask is.
    pub value: T,
    /// 1 where it matters.
    pub mask: T,
}

impl<T: Unsigned> KeyField for Ternary<T> {
    fn to_match(&self, field: u32, _bits: u32) -> Option<FieldMatch> {
        let kind = MatchValue::Ternary {
            value: self.value.into(),
            mask: self.mask.into(),
        };
        (self.mask != T::default()).then_some(FieldMatch { field, kind })
    }

    fn from_match(field: u32, _bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError> {
        match kind {
            Some(MatchValue::Ternary { value, mask }) => Ok(Ternary {
                value: T::decode(value)?,
                mask: T::decode(mask)?,
            }),
            Some(_) => Err(DecodeError::WrongMatchKind(field)),
            None => Ok(Ternary::default()),
        }
    }
}

/// What a range field matches: from low to high, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range<T> {
    /// Smallest.
    pub low: T,
    /// Largest.
    pub high: T,
}

impl<T: Unsigned> Range<T> {
    /// One value.
    pub fn exactly(value: T) -> Self {
        Range {
            low: value,
            high: value,
        }
    }
}

impl<T: Unsigned> KeyField for Range<T> {
    fn to_match(&self, field: u32, bits: u32) -> Option<FieldMatch> {
        let (low, high): (Integer, Integer) = (self.low.into(), self.high.into());
        let is_everything = low.is_zero() && high == Integer::ones(bits);
        (!is_everything).then_some(FieldMatch {
            field,
            kind: MatchValue::Range { low, high },
        })
    }

    fn from_match(field: u32, bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError> {
        match kind {
            Some(MatchValue::Range { low, high }) => Ok(Range {
                low: T::decode(low)?,
                high: T::decode(high)?,
            }),
            Some(_) => Err(DecodeError::WrongMatchKind(field)),
            None => Ok(Range {
                low: T::default(),
                high: T::decode(&Integer::ones(bits))?,
            }),
        }
    }
}

impl<T: Unsigned> KeyField for Option<T> {
    fn to_match(&self, field: u32, _bits: u32) -> Option<FieldMatch> {
        self.map(|value| FieldMatch {
            field,
            kind: MatchValue::Optional(value.into()),
        })
    }

    fn from_match(field: u32, _bits: u32, kind: Option<&MatchValue>) -> Result<Self, DecodeError> {
        match kind {
            Some(MatchValue::Optional(value)) => Ok(Some(T::decode(value)?)),
            Some(_) => Err(DecodeError::WrongMatchKind(field)),
            None => Ok(None),
        }
    }
}

/// A field of a key from the neutral model.
pub fn field<F: KeyField>(matches: &[FieldMatch], id: u32, bits: u32) -> Result<F, DecodeError> {
    F::from_match(
        id,
        bits,
        matches
            .iter()
            .find(|given| given.field == id)
            .map(|given| &given.kind),
    )
}

/// An argument of an action from the neutral model.
pub fn argument<T: Unsigned>(call: &ActionCall, id: u32) -> Result<T, DecodeError> {
    let found = call.arguments.iter().find(|(param, _)| *param == id);
    let (_, value) = found.ok_or(DecodeError::MissingArgument(id))?;
    T::decode(value)
}
