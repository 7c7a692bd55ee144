//! The tables behind a configuration that is saved and not committed: nothing that packets see, and what was written to them, in
//! order, to write it again at the commit.

use dpr_runtime::{
    CounterValue, Entity, EntryFilter, FieldMatch, Ingress, Integer, Invalid, Operation, Packet,
    Pipeline, ProgramInfo, Query, TableEntry, Update, Verdict, Worker, WriteError,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Key = (Vec<FieldMatch>, i32);

/// Tables as new, kept beside the pipeline.
#[derive(Debug)]
pub struct Saved {
    program: ProgramInfo,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    entries: BTreeMap<u32, BTreeMap<Key, TableEntry>>,
    defaults: BTreeMap<u32, TableEntry>,
    counters: BTreeMap<(u32, u64), CounterValue>,
    registers: BTreeMap<(u32, u64), Integer>,
    journal: Vec<Update>,
}

impl Saved {
    /// The program's tables with its initial entries.
    pub fn new(program: &ProgramInfo) -> Self {
        let saved = Saved {
            program: program.clone(),
            content: Mutex::default(),
        };
        saved.clear();
        saved
    }

    /// What was written, in order.
    pub fn into_journal(self) -> Vec<Update> {
        let content = self.content.into_inner();
        content.unwrap_or_else(PoisonError::into_inner).journal
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn new(program: &ProgramInfo) -> Self {
        let mut content = Content::default();
        for table in program.tables.iter() {
            let call = |position: usize, arguments: &[Integer]| {
                let action = &table.actions.get(position)?.action;
                let ids = action.params.iter().map(|param| param.id);
                let call = dpr_runtime::ActionCall {
                    action: action.id,
                    arguments: ids.zip(arguments.iter().cloned()).collect(),
                };
                Some(call.into())
            };
            let entries = table.entries.iter().map(|initial| {
                let entry = TableEntry {
                    table: table.id,
                    matches: initial.matches.to_vec(),
                    priority: initial.priority,
                    action: call(initial.action, &initial.arguments),
                    ..TableEntry::default()
                };
                (key(&entry), entry)
            });
            content.entries.insert(table.id, entries.collect());
            let default = TableEntry {
                table: table.id,
                action: call(table.default_action.action, &table.default_action.arguments),
                is_default: true,
                ..TableEntry::default()
            };
            content.defaults.insert(table.id, default);
        }
        content
    }

    fn write_entry(
        &mut self,
        program: &ProgramInfo,
        operation: Operation,
        entry: &TableEntry,
    ) -> Result<(), WriteError> {
        let id = entry.table;
        let table = program
            .table(id)
            .ok_or(WriteError::UnknownId { kind: "table", id })?;
        table.check(operation, entry)?;
        if entry.is_default {
            let original = || Content::new(program).defaults.remove(&id);
            let fresh = if entry.action.is_some() {
                Some(entry.clone())
            } else {
                original()
            };
            self.defaults.extend(fresh.map(|fresh| (id, fresh)));
            return Ok(());
        }
        let entries = self.entries.entry(id).or_default();
        let size = table.size;
        match (operation, entries.contains_key(&key(entry))) {
            (Operation::Insert, true) => return Err(WriteError::AlreadyExists),
            (Operation::Modify | Operation::Delete, false) => return Err(WriteError::NotFound),
            (Operation::Insert, false) if entries.len() as u64 >= size => {
                return Err(WriteError::ResourceExhausted { size });
            }
            (Operation::Insert | Operation::Modify, _) => {
                let counter = table
                    .direct_counter
                    .map(|_| entry.counter.unwrap_or_default());
                let entry = TableEntry {
                    counter,
                    ..entry.clone()
                };
                entries.insert(key(&entry), entry);
            }
            (Operation::Delete, true) => drop(entries.remove(&key(entry))),
        }
        Ok(())
    }

    fn write(&mut self, program: &ProgramInfo, update: &Update) -> Result<(), WriteError> {
        let in_range = |index: u64, size: u64| {
            (index < size)
                .then_some(())
                .ok_or(Invalid::IndexOutOfRange { index, size })
        };
        match (&update.entity, update.operation) {
            (Entity::Table(entry), operation) => self.write_entry(program, operation, entry)?,
            (
                Entity::Counter {
                    counter,
                    index,
                    value,
                },
                Operation::Modify,
            ) => {
                let (kind, id) = ("counter", *counter);
                let schema = program
                    .counter(id)
                    .ok_or(WriteError::UnknownId { kind, id })?;
                in_range(*index, schema.size)?;
                self.counters.insert((id, *index), *value);
            }
            (
                Entity::Register {
                    register,
                    index,
                    value,
                },
                Operation::Modify,
            ) => {
                let (kind, id) = ("register", *register);
                let schema = program
                    .register(id)
                    .ok_or(WriteError::UnknownId { kind, id })?;
                in_range(*index, schema.size)?;
                self.registers.insert((id, *index), value.clone());
            }
            (Entity::Counter { .. }, _) => {
                return Err(Invalid::ModifyOnly { what: "a counter" }.into());
            }
            (Entity::Register { .. }, _) => {
                return Err(Invalid::ModifyOnly { what: "a register" }.into());
            }
            _ => {
                return Err(WriteError::Unimplemented {
                    what: "this entity in a configuration that is not committed",
                });
            }
        }
        self.journal.push(update.clone());
        Ok(())
    }
}

/// Matches in the order of their fields, so that keys compare.
fn key(entry: &TableEntry) -> Key {
    let mut matches = entry.matches.clone();
    matches.sort();
    (matches, entry.priority)
}

impl Pipeline for Saved {
    fn program(&self) -> &ProgramInfo {
        &self.program
    }

    fn process(&self, _: &mut Worker, _: Ingress, _: &mut Packet) -> Verdict {
        Verdict::Drop
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        self.content().write(&self.program, update)
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        let content = self.content();
        match query {
            Query::Tables { table, filter } => {
                let wanted = |id: &u32| table.is_none_or(|table| table == *id);
                match filter {
                    EntryFilter::All => {
                        let tables = content.entries.iter().filter(|(id, _)| wanted(id));
                        let entries = tables.flat_map(|(_, entries)| entries.values());
                        entries.for_each(|entry| visit(Entity::Table(entry.clone())));
                    }
                    EntryFilter::Default => {
                        let defaults = content.defaults.iter().filter(|(id, _)| wanted(id));
                        defaults.for_each(|(_, entry)| visit(Entity::Table(entry.clone())));
                    }
                    EntryFilter::Key { matches, priority } => {
                        let mut matches = matches.clone();
                        matches.sort();
                        let key = (matches, *priority);
                        let tables = content.entries.iter().filter(|(id, _)| wanted(id));
                        let found = tables.filter_map(|(_, entries)| entries.get(&key));
                        found.for_each(|entry| visit(Entity::Table(entry.clone())));
                    }
                }
            }
            Query::Counters { counter, index } => {
                let counters = self.program.counters.iter();
                for schema in counters.filter(|it| counter.is_none_or(|id| id == it.id)) {
                    for index in cells(*index, schema.size) {
                        visit(Entity::Counter {
                            counter: schema.id,
                            index,
                            value: content
                                .counters
                                .get(&(schema.id, index))
                                .copied()
                                .unwrap_or_default(),
                        });
                    }
                }
            }
            Query::Registers { register, index } => {
                let registers = self.program.registers.iter();
                for schema in registers.filter(|it| register.is_none_or(|id| id == it.id)) {
                    for index in cells(*index, schema.size) {
                        visit(Entity::Register {
                            register: schema.id,
                            index,
                            value: content
                                .registers
                                .get(&(schema.id, index))
                                .cloned()
                                .unwrap_or_default(),
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn clear(&self) {
        *self.content() = Content::new(&self.program);
    }
}

/// One cell, if there is such a one, or all.
fn cells(index: Option<u64>, size: u64) -> std::ops::Range<u64> {
    match index {
        Some(index) if index < size => index..index + 1,
        Some(_) => 0..0,
        None => 0..size,
    }
}
