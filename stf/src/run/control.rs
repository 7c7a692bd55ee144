//! What a control plane does: that of a test, or a client of a switch elsewhere.

use super::Problem;
use super::entries::{self, Dialect};
use super::names::find;
use super::replication::{Change, Copy, Replication};
use crate::command::Cell;
use crate::{
    Call, Command, Comparison, CounterPart, Deletion, Entry, EntryAction, MatchText, Rate,
};
use dpr_runtime::{
    CounterValue, Entity, EntryFilter, Integer, MeterConfig, MeterSchema, Operation, Pipeline,
    ProfileSchema, ProgramInfo, Query, Replica, TableActionRef, TableEntry, Update, WriteError,
};
use std::collections::BTreeMap;

/// What holds a program's entries: a pipeline in this process, or a switch that a client is connected to.
pub trait Control {
    /// The program.
    fn program(&self) -> &ProgramInfo;

    /// Changes something.
    ///
    /// # Errors
    /// Why nothing has changed.
    fn write(&self, update: &Update) -> Result<(), Refusal>;

    /// Reads all that a query selects.
    ///
    /// # Errors
    /// Why nothing can be read.
    fn read(&self, query: &Query) -> Result<Vec<Entity>, Refusal>;
}

/// Why nothing is changed or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is such a thing already.
    #[error("an entry with this key exists")]
    AlreadyExists,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Control for &dyn Pipeline {
    fn program(&self) -> &ProgramInfo {
        Pipeline::program(*self)
    }

    fn write(&self, update: &Update) -> Result<(), Refusal> {
        Pipeline::write(*self, update).map_err(|error| match error {
            WriteError::AlreadyExists => Refusal::AlreadyExists,
            error => Refusal::Other(error.to_string()),
        })
    }

    fn read(&self, query: &Query) -> Result<Vec<Entity>, Refusal> {
        let mut found = Vec::new();
        Pipeline::read(*self, query, &mut |entity| found.push(entity));
        Ok(found)
    }
}

/// Carries out the commands of a control plane, one after the other.
#[derive(Debug)]
pub struct Session<C> {
    control: C,
    dialect: Dialect,
    replication: Replication,
    /// Entries that this session has added, in order.
    added: Vec<TableEntry>,
    /// Entries by the names that the commands gave them.
    named: BTreeMap<String, TableEntry>,
}

/// What was shown, if something was asked for.
pub(super) type Done = Result<Option<String>, Problem>;

impl<C: Control> Session<C> {
    /// A session that has done nothing yet.
    pub fn new(control: C, dialect: Dialect) -> Self {
        Session {
            control,
            dialect,
            replication: Replication::default(),
            added: Vec::new(),
            named: BTreeMap::new(),
        }
    }

    fn program(&self) -> &ProgramInfo {
        self.control.program()
    }

