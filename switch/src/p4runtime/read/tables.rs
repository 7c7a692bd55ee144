//! Table entries, and what belongs to them.

use super::Chunks;
use crate::p4runtime::write::{Annotation, Annotations, find, of_write, refused};
use dpr_p4runtime::convert::{self, ConvertError};
use dpr_p4runtime::{status, v1};
use dpr_runtime::{
    Entity, EntryFilter, Invalid, Pipeline, Query, TableEntry, TableSchema, WriteError,
};
use tonic::Code;
use v1::entity::Entity as Kind;

/// Table entries that a request selects.
pub fn entries(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::TableEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let action = action_filter(request)?;
    let wanted = Annotation::of(request);
    let (query, key) = table_query(pipeline, request)?;
    check_wanted(pipeline, request)?;
    pipeline.read(&query, &mut |entity| {
        let Entity::Table(entry) = entity else { return };
        let attached = annotations.get(&entry);
        let selected = key.as_ref().is_none_or(|key| same_matches(key, &entry))
            && (request.priority == 0 || request.priority == entry.priority)
            && action.is_none_or(|id| entry.call().is_some_and(|call| call.action == id))
            && is_annotated(attached, &wanted);
        if selected {
            let message = message(pipeline, &entry, attached, request);
            chunks.push(Kind::TableEntry(message));
        }
    });
    Ok(())
}

/// What a request wants to be told must be something that the table has.
fn check_wanted(pipeline: &dyn Pipeline, request: &v1::TableEntry) -> Result<(), v1::Error> {
    let Some(table) = pipeline.program().table(request.table_id) else {
        return super::refuse_meter_counters(request.meter_counter_data.is_some());
    };
    let wants_time = request.idle_timeout_ns != 0 || request.time_since_last_hit.is_some();
    if wants_time && (!table.has_idle_timeout || request.is_default_action) {
        let why = format!("table {}: no idle timeout here", table.alias);
        return Err(status::error(Code::InvalidArgument, why));
    }
    super::refuse_meter_counters(request.meter_counter_data.is_some())
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
    let key = convert::table_entry(pipeline.program(), &convert::table_key(request));
    let key = key.map_err(|error| refused(&error))?;
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

/// An entry with as much beside key and action as the request wants to be told.
#[allow(deprecated)]
fn message(
    pipeline: &dyn Pipeline,
    entry: &TableEntry,
    attached: Option<&Annotation>,
    request: &v1::TableEntry,
) -> v1::TableEntry {
    let mut message = convert::table_entry_to_proto(entry);
    if request.counter_data.is_none() {
        message.counter_data = None;
    }
    if request.meter_config.is_none() {
        message.meter_config = None;
    }
    if request.time_since_last_hit.is_none() {
        message.time_since_last_hit = None;
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

/// The direct counters of the entries that a request selects.
pub fn direct_counters(
    pipeline: &dyn Pipeline,
    request: &v1::DirectCounterEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let has = |table: &TableSchema| table.direct_counter.is_some();
    let entries = owners(pipeline, request.table_entry.as_ref(), has)?;
    for entry in entries.ok_or_else(|| of_write("", &Invalid::NoDirectCounter.into()))? {
        let mut message = bare(&entry);
        let data = message.counter_data.take();
        chunks.push(Kind::DirectCounterEntry(v1::DirectCounterEntry {
            table_entry: Some(message),
            data,
        }));
    }
    Ok(())
}

/// The direct meters of the entries that a request selects.
pub fn direct_meters(
    pipeline: &dyn Pipeline,
    request: &v1::DirectMeterEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    super::refuse_meter_counters(request.counter_data.is_some())?;
    let has = |table: &TableSchema| table.direct_meter.is_some();
    let entries = owners(pipeline, request.table_entry.as_ref(), has)?;
    for entry in entries.ok_or_else(|| of_write("", &Invalid::NoDirectMeter.into()))? {
        let mut message = bare(&entry);
        let config = message.meter_config.take();
        message.counter_data = None;
        chunks.push(Kind::DirectMeterEntry(v1::DirectMeterEntry {
            table_entry: Some(message),
            config,
            ..v1::DirectMeterEntry::default()
        }));
    }
    Ok(())
}

/// An entry's key and what counts and measures its packets.
fn bare(entry: &TableEntry) -> v1::TableEntry {
    v1::TableEntry {
        action: None,
        idle_timeout_ns: 0,
        time_since_last_hit: None,
        ..convert::table_entry_to_proto(entry)
    }
}

/// The entries that a request for direct resources selects, of the tables that have them; `None` if the one table that it names
/// does not.
fn owners(
    pipeline: &dyn Pipeline,
    request: Option<&v1::TableEntry>,
    has: impl Fn(&TableSchema) -> bool,
) -> Result<Option<Vec<TableEntry>>, v1::Error> {
    let what = "table_entry";
    let request = request.ok_or_else(|| refused(&ConvertError::NotSet { what }))?;
    let program = pipeline.program();
    let named = program.table(request.table_id);
    if named.is_some_and(|table| !has(table)) {
        return Ok(None);
    }
    if !request.r#match.is_empty() || request.is_default_action {
        let key = convert::table_entry(program, &convert::table_key(request));
        let key = key.map_err(|error| refused(&error))?;
        let entry = find(pipeline, &key).ok_or_else(|| of_write("", &WriteError::NotFound))?;
        return Ok(Some(vec![entry]));
    }
    let (query, _) = table_query(pipeline, request)?;
    let mut entries = Vec::new();
    pipeline.read(&query, &mut |entity| {
        if let Entity::Table(entry) = entity
            && program.table(entry.table).is_some_and(&has)
        {
            entries.push(entry);
        }
    });
    Ok(Some(entries))
}
