//! What a configuration that is saved and not committed has in its tables and other objects: nothing that packets see, and what was
//! written to them, in order, to write it again at the commit.

use crate::bmv2::table::{AnyTable, table};
use dpr_runtime::replication::Replication;
use dpr_runtime::{
    ActionProfile, Counters, Entity, Ingress, Meters, Packet, Pipeline, ProgramInfo, Query,
    Registers, Update, ValueSet, Verdict, Worker, WriteError,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program's objects as new, kept beside the pipeline.
pub struct Saved {
    program: ProgramInfo,
    tables: BTreeMap<u32, Box<dyn AnyTable>>,
    profiles: BTreeMap<u32, Arc<ActionProfile>>,
    counters: BTreeMap<u32, Counters>,
    registers: BTreeMap<u32, Registers>,
    meters: BTreeMap<u32, Meters>,
    value_sets: BTreeMap<u32, ValueSet>,
    replication: Replication,
    journal: Mutex<Vec<Update>>,
}

impl Saved {
    /// The program's objects with its initial entries.
    pub fn new(program: &ProgramInfo) -> Self {
        let profiles = program.profiles.iter().filter_map(|schema| {
            let table = program.table_of_profile(schema.id)?;
            let profile = ActionProfile::owned(schema.clone(), table.clone());
            Some((schema.id, Arc::new(profile)))
        });
        let profiles: BTreeMap<u32, Arc<ActionProfile>> = profiles.collect();
        let tables = program.tables.iter().filter_map(|schema| {
            let profile = schema.implementation.and_then(|id| profiles.get(&id));
            Some((schema.id, table(schema.clone(), profile)?))
        });
        let counters = program.counters.iter();
        let registers = program.registers.iter();
        let meters = program.meters.iter();
        let value_sets = program.value_sets.iter();
        Saved {
            tables: tables.collect(),
            counters: counters.map(|it| (it.id, Counters::new(it.size))).collect(),
            registers: registers
                .map(|it| (it.id, Registers::new(it.size, it.bits)))
                .collect(),
            meters: meters
                .map(|it| (it.id, Meters::new(it.size, it.unit)))
                .collect(),
            value_sets: value_sets
                .map(|it| (it.id, ValueSet::owned(it.clone())))
                .collect(),
            replication: Replication::new(),
            journal: Mutex::default(),
            program: program.clone(),
            profiles,
        }
    }

    /// What was written, in order.
    pub fn into_journal(self) -> Vec<Update> {
        let journal = self.journal.into_inner();
        journal.unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Vec<Update>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A table of the program.
    fn table(&self, id: u32) -> Result<&dyn AnyTable, WriteError> {
        match self.tables.get(&id) {
            Some(table) => Ok(table.as_ref()),
            None if self.program.table(id).is_some() => Err(WriteError::Unimplemented {
                what: "a table this wide in a configuration that is not committed",
            }),
            None => Err(WriteError::UnknownId { kind: "table", id }),
        }
    }
}

fn find<'t, T>(
    things: &'t BTreeMap<u32, T>,
    kind: &'static str,
    id: u32,
) -> Result<&'t T, WriteError> {
    things.get(&id).ok_or(WriteError::UnknownId { kind, id })
}

impl Pipeline for Saved {
    fn program(&self) -> &ProgramInfo {
        &self.program
    }

    fn process(&self, _: &mut Worker, _: Ingress, _: &mut Packet) -> Verdict {
        Verdict::Drop
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        let mut journal = self.journal();
        let operation = update.operation;
        match &update.entity {
            Entity::Table(entry) => self.table(entry.table)?.write(operation, entry)?,
            Entity::DirectMeter { entry, config } => {
                let table = self.table(entry.table)?;
                table.configure(operation, entry, *config)?;
            }
            Entity::Counter {
                counter,
                index,
                value,
            } => find(&self.counters, "counter", *counter)?.modify(operation, *index, *value)?,
            Entity::Register {
                register,
                index,
                value,
            } => find(&self.registers, "register", *register)?.modify(operation, *index, value)?,
            Entity::Meter {
                meter,
                index,
                config,
            } => find(&self.meters, "meter", *meter)?.modify(operation, *index, *config)?,
            Entity::Member { profile, .. } | Entity::Group { profile, .. } => {
                let profile = find(&self.profiles, "action profile", *profile)?;
                profile.write(operation, &update.entity)?;
            }
            Entity::ValueSet { id, members } => {
                find(&self.value_sets, "value set", *id)?.modify(operation, members)?;
            }
            Entity::MulticastGroup { .. } | Entity::CloneSession { .. } | Entity::Digest { .. } => {
                self.replication.write(operation, &update.entity)?;
            }
        }
        journal.push(update.clone());
        Ok(())
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        let _turn = self.journal();
        self.tables.values().for_each(|it| it.answer(query, visit));
        (self.counters.iter()).for_each(|(id, it)| it.answer(*id, query, visit));
        (self.registers.iter()).for_each(|(id, it)| it.answer(*id, query, visit));
        (self.meters.iter()).for_each(|(id, it)| it.answer(*id, query, visit));
        (self.profiles.values()).for_each(|it| it.answer(query, visit));
        (self.value_sets.values()).for_each(|it| it.answer(query, visit));
        self.replication.answer(query, visit);
    }

    fn age(&self, now_ns: u64, idle: &mut dyn FnMut(dpr_runtime::TableEntry)) {
        (self.tables.values()).for_each(|table| table.age(now_ns, idle));
    }

    fn clear(&self) {
        self.tables.values().for_each(|it| it.clear());
        self.profiles.values().for_each(|it| it.clear());
        self.counters.values().for_each(Counters::clear);
        self.registers.values().for_each(Registers::clear);
        self.meters.values().for_each(Meters::clear);
        self.value_sets.values().for_each(ValueSet::clear);
        self.replication.clear();
        self.journal().clear();
    }
}