    /// Carries out a command of a control plane; gives what was asked to be shown.
    ///
    /// # Errors
    /// What stands in the way, with the place if it is another than the command's. Commands for packets, digests and time are
    /// not a control plane's.
    pub fn execute(&mut self, command: &Command) -> Done {
        match command {
            Command::Packet { .. }
            | Command::Expect { .. }
            | Command::NoPacket { .. }
            | Command::ExpectDigest { .. }
            | Command::NoDigest
            | Command::Wait => {
                return Err(Problem::new("only a test can do this"));
            }
            Command::Add {
                entry,
                action,
                name,
            } => self.add(entry, action, name.as_deref())?,
            Command::Modify { entry, action } => {
                let entry = self.entry(entry, action)?;
                self.write(Operation::Modify, Entity::Table(entry))?;
            }
            Command::SetDefault { table, action } => self.set_default(table, action)?,
            Command::Member {
                profile,
                id,
                action,
            } => self.member(profile, *id, action)?,
            Command::Group {
                profile,
                id,
                members,
            } => self.group(profile, *id, members)?,
            Command::ValueSet { set, members } => self.value_set(set, members)?,
            Command::Multicast { group, replicas } => {
                self.insert_or_modify(multicast_group(*group, replicas.clone()))?;
            }
            Command::CloneSession { session, replicas } => {
                self.insert_or_modify(clone_session(*session, replicas.clone()))?;
            }
            Command::Delete(target) => self.delete(target)?,
            Command::RemoveAll => self.remove_all()?,
            Command::Remove(entry) => {
                let entry = entries::entry(self.program(), entry, self.dialect)?;
                self.added.retain(|other| *other != entry);
                self.write(Operation::Delete, Entity::Table(entry))?;
            }
            Command::CheckCounter {
                counter,
                cell,
                part,
                comparison,
                value,
            } => self.check_counter(counter, cell, *part, *comparison, *value)?,
            Command::CounterRead { counter, index } => {
                let value = self.indirect_counter(counter, *index)?;
                return Ok(Some(format!(
                    "{counter}[{index}]: {} packets, {} bytes",
                    value.packets, value.bytes
                )));
            }
            Command::CounterWrite {
                counter,
                index,
                packets,
                bytes,
            } => {
                let entity = Entity::Counter {
                    counter: self.counter_id(counter)?,
                    index: *index,
                    value: CounterValue {
                        packets: *packets,
                        bytes: *bytes,
                    },
                };
                self.write(Operation::Modify, entity)?;
            }
            Command::RegisterRead {
                register,
                index,
                check,
            } => {
                return self
                    .register_read(register, *index, check.as_ref())
                    .map(Some);
            }
            Command::RegisterWrite {
                register,
                index,
                value,
            } => {
                let (register, _) = self.register(register)?;
                let entity = Entity::Register {
                    register,
                    index: *index,
                    value: value.clone(),
                };
                self.write(Operation::Modify, entity)?;
            }
            Command::RegisterReset { register } => {
                let (register, size) = self.register(register)?;
                for index in 0..size {
                    let entity = Entity::Register {
                        register,
                        index,
                        value: Integer::ZERO,
                    };
                    self.write(Operation::Modify, entity)?;
                }
            }
            Command::MirroringGet { session } => {
                return self.replication.describe(*session).map(Some);
            }
            Command::MirroringAdd { .. }
            | Command::MirroringAddGroup { .. }
            | Command::MirroringDelete { .. }
            | Command::GroupCreate { .. }
            | Command::NodeCreate { .. }
            | Command::NodeUpdate { .. }
            | Command::NodeAssociate { .. } => {
                for change in self.replicate(command)? {
                    self.apply(change)?;
                }
            }
            Command::MeterGet { meter, index } => {
                return self.meter_get(meter, *index).map(Some);
            }
            Command::MeterSet {
                meter,
                index,
                committed,
                peak,
            } => self.meter_set(meter, *index, *committed, *peak)?,
        }
        Ok(None)
    }

    fn write(&self, operation: Operation, entity: Entity) -> Result<(), Problem> {
        let update = Update { operation, entity };
        self.control.write(&update).map_err(Problem::new)
    }

    fn read(&self, query: &Query) -> Result<Vec<Entity>, Problem> {
        self.control.read(query).map_err(Problem::new)
    }

    fn read_one(&self, query: &Query) -> Result<Option<Entity>, Problem> {
        Ok(self.read(query)?.into_iter().next())
    }

    /// An entry with what it runs.
    fn entry(&self, entry: &Entry, action: &EntryAction) -> Result<TableEntry, Problem> {
        let key = entries::entry(self.program(), entry, self.dialect)?;
        let table = entries::table(self.program(), &entry.table)?;
        let action = match action {
            EntryAction::Call(call) => entries::call(table, call)?.into(),
            EntryAction::Member(id) => TableActionRef::Member(*id),
            EntryAction::Group(id) => TableActionRef::Group(*id),
        };
        Ok(TableEntry {
            action: Some(action),
            ..key
        })
    }

    fn add(
        &mut self,
        entry: &Entry,
        action: &EntryAction,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        let entry = self.entry(entry, action)?;
        self.write(Operation::Insert, Entity::Table(entry.clone()))?;
        let key = TableEntry {
            action: None,
            ..entry
        };
        if let Some(name) = name {
            self.named.insert(name.to_owned(), key.clone());
        }
        self.added.push(key);
        Ok(())
    }

    /// A test removes what it has added, a client all that can be removed.
    fn remove_all(&mut self) -> Result<(), Problem> {
        let mut entries = std::mem::take(&mut self.added);
        if self.dialect == Dialect::Client {
            let query = Query::Tables {
                table: None,
                filter: EntryFilter::All,
            };
            let found = self.read(&query)?.into_iter();
            let found = found.filter_map(|entity| match entity {
                Entity::Table(entry) => Some(entry),
                _ => None,
            });
            let constant = |table: u32| {
                let table = self.program().table(table);
                table.is_some_and(|table| table.const_entries)
            };
            entries = found.filter(|entry| !constant(entry.table)).collect();
        }
        while let Some(entry) = entries.pop() {
            self.write(Operation::Delete, Entity::Table(entry))?;
        }
        Ok(())
    }

    fn delete(&self, target: &Deletion) -> Result<(), Problem> {
        let entity = match target {
            Deletion::Member { profile, id } => Entity::Member {
                profile: self.profile(profile)?.id,
                id: *id,
                action: None,
            },
            Deletion::Group { profile, id } => Entity::Group {
                profile: self.profile(profile)?.id,
                id: *id,
                max_size: 0,
                members: Vec::new(),
            },
            Deletion::Multicast { group } => multicast_group(*group, Vec::new()),
            Deletion::CloneSession { session } => clone_session(*session, Vec::new()),
        };
        self.write(Operation::Delete, entity)
    }

