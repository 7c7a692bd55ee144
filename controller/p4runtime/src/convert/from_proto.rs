//! Messages as entities of a program. Only what the entry model cannot hold is refused here; whether an entry is canonical and
//! allowed is for the schema and the pipeline to say.

use super::{ConvertError, objects};
use crate::bytestring::decode;
use crate::v1;
use crate::v1::field_match::FieldMatchType;
use dpr_runtime::{
    ActionCall, CounterValue, Entity, FieldMatch, FieldSchema, Integer, MatchKind, MatchValue,
    Name, Operation, ProgramInfo, RegisterSchema, TableActionRef, TableEntry, TableSchema, Update,
};

/// A change.
pub fn update(program: &ProgramInfo, update: &v1::Update) -> Result<Update, ConvertError> {
    let operation = match update.r#type() {
        v1::update::Type::Insert => Operation::Insert,
        v1::update::Type::Modify => Operation::Modify,
        v1::update::Type::Delete => Operation::Delete,
        v1::update::Type::Unspecified => {
            return Err(ConvertError::NotSet {
                what: "update.type",
            });
        }
    };
    let message = update.entity.as_ref();
    let message = message.and_then(|entity| entity.entity.as_ref());
    let key = message.filter(|_| operation == Operation::Delete).map(key);
    Ok(Update {
        operation,
        entity: entity_kind(program, key.as_ref().or(message))?,
    })
}

/// What says which entry of a table, and no more.
pub fn table_key(entry: &v1::TableEntry) -> v1::TableEntry {
    v1::TableEntry {
        table_id: entry.table_id,
        r#match: entry.r#match.clone(),
        priority: entry.priority,
        is_default_action: entry.is_default_action,
        ..v1::TableEntry::default()
    }
}

/// What a deletion says: all but the key may be nonsense.
fn key(kind: &v1::entity::Entity) -> v1::entity::Entity {
    use v1::entity::Entity as Kind;
    use v1::packet_replication_engine_entry::Type;
    match kind {
        Kind::TableEntry(entry) => Kind::TableEntry(table_key(entry)),
        Kind::ActionProfileMember(entry) => Kind::ActionProfileMember(v1::ActionProfileMember {
            action_profile_id: entry.action_profile_id,
            member_id: entry.member_id,
            action: None,
        }),
        Kind::ActionProfileGroup(entry) => Kind::ActionProfileGroup(v1::ActionProfileGroup {
            action_profile_id: entry.action_profile_id,
            group_id: entry.group_id,
            ..v1::ActionProfileGroup::default()
        }),
        Kind::PacketReplicationEngineEntry(entry) => {
            let r#type = entry.r#type.as_ref().map(|kind| match kind {
                Type::MulticastGroupEntry(group) => {
                    Type::MulticastGroupEntry(v1::MulticastGroupEntry {
                        multicast_group_id: group.multicast_group_id,
                        ..v1::MulticastGroupEntry::default()
                    })
                }
                Type::CloneSessionEntry(session) => {
                    Type::CloneSessionEntry(v1::CloneSessionEntry {
                        session_id: session.session_id,
                        ..v1::CloneSessionEntry::default()
                    })
                }
            });
            Kind::PacketReplicationEngineEntry(v1::PacketReplicationEngineEntry { r#type })
        }
        Kind::DigestEntry(entry) => Kind::DigestEntry(v1::DigestEntry {
            digest_id: entry.digest_id,
            config: None,
        }),
        other => other.clone(),
    }
}

/// An entity, one cell where it is a counter or register.
pub fn entity(program: &ProgramInfo, entity: &v1::Entity) -> Result<Entity, ConvertError> {
    entity_kind(program, entity.entity.as_ref())
}

