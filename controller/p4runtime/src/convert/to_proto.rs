//! Entity, update and query as messages, all values in their shortest form.

use crate::bytestring::encode;
use crate::v1;
use crate::v1::field_match::FieldMatchType;
use dpr_runtime::{
    ActionCall, CounterValue, DigestConfig, Entity, EntryFilter, FieldMatch, MatchValue,
    MeterConfig, Operation, Query, Replica, TableActionRef, TableEntry, Update,
};

/// A change.
pub fn update_to_proto(update: &Update) -> v1::Update {
    let kind = match update.operation {
        Operation::Insert => v1::update::Type::Insert,
        Operation::Modify => v1::update::Type::Modify,
        Operation::Delete => v1::update::Type::Delete,
    };
    v1::Update {
        r#type: kind as i32,
        entity: Some(entity_to_proto(&update.entity)),
    }
}

/// An entity.
pub fn entity_to_proto(entity: &Entity) -> v1::Entity {
    use v1::entity::Entity as Kind;
    let kind = match entity {
        Entity::Table(entry) => Kind::TableEntry(table_entry_to_proto(entry)),
        Entity::Counter {
            counter,
            index,
            value,
        } => Kind::CounterEntry(v1::CounterEntry {
            counter_id: *counter,
            index: Some(to_index(*index)),
            data: Some(counter_data(*value)),
        }),
        Entity::Register {
            register,
            index,
            value,
        } => Kind::RegisterEntry(v1::RegisterEntry {
            register_id: *register,
            index: Some(to_index(*index)),
            data: Some(v1::P4Data {
                data: Some(v1::p4_data::Data::Bitstring(encode(value))),
            }),
        }),
        Entity::MulticastGroup { id, replicas } => replication(
            v1::packet_replication_engine_entry::Type::MulticastGroupEntry(
                v1::MulticastGroupEntry {
                    multicast_group_id: *id,
                    replicas: replicas.iter().map(replica_to_proto).collect(),
                    ..v1::MulticastGroupEntry::default()
                },
            ),
        ),
        Entity::CloneSession {
            id,
            replicas,
            class_of_service,
            packet_length_bytes,
        } => replication(
            v1::packet_replication_engine_entry::Type::CloneSessionEntry(v1::CloneSessionEntry {
                session_id: *id,
                replicas: replicas.iter().map(replica_to_proto).collect(),
                class_of_service: *class_of_service,
                packet_length_bytes: *packet_length_bytes as i32,
            }),
        ),
        Entity::Meter {
            meter,
            index,
            config,
        } => Kind::MeterEntry(v1::MeterEntry {
            meter_id: *meter,
            index: Some(to_index(*index)),
            config: config.as_ref().map(meter_config),
            ..v1::MeterEntry::default()
        }),
        Entity::DirectMeter { entry, config } => Kind::DirectMeterEntry(v1::DirectMeterEntry {
            table_entry: Some(table_entry_to_proto(entry)),
            config: config.as_ref().map(meter_config),
            ..v1::DirectMeterEntry::default()
        }),
        Entity::Member {
            profile,
            id,
            action,
        } => Kind::ActionProfileMember(v1::ActionProfileMember {
            action_profile_id: *profile,
            member_id: *id,
            action: action.as_ref().map(action_to_proto),
        }),
        Entity::Group {
            profile,
            id,
            max_size,
            members,
        } => Kind::ActionProfileGroup(v1::ActionProfileGroup {
            action_profile_id: *profile,
            group_id: *id,
            members: (members.iter())
                .map(|(member, weight)| v1::action_profile_group::Member {
                    member_id: *member,
                    weight: *weight as i32,
                    ..v1::action_profile_group::Member::default()
                })
                .collect(),
            max_size: *max_size as i32,
        }),
        Entity::ValueSet { id, members } => Kind::ValueSetEntry(v1::ValueSetEntry {
            value_set_id: *id,
            members: members.iter().map(|member| set_member(member)).collect(),
        }),
        Entity::Digest { id, config } => Kind::DigestEntry(v1::DigestEntry {
            digest_id: *id,
            config: config.as_ref().map(digest_config),
        }),
    };
    v1::Entity { entity: Some(kind) }
}

