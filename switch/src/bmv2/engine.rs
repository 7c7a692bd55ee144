//! The engine: a program with its tables, as a pipeline.

use super::agreement;
use super::error::LoadError;
use super::error::Reason;
use super::info::{Described, describe, digest_id, unit};
use super::layout::FieldRef;
use super::program::{self, NextNode, Program};
use super::state::{Scratch, State};
use super::table::{self, AnyTable};
use dpr_p4runtime::config::P4Info;
use dpr_runtime::replication::Replication;
use dpr_runtime::{
    ActionProfile, Counters, Entity, Ingress, Meters, Operation, Packet, Pipeline, Place,
    ProgramInfo, Query, Registers, TableEntry, TableSchema, Update, Verdict, Worker, WriteError,
    key_places,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A program of BMv2's JSON, ready to run.
pub struct Engine {
    pub(super) program: Program,
    info: ProgramInfo,
    pub(super) tables: Vec<RunTable>,
    pub(super) registers: Vec<Registers>,
    pub(super) counters: Vec<Counters>,
    pub(super) meters: Vec<Meters>,
    /// By position; none where no table uses it.
    profiles: Vec<Option<Arc<ActionProfile>>>,
    pub(super) replication: Replication,
    /// Digest ids by learn list.
    pub(super) digests: BTreeMap<u16, u32>,
    ids: Ids,
}

/// A table that runs.
pub(super) struct RunTable {
    pub any: Box<dyn AnyTable>,
    /// Where the parts of the key lie, in the order of the program's.
    pub key: Box<[Place]>,
    pub id: u32,
    pub counted: bool,
    /// What else there is to do when an entry is hit.
    pub extras: Option<Box<Extras>>,
}

/// What few tables do when an entry is hit.
pub(super) struct Extras {
    /// Its action profile's position, if it has one.
    pub profile: Option<usize>,
    pub meter: Option<DirectMeter>,
    /// Whether entries can be idle.
    pub ages: bool,
}

/// The direct meter of a table.
#[derive(Clone, Copy)]
pub(super) struct DirectMeter {
    /// Where the colour goes.
    pub target: FieldRef,
    /// Whether it measures bytes; else packets.
    pub bytes: bool,
}

/// Positions by P4Info id.
#[derive(Default)]
struct Ids {
    tables: BTreeMap<u32, usize>,
    registers: BTreeMap<u32, usize>,
    counters: BTreeMap<u32, usize>,
    meters: BTreeMap<u32, usize>,
    profiles: BTreeMap<u32, usize>,
    value_sets: BTreeMap<u32, usize>,
}

/// Loads engines for a P4Runtime server: the device config is the JSON itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonLoader;

impl crate::Loader for JsonLoader {
    fn load(&self, device_config: &[u8], p4info: &P4Info) -> Result<Arc<dyn Pipeline>, String> {
        match Engine::load(device_config, Some(p4info)) {
            Ok(engine) => Ok(Arc::new(engine)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What a thread keeps between packets.
#[derive(Default)]
pub(super) struct Thread {
    pub state: State,
    pub scratch: Scratch,
}

thread_local! {
    static THREAD: Cell<Option<Box<Thread>>> = const { Cell::new(None) };
}

impl Engine {
    /// Reads a program. Ids are those of the P4Info, if it is given; tables and other things that it does not have are hidden
    /// from the control plane.
    ///
    /// # Errors
    /// The document is not a program, uses what this engine does not do, or the P4Info is of another one; the error says where.
    pub fn load(json: &[u8], p4info: Option<&P4Info>) -> Result<Engine, LoadError> {
        let program = program::read(json)?;
        if let Some(p4info) = p4info {
            agreement::check(&program, p4info)?;
        }
        let described = describe(&program, p4info);
        let profiles = action_profiles(&program, &described)?;
        let mut tables = Vec::new();
        for (position, schema) in described.tables.into_iter().enumerate() {
            let extras = extras(&program, position);
            let profile = extras.as_ref().and_then(|extras| extras.profile);
            let profile = profile.and_then(|position| profiles.get(position)?.as_ref());
            let too_wide = || LoadError {
                path: format!("the table {}", schema.name),
                reason: Reason::OutOfBounds {
                    what: "the width of its key and of its actions' parameters",
                    bounds: "at most 2048 bits",
                },
            };
            let key = key_places(schema.fields.iter().map(|field| field.bits));
            let (id, error) = (schema.id, too_wide());
            let counted = schema.direct_counter.is_some();
            let any = table::table(schema, profile).ok_or(error)?;
            debug_assert_eq!(position, tables.len());
            tables.push(RunTable {
                any,
                key: key.into(),
                id,
                counted,
                extras: extras.map(Box::new),
            });
        }
        let info = described.info;
        let ids = Ids::of(&program, &info, &tables);
        let digests = program.learn_lists.keys();
        let digests = digests.map(|list| (*list, digest_id(&program, p4info, *list).0));
        let registers = program.registers.iter();
        let counters = program.counters.iter();
        let meters = program.meters.iter();
        Ok(Engine {
            info,
            ids,
            tables,
            digests: digests.collect(),
            registers: registers
                .map(|array| Registers::new(array.size, array.bits))
                .collect(),
            counters: counters.map(|array| Counters::new(array.size)).collect(),
            meters: meters
                .map(|array| Meters::new(array.size, unit(array.bytes)))
                .collect(),
            profiles,
            replication: Replication::new(),
            program,
        })
    }

    /// Where control goes after a table.
    #[inline]
    pub(super) fn next(&self, table: usize, hit: bool, action: usize) -> u32 {
        match self.program.tables.get(table).map(|table| &table.next) {
            Some(NextNode::HitMiss(on_hit, on_miss)) => {
                if hit {
                    *on_hit
                } else {
                    *on_miss
                }
            }
            Some(NextNode::ByAction(by_action, other)) => {
                by_action.get(action).copied().unwrap_or(*other)
            }
            None => program::END,
        }
    }
}

/// The action profiles, by position. A profile that no table uses has no actions, hence no members.
fn action_profiles(
    program: &Program,
    described: &Described,
) -> Result<Vec<Option<Arc<ActionProfile>>>, LoadError> {
    let profiles = program.profiles.iter().map(|profile| {
        let mut schemas = described.info.profiles.iter();
        let Some(schema) = schemas.find(|schema| schema.name == profile.name) else {
            return Ok(None);
        };
        let mut tables = described.tables.iter();
        let mut tables = tables
            .by_ref()
            .filter(|table| table.implementation == Some(schema.id));
        let Some(first) = tables.next() else {
            return Ok(None);
        };
        let actions = |table: &TableSchema| -> Vec<u32> {
            table.actions.iter().map(|it| it.action.id).collect()
        };
        if let Some(other) = tables.find(|table| actions(table) != actions(first)) {
            let (what, name) = (
                "sharing an action profile, but not the actions, by",
                &other.name,
            );
            return Err(LoadError {
                path: format!("the table {}", first.name),
                reason: Reason::Unsupported {
                    what,
                    name: name.to_string(),
                },
            });
        }
        let profile = ActionProfile::owned(schema.clone(), first.clone());
        Ok(Some(Arc::new(profile)))
    });
    profiles.collect()
}

/// What there is to do beside counting when an entry of a table is hit.
fn extras(program: &Program, table: usize) -> Option<Extras> {
    let table = program.tables.get(table)?;
    let profile = table.profile.as_ref();
    let profile = profile.and_then(|name| program.profiles.iter().position(|it| it.name == *name));
    let meter = table.direct_meter.as_ref();
    let meter = meter.and_then(|name| program.meters.iter().find(|it| it.name == *name));
    let meter = meter.and_then(|meter| {
        let (_, target) = meter.direct.as_ref()?;
        Some(DirectMeter {
            target: *target,
            bytes: meter.bytes,
        })
    });
    let ages = table.with_timeouts;
    (profile.is_some() || meter.is_some() || ages).then_some(Extras {
        profile,
        meter,
        ages,
    })
}

impl Ids {
    fn of(program: &Program, info: &ProgramInfo, tables: &[RunTable]) -> Self {
        fn by_name<'n>(
            ids: impl Iterator<Item = (u32, &'n str)>,
            names: impl Iterator<Item = &'n str> + Clone,
        ) -> BTreeMap<u32, usize> {
            ids.filter_map(|(id, name)| Some((id, names.clone().position(|other| other == name)?)))
                .collect()
        }
        let shown = tables.iter().enumerate();
        let shown = shown.filter(|(_, table)| info.table(table.id).is_some());
        Ids {
            tables: shown
                .map(|(position, table)| (table.id, position))
                .collect(),
            registers: by_name(
                info.registers.iter().map(|it| (it.id, it.name.as_ref())),
                program.registers.iter().map(|it| it.name.as_str()),
            ),
            counters: by_name(
                info.counters.iter().map(|it| (it.id, it.name.as_ref())),
                program.counters.iter().map(|it| it.name.as_str()),
            ),
            meters: by_name(
                info.meters.iter().map(|it| (it.id, it.name.as_ref())),
                program.meters.iter().map(|it| it.name.as_str()),
            ),
            profiles: by_name(
                info.profiles.iter().map(|it| (it.id, it.name.as_ref())),
                program.profiles.iter().map(|it| it.name.as_str()),
            ),
            value_sets: by_name(
                info.value_sets.iter().map(|it| (it.id, it.name.as_ref())),
                program.value_sets.iter().map(|it| it.name.as_str()),
            ),
        }
    }
}

/// Something of the program by its id.
fn find<'t, T>(
    ids: &BTreeMap<u32, usize>,
    things: &'t [T],
    kind: &'static str,
    id: u32,
) -> Result<&'t T, WriteError> {
    let found = ids.get(&id).and_then(|position| things.get(*position));
    found.ok_or(WriteError::UnknownId { kind, id })
}

impl Pipeline for Engine {
    fn program(&self) -> &ProgramInfo {
        &self.info
    }

    fn process(&self, worker: &mut Worker, ingress: Ingress, packet: &mut Packet) -> Verdict {
        let mut thread = THREAD.take().unwrap_or_default();
        let verdict = self.arrival(worker, &mut thread, ingress, packet);
        THREAD.set(Some(thread));
        verdict
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        let operation = update.operation;
        match &update.entity {
            Entity::Table(entry) => {
                let table = find(&self.ids.tables, &self.tables, "table", entry.table)?;
                table.any.write(operation, entry)
            }
            Entity::DirectMeter { entry, config } => {
                let table = find(&self.ids.tables, &self.tables, "table", entry.table)?;
                table.any.configure(operation, entry, *config)
            }
            Entity::Member { profile: id, .. } | Entity::Group { profile: id, .. } => {
                let kind = "action profile";
                let profile = find(&self.ids.profiles, &self.profiles, kind, *id)?;
                let unknown = WriteError::UnknownId { kind, id: *id };
                let profile = profile.as_ref().ok_or(unknown)?;
                profile.write(operation, &update.entity)
            }
            Entity::Counter {
                counter,
                index,
                value,
            } => find(&self.ids.counters, &self.counters, "counter", *counter)?
                .modify(operation, *index, *value),
            Entity::Register {
                register,
                index,
                value,
            } => find(&self.ids.registers, &self.registers, "register", *register)?
                .modify(operation, *index, value),
            Entity::Meter {
                meter,
                index,
                config,
            } => find(&self.ids.meters, &self.meters, "meter", *meter)?
                .modify(operation, *index, *config),
            Entity::MulticastGroup { .. } | Entity::CloneSession { .. } => {
                self.replication.write(operation, &update.entity)
            }
            Entity::ValueSet { id, members } => {
                let set = find(
                    &self.ids.value_sets,
                    &self.program.value_sets,
                    "value set",
                    *id,
                )?;
                if operation != Operation::Modify {
                    let what = "a parser value set";
                    return Err(dpr_runtime::Invalid::ModifyOnly { what }.into());
                }
                if let Some(schema) = self.info.value_set(*id) {
                    schema.check(members)?;
                }
                set.set(members.clone());
                Ok(())
            }
            Entity::Digest { .. } => Err(WriteError::Unimplemented {
                what: "configuring digests without a P4Runtime server",
            }),
        }
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        for position in self.ids.tables.values() {
            if let Some(table) = self.tables.get(*position) {
                table.any.answer(query, visit);
            }
        }
        for (id, position) in &self.ids.counters {
            if let Some(counters) = self.counters.get(*position) {
                counters.answer(*id, query, visit);
            }
        }
        for (id, position) in &self.ids.registers {
            if let Some(registers) = self.registers.get(*position) {
                registers.answer(*id, query, visit);
            }
        }
        for (id, position) in &self.ids.meters {
            if let Some(meters) = self.meters.get(*position) {
                meters.answer(*id, query, visit);
            }
        }
        for position in self.ids.profiles.values() {
            if let Some(Some(profile)) = self.profiles.get(*position) {
                profile.answer(query, visit);
            }
        }
        if let Query::ValueSets { id: wanted } = query {
            for (id, position) in &self.ids.value_sets {
                let set = self.program.value_sets.get(*position);
                if let Some(set) = set.filter(|_| wanted.is_none_or(|wanted| wanted == *id)) {
                    let members = set.members().as_ref().clone();
                    visit(Entity::ValueSet { id: *id, members });
                }
            }
        }
        self.replication.answer(query, visit);
    }

    fn age(&self, now_ns: u64, idle: &mut dyn FnMut(TableEntry)) {
        for position in self.ids.tables.values() {
            if let Some(table) = self.tables.get(*position) {
                table.any.age(now_ns, idle);
            }
        }
    }

    fn clear(&self) {
        self.tables.iter().for_each(|table| table.any.clear());
        self.profiles.iter().flatten().for_each(|it| it.clear());
        self.counters.iter().for_each(Counters::clear);
        self.registers.iter().for_each(Registers::clear);
        self.meters.iter().for_each(Meters::clear);
        self.replication.clear();
        for set in &self.program.value_sets {
            set.set(Vec::new());
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("program", &self.program.name)
            .finish_non_exhaustive()
    }
}