fn entity_kind(
    program: &ProgramInfo,
    kind: Option<&v1::entity::Entity>,
) -> Result<Entity, ConvertError> {
    use v1::entity::Entity as Kind;
    let unsupported = |what| Err(ConvertError::Unsupported { what });
    match kind.ok_or(ConvertError::NotSet {
        what: "entity.entity",
    })? {
        Kind::TableEntry(entry) => Ok(Entity::Table(table_entry(program, entry)?)),
        Kind::CounterEntry(entry) => {
            let counter = find(
                program.counter(entry.counter_id),
                "counter",
                entry.counter_id,
            )?;
            Ok(Entity::Counter {
                counter: counter.id,
                index: index(entry.index.as_ref())?,
                value: counter_value(entry.data.as_ref())?,
            })
        }
        Kind::RegisterEntry(entry) => {
            let register = find(
                program.register(entry.register_id),
                "register",
                entry.register_id,
            )?;
            Ok(Entity::Register {
                register: register.id,
                index: index(entry.index.as_ref())?,
                value: register_value(register, entry.data.as_ref())?,
            })
        }
        Kind::ActionProfileMember(entry) => objects::member(program, entry),
        Kind::ActionProfileGroup(entry) => objects::group(program, entry),
        Kind::MeterEntry(entry) => objects::meter(program, entry),
        Kind::DirectMeterEntry(entry) => objects::direct_meter(program, entry),
        Kind::PacketReplicationEngineEntry(entry) => objects::replication(entry),
        Kind::ValueSetEntry(entry) => objects::value_set(program, entry),
        Kind::DigestEntry(entry) => objects::digest(program, entry),
        Kind::ExternEntry(_) => unsupported("extern entries"),
        Kind::DirectCounterEntry(_) => unsupported("direct counter entries by themselves"),
    }
}

/// A table entry, or the key of one.
pub fn table_entry(
    program: &ProgramInfo,
    entry: &v1::TableEntry,
) -> Result<TableEntry, ConvertError> {
    let table = find(program.table(entry.table_id), "table", entry.table_id)?;
    let not_of_table = |what| {
        Err(ConvertError::NotOfTable {
            table: table.alias.clone(),
            what,
        })
    };
    let meters = entry.meter_config.is_some() || entry.meter_counter_data.is_some();
    if meters && table.direct_meter.is_none() {
        return not_of_table("direct meter");
    }
    if entry.meter_counter_data.is_some() {
        return Err(objects::METER_COUNTERS);
    }
    let times = entry.idle_timeout_ns != 0 || entry.time_since_last_hit.is_some();
    if times && !table.has_idle_timeout {
        return not_of_table("idle timeout");
    }
    let since_hit_ns = entry.time_since_last_hit.as_ref();
    let counter = entry.counter_data.as_ref();
    Ok(TableEntry {
        table: table.id,
        matches: matches(table, &entry.r#match)?,
        priority: entry.priority,
        action: match &entry.action {
            Some(action) => Some(table_action(program, table, action)?),
            None => None,
        },
        is_default: entry.is_default_action,
        counter: counter.map(|data| counter_value(Some(data))).transpose()?,
        meter: (entry.meter_config.as_ref())
            .map(objects::meter_config)
            .transpose()?,
        idle_timeout_ns: objects::count(entry.idle_timeout_ns, "idle_timeout_ns")?,
        since_hit_ns: since_hit_ns
            .map(|since| objects::count(since.elapsed_ns, "time_since_last_hit"))
            .transpose()?,
    })
}

/// A table's key.
pub fn matches(
    table: &TableSchema,
    given: &[v1::FieldMatch],
) -> Result<Vec<FieldMatch>, ConvertError> {
    given
        .iter()
        .map(|given| field_match(table, given))
        .collect()
}

/// What a field of a table must be.
pub fn field_match(
    table: &TableSchema,
    given: &v1::FieldMatch,
) -> Result<FieldMatch, ConvertError> {
    let field = table.fields.iter().find(|field| field.id == given.field_id);
    let field = field.ok_or(ConvertError::UnknownField {
        table: table.alias.clone(),
        field: given.field_id,
    })?;
    let kind = given.field_match_type.as_ref();
    let kind = kind.ok_or(ConvertError::NotSet {
        what: "match.field_match_type",
    })?;
    Ok(FieldMatch {
        field: field.id,
        kind: match_value(&table.alias, field, kind)?,
    })
}

/// A match by the kind of its field; `owner` is the table or value set.
pub(super) fn match_value(
    owner: &Name,
    field: &FieldSchema,
    given: &FieldMatchType,
) -> Result<MatchValue, ConvertError> {
    let value = |bytes: &[u8]| {
        decode(bytes, field.bits).map_err(|error| ConvertError::Match {
            table: owner.clone(),
            field: field.name.clone(),
            error,
        })
    };
    Ok(match (field.kind, given) {
        (MatchKind::Exact, FieldMatchType::Exact(exact)) => MatchValue::Exact(value(&exact.value)?),
        (MatchKind::Lpm, FieldMatchType::Lpm(lpm)) => MatchValue::Lpm {
            value: value(&lpm.value)?,
            prefix: u32::try_from(lpm.prefix_len).map_err(|_| ConvertError::PrefixLength {
                table: owner.clone(),
                field: field.name.clone(),
                length: lpm.prefix_len,
            })?,
        },
        (MatchKind::Ternary, FieldMatchType::Ternary(ternary)) => MatchValue::Ternary {
            value: value(&ternary.value)?,
            mask: value(&ternary.mask)?,
        },
        (MatchKind::Range, FieldMatchType::Range(range)) => MatchValue::Range {
            low: value(&range.low)?,
            high: value(&range.high)?,
        },
        (MatchKind::Optional, FieldMatchType::Optional(optional)) => {
            MatchValue::Optional(value(&optional.value)?)
        }
        _ => {
            return Err(ConvertError::WrongMatchKind {
                table: owner.clone(),
                field: field.name.clone(),
            });
        }
    })
}

fn table_action(
    program: &ProgramInfo,
    table: &TableSchema,
    action: &v1::TableAction,
) -> Result<TableActionRef, ConvertError> {
    use v1::table_action::Type;
    let kind = action.r#type.as_ref().ok_or(ConvertError::NotSet {
        what: "action.type",
    })?;
    let not_of_table = |what| {
        let table = table.alias.clone();
        ConvertError::NotOfTable { table, what }
    };
    let profile = table.implementation.and_then(|id| program.profile(id));
    match (kind, profile) {
        (Type::Action(action), _) => Ok(action_call(program, action)?.into()),
        (_, None) => Err(not_of_table("action profile")),
        (Type::ActionProfileMemberId(id), _) => Ok(TableActionRef::Member(*id)),
        (_, Some(profile)) if !profile.has_groups => Err(not_of_table("action selector")),
        (Type::ActionProfileGroupId(id), _) => Ok(TableActionRef::Group(*id)),
        (Type::ActionProfileActionSet(set), _) => objects::one_shot(program, set),
    }
}