/// A member of a value set: what matches anything is absent.
fn set_member(member: &[MatchValue]) -> v1::ValueSetMember {
    let fields = member.iter().zip(1..).filter(|(kind, _)| match kind {
        MatchValue::Ternary { mask, .. } => !mask.is_zero(),
        MatchValue::Lpm { prefix, .. } => *prefix > 0,
        _ => true,
    });
    v1::ValueSetMember {
        r#match: fields
            .map(|(kind, field)| match_to_proto(field, kind))
            .collect(),
    }
}

fn digest_config(config: &DigestConfig) -> v1::digest_entry::Config {
    v1::digest_entry::Config {
        max_timeout_ns: config.max_timeout_ns as i64,
        max_list_size: config.max_list_size as i32,
        ack_timeout_ns: config.ack_timeout_ns as i64,
    }
}

/// What to read.
pub fn query_to_proto(query: &Query) -> v1::Entity {
    use v1::entity::Entity as Kind;
    let kind = match query {
        Query::Tables { table, filter } => {
            let mut entry = v1::TableEntry {
                table_id: table.unwrap_or(0),
                ..v1::TableEntry::default()
            };
            match filter {
                EntryFilter::All => {}
                EntryFilter::Default => entry.is_default_action = true,
                EntryFilter::Key { matches, priority } => {
                    entry.r#match = matches.iter().map(field_match_to_proto).collect();
                    entry.priority = *priority;
                }
            }
            Kind::TableEntry(entry)
        }
        Query::Counters { counter, index } => Kind::CounterEntry(v1::CounterEntry {
            counter_id: counter.unwrap_or(0),
            index: index.map(to_index),
            data: None,
        }),
        Query::Registers { register, index } => Kind::RegisterEntry(v1::RegisterEntry {
            register_id: register.unwrap_or(0),
            index: index.map(to_index),
            data: None,
        }),
        Query::MulticastGroups { id } => replication(
            v1::packet_replication_engine_entry::Type::MulticastGroupEntry(
                v1::MulticastGroupEntry {
                    multicast_group_id: id.unwrap_or(0),
                    ..v1::MulticastGroupEntry::default()
                },
            ),
        ),
        Query::CloneSessions { id } => replication(
            v1::packet_replication_engine_entry::Type::CloneSessionEntry(v1::CloneSessionEntry {
                session_id: id.unwrap_or(0),
                ..v1::CloneSessionEntry::default()
            }),
        ),
        Query::Meters { meter, index } => Kind::MeterEntry(v1::MeterEntry {
            meter_id: meter.unwrap_or(0),
            index: index.map(to_index),
            ..v1::MeterEntry::default()
        }),
        Query::Members { profile, id } => Kind::ActionProfileMember(v1::ActionProfileMember {
            action_profile_id: profile.unwrap_or(0),
            member_id: id.unwrap_or(0),
            action: None,
        }),
        Query::Groups { profile, id } => Kind::ActionProfileGroup(v1::ActionProfileGroup {
            action_profile_id: profile.unwrap_or(0),
            group_id: id.unwrap_or(0),
            ..v1::ActionProfileGroup::default()
        }),
        Query::ValueSets { id } => Kind::ValueSetEntry(v1::ValueSetEntry {
            value_set_id: id.unwrap_or(0),
            members: Vec::new(),
        }),
        Query::Digests { id } => Kind::DigestEntry(v1::DigestEntry {
            digest_id: id.unwrap_or(0),
            config: None,
        }),
    };
    v1::Entity { entity: Some(kind) }
}

