//! Ids and aliases of everything that a control plane sees, as the reference compiler gives them.
//!
//! An id is the kind's prefix in the upper eight bits and, below, 24 bits of a hash of the fully qualified name. Where two
//! names of a kind collide, the one that sorts later takes the next free number. An alias is the shortest suffix of the
//! name, in whole components, that no other name shares.

use crate::diagnostic::{Code, Diagnostics};
use crate::ir::{ControlName, HeaderTypeId, Program};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// An `@id` that cannot be given.
pub const BAD_ID: Code = Code("E0750");

/// Kinds of object, by the prefix of their ids (`P4Ids.Prefix` of P4Info).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An action.
    Action = 0x01,
    /// A table.
    Table = 0x02,
    /// A parser value set.
    ValueSet = 0x03,
    /// A header between controller and switch.
    ControllerHeader = 0x04,
    /// An action profile or selector.
    ActionProfile = 0x11,
    /// An indirect counter.
    Counter = 0x12,
    /// A direct counter.
    DirectCounter = 0x13,
    /// An indirect meter.
    Meter = 0x14,
    /// A direct meter.
    DirectMeter = 0x15,
    /// A register.
    Register = 0x16,
    /// A digest.
    Digest = 0x17,
}

/// What one object is called by a control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    /// P4Info id; 0 for a hidden object.
    pub id: u32,
    /// Fully qualified name.
    pub name: String,
    /// Shortest unique suffix of the name.
    pub alias: String,
}

/// Symbols of a program, each vector parallel to the program's own.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// Of [`Program::tables`].
    pub tables: Vec<Symbol>,
    /// Of [`Program::actions`].
    pub actions: Vec<Symbol>,
    /// Of [`Program::counters`].
    pub counters: Vec<Symbol>,
    /// Of [`Program::meters`].
    pub meters: Vec<Symbol>,
    /// Of [`Program::registers`].
    pub registers: Vec<Symbol>,
    /// Of [`Program::action_profiles`].
    pub action_profiles: Vec<Symbol>,
    /// Of [`Program::digests`].
    pub digests: Vec<Symbol>,
    /// Of [`Program::value_sets`].
    pub value_sets: Vec<Symbol>,
    /// Header types with `@controller_header`. Their ids hash the type's name; their names are the annotation's.
    pub controller_headers: Vec<(HeaderTypeId, Symbol)>,
}

impl Symbols {
    /// Names everything in `program`.
    ///
    /// # Errors
    /// An `@id` of another kind's prefix, or one that is used twice.
    pub fn assign(program: &Program) -> Result<Symbols, Diagnostics> {
        let mut assigner = Assigner::default();
        for action in &program.actions {
            assigner.add(Kind::Action, &action.control, action.span);
        }
        for table in &program.tables {
            assigner.add(Kind::Table, &table.control, table.span);
        }
        for counter in &program.counters {
            assigner.add(counter_kind(counter.size), &counter.control, counter.span);
        }
        for meter in &program.meters {
            assigner.add(meter_kind(meter.size), &meter.control, meter.span);
        }
        for register in &program.registers {
            assigner.add(Kind::Register, &register.control, register.span);
        }
        for profile in &program.action_profiles {
            assigner.add(Kind::ActionProfile, &profile.control, profile.span);
        }
        for digest in &program.digests {
            assigner.add(Kind::Digest, &digest.control, digest.span);
        }
        for value_set in &program.value_sets {
            assigner.add(Kind::ValueSet, &value_set.control, value_set.span);
        }
        let controller_headers = controller_headers(program);
        for (_, control, span, _) in &controller_headers {
            assigner.add(Kind::ControllerHeader, control, *span);
        }
        let names = assigner.finish()?;
        let of = |kind, control: &ControlName| names.symbol(kind, control);
        Ok(Symbols {
            tables: (program.tables.iter())
                .map(|table| of(Kind::Table, &table.control))
                .collect(),
            actions: (program.actions.iter())
                .map(|action| of(Kind::Action, &action.control))
                .collect(),
            counters: (program.counters.iter())
                .map(|counter| of(counter_kind(counter.size), &counter.control))
                .collect(),
            meters: (program.meters.iter())
                .map(|meter| of(meter_kind(meter.size), &meter.control))
                .collect(),
            registers: (program.registers.iter())
                .map(|register| of(Kind::Register, &register.control))
                .collect(),
            action_profiles: (program.action_profiles.iter())
                .map(|profile| of(Kind::ActionProfile, &profile.control))
                .collect(),
            digests: (program.digests.iter())
                .map(|digest| of(Kind::Digest, &digest.control))
                .collect(),
            value_sets: (program.value_sets.iter())
                .map(|value_set| of(Kind::ValueSet, &value_set.control))
                .collect(),
            controller_headers: (controller_headers.iter())
                .map(|(header_type, control, _, shown)| {
                    let symbol = of(Kind::ControllerHeader, control);
                    let name = shown.clone();
                    (
                        *header_type,
                        Symbol {
                            alias: name.clone(),
                            name,
                            ..symbol
                        },
                    )
                })
                .collect(),
        })
    }
}

