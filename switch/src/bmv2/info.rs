//! What the control plane is told about a program: ids and aliases from P4Info where it is given, else from the document.

use super::program::{InitialRule, KeyPart, Program, TableProgram};
use dpr_p4runtime::config::{MatchField, P4Info, Preamble, action_ref};
use dpr_p4runtime::schema;
use dpr_runtime::{
    ActionSchema, ActionScope, CounterSchema, CounterUnit, DefaultAction, DigestSchema, FieldMatch,
    FieldSchema, InitialEntry, Integer, List, MatchKind, MatchValue, MeterSchema, ParamSchema,
    ProfileSchema, ProgramInfo, RegisterSchema, TableActionSchema, TableSchema, ValueSetSchema,
};
use prost::Message;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The high byte of an id, by what has it: P4Runtime specification, "ID allocation for P4Info objects".
mod prefix {
    pub const ACTION: u32 = 0x0100_0000;
    pub const TABLE: u32 = 0x0200_0000;
    pub const VALUE_SET: u32 = 0x0300_0000;
    pub const PROFILE: u32 = 0x1100_0000;
    pub const COUNTER: u32 = 0x1200_0000;
    pub const DIRECT_COUNTER: u32 = 0x1300_0000;
    pub const METER: u32 = 0x1400_0000;
    pub const DIRECT_METER: u32 = 0x1500_0000;
    pub const REGISTER: u32 = 0x1600_0000;
    pub const DIGEST: u32 = 0x1700_0000;
    /// Of what only the document has: no control plane sees it.
    pub const HIDDEN: u32 = 0xf000_0000;
}

/// A program's description, and the schema of each of its tables, also of those that are hidden.
pub struct Described {
    pub info: ProgramInfo,
    pub tables: Vec<TableSchema>,
}

/// Names of one kind with their ids.
struct Ids<'p> {
    known: BTreeMap<&'p str, (u32, &'p str)>,
    given: bool,
    prefix: u32,
}

impl<'p> Ids<'p> {
    fn new(
        p4info: Option<&'p P4Info>,
        prefix: u32,
        preambles: impl Iterator<Item = &'p Option<Preamble>>,
    ) -> Self {
        let known = preambles.flatten().map(|preamble| {
            let id = (preamble.id, preamble.alias.as_str());
            (preamble.name.as_str(), id)
        });
        Ids {
            known: known.collect(),
            given: p4info.is_some(),
            prefix,
        }
    }

    /// The id and the alias of something; whether it is hidden.
    fn of(&self, name: &str, own: u32) -> (u32, String, bool) {
        match self.known.get(name) {
            Some((id, alias)) => (*id, (*alias).to_owned(), false),
            None => {
                let alias = name.rsplit('.').next().unwrap_or(name).to_owned();
                let prefix = if self.given {
                    prefix::HIDDEN
                } else {
                    self.prefix
                };
                (prefix | ((own & 0x00ff_ffff) + 1), alias, self.given)
            }
        }
    }
}

/// Describes a program.
pub fn describe(program: &Program, p4info: Option<&P4Info>) -> Described {
    let none = P4Info::default();
    let known = p4info.unwrap_or(&none);
    let actions = actions(program, p4info);
    let mut listed: BTreeMap<u32, ActionSchema> = BTreeMap::new();
    for (schema, hidden) in &actions {
        if !hidden {
            listed.entry(schema.id).or_insert_with(|| schema.clone());
        }
    }
    let context = Context {
        program,
        known,
        actions: &actions,
        tables: Ids::new(
            p4info,
            prefix::TABLE,
            known.tables.iter().map(|it| &it.preamble),
        ),
        profiles: Ids::new(
            p4info,
            prefix::PROFILE,
            known.action_profiles.iter().map(|it| &it.preamble),
        ),
    };
    let tables = program.tables.iter().map(|table| context.table(table));
    let (tables, hidden): (Vec<TableSchema>, Vec<bool>) = tables.unzip();
    let shown = tables.iter().zip(&hidden).filter(|(_, hidden)| !**hidden);
    let mut shown: Vec<TableSchema> = shown.map(|(table, _)| table.clone()).collect();
    shown.sort_by_key(|table| table.id);
    let info = ProgramInfo {
        name: Cow::Owned(program.name.clone()),
        p4info: Cow::Owned(p4info.map(Message::encode_to_vec).unwrap_or_default()),
        p4info_text: Cow::Borrowed(""),
        digest: [0; 32],
        tables: Cow::Owned(shown),
        actions: Cow::Owned(listed.into_values().collect()),
        counters: Cow::Owned(counters(program, p4info)),
        registers: Cow::Owned(registers(program, p4info)),
        meters: Cow::Owned(meters(program, p4info)),
        profiles: Cow::Owned(profiles(program, &context)),
        digests: Cow::Owned(digests(program, p4info)),
        value_sets: Cow::Owned(value_sets(program, p4info)),
    };
    Described { info, tables }
}

