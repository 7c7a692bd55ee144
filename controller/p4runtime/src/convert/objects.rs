//! Messages of what is neither table nor counter nor register: packet replication, action profiles, meters, value sets, digests.

use super::ConvertError;
use super::from_proto::{action_call, find, index, match_value, table_entry};
use crate::bytestring::decode;
use crate::v1;
use dpr_runtime::{
    ActionCall, DigestConfig, Entity, FieldSchema, Integer, MatchKind, MatchValue, MeterConfig,
    ProgramInfo, Replica, TableActionRef,
};

/// Meters here count no packets by their colour.
pub(super) const METER_COUNTERS: ConvertError = ConvertError::Unsupported {
    what: "counters of meters' colours",
};

/// A number that is not negative.
pub(super) fn count(value: i64, what: &'static str) -> Result<u64, ConvertError> {
    u64::try_from(value).map_err(|_| ConvertError::Negative { what })
}

/// As [`count`], of 32 bits.
fn small_count(value: i32, what: &'static str) -> Result<u32, ConvertError> {
    u32::try_from(value).map_err(|_| ConvertError::Negative { what })
}

/// A multicast group or clone session.
pub(super) fn replication(
    entry: &v1::PacketReplicationEngineEntry,
) -> Result<Entity, ConvertError> {
    use v1::packet_replication_engine_entry::Type;
    let kind = entry.r#type.as_ref();
    match kind.ok_or(ConvertError::NotSet {
        what: "packet_replication_engine_entry.type",
    })? {
        Type::MulticastGroupEntry(entry) => Ok(Entity::MulticastGroup {
            id: entry.multicast_group_id,
            replicas: replicas(&entry.replicas)?,
        }),
        Type::CloneSessionEntry(entry) => Ok(Entity::CloneSession {
            id: entry.session_id,
            replicas: replicas(&entry.replicas)?,
            class_of_service: entry.class_of_service,
            packet_length_bytes: small_count(entry.packet_length_bytes, "packet_length_bytes")?,
        }),
    }
}

fn replicas(given: &[v1::Replica]) -> Result<Vec<Replica>, ConvertError> {
    given.iter().map(replica).collect()
}

#[allow(deprecated)]
fn replica(given: &v1::Replica) -> Result<Replica, ConvertError> {
    use v1::replica::PortKind;
    const PORT_BITS: u32 = 9;
    if !given.backup_replicas.is_empty() {
        return Err(ConvertError::Unsupported {
            what: "backup replicas",
        });
    }
    let what = "replica.port_kind";
    let port = match given.port_kind.as_ref() {
        None => return Err(ConvertError::NotSet { what }),
        Some(PortKind::EgressPort(port)) => Integer::from(*port),
        Some(PortKind::Port(bytes)) => {
            decode(bytes, PORT_BITS).map_err(|error| ConvertError::Port { error })?
        }
    };
    let number = |value: Integer, most: u16, what| match u16::try_from(value) {
        Ok(value) if value <= most => Ok(value),
        _ => Err(ConvertError::TooLarge { what }),
    };
    Ok(Replica {
        port: number(port, (1 << PORT_BITS) - 1, "replica.egress_port")?,
        instance: number(given.instance.into(), u16::MAX, "replica.instance")?,
    })
}

/// A member of an action profile; without action it is the key of one.
pub(super) fn member(
    program: &ProgramInfo,
    entry: &v1::ActionProfileMember,
) -> Result<Entity, ConvertError> {
    let id = entry.action_profile_id;
    let profile = find(program.profile(id), "action profile", id)?;
    let action = entry.action.as_ref();
    Ok(Entity::Member {
        profile: profile.id,
        id: entry.member_id,
        action: action.map(|call| action_call(program, call)).transpose()?,
    })
}

/// A group of an action selector.
pub(super) fn group(
    program: &ProgramInfo,
    entry: &v1::ActionProfileGroup,
) -> Result<Entity, ConvertError> {
    let id = entry.action_profile_id;
    let profile = find(program.profile(id), "action profile", id)?;
    let members = entry.members.iter().map(|member| {
        if member.watch_kind.is_some() {
            return Err(ConvertError::Unsupported {
                what: "ports to watch",
            });
        }
        Ok((member.member_id, small_count(member.weight, "weight")?))
    });
    Ok(Entity::Group {
        profile: profile.id,
        id: entry.group_id,
        max_size: small_count(entry.max_size, "max_size")?,
        members: members.collect::<Result<_, _>>()?,
    })
}