/// A table entry.
pub fn table_entry_to_proto(entry: &TableEntry) -> v1::TableEntry {
    v1::TableEntry {
        table_id: entry.table,
        r#match: entry.matches.iter().map(field_match_to_proto).collect(),
        action: entry.action.as_ref().map(table_action_to_proto),
        priority: entry.priority,
        is_default_action: entry.is_default,
        counter_data: entry.counter.map(counter_data),
        meter_config: entry.meter.as_ref().map(meter_config),
        idle_timeout_ns: entry.idle_timeout_ns as i64,
        time_since_last_hit: entry
            .since_hit_ns
            .map(|since| v1::table_entry::IdleTimeout {
                elapsed_ns: since as i64,
            }),
        ..v1::TableEntry::default()
    }
}

/// What a field must be.
pub fn field_match_to_proto(given: &FieldMatch) -> v1::FieldMatch {
    match_to_proto(given.field, &given.kind)
}

fn match_to_proto(field: u32, kind: &MatchValue) -> v1::FieldMatch {
    use v1::field_match::{Exact, Lpm, Optional, Range, Ternary};
    let kind = match kind {
        MatchValue::Exact(value) => FieldMatchType::Exact(Exact {
            value: encode(value),
        }),
        MatchValue::Lpm { value, prefix } => FieldMatchType::Lpm(Lpm {
            value: encode(value),
            prefix_len: *prefix as i32,
        }),
        MatchValue::Ternary { value, mask } => FieldMatchType::Ternary(Ternary {
            value: encode(value),
            mask: encode(mask),
        }),
        MatchValue::Range { low, high } => FieldMatchType::Range(Range {
            low: encode(low),
            high: encode(high),
        }),
        MatchValue::Optional(value) => FieldMatchType::Optional(Optional {
            value: encode(value),
        }),
    };
    v1::FieldMatch {
        field_id: field,
        field_match_type: Some(kind),
    }
}

/// What an entry runs.
fn table_action_to_proto(action: &TableActionRef) -> v1::TableAction {
    use v1::table_action::Type;
    let kind = match action {
        TableActionRef::Call(call) => Type::Action(action_to_proto(call)),
        TableActionRef::Member(id) => Type::ActionProfileMemberId(*id),
        TableActionRef::Group(id) => Type::ActionProfileGroupId(*id),
        TableActionRef::OneShot(actions) => {
            let actions = actions
                .iter()
                .map(|(call, weight)| v1::ActionProfileAction {
                    action: Some(action_to_proto(call)),
                    weight: *weight as i32,
                    ..v1::ActionProfileAction::default()
                });
            Type::ActionProfileActionSet(v1::ActionProfileActionSet {
                action_profile_actions: actions.collect(),
                ..v1::ActionProfileActionSet::default()
            })
        }
    };
    v1::TableAction { r#type: Some(kind) }
}

/// An action with its arguments.
fn action_to_proto(call: &ActionCall) -> v1::Action {
    let params = call
        .arguments
        .iter()
        .map(|(param, value)| v1::action::Param {
            param_id: *param,
            value: encode(value),
        });
    v1::Action {
        action_id: call.action,
        params: params.collect(),
    }
}

#[allow(deprecated)]
fn replica_to_proto(replica: &Replica) -> v1::Replica {
    v1::Replica {
        instance: replica.instance.into(),
        port_kind: Some(v1::replica::PortKind::EgressPort(replica.port.into())),
        ..v1::Replica::default()
    }
}

fn meter_config(config: &MeterConfig) -> v1::MeterConfig {
    v1::MeterConfig {
        cir: config.cir as i64,
        cburst: config.cburst as i64,
        pir: config.pir as i64,
        pburst: config.pburst as i64,
        ..v1::MeterConfig::default()
    }
}

fn replication(kind: v1::packet_replication_engine_entry::Type) -> v1::entity::Entity {
    let entry = v1::PacketReplicationEngineEntry { r#type: Some(kind) };
    v1::entity::Entity::PacketReplicationEngineEntry(entry)
}

fn to_index(index: u64) -> v1::Index {
    v1::Index {
        index: index as i64,
    }
}

fn counter_data(value: CounterValue) -> v1::CounterData {
    v1::CounterData {
        byte_count: value.bytes as i64,
        packet_count: value.packets as i64,
    }
}