fn actions(program: &Program, p4info: Option<&P4Info>) -> Vec<(ActionSchema, bool)> {
    let known = p4info.into_iter().flat_map(|info| &info.actions);
    let ids = Ids::new(p4info, prefix::ACTION, known.map(|it| &it.preamble));
    let actions = program.actions.iter().map(|action| {
        let (id, alias, hidden) = ids.of(&action.name, action.id);
        let params = (1..)
            .zip(&action.params)
            .map(|(id, (name, bits))| ParamSchema {
                id,
                name: Cow::Owned(name.clone()),
                bits: *bits,
            });
        let schema = ActionSchema {
            id,
            name: Cow::Owned(action.name.clone()),
            alias: Cow::Owned(alias),
            params: Cow::Owned(params.collect()),
        };
        (schema, hidden)
    });
    actions.collect()
}

struct Context<'c> {
    program: &'c Program,
    known: &'c P4Info,
    actions: &'c [(ActionSchema, bool)],
    tables: Ids<'c>,
    profiles: Ids<'c>,
}

impl Context<'_> {
    fn table(&self, table: &TableProgram) -> (TableSchema, bool) {
        let (id, alias, hidden) = self.tables.of(&table.name, table.id);
        let mut known = self.known.tables.iter();
        let known = known.find(|it| it.preamble.as_ref().is_some_and(|it| it.id == id));
        let fields = table.key.iter().enumerate();
        let fields = fields.map(|(position, part)| {
            let known = known.and_then(|known| known.match_fields.get(position));
            field(position, part, known)
        });
        let fields: Vec<FieldSchema> = fields.collect();
        let nothing = ActionSchema {
            id: 0,
            name: Cow::Borrowed(""),
            alias: Cow::Borrowed(""),
            params: Cow::Borrowed(&[]),
        };
        let scope = |id: u32| {
            let refs = known
                .map(|known| known.action_refs.as_slice())
                .unwrap_or_default();
            match refs.iter().find(|it| it.id == id).map(|it| it.scope()) {
                Some(action_ref::Scope::TableOnly) => ActionScope::TableOnly,
                Some(action_ref::Scope::DefaultOnly) => ActionScope::DefaultOnly,
                _ => ActionScope::Any,
            }
        };
        let own = table
            .actions
            .iter()
            .filter_map(|position| self.actions.get(*position));
        let mut actions: Vec<TableActionSchema> = own
            .map(|(action, _)| TableActionSchema {
                scope: scope(action.id),
                action: Cow::Owned(action.clone()),
            })
            .collect();
        // What a table without default action does on a miss.
        let (default, arguments) = match &table.default {
            Some((position, arguments)) => (*position, arguments.clone()),
            None => {
                let named = |entry: &TableActionSchema| {
                    entry.action.params.is_empty() && entry.action.name == "NoAction"
                };
                let position = actions.iter().position(named).unwrap_or_else(|| {
                    actions.push(TableActionSchema {
                        action: Cow::Owned(nothing),
                        scope: ActionScope::DefaultOnly,
                    });
                    actions.len() - 1
                });
                (position, Vec::new())
            }
        };
        // The document does not say whether its entries are constant; a P4Info does.
        let const_entries = known.map_or(table.const_entries, |known| known.is_const_table);
        // BMv2's priorities, of which the smallest wins, are what is left of this number. Compilers that do not think of a control
        // plane's entries count from 1.
        let most = table.entries.iter().map(|entry| entry.priority).max();
        let pivot = match most.unwrap_or(0) {
            most if most > i64::from(i32::MAX / 2) => i64::from(i32::MAX),
            most => most + 1,
        };
        let entries = table
            .entries
            .iter()
            .map(|entry| initial(entry, &fields, pivot));
        let direct = |kind: u32| {
            let ids = known.map(|known| known.direct_resource_ids.as_slice());
            let mut ids = ids.unwrap_or_default().iter().copied();
            ids.find(|id| id & 0xff00_0000 == kind)
                .unwrap_or(kind | id & 0x00ff_ffff)
        };
        let implementation = table.profile.as_ref().map(|name| self.profile(name).0);
        let schema = TableSchema {
            id,
            name: Cow::Owned(table.name.clone()),
            alias: Cow::Owned(alias),
            size: table.size,
            entries: Cow::Owned(entries.collect()),
            fields: Cow::Owned(fields),
            actions: Cow::Owned(actions),
            default_action: DefaultAction {
                action: default,
                arguments: Cow::Owned(arguments),
            },
            const_default: table.const_default,
            const_entries,
            direct_counter: table.with_counters.then(|| direct(prefix::DIRECT_COUNTER)),
            direct_meter: table
                .direct_meter
                .as_ref()
                .map(|_| direct(prefix::DIRECT_METER)),
            implementation,
            has_idle_timeout: table.with_timeouts,
        };
        (schema, hidden)
    }

    /// The most that a group of a selector may weigh, which the document does not say.
    fn max_group_size(&self, id: u32) -> u32 {
        let mut known = self.known.action_profiles.iter();
        let known = known.find(|it| it.preamble.as_ref().is_some_and(|it| it.id == id));
        known.map_or(0, |it| u32::try_from(it.max_group_size).unwrap_or(0))
    }

    fn profile(&self, name: &str) -> (u32, String) {
        let found = self
            .program
            .profiles
            .iter()
            .find(|profile| profile.name == name);
        let (id, alias, _) = self
            .profiles
            .of(name, found.map_or(0, |profile| profile.id));
        (id, alias)
    }
}