/// An action with its arguments.
pub fn action_call(program: &ProgramInfo, given: &v1::Action) -> Result<ActionCall, ConvertError> {
    let action = find(program.action(given.action_id), "action", given.action_id)?;
    let argument = |given: &v1::action::Param| {
        let param = action
            .params
            .iter()
            .find(|param| param.id == given.param_id);
        let param = param.ok_or(ConvertError::UnknownParam {
            action: action.alias.clone(),
            param: given.param_id,
        })?;
        let value = decode(&given.value, param.bits).map_err(|error| ConvertError::Argument {
            action: action.alias.clone(),
            param: param.name.clone(),
            error,
        })?;
        Ok((param.id, value))
    };
    Ok(ActionCall {
        action: action.id,
        arguments: given
            .params
            .iter()
            .map(argument)
            .collect::<Result<_, _>>()?,
    })
}

/// What a counter counted, or is to be set to.
pub fn counter_value(data: Option<&v1::CounterData>) -> Result<CounterValue, ConvertError> {
    let data = data.ok_or(ConvertError::NotSet {
        what: "counter data",
    })?;
    let count =
        |count: i64, what| u64::try_from(count).map_err(|_| ConvertError::Negative { what });
    Ok(CounterValue {
        packets: count(data.packet_count, "packet_count")?,
        bytes: count(data.byte_count, "byte_count")?,
    })
}

/// What a register cell holds.
fn register_value(
    register: &RegisterSchema,
    data: Option<&v1::P4Data>,
) -> Result<Integer, ConvertError> {
    use v1::p4_data::Data;
    match data.and_then(|data| data.data.as_ref()) {
        Some(Data::Bitstring(bytes) | Data::EnumValue(bytes)) => decode(bytes, register.bits)
            .map_err(|error| ConvertError::Register {
                register: register.alias.clone(),
                error,
            }),
        Some(Data::Bool(value)) => Ok(Integer::from(*value)),
        Some(_) => Err(ConvertError::Unsupported {
            what: "registers of structured types",
        }),
        None => Err(ConvertError::NotSet {
            what: "register data",
        }),
    }
}

/// A cell's index.
pub(super) fn index(index: Option<&v1::Index>) -> Result<u64, ConvertError> {
    let index = index.ok_or(ConvertError::NotSet { what: "index" })?;
    u64::try_from(index.index).map_err(|_| ConvertError::Negative { what: "index" })
}

/// What the program has, or that it has none.
pub(super) fn find<T>(found: Option<T>, kind: &'static str, id: u32) -> Result<T, ConvertError> {
    found.ok_or(ConvertError::UnknownId { kind, id })
}
