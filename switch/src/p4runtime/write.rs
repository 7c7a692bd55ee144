//! `Write`: the updates of a batch, each by itself (P4Runtime specification, sections "P4 Entity Messages" and "Write RPC").

use dpr_p4runtime::convert::{self, ConvertError};
use dpr_p4runtime::{status, v1};
use dpr_runtime::{
    ActionScope, DigestConfig, Entity, EntryFilter, FieldMatch, Invalid, Operation, Pipeline,
    Query, TableEntry, TableSchema, Update, WriteError,
};
use std::collections::BTreeMap;
use tonic::Code;
use v1::entity::Entity as Kind;
use v1::packet_replication_engine_entry::Type as Replicated;
use v1::update::Type;

type Refusal = v1::Error;

/// Registers are for the program, as in `simple_switch_grpc`.
pub const REGISTERS: ConvertError = ConvertError::Unsupported {
    what: "registers over P4Runtime",
};

/// What clients say that the pipeline does not know of: what they attach to table entries and multicast groups and get back with
/// them, and how digests are reported. Only what has been said is in here.
#[derive(Debug, Default)]
pub struct Annotations {
    entries: BTreeMap<EntryKey, Annotation>,
    groups: BTreeMap<u32, Vec<u8>>,
    digests: BTreeMap<u32, DigestConfig>,
}

type EntryKey = (u32, bool, i32, Vec<FieldMatch>);

/// What is attached to one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    /// `metadata`.
    pub metadata: Vec<u8>,
    /// `controller_metadata`, its deprecated form.
    pub controller_metadata: u64,
}

impl Annotation {
    /// What a message attaches, or asks for.
    #[allow(deprecated)]
    pub fn of(message: &v1::TableEntry) -> Self {
        Annotation {
            metadata: message.metadata.clone(),
            controller_metadata: message.controller_metadata,
        }
    }
}

impl Annotations {
    /// What is attached to an entry.
    pub fn get(&self, entry: &TableEntry) -> Option<&Annotation> {
        if self.entries.is_empty() {
            return None;
        }
        self.entries.get(&entry_key(entry))
    }

    /// Gives a multicast group back what was attached to it.
    pub fn put_group_metadata(&self, kind: &mut Kind) {
        if let Some(group) = multicast_group_mut(kind)
            && let Some(metadata) = self.groups.get(&group.multicast_group_id)
        {
            group.metadata.clone_from(metadata);
        }
    }