fn field(position: usize, part: &KeyPart, known: Option<&MatchField>) -> FieldSchema {
    let own = FieldSchema {
        id: position as u32 + 1,
        name: Cow::Owned(part.name.clone()),
        bits: part.bits,
        kind: part.kind,
    };
    let Some(known) = known.map(schema::field) else {
        return own;
    };
    FieldSchema {
        id: known.id,
        name: known.name,
        // The document has no such kind.
        kind: match known.kind {
            MatchKind::Optional => MatchKind::Optional,
            _ => own.kind,
        },
        ..own
    }
}

/// An entry whose fields that match anything are absent. In the document the smaller priority wins, here the larger one.
fn initial(entry: &InitialRule, fields: &[FieldSchema], pivot: i64) -> InitialEntry {
    let matches = fields
        .iter()
        .zip(&entry.matches)
        .filter_map(|(field, (first, second))| {
            let (first, second) = (first.clone(), second.clone());
            let kind = match field.kind {
                MatchKind::Exact => MatchValue::Exact(first),
                MatchKind::Range if first.is_zero() && second == Integer::ones(field.bits) => {
                    return None;
                }
                MatchKind::Range => MatchValue::Range {
                    low: first,
                    high: second,
                },
                _ if second.is_zero() => return None,
                MatchKind::Lpm => MatchValue::Lpm {
                    value: first,
                    prefix: second.count_ones(),
                },
                MatchKind::Optional => MatchValue::Optional(first),
                MatchKind::Ternary => MatchValue::Ternary {
                    value: first,
                    mask: second,
                },
            };
            let field = field.id;
            Some(FieldMatch { field, kind })
        });
    let prioritized = fields.iter().any(|field| {
        matches!(
            field.kind,
            MatchKind::Ternary | MatchKind::Range | MatchKind::Optional
        )
    });
    let priority = (pivot - entry.priority).clamp(1, i64::from(i32::MAX)) as i32;
    InitialEntry {
        matches: Cow::Owned(matches.collect()),
        priority: if prioritized { priority } else { 0 },
        action: entry.action,
        arguments: Cow::Owned(entry.arguments.clone()),
    }
}

fn by_id<T: Clone>(mut things: Vec<(u32, T, bool)>) -> Vec<T> {
    things.sort_by_key(|(id, _, _)| *id);
    let shown = things.into_iter().filter(|(_, _, hidden)| !hidden);
    shown.map(|(_, thing, _)| thing).collect()
}

fn counters(program: &Program, p4info: Option<&P4Info>) -> Vec<CounterSchema> {
    let known = p4info.into_iter().flat_map(|info| &info.counters);
    let ids = Ids::new(p4info, prefix::COUNTER, known.map(|it| &it.preamble));
    let counters = program.counters.iter().map(|counter| {
        let (id, alias, hidden) = ids.of(&counter.name, counter.id);
        let schema = CounterSchema {
            id,
            name: Cow::Owned(counter.name.clone()),
            alias: Cow::Owned(alias),
            size: counter.size,
            unit: CounterUnit::Both,
        };
        (id, schema, hidden)
    });
    by_id(counters.collect())
}

fn registers(program: &Program, p4info: Option<&P4Info>) -> Vec<RegisterSchema> {
    let known = p4info.into_iter().flat_map(|info| &info.registers);
    let ids = Ids::new(p4info, prefix::REGISTER, known.map(|it| &it.preamble));
    let registers = program.registers.iter().map(|register| {
        let (id, alias, hidden) = ids.of(&register.name, register.id);
        let schema = RegisterSchema {
            id,
            name: Cow::Owned(register.name.clone()),
            alias: Cow::Owned(alias),
            size: register.size,
            bits: register.bits,
        };
        (id, schema, hidden)
    });
    by_id(registers.collect())
}