    fn set_default(&self, table: &str, action: &Call) -> Result<(), Problem> {
        let table = entries::table(self.program(), table)?;
        let entity = Entity::Table(TableEntry {
            table: table.id,
            action: Some(entries::call(table, action)?.into()),
            is_default: true,
            ..TableEntry::default()
        });
        self.write(Operation::Modify, entity)
    }

    fn profile(&self, name: &str) -> Result<&ProfileSchema, Problem> {
        let profiles = self.program().profiles.iter();
        Ok(find(
            "action profile",
            profiles,
            |profile| &profile.name,
            name,
        )?)
    }

    fn member(&self, profile: &str, id: u32, action: &Call) -> Result<(), Problem> {
        let profile = self.profile(profile)?;
        let Some(table) = self.program().table_of_profile(profile.id) else {
            return Err(Problem::new(format!("no table uses `{}`", profile.name)));
        };
        self.insert_or_modify(Entity::Member {
            profile: profile.id,
            id,
            action: Some(entries::call(table, action)?),
        })
    }

    fn group(&self, profile: &str, id: u32, members: &[(u32, u32)]) -> Result<(), Problem> {
        self.insert_or_modify(Entity::Group {
            profile: self.profile(profile)?.id,
            id,
            max_size: 0,
            members: members.to_vec(),
        })
    }

    fn value_set(&self, name: &str, members: &[Vec<MatchText>]) -> Result<(), Problem> {
        let sets = self.program().value_sets.iter();
        let set = find("value set", sets, |set| &set.name, name)?;
        let member = |given: &Vec<MatchText>| {
            if given.len() != set.fields.len() {
                let (given, wanted) = (given.len(), set.fields.len());
                let problem = format!("a value of `{name}` has {wanted} fields, not {given}");
                return Err(Problem::new(problem));
            }
            let fields = set.fields.iter().zip(given);
            let matches = fields.map(|(field, text)| {
                entries::match_value(field, text)?
                    .ok_or_else(|| Problem::new(format!("`{}` would match anything", field.name)))
            });
            matches.collect()
        };
        let members = members.iter().map(member).collect::<Result<_, _>>()?;
        self.write(
            Operation::Modify,
            Entity::ValueSet {
                id: set.id,
                members,
            },
        )
    }

    fn insert_or_modify(&self, entity: Entity) -> Result<(), Problem> {
        let update = Update {
            operation: Operation::Insert,
            entity,
        };
        match self.control.write(&update) {
            Err(Refusal::AlreadyExists) => self.write(Operation::Modify, update.entity),
            result => result.map_err(Problem::new),
        }
    }

    fn counter_id(&self, name: &str) -> Result<u32, Problem> {
        let counters = self.program().counters.iter();
        Ok(find("counter", counters, |counter| &counter.name, name)?.id)
    }

    fn indirect_counter(&self, name: &str, index: u64) -> Result<CounterValue, Problem> {
        let query = Query::Counters {
            counter: Some(self.counter_id(name)?),
            index: Some(index),
        };
        match self.read_one(&query)? {
            Some(Entity::Counter { value, .. }) => Ok(value),
            _ => Err(Problem::new(format!("{name} has no cell {index}"))),
        }
    }

    /// What an entry that has a name counted.
    fn direct_counter(&self, name: &str) -> Result<CounterValue, Problem> {
        let Some(entry) = self.named.get(name) else {
            return Err(Problem::new(format!("no entry is called `{name}`")));
        };
        let query = Query::Tables {
            table: Some(entry.table),
            filter: EntryFilter::Key {
                matches: entry.matches.clone(),
                priority: entry.priority,
            },
        };
        match self.read_one(&query)? {
            Some(Entity::Table(TableEntry {
                counter: Some(value),
                ..
            })) => Ok(value),
            _ => Err(Problem::new(format!("the entry `{name}` has no counter"))),
        }
    }

    fn check_counter(
        &self,
        counter: &str,
        cell: &Cell,
        part: CounterPart,
        comparison: Comparison,
        value: u64,
    ) -> Result<(), Problem> {
        let counted = match cell {
            Cell::Index(index) => self.indirect_counter(counter, *index)?,
            Cell::Entry(name) => self.direct_counter(name)?,
        };
        let (found, unit) = match part {
            CounterPart::Packets => (counted.packets, "packets"),
            CounterPart::Bytes => (counted.bytes, "bytes"),
        };
        if comparison.holds(found, value) {
            return Ok(());
        }
        let sign = comparison.sign();
        Err(Problem::new(format!(
            "{counter} counted {found} {unit}, which is not {sign} {value}"
        )))
    }