/// A group of an entry's own.
pub(super) fn one_shot(
    program: &ProgramInfo,
    set: &v1::ActionProfileActionSet,
) -> Result<TableActionRef, ConvertError> {
    let one = |given: &v1::ActionProfileAction| -> Result<(ActionCall, u32), ConvertError> {
        if given.watch_kind.is_some() {
            return Err(ConvertError::Unsupported {
                what: "ports to watch",
            });
        }
        let action = given.action.as_ref().ok_or(ConvertError::NotSet {
            what: "action_profile_action.action",
        })?;
        let weight = small_count(given.weight, "weight")?;
        Ok((action_call(program, action)?, weight))
    };
    if set.group_action.is_some() {
        return Err(ConvertError::Unsupported {
            what: "actions of groups",
        });
    }
    use v1::action_profile_action_set::{ActionSelectionMode, SizeSemantics};
    if set.action_selection_mode() == ActionSelectionMode::Random {
        return Err(ConvertError::Unsupported {
            what: "members chosen at random",
        });
    }
    if set.size_semantics() == SizeSemantics::SumOfMembers {
        return Err(ConvertError::Unsupported {
            what: "groups that are measured by their members' number",
        });
    }
    let actions = set.action_profile_actions.iter().map(one);
    Ok(TableActionRef::OneShot(actions.collect::<Result<_, _>>()?))
}

/// What a meter is configured to.
pub(super) fn meter_config(config: &v1::MeterConfig) -> Result<MeterConfig, ConvertError> {
    Ok(MeterConfig {
        cir: count(config.cir, "cir")?,
        cburst: count(config.cburst, "cburst")?,
        pir: count(config.pir, "pir")?,
        pburst: count(config.pburst, "pburst")?,
    })
}

/// A cell of an indirect meter.
pub(super) fn meter(program: &ProgramInfo, entry: &v1::MeterEntry) -> Result<Entity, ConvertError> {
    let meter = find(program.meter(entry.meter_id), "meter", entry.meter_id)?;
    if entry.counter_data.is_some() {
        return Err(METER_COUNTERS);
    }
    Ok(Entity::Meter {
        meter: meter.id,
        index: index(entry.index.as_ref())?,
        config: entry.config.as_ref().map(meter_config).transpose()?,
    })
}

/// The direct meter of an entry.
pub(super) fn direct_meter(
    program: &ProgramInfo,
    entry: &v1::DirectMeterEntry,
) -> Result<Entity, ConvertError> {
    let key = entry.table_entry.as_ref().ok_or(ConvertError::NotSet {
        what: "table_entry",
    })?;
    if entry.counter_data.is_some() {
        return Err(METER_COUNTERS);
    }
    // The action of the entry is no matter.
    let key = &v1::TableEntry {
        action: None,
        ..key.clone()
    };
    Ok(Entity::DirectMeter {
        entry: table_entry(program, key)?,
        config: entry.config.as_ref().map(meter_config).transpose()?,
    })
}

/// The members of a value set.
pub(super) fn value_set(
    program: &ProgramInfo,
    entry: &v1::ValueSetEntry,
) -> Result<Entity, ConvertError> {
    let id = entry.value_set_id;
    let set = find(program.value_set(id), "value set", id)?;
    let member = |given: &v1::ValueSetMember| -> Result<Vec<MatchValue>, ConvertError> {
        let known = |it: &v1::FieldMatch| set.fields.iter().any(|field| field.id == it.field_id);
        if let Some(unknown) = given.r#match.iter().find(|it| !known(it)) {
            return Err(ConvertError::UnknownField {
                table: set.alias.clone(),
                field: unknown.field_id,
            });
        }
        let field = |field: &FieldSchema| {
            let found = given.r#match.iter().find(|it| it.field_id == field.id);
            match found.and_then(|it| it.field_match_type.as_ref()) {
                Some(kind) => match_value(&set.alias, field, kind),
                None => anything(field),
            }
        };
        set.fields.iter().map(field).collect()
    };
    Ok(Entity::ValueSet {
        id: set.id,
        members: entry.members.iter().map(member).collect::<Result<_, _>>()?,
    })
}

/// What an absent match stands for.
fn anything(field: &FieldSchema) -> Result<MatchValue, ConvertError> {
    match field.kind {
        MatchKind::Exact | MatchKind::Optional => Err(ConvertError::NotSet { what: "match" }),
        MatchKind::Lpm => Ok(MatchValue::Lpm {
            value: Integer::ZERO,
            prefix: 0,
        }),
        MatchKind::Ternary => Ok(MatchValue::Ternary {
            value: Integer::ZERO,
            mask: Integer::ZERO,
        }),
        MatchKind::Range => Ok(MatchValue::Range {
            low: Integer::ZERO,
            high: Integer::ones(field.bits),
        }),
    }
}

/// How a digest is reported.
pub(super) fn digest(
    program: &ProgramInfo,
    entry: &v1::DigestEntry,
) -> Result<Entity, ConvertError> {
    let digest = find(program.digest(entry.digest_id), "digest", entry.digest_id)?;
    let config = entry.config.as_ref().map(|config| {
        Ok(DigestConfig {
            max_timeout_ns: count(config.max_timeout_ns, "max_timeout_ns")?,
            max_list_size: small_count(config.max_list_size, "max_list_size")?,
            ack_timeout_ns: count(config.ack_timeout_ns, "ack_timeout_ns")?,
        })
    });
    Ok(Entity::Digest {
        id: digest.id,
        config: config.transpose()?,
    })
}