fn meters(program: &Program, p4info: Option<&P4Info>) -> Vec<MeterSchema> {
    let known = p4info.into_iter().flat_map(|info| &info.meters);
    let ids = Ids::new(p4info, prefix::METER, known.map(|it| &it.preamble));
    let indirect = program.meters.iter().filter(|meter| meter.direct.is_none());
    let meters = indirect.map(|meter| {
        let (id, alias, hidden) = ids.of(&meter.name, meter.id);
        let schema = MeterSchema {
            id,
            name: Cow::Owned(meter.name.clone()),
            alias: Cow::Owned(alias),
            size: meter.size,
            unit: unit(meter.bytes),
        };
        (id, schema, hidden)
    });
    by_id(meters.collect())
}

/// What a meter measures.
pub fn unit(bytes: bool) -> CounterUnit {
    if bytes {
        CounterUnit::Bytes
    } else {
        CounterUnit::Packets
    }
}

fn profiles(program: &Program, context: &Context<'_>) -> Vec<ProfileSchema> {
    let profiles = program.profiles.iter().map(|profile| {
        let (id, alias) = context.profile(&profile.name);
        let schema = ProfileSchema {
            id,
            name: Cow::Owned(profile.name.clone()),
            alias: Cow::Owned(alias),
            size: profile.size,
            has_groups: profile.selector.is_some(),
            max_group_size: context.max_group_size(id),
        };
        (id, schema, false)
    });
    by_id(profiles.collect())
}

/// The digests of a program, by id.
fn digests(program: &Program, p4info: Option<&P4Info>) -> Vec<DigestSchema> {
    let digests = program.learn_lists.iter().map(|(own, list)| {
        let (id, alias, hidden) = digest_id(program, p4info, *own);
        let told = told_fields(p4info, &list.name);
        let fields = (1..).zip(&list.fields).zip(0..);
        let fields = fields.map(|((id, field), position): (_, usize)| ParamSchema {
            id,
            name: match told.get(position) {
                Some(told_field) if told.len() == list.fields.len() => told_field.name.clone(),
                _ => Cow::Owned(format!("field_{id}")),
            },
            bits: field.bits,
        });
        let schema = DigestSchema {
            id,
            name: Cow::Owned(list.name.clone()),
            alias: Cow::Owned(alias),
            fields: Cow::Owned(fields.collect()),
        };
        (id, schema, hidden)
    });
    by_id(digests.collect())
}

/// What P4Info says that a digest sends; the document does not name it.
fn told_fields(p4info: Option<&P4Info>, digest: &str) -> List<ParamSchema> {
    let told = p4info.and_then(|info| {
        let named =
            |preamble: &Option<Preamble>| preamble.as_ref().is_some_and(|it| it.name == digest);
        let digest = info.digests.iter().find(|it| named(&it.preamble))?;
        Some(schema::digest(digest, info).fields)
    });
    told.unwrap_or_default()
}

/// The id of a learn list's digest.
pub fn digest_id(program: &Program, p4info: Option<&P4Info>, list: u16) -> (u32, String, bool) {
    let known = p4info.into_iter().flat_map(|info| &info.digests);
    let ids = Ids::new(p4info, prefix::DIGEST, known.map(|it| &it.preamble));
    let name = program.learn_lists.get(&list).map_or("", |list| &list.name);
    ids.of(name, list.into())
}

fn value_sets(program: &Program, p4info: Option<&P4Info>) -> Vec<ValueSetSchema> {
    let known: &[_] = p4info
        .map(|info| info.value_sets.as_slice())
        .unwrap_or_default();
    let ids = Ids::new(
        p4info,
        prefix::VALUE_SET,
        known.iter().map(|it| &it.preamble),
    );
    let sets = program.value_sets.iter().map(|set| {
        let (id, alias, hidden) = ids.of(&set.name, set.id);
        let found = known
            .iter()
            .find(|it| it.preamble.as_ref().is_some_and(|it| it.id == id));
        let fields: Vec<FieldSchema> = match found {
            Some(found) => found
                .r#match
                .iter()
                .map(|known| {
                    let field = schema::field(known);
                    FieldSchema {
                        bits: field.bits.min(128),
                        ..field
                    }
                })
                .collect(),
            None => vec![FieldSchema {
                id: 1,
                name: Cow::Owned(set.name.clone()),
                bits: set.bits.min(128),
                kind: MatchKind::Exact,
            }],
        };
        let size = found.map_or(1024, |found| u64::try_from(found.size).unwrap_or(0));
        let schema = ValueSetSchema {
            id,
            name: Cow::Owned(set.name.clone()),
            alias: Cow::Owned(alias),
            size: if size == 0 { 1024 } else { size },
            fields: Cow::Owned(fields),
        };
        (id, schema, hidden)
    });
    by_id(sets.collect())
}
