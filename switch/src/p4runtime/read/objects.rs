//! What is no table entry, and belongs to none.

use super::Chunks;
use crate::p4runtime::write::{Annotations, cells, refused};
use dpr_p4runtime::convert::{self, ConvertError};
use dpr_p4runtime::{status, v1};
use dpr_runtime::{Entity, Pipeline, Query};
use tonic::Code;
use v1::entity::Entity as Kind;
use v1::packet_replication_engine_entry::Type;

/// Cells of indirect counters.
pub fn counters(
    pipeline: &dyn Pipeline,
    request: &v1::CounterEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let (id, index) = (request.counter_id, request.index);
    let schema = pipeline.program().counter(id);
    check_cell("counter", id, index, schema.map(|it| (&*it.alias, it.size)))?;
    let query = Query::Counters {
        counter: one(id),
        index: index.map(|it| it.index as u64),
    };
    all(pipeline, &query, chunks);
    Ok(())
}

/// Cells of indirect meters.
pub fn meters(
    pipeline: &dyn Pipeline,
    request: &v1::MeterEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    super::refuse_meter_counters(request.counter_data.is_some())?;
    let (id, index) = (request.meter_id, request.index);
    let schema = pipeline.program().meter(id);
    check_cell("meter", id, index, schema.map(|it| (&*it.alias, it.size)))?;
    let query = Query::Meters {
        meter: one(id),
        index: index.map(|it| it.index as u64),
    };
    all(pipeline, &query, chunks);
    Ok(())
}

/// Members of action profiles.
pub fn members(
    pipeline: &dyn Pipeline,
    request: &v1::ActionProfileMember,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let (profile, id) = (request.action_profile_id, request.member_id);
    check_profile(pipeline, profile, id)?;
    let query = Query::Members {
        profile: one(profile),
        id: one(id),
    };
    all(pipeline, &query, chunks);
    Ok(())
}

/// Groups of action selectors.
pub fn groups(
    pipeline: &dyn Pipeline,
    request: &v1::ActionProfileGroup,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let (profile, id) = (request.action_profile_id, request.group_id);
    check_profile(pipeline, profile, id)?;
    let query = Query::Groups {
        profile: one(profile),
        id: one(id),
    };
    all(pipeline, &query, chunks);
    Ok(())
}

/// Multicast groups or clone sessions.
pub fn replication(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::PacketReplicationEngineEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let what = "packet_replication_engine_entry.type";
    let kind = request.r#type.as_ref();
    let query = match kind.ok_or_else(|| refused(&ConvertError::NotSet { what }))? {
        Type::MulticastGroupEntry(group) => Query::MulticastGroups {
            id: one(group.multicast_group_id),
        },
        Type::CloneSessionEntry(session) => Query::CloneSessions {
            id: one(session.session_id),
        },
    };
    pipeline.read(&query, &mut |entity| {
        if let Some(mut kind) = convert::entity_to_proto(&entity).entity {
            annotations.put_group_metadata(&mut kind);
            chunks.push(kind);
        }
    });
    Ok(())
}

/// Parser value sets.
pub fn value_sets(
    pipeline: &dyn Pipeline,
    request: &v1::ValueSetEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let id = request.value_set_id;
    check_id("value set", id, pipeline.program().value_set(id).is_some())?;
    all(pipeline, &Query::ValueSets { id: one(id) }, chunks);
    Ok(())
}

/// How digests are reported, of those for which it has been said.
pub fn digests(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::DigestEntry,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let wanted = request.digest_id;
    check_id(
        "digest",
        wanted,
        pipeline.program().digest(wanted).is_some(),
    )?;
    for (id, config) in annotations.digests() {
        if wanted == 0 || wanted == id {
            let config = Some(config);
            let entity = convert::entity_to_proto(&Entity::Digest { id, config });
            entity.entity.into_iter().for_each(|kind| chunks.push(kind));
        }
    }
    Ok(())
}

fn all(pipeline: &dyn Pipeline, query: &Query, chunks: &mut Chunks) {
    pipeline.read(query, &mut |entity| {
        let kind: Option<Kind> = convert::entity_to_proto(&entity).entity;
        kind.into_iter().for_each(|kind| chunks.push(kind));
    });
}

/// What a number selects: 0 stands for all.
fn one(id: u32) -> Option<u32> {
    (id != 0).then_some(id)
}

fn check_id(kind: &'static str, id: u32, is_known: bool) -> Result<(), v1::Error> {
    match id == 0 || is_known {
        true => Ok(()),
        false => Err(refused(&ConvertError::UnknownId { kind, id })),
    }
}

fn check_profile(pipeline: &dyn Pipeline, profile: u32, id: u32) -> Result<(), v1::Error> {
    let is_known = pipeline.program().profile(profile).is_some();
    check_id("action profile", profile, is_known)?;
    match profile == 0 && id != 0 {
        true => Err(without("an id", "action profile")),
        false => Ok(()),
    }
}

fn check_cell(
    kind: &'static str,
    id: u32,
    index: Option<v1::Index>,
    schema: Option<(&str, u64)>,
) -> Result<(), v1::Error> {
    match schema {
        Some((name, size)) => cells(kind, name, index.as_ref(), size).map(drop),
        // All of them.
        None if id == 0 && index.is_none() => Ok(()),
        None if id == 0 => Err(without("an index", kind)),
        None => Err(refused(&ConvertError::UnknownId { kind, id })),
    }
}

fn without(what: &str, kind: &str) -> v1::Error {
    let why = format!("{what} is given, but not the {kind}'s own");
    status::error(Code::InvalidArgument, why)
}
