//! What a target holds.

use std::collections::BTreeSet;

use anyhow::bail;
use dpr_runtime::{CounterValue, Entity, EntryFilter, ProgramInfo, Query};
use dpr_stf::names::find;
use dpr_stf::{Refusal, show as command};

use super::device::Reader;

/// The commands that would make what the target holds, in an order in which they can be carried out. What it does not tell is a
/// comment.
pub fn show(reader: &Reader<'_>, names: &[String], all: bool) -> anyhow::Result<Vec<String>> {
    let program = reader.program();
    let wanted = wanted(program, names)?;
    let mut lines = Vec::new();
    for (what, query) in queries(program, wanted.as_ref()) {
        match reader.read(&query) {
            Ok(entities) => {
                let entities = entities.iter().filter(|entity| all || is_news(entity));
                lines.extend(entities.map(|entity| command(program, entity)));
            }
            // Targets may not tell everything; of what was asked for by name that is an error.
            Err(refusal) if names.is_empty() => lines.push(comment(what, &refusal)),
            Err(refusal) => bail!("{what}: {refusal}"),
        }
    }
    Ok(lines)
}

fn comment(what: &str, refusal: &Refusal) -> String {
    format!("# {what} are not told: {refusal}")
}

/// Whether something says more than that nothing has happened.
fn is_news(entity: &Entity) -> bool {
    match entity {
        Entity::Counter { value, .. } => *value != CounterValue::default(),
        Entity::Meter { config, .. } => config.is_some(),
        Entity::ValueSet { members, .. } => !members.is_empty(),
        Entity::Digest { config, .. } => config.is_some(),
        _ => true,
    }
}

/// The ids of what was named; `None` for everything.
fn wanted(program: &ProgramInfo, names: &[String]) -> anyhow::Result<Option<BTreeSet<u32>>> {
    let all = objects(program);
    let ids = names.iter().map(|name| {
        let object = find(
            "table, counter, meter, profile or value set",
            &all,
            |it| &it.1,
            name,
        )?;
        Ok(object.0)
    });
    let ids: BTreeSet<u32> = ids.collect::<anyhow::Result<_>>()?;
    Ok((!names.is_empty()).then_some(ids))
}

/// All that has a name, with its id.
fn objects(program: &ProgramInfo) -> Vec<(u32, String)> {
    let tables = program.tables.iter().map(|it| (it.id, &it.name));
    let counters = program.counters.iter().map(|it| (it.id, &it.name));
    let meters = program.meters.iter().map(|it| (it.id, &it.name));
    let profiles = program.profiles.iter().map(|it| (it.id, &it.name));
    let sets = program.value_sets.iter().map(|it| (it.id, &it.name));
    let all = tables.chain(counters).chain(meters);
    let all = all.chain(profiles).chain(sets);
    all.map(|(id, name)| (id, name.to_string())).collect()
}

/// What to read, in the order in which it can be written: what others refer to comes first.
fn queries(program: &ProgramInfo, wanted: Option<&BTreeSet<u32>>) -> Vec<(&'static str, Query)> {
    let is_wanted = |id: u32| wanted.is_none_or(|wanted| wanted.contains(&id));
    let mut queries = Vec::new();
    if wanted.is_none() {
        queries.push(("multicast groups", Query::MulticastGroups { id: None }));
        queries.push(("clone sessions", Query::CloneSessions { id: None }));
    }
    for set in program.value_sets.iter().filter(|it| is_wanted(it.id)) {
        queries.push(("value sets", Query::ValueSets { id: Some(set.id) }));
    }
    for profile in program.profiles.iter().filter(|it| is_wanted(it.id)) {
        let of = Some(profile.id);
        queries.push((
            "members",
            Query::Members {
                profile: of,
                id: None,
            },
        ));
        if profile.has_groups {
            queries.push((
                "groups",
                Query::Groups {
                    profile: of,
                    id: None,
                },
            ));
        }
    }
    for table in program.tables.iter().filter(|it| is_wanted(it.id)) {
        let query = |filter| Query::Tables {
            table: Some(table.id),
            filter,
        };
        // What is looked up in an action profile has no default action in P4Runtime.
        if table.implementation.is_none() {
            queries.push(("default actions", query(EntryFilter::Default)));
        }
        if !table.fields.is_empty() {
            queries.push(("entries", query(EntryFilter::All)));
        }
    }
    for meter in program.meters.iter().filter(|it| is_wanted(it.id)) {
        queries.push((
            "meters",
            Query::Meters {
                meter: Some(meter.id),
                index: None,
            },
        ));
    }
    for counter in program.counters.iter().filter(|it| is_wanted(it.id)) {
        queries.push((
            "counters",
            Query::Counters {
                counter: Some(counter.id),
                index: None,
            },
        ));
    }
    queries
}