    /// The digests that are reported, and how, by id.
    pub fn digests(&self) -> impl Iterator<Item = (u32, DigestConfig)> + '_ {
        self.digests.iter().map(|(id, config)| (*id, *config))
    }

    fn set_group(&mut self, operation: Operation, kind: &Kind) {
        let Kind::PacketReplicationEngineEntry(entry) = kind else {
            return;
        };
        if let Some(Replicated::MulticastGroupEntry(group)) = &entry.r#type {
            let id = group.multicast_group_id;
            if operation == Operation::Delete || group.metadata.is_empty() {
                self.groups.remove(&id);
            } else {
                self.groups.insert(id, group.metadata.clone());
            }
        }
    }

    /// Changes how a digest is reported.
    fn set_digest(
        &mut self,
        operation: Operation,
        id: u32,
        config: Option<DigestConfig>,
    ) -> Result<(), WriteError> {
        match (operation, self.digests.contains_key(&id)) {
            (Operation::Insert, true) => return Err(WriteError::AlreadyExists),
            (Operation::Modify | Operation::Delete, false) => return Err(WriteError::NotFound),
            (Operation::Delete, true) => drop(self.digests.remove(&id)),
            (Operation::Insert | Operation::Modify, _) => {
                self.digests.insert(id, config.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn set(&mut self, entry: &TableEntry, annotation: Annotation) {
        if annotation != Annotation::default() {
            self.entries.insert(entry_key(entry), annotation);
        } else if !self.entries.is_empty() {
            self.entries.remove(&entry_key(entry));
        }
    }
}

fn entry_key(entry: &TableEntry) -> EntryKey {
    let mut matches = entry.matches.clone();
    matches.sort();
    (entry.table, entry.is_default, entry.priority, matches)
}

/// Does one update.
pub fn apply(
    pipeline: &dyn Pipeline,
    annotations: &mut Annotations,
    update: &v1::Update,
) -> Result<(), Refusal> {
    let entity = update
        .entity
        .as_ref()
        .and_then(|entity| entity.entity.as_ref());
    match entity {
        Some(Kind::TableEntry(entry)) => table_entry(pipeline, annotations, update, entry),
        Some(Kind::DirectCounterEntry(entry)) => direct_counter(pipeline, update.r#type(), entry),
        Some(Kind::CounterEntry(entry)) => counter(pipeline, update.r#type(), entry),
        Some(Kind::MeterEntry(entry)) => meter(pipeline, update.r#type(), entry),
        Some(Kind::RegisterEntry(_)) => Err(refused(&REGISTERS)),
        // The others are refused there.
        _ => {
            let converted = convert::update(pipeline.program(), update);
            let converted = converted.map_err(|error| refused(&error))?;
            let operation = converted.operation;
            let done = match converted.entity {
                Entity::Digest { id, config } => annotations.set_digest(operation, id, config),
                _ => pipeline.write(&converted),
            };
            done.map_err(|error| of_write("", &error))?;
            if let Some(kind) = entity {
                annotations.set_group(operation, kind);
            }
            Ok(())
        }
    }
}

fn multicast_group_mut(kind: &mut Kind) -> Option<&mut v1::MulticastGroupEntry> {
    let Kind::PacketReplicationEngineEntry(entry) = kind else {
        return None;
    };
    match entry.r#type.as_mut()? {
        Replicated::MulticastGroupEntry(group) => Some(group),
        Replicated::CloneSessionEntry(_) => None,
    }
}

fn table_entry(
    pipeline: &dyn Pipeline,
    annotations: &mut Annotations,
    message: &v1::Update,
    entry_message: &v1::TableEntry,
) -> Result<(), Refusal> {
    let program = pipeline.program();
    let mut update = convert::update(program, message).map_err(|error| refused(&error))?;
    let Entity::Table(entry) = &mut update.entity else {
        return Err(status::error(
            Code::Internal,
            "a table entry became something else",
        ));
    };
    let operation = update.operation;
    let id = entry.table;
    let table = program
        .table(id)
        .ok_or_else(|| refused(&ConvertError::UnknownId { kind: "table", id }))?;
    if operation != Operation::Delete {
        check_message(table, operation, entry, entry_message)?;
        if operation == Operation::Modify && entry.action.is_none() && !entry.is_default {
            let current = find(pipeline, entry);
            let current = current.ok_or_else(|| of_write(&table.alias, &WriteError::NotFound))?;
            entry.action = current.action;
        }
    }
    pipeline
        .write(&update)
        .map_err(|error| of_write(&table.alias, &error))?;
    if let Entity::Table(entry) = &update.entity {
        // A default action that is set back to the program's own has nothing attached.
        let keeps = operation != Operation::Delete && entry.action.is_some();
        let annotation = if keeps {
            Annotation::of(entry_message)
        } else {
            Annotation::default()
        };
        annotations.set(entry, annotation);
    }
    Ok(())
}

/// What the schema's own check does not tell apart as the specification does.
fn check_message(
    table: &TableSchema,
    operation: Operation,
    entry: &TableEntry,
    message: &v1::TableEntry,
) -> Result<(), Refusal> {
    let refuse =
        |code, why: &str| Err(status::error(code, format!("table {}: {why}", table.alias)));
    if message.is_const {
        return refuse(Code::InvalidArgument, "is_const is for the target to say");
    }
    if message.time_since_last_hit.is_some() {
        let why = "time_since_last_hit is for the target to say";
        return refuse(Code::InvalidArgument, why);
    }
    if operation == Operation::Insert && !entry.is_default && table.fields.is_empty() {
        return refuse(
            Code::InvalidArgument,
            "a table without key has no entries but its default action",
        );
    }
    let call = entry.call();
    let listed = call.and_then(|call| table.actions.get(table.action_position(call.action)?));
    match (listed.map(|listed| listed.scope), entry.is_default) {
        (Some(ActionScope::DefaultOnly), false) => refuse(
            Code::PermissionDenied,
            "the action is for the default action only",
        ),
        (Some(ActionScope::TableOnly), true) => refuse(
            Code::PermissionDenied,
            "the action is not for the default action",
        ),
        _ => Ok(()),
    }
}

/// An entry as it is.
pub fn find(pipeline: &dyn Pipeline, key: &TableEntry) -> Option<TableEntry> {
    let filter = if key.is_default {
        EntryFilter::Default
    } else {
        EntryFilter::Key {
            matches: key.matches.clone(),
            priority: key.priority,
        }
    };
    let query = Query::Tables {
        table: Some(key.table),
        filter,
    };
    let mut found = None;
    pipeline.read(&query, &mut |entity| {
        if let Entity::Table(entry) = entity {
            found = Some(entry);
        }
    });
    found
}

fn direct_counter(
    pipeline: &dyn Pipeline,
    operation: Type,
    message: &v1::DirectCounterEntry,
) -> Result<(), Refusal> {
    modify_only(operation, "a direct counter")?;
    let entry = message.table_entry.as_ref();
    let entry = entry.ok_or(ConvertError::NotSet {
        what: "table_entry",
    });
    let key = entry.and_then(|entry| convert::table_entry(pipeline.program(), entry));
    let key = key.map_err(|error| refused(&error))?;
    let mut current = find(pipeline, &key).ok_or_else(|| of_write("", &WriteError::NotFound))?;
    if current.counter.is_none() {
        return Err(of_write("", &Invalid::NoDirectCounter.into()));
    }
    let Some(data) = &message.data else {
        return Ok(());
    };
    current.counter = Some(convert::counter_value(Some(data)).map_err(|error| refused(&error))?);
    let update = Update {
        operation: Operation::Modify,
        entity: Entity::Table(current),
    };
    pipeline
        .write(&update)
        .map_err(|error| of_write("", &error))
}

fn counter(
    pipeline: &dyn Pipeline,
    operation: Type,
    message: &v1::CounterEntry,
) -> Result<(), Refusal> {
    modify_only(operation, "a counter")?;
    let id = message.counter_id;
    let schema = pipeline.program().counter(id);
    let schema = schema.ok_or_else(|| {
        refused(&ConvertError::UnknownId {
            kind: "counter",
            id,
        })
    })?;
    let cells = cells(
        "counter",
        &schema.alias,
        message.index.as_ref(),
        schema.size,
    )?;
    // Without data nothing changes.
    let Some(data) = &message.data else {
        return Ok(());
    };
    let value = convert::counter_value(Some(data)).map_err(|error| refused(&error))?;
    modify_cells(pipeline, cells, |index| Entity::Counter {
        counter: id,
        index,
        value,
    })
}

fn meter(
    pipeline: &dyn Pipeline,
    operation: Type,
    message: &v1::MeterEntry,
) -> Result<(), Refusal> {
    modify_only(operation, "a meter")?;
    let (kind, id) = ("meter", message.meter_id);
    let schema = pipeline.program().meter(id);
    let schema = schema.ok_or_else(|| refused(&ConvertError::UnknownId { kind, id }))?;
    let cells = cells(kind, &schema.alias, message.index.as_ref(), schema.size)?;
    // Any cell stands for the one that is not named, to read the rest.
    let first = v1::MeterEntry {
        index: Some(v1::Index { index: 0 }),
        ..*message
    };
    let kind = Kind::MeterEntry(first);
    let entity = v1::Entity { entity: Some(kind) };
    let entity = convert::entity(pipeline.program(), &entity).map_err(|error| refused(&error))?;
    let Entity::Meter { meter, config, .. } = entity else {
        return Err(status::error(
            Code::Internal,
            "a meter became something else",
        ));
    };
    modify_cells(pipeline, cells, |index| Entity::Meter {
        meter,
        index,
        config,
    })
}

fn modify_cells(
    pipeline: &dyn Pipeline,
    mut cells: std::ops::Range<u64>,
    entity: impl Fn(u64) -> Entity,
) -> Result<(), Refusal> {
    cells.try_for_each(|index| {
        let update = Update {
            operation: Operation::Modify,
            entity: entity(index),
        };
        pipeline
            .write(&update)
            .map_err(|error| of_write("", &error))
    })
}

/// The cell at an index, or all cells without one.
pub fn cells(
    kind: &str,
    name: &str,
    index: Option<&v1::Index>,
    size: u64,
) -> Result<std::ops::Range<u64>, Refusal> {
    let Some(v1::Index { index }) = index else {
        return Ok(0..size);
    };
    let refuse = |code| {
        let message = format!(
            "{kind} {name} has cells 0 to {}, not {index}",
            size.saturating_sub(1)
        );
        status::error(code, message)
    };
    match u64::try_from(*index) {
        Ok(index) if index < size => Ok(index..index + 1),
        Ok(_) => Err(refuse(Code::OutOfRange)),
        Err(_) => Err(refuse(Code::InvalidArgument)),
    }
}

fn modify_only(operation: Type, what: &'static str) -> Result<(), Refusal> {
    match operation {
        Type::Modify => Ok(()),
        _ => Err(of_write("", &Invalid::ModifyOnly { what }.into())),
    }
}

/// A message that is no entity of the program.
pub fn refused(error: &ConvertError) -> Refusal {
    status::error(error.code(), error.to_string())
}

/// An update that the pipeline does not do.
pub fn of_write(table: &str, error: &WriteError) -> Refusal {
    let code = match error {
        WriteError::InvalidArgument(Invalid::TooWide { .. } | Invalid::IndexOutOfRange { .. }) => {
            Code::OutOfRange
        }
        other => Code::from_i32(other.grpc_code()),
    };
    let message = if table.is_empty() {
        error.to_string()
    } else {
        format!("table {table}: {error}")
    };
    status::error(code, message)
}
