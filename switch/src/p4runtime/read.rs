//! `Read`: what the requests of a batch select (P4Runtime specification, sections "P4 Entity Messages" and "Read RPC").

use super::write::{Annotation, Annotations, cells, find, of_write, refused};
use dpr_p4runtime::convert::{self, ConvertError};
use dpr_p4runtime::{status, v1};
use dpr_runtime::{Entity, EntryFilter, Pipeline, Query, TableEntry, WriteError};
use tonic::Code;
use v1::entity::Entity as Kind;

/// Entities in one message of the response.
const CHUNK: usize = 1000;

/// What was read, in messages of bounded size.
#[derive(Debug, Default)]
pub struct Chunks {
    full: Vec<v1::ReadResponse>,
    open: Vec<v1::Entity>,
}

impl Chunks {
    fn push(&mut self, kind: Kind) {
        self.open.push(v1::Entity { entity: Some(kind) });
        if self.open.len() == CHUNK {
            let entities = std::mem::take(&mut self.open);
            self.full.push(v1::ReadResponse { entities });
        }
    }

    /// The messages; at least one, so that a client that waits for one has it.
    pub fn into_responses(mut self) -> Vec<v1::ReadResponse> {
        if !self.open.is_empty() || self.full.is_empty() {
            let entities = self.open;
            self.full.push(v1::ReadResponse { entities });
        }
        self.full
    }
}

/// Does one request of a batch.
pub fn read(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::Entity,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    match &request.entity {
        Some(Kind::TableEntry(entry)) => table_entries(pipeline, annotations, entry, chunks),
        Some(Kind::DirectCounterEntry(entry)) => direct_counters(pipeline, entry, chunks),
        Some(Kind::CounterEntry(entry)) => {
            let id = entry.counter_id;
            let schema = pipeline.program().counter(id);
            check_cell(
                "counter",
                id,
                entry.index.as_ref(),
                schema.map(|it| (&*it.alias, it.size)),
            )?;
            let query = Query::Counters {
                counter: (id != 0).then_some(id),
                index: entry.index.map(|index| index.index as u64),
            };
            all(pipeline, &query, chunks);
            Ok(())
        }
        Some(Kind::RegisterEntry(entry)) => {
            let id = entry.register_id;
            let schema = pipeline.program().register(id);
            check_cell(
                "register",
                id,
                entry.index.as_ref(),
                schema.map(|it| (&*it.alias, it.size)),
            )?;
            let query = Query::Registers {
                register: (id != 0).then_some(id),
                index: entry.index.map(|index| index.index as u64),
            };
            all(pipeline, &query, chunks);
            Ok(())
        }
        // They can be written; what was written is not told yet.
        _ => Err(status::error(
            Code::Unimplemented,
            "this target tells table entries, counters and registers only",
        )),
    }
}

fn all(pipeline: &dyn Pipeline, query: &Query, chunks: &mut Chunks) {
    pipeline.read(query, &mut |entity| {
        if let Some(kind) = convert::entity_to_proto(&entity).entity {
            chunks.push(kind);
        }
    });
}

fn check_cell(
    kind: &'static str,
    id: u32,
    index: Option<&v1::Index>,
    schema: Option<(&str, u64)>,
) -> Result<(), v1::Error> {
    match schema {
        Some((name, size)) => cells(kind, name, index, size).map(drop),
        // All of them.
        None if id == 0 && index.is_none() => Ok(()),
        None if id == 0 => Err(status::error(
            Code::InvalidArgument,
            format!("an index without a {kind}"),
        )),
        None => Err(refused(&ConvertError::UnknownId { kind, id })),
    }
}

fn table_entries(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::TableEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let action = action_filter(request)?;
    let wanted = Annotation::of(request);
    let (query, key) = table_query(pipeline, request)?;
    pipeline.read(&query, &mut |entity| {
        let Entity::Table(entry) = entity else { return };
        let attached = annotations.get(&entry);
        let selected = key.as_ref().is_none_or(|key| same_matches(key, &entry))
            && (request.priority == 0 || request.priority == entry.priority)
            && action.is_none_or(|id| entry.call().is_some_and(|call| call.action == id))
            && is_annotated(attached, &wanted);
        if selected {
            chunks.push(Kind::TableEntry(message(
                pipeline,
                &entry,
                attached,
                request.counter_data.is_some(),
            )));
        }
    });
    Ok(())
}

