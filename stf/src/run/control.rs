//! What a test's control plane does.

use super::Problem;
use super::entries;
use super::names::find;
use super::replication::{Change, Copy, Replication};
use crate::command::Cell;
use crate::{Call, Command, Comparison, CounterPart, Entry, EntryAction, MatchText, Rate};
use dpr_runtime::{
    CounterValue, Entity, EntryFilter, Integer, MeterConfig, MeterSchema, Operation, Pipeline,
    ProfileSchema, ProgramInfo, Query, Replica, TableActionRef, TableEntry, Update, WriteError,
};
use std::collections::BTreeMap;

/// The control plane of one test.
pub(super) struct ControlPlane<'p> {
    pipeline: &'p dyn Pipeline,
    replication: Replication,
    /// Entries that the test has added, in order.
    added: Vec<TableEntry>,
    /// Entries by the names that the test gave them.
    named: BTreeMap<String, TableEntry>,
}

/// What was shown, if something was asked for.
type Done = Result<Option<String>, Problem>;

impl<'p> ControlPlane<'p> {
    pub(super) fn new(pipeline: &'p dyn Pipeline) -> Self {
        ControlPlane {
            pipeline,
            replication: Replication::default(),
            added: Vec::new(),
            named: BTreeMap::new(),
        }
    }

    fn program(&self) -> &'p ProgramInfo {
        self.pipeline.program()
    }

    /// Carries out a command that is not about packets.
    pub(super) fn execute(&mut self, command: &Command) -> Done {
        match command {
            // Packets, digests and time are the runner's.
            Command::Packet { .. }
            | Command::Expect { .. }
            | Command::NoPacket { .. }
            | Command::ExpectDigest { .. }
            | Command::NoDigest
            | Command::Wait => {}
            Command::Add {
                entry,
                action,
                name,
            } => self.add(entry, action, name.as_deref())?,
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
            Command::RemoveAll => {
                while let Some(entry) = self.added.pop() {
                    self.write(Operation::Delete, Entity::Table(entry))?;
                }
            }
            Command::Remove(entry) => {
                let entry = entries::entry(self.program(), entry)?;
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
        self.pipeline.write(&update).map_err(Problem::new)
    }

    fn read_one(&self, query: &Query) -> Option<Entity> {
        let mut found = None;
        self.pipeline.read(query, &mut |entity| {
            found.get_or_insert(entity);
        });
        found
    }

    fn add(
        &mut self,
        entry: &Entry,
        action: &EntryAction,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        let key = entries::entry(self.program(), entry)?;
        let table = entries::table(self.program(), &entry.table)?;
        let entity = Entity::Table(TableEntry {
            action: Some(match action {
                EntryAction::Call(call) => entries::call(table, call)?.into(),
                EntryAction::Member(id) => TableActionRef::Member(*id),
                EntryAction::Group(id) => TableActionRef::Group(*id),
            }),
            ..key.clone()
        });
        self.write(Operation::Insert, entity)?;
        if let Some(name) = name {
            self.named.insert(name.to_owned(), key.clone());
        }
        self.added.push(key);
        Ok(())
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

    fn profile(&self, name: &str) -> Result<&'p ProfileSchema, Problem> {
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

    fn group(&self, profile: &str, id: u32, members: &[u32]) -> Result<(), Problem> {
        self.insert_or_modify(Entity::Group {
            profile: self.profile(profile)?.id,
            id,
            max_size: 0,
            members: members.iter().map(|member| (*member, 1)).collect(),
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
        match self.pipeline.write(&update) {
            Err(WriteError::AlreadyExists) => self.write(Operation::Modify, update.entity),
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
        match self.read_one(&query) {
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
        match self.read_one(&query) {
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
        let Some(Entity::Register { value, .. }) = self.read_one(&query) else {
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
            Change::Group { id, is_new, copies } => self.write(
                operation(is_new),
                Entity::MulticastGroup {
                    id,
                    replicas: replicas(&copies),
                },
            ),
            Change::Session { id, is_new, copies } => self.write(
                match copies {
                    Some(_) => operation(is_new),
                    None => Operation::Delete,
                },
                Entity::CloneSession {
                    id,
                    replicas: replicas(&copies.unwrap_or_default()),
                    class_of_service: 0,
                    packet_length_bytes: 0,
                },
            ),
        }
    }

    fn meter(&self, name: &str) -> Result<&'p MeterSchema, Problem> {
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
        match self.read_one(&query) {
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