fn counter_kind(size: Option<u64>) -> Kind {
    size.map_or(Kind::DirectCounter, |_| Kind::Counter)
}

fn meter_kind(size: Option<u64>) -> Kind {
    size.map_or(Kind::DirectMeter, |_| Kind::Meter)
}

/// Header types that carry metadata between controller and switch, and the name that they go by.
fn controller_headers(program: &Program) -> Vec<(HeaderTypeId, ControlName, Span, String)> {
    let mut found = Vec::new();
    for (index, header_type) in program.header_types.iter().enumerate() {
        let annotation = (header_type.annotations.iter())
            .find(|annotation| annotation.name == "controller_header");
        if let Some(name) = annotation.and_then(super::first_string) {
            let control = ControlName {
                name: header_type.name.clone(),
                ..ControlName::default()
            };
            found.push((
                HeaderTypeId(index as u32),
                control,
                header_type.span,
                name.to_owned(),
            ));
        }
    }
    found
}

/// The reference compiler's hash of a name (Jenkins' one-at-a-time).
pub fn hash_of_name(name: &str) -> u32 {
    let mut hash = 0u32;
    for byte in name.bytes() {
        hash = hash.wrapping_add(byte.into());
        hash = hash.wrapping_add(hash << 10);
        hash ^= hash >> 6;
    }
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}

const HASH_BITS: u32 = 24;
const HASH_MASK: u32 = (1 << HASH_BITS) - 1;

#[derive(Default)]
struct Assigner {
    taken: BTreeSet<u32>,
    given: BTreeMap<(Kind, String), u32>,
    wanted: BTreeSet<(Kind, String)>,
    diagnostics: Diagnostics,
}

impl Assigner {
    fn add(&mut self, kind: Kind, control: &ControlName, span: Span) {
        let key = (kind, control.name.clone());
        if control.hidden || self.given.contains_key(&key) {
            return;
        }
        let Some(given) = control.id else {
            self.wanted.insert(key);
            return;
        };
        let prefix = given >> HASH_BITS;
        let id = ((kind as u32) << HASH_BITS) | (given & HASH_MASK);
        if prefix != 0 && prefix != kind as u32 {
            let message = format!("@id of `{}` has prefix {prefix:#04x}", control.name);
            self.diagnostics.error(BAD_ID, span, message).hint = Some(format!(
                "ids of this kind have prefix {:#04x}, or none",
                kind as u32
            ));
        } else if !self.taken.insert(id) {
            let message = format!("@id of `{}` is used twice", control.name);
            self.diagnostics.error(BAD_ID, span, message);
        } else {
            self.wanted.remove(&key);
            self.given.insert(key, id);
        }
    }

