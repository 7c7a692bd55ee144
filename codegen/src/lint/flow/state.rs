//! What is known at one point of a program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ast::DeclId;
use crate::check::{Type, Typed};

/// Whether a variable has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// On no way that leads here.
    No,
    /// On some.
    Maybe,
    /// On all.
    Yes,
}

/// A variable or parameter, or a field in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::lint) struct Storage {
    variable: DeclId,
    fields: Vec<Arc<str>>,
}

impl Storage {
    pub(super) fn of(variable: DeclId) -> Self {
        Storage {
            variable,
            fields: Vec::new(),
        }
    }

    pub(super) fn field(mut self, name: &Arc<str>) -> Self {
        self.fields.push(name.clone());
        self
    }

    /// Whether it is the other one or a part of it.
    pub(in crate::lint) fn is_in(&self, outer: &Storage) -> bool {
        self.variable == outer.variable && self.fields.starts_with(&outer.fields)
    }
}

/// What is known at one point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Variables and `out` parameters that are values.
    pub(super) values: BTreeMap<DeclId, Known>,
    /// Headers that are certainly invalid.
    pub(super) invalid: BTreeSet<Storage>,
    /// Headers that are invalid on some of the ways that lead here, and were made valid on others.
    pub(super) maybe_invalid: BTreeSet<Storage>,
    /// Whether no way leads here.
    pub(super) ended: bool,
}

impl State {
    /// What holds on both ways; whether that is less than before.
    pub(super) fn join(&mut self, other: State) -> bool {
        if other.ended {
            return false;
        }
        if self.ended {
            *self = other;
            return true;
        }
        let before = self.clone();
        for (id, known) in &mut self.values {
            match other.values.get(id) {
                Some(of_other) if of_other == known => {}
                Some(_) => *known = Known::Maybe,
                // Declared on this way only.
                None => {}
            }
        }
        for (id, known) in other.values {
            self.values.entry(id).or_insert(known);
        }
        let of_other = other.invalid.iter().chain(&other.maybe_invalid);
        self.maybe_invalid.extend(of_other.cloned());
        self.maybe_invalid.extend(self.invalid.iter().cloned());
        self.invalid.retain(|place| other.invalid.contains(place));
        let invalid = &self.invalid;
        self.maybe_invalid.retain(|place| !invalid.contains(place));
        *self != before
    }

    /// All headers in a place may be valid from here on.
    pub(super) fn make_valid(&mut self, place: &Storage) {
        self.invalid.retain(|header| !header.is_in(place));
        self.maybe_invalid.retain(|header| !header.is_in(place));
    }

    /// All headers in a place are invalid.
    pub(super) fn make_all_invalid(&mut self, typed: &Typed<'_>, place: Storage, ty: &Type) {
        match ty {
            Type::Header(..) => {
                self.invalid.insert(place);
            }
            // All elements of a stack count as one.
            Type::Stack(element, _) if matches!(**element, Type::Header(..)) => {
                self.invalid.insert(place);
            }
            Type::Struct(..) | Type::Union(..) => {
                for (name, field) in typed.fields(ty).unwrap_or_default() {
                    self.make_all_invalid(typed, place.clone().field(&name), &field);
                }
            }
            _ => {}
        }
    }
}

/// Whether a type has no headers in it.
pub(super) fn is_value(typed: &Typed<'_>, ty: &Type) -> bool {
    match ty {
        Type::Bool
        | Type::Bit(_)
        | Type::Int(_)
        | Type::Varbit(_)
        | Type::Enum(_)
        | Type::Error
        | Type::NewType(_) => true,
        Type::Struct(..) | Type::Tuple(_) => {
            let fields = typed.fields(ty).unwrap_or_default();
            !fields.is_empty() && fields.iter().all(|(_, field)| is_value(typed, field))
        }
        _ => false,
    }
}