/// What to ask the pipeline for, and the key that its answers must have besides.
fn table_query(
    pipeline: &dyn Pipeline,
    request: &v1::TableEntry,
) -> Result<(Query, Option<TableEntry>), v1::Error> {
    let entries = |table, filter| Query::Tables { table, filter };
    let filter = if request.is_default_action {
        EntryFilter::Default
    } else {
        EntryFilter::All
    };
    if request.table_id == 0 {
        if !request.r#match.is_empty() || request.priority != 0 || request.action.is_some() {
            let why = "a match, priority or action without a table";
            return Err(status::error(Code::InvalidArgument, why));
        }
        return Ok((entries(None, filter), None));
    }
    // The rest of the message are filters, not parts of an entry.
    let key = v1::TableEntry {
        table_id: request.table_id,
        r#match: request.r#match.clone(),
        priority: request.priority,
        is_default_action: request.is_default_action,
        ..v1::TableEntry::default()
    };
    let key = convert::table_entry(pipeline.program(), &key).map_err(|error| refused(&error))?;
    let id = key.table;
    let table = pipeline.program().table(id);
    let table = table.ok_or_else(|| refused(&ConvertError::UnknownId { kind: "table", id }))?;
    if key.matches.is_empty() {
        return Ok((entries(Some(id), filter), None));
    }
    if key.is_default {
        let why = "a default action has no key";
        return Err(status::error(Code::InvalidArgument, why));
    }
    // Any priority stands for the one that is not given, to check the rest.
    let priority = if table.has_priority() {
        key.priority.max(1)
    } else {
        key.priority
    };
    table
        .check_key(&key.matches, priority)
        .map_err(|error| of_write(&table.alias, &error.into()))?;
    if table.has_priority() && key.priority == 0 {
        return Ok((entries(Some(id), EntryFilter::All), Some(key)));
    }
    let filter = EntryFilter::Key {
        matches: key.matches,
        priority: key.priority,
    };
    Ok((entries(Some(id), filter), None))
}

fn same_matches(key: &TableEntry, entry: &TableEntry) -> bool {
    key.matches.len() == entry.matches.len()
        && key
            .matches
            .iter()
            .all(|given| entry.matches.contains(given))
}

fn is_annotated(attached: Option<&Annotation>, wanted: &Annotation) -> bool {
    let metadata = attached.map_or(&[][..], |it| &it.metadata);
    let controller_metadata = attached.map_or(0, |it| it.controller_metadata);
    (wanted.metadata.is_empty() || wanted.metadata == metadata)
        && (wanted.controller_metadata == 0 || wanted.controller_metadata == controller_metadata)
}

fn action_filter(request: &v1::TableEntry) -> Result<Option<u32>, v1::Error> {
    let Some(action) = &request.action else {
        return Ok(None);
    };
    match &action.r#type {
        None => Ok(None),
        Some(v1::table_action::Type::Action(action)) if action.params.is_empty() => {
            Ok(Some(action.action_id))
        }
        Some(_) => Err(status::error(
            Code::Unimplemented,
            "entries can be selected by action id, not by arguments, members or groups",
        )),
    }
}

#[allow(deprecated)]
fn message(
    pipeline: &dyn Pipeline,
    entry: &TableEntry,
    attached: Option<&Annotation>,
    with_counter: bool,
) -> v1::TableEntry {
    let mut message = convert::table_entry_to_proto(entry);
    if !with_counter {
        message.counter_data = None;
    }
    if let Some(attached) = attached {
        message.metadata = attached.metadata.clone();
        message.controller_metadata = attached.controller_metadata;
    }
    let table = pipeline.program().table(entry.table);
    message.is_const = table.is_some_and(|table| {
        if entry.is_default {
            table.const_default
        } else {
            table.const_entries
        }
    });
    message
}

fn direct_counters(
    pipeline: &dyn Pipeline,
    request: &v1::DirectCounterEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let key = request.table_entry.as_ref();
    let key = key
        .ok_or(ConvertError::NotSet {
            what: "table_entry",
        })
        .map_err(|error| refused(&error))?;
    let counted = |entry: TableEntry, chunks: &mut Chunks| {
        let mut message = convert::table_entry_to_proto(&entry);
        let data = message.counter_data.take();
        message.action = None;
        if data.is_some() {
            chunks.push(Kind::DirectCounterEntry(v1::DirectCounterEntry {
                table_entry: Some(message),
                data,
            }));
        }
    };
    if key.r#match.is_empty() && !key.is_default_action {
        let (query, _) = table_query(pipeline, key)?;
        pipeline.read(&query, &mut |entity| {
            if let Entity::Table(entry) = entity {
                counted(entry, chunks);
            }
        });
        return Ok(());
    }
    let key = convert::table_entry(pipeline.program(), key).map_err(|error| refused(&error))?;
    let entry = find(pipeline, &key).ok_or_else(|| of_write("", &WriteError::NotFound))?;
    counted(entry, chunks);
    Ok(())
}