    fn finish(mut self) -> Result<Names, Diagnostics> {
        if self.diagnostics.has_errors() {
            return Err(self.diagnostics);
        }
        for (kind, name) in self.wanted {
            let mut hash = hash_of_name(&name);
            let id = loop {
                let id = ((kind as u32) << HASH_BITS) | (hash & HASH_MASK);
                if self.taken.insert(id) {
                    break id;
                }
                hash = hash.wrapping_add(1);
            };
            self.given.insert((kind, name), id);
        }
        let mut suffixes: BTreeMap<String, u32> = BTreeMap::new();
        let names: BTreeSet<&String> = self.given.keys().map(|(_, name)| name).collect();
        for name in names {
            for suffix in suffixes_of(name) {
                *suffixes.entry(suffix.to_owned()).or_default() += 1;
            }
        }
        Ok(Names {
            ids: self.given,
            suffixes,
        })
    }
}

/// All suffixes of a name in whole components, the shortest first.
fn suffixes_of(name: &str) -> impl Iterator<Item = &str> {
    name.rmatch_indices('.')
        .map(|(at, _)| &name[at + 1..])
        .chain(std::iter::once(name))
}

struct Names {
    ids: BTreeMap<(Kind, String), u32>,
    /// How many names end in each suffix.
    suffixes: BTreeMap<String, u32>,
}

impl Names {
    fn symbol(&self, kind: Kind, control: &ControlName) -> Symbol {
        let name = &control.name;
        let alias = suffixes_of(name)
            .find(|&suffix| self.suffixes.get(suffix).is_none_or(|&count| count < 2))
            .unwrap_or(name);
        Symbol {
            id: (self.ids.get(&(kind, name.clone()))).copied().unwrap_or(0),
            name: name.clone(),
            alias: alias.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Action;
    use crate::source::{NoFiles, SourceMap};

    fn span() -> Span {
        Span::new(SourceMap::new(NoFiles).add("a.p4", ""), 0..0)
    }

    fn action(name: &str, id: Option<u32>) -> Action {
        let control = ControlName {
            name: name.to_owned(),
            id,
            ..ControlName::default()
        };
        Action {
            control,
            parameters: Vec::new(),
            body: Vec::new(),
            span: span(),
        }
    }

    fn with_actions(actions: Vec<Action>) -> Program {
        Program {
            actions,
            ..Program::default()
        }
    }

    /// The id of `NoAction` is known to everyone who has read a P4Info file.
    #[test]
    fn ids_are_those_of_the_reference_compiler() {
        let symbols = Symbols::assign(&with_actions(vec![action("NoAction", None)])).unwrap();
        assert_eq!(symbols.actions[0].id, 21257015);
    }

    #[test]
    fn aliases_are_the_shortest_unique_suffixes() {
        let program = with_actions(vec![
            action("a.x.drop", None),
            action("b.x.drop", None),
            action("b.send", None),
        ]);
        let symbols = Symbols::assign(&program).unwrap();
        let aliases: Vec<&str> = symbols
            .actions
            .iter()
            .map(|symbol| symbol.alias.as_str())
            .collect();
        assert_eq!(aliases, ["a.x.drop", "b.x.drop", "send"]);
    }

    #[test]
    fn a_collision_takes_the_next_number() {
        let free = hash_of_name("later") & HASH_MASK;
        let program = with_actions(vec![action("first", Some(free)), action("later", None)]);
        let symbols = Symbols::assign(&program).unwrap();
        assert_eq!(symbols.actions[0].id, 0x0100_0000 | free);
        assert_eq!(
            symbols.actions[1].id,
            0x0100_0000 | ((free + 1) & HASH_MASK)
        );
    }

    #[test]
    fn a_foreign_prefix_is_refused() {
        let diagnostics =
            Symbols::assign(&with_actions(vec![action("a", Some(0x0200_0001))])).unwrap_err();
        assert_eq!(diagnostics.iter().next().unwrap().code, BAD_ID);
    }

    #[test]
    fn hidden_objects_take_no_part() {
        let mut hidden = action("b.drop", None);
        hidden.control.hidden = true;
        let symbols = Symbols::assign(&with_actions(vec![action("a.drop", None), hidden])).unwrap();
        assert_eq!(symbols.actions[0].alias, "drop");
        assert_eq!(symbols.actions[1].id, 0);
    }
}