    /// A register's id and number of cells.
    fn register(&self, name: &str) -> Result<(u32, u64), Problem> {
        let registers = self.program().registers.iter();
        let register = find("register", registers, |register| &register.name, name)?;
        Ok((register.id, register.size))
    }

    fn register_read(
        &self,
        name: &str,
        index: u64,
        check: Option<&(Comparison, Integer)>,
    ) -> Result<String, Problem> {
        let query = Query::Registers {
            register: Some(self.register(name)?.0),
            index: Some(index),
        };
        let Some(Entity::Register { value, .. }) = self.read_one(&query)? else {
            return Err(Problem::new(format!("{name} has no cell {index}")));
        };
        match check {
            Some((comparison, wanted)) if !comparison.holds(&value, wanted) => {
                let sign = comparison.sign();
                Err(Problem::new(format!(
                    "{name}[{index}] is {value}, which is not {sign} {wanted}"
                )))
            }
            _ => Ok(format!("{name}[{index}]: {value}")),
        }
    }

    fn replicate(&mut self, command: &Command) -> Result<Vec<Change>, Problem> {
        let replication = &mut self.replication;
        match command {
            Command::MirroringAdd { session, port } => {
                Ok(replication.mirror_to_port(*session, *port))
            }
            Command::MirroringAddGroup { session, group } => {
                replication.mirror_to_group(*session, *group)
            }
            Command::MirroringDelete { session } => replication.unmirror(*session),
            Command::GroupCreate { group } => replication.create_group(*group),
            Command::NodeUpdate { node, ports } => replication.update_node(*node, ports.clone()),
            Command::NodeAssociate { group, node } => replication.associate(*group, *node),
            Command::NodeCreate { rid, ports } => {
                replication.create_node(*rid, ports.clone());
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn apply(&self, change: Change) -> Result<(), Problem> {
        let operation = |is_new| match is_new {
            true => Operation::Insert,
            false => Operation::Modify,
        };
        match change {
            Change::Group { id, is_new, copies } => {
                self.write(operation(is_new), multicast_group(id, replicas(&copies)))
            }
            Change::Session { id, is_new, copies } => {
                let operation = match copies {
                    Some(_) => operation(is_new),
                    None => Operation::Delete,
                };
                let replicas = replicas(&copies.unwrap_or_default());
                self.write(operation, clone_session(id, replicas))
            }
        }
    }

    fn meter(&self, name: &str) -> Result<&MeterSchema, Problem> {
        let meters = self.program().meters.iter();
        Ok(find("meter", meters, |meter| &meter.name, name)?)
    }

    fn meter_set(
        &self,
        name: &str,
        index: Option<u64>,
        committed: Rate,
        peak: Rate,
    ) -> Result<(), Problem> {
        let meter = self.meter(name)?;
        let per_second = |rate: Rate| (rate.per_microsecond * 1e6).round() as u64;
        let config = MeterConfig {
            cir: per_second(committed),
            cburst: committed.burst,
            pir: per_second(peak),
            pburst: peak.burst,
        };
        let cells = index.map_or(0..meter.size, |index| index..index.saturating_add(1));
        for index in cells {
            let entity = Entity::Meter {
                meter: meter.id,
                index,
                config: Some(config),
            };
            self.write(Operation::Modify, entity)?;
        }
        Ok(())
    }

    fn meter_get(&self, name: &str, index: u64) -> Result<String, Problem> {
        let query = Query::Meters {
            meter: Some(self.meter(name)?.id),
            index: Some(index),
        };
        match self.read_one(&query)? {
            Some(Entity::Meter {
                config: Some(config),
                ..
            }) => Ok(format!(
                "{name}[{index}]: committed {} a second, burst {}; peak {} a second, burst {}",
                config.cir, config.cburst, config.pir, config.pburst
            )),
            Some(Entity::Meter { config: None, .. }) => {
                Ok(format!("{name}[{index}]: everything is green"))
            }
            _ => Err(Problem::new(format!("{name} has no cell {index}"))),
        }
    }
}

fn replicas(copies: &[Copy]) -> Vec<Replica> {
    let copies = copies.iter();
    let replicas = copies.map(|copy| Replica {
        port: copy.port,
        instance: copy.rid,
    });
    replicas.collect()
}

fn multicast_group(id: u32, replicas: Vec<Replica>) -> Entity {
    Entity::MulticastGroup { id, replicas }
}

fn clone_session(id: u32, replicas: Vec<Replica>) -> Entity {
    Entity::CloneSession {
        id,
        replicas,
        class_of_service: 0,
        packet_length_bytes: 0,
    }
}
