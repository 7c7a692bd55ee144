//! Entity, update and query as messages, all values in their shortest form.

use crate::bytestring::encode;
use crate::v1;
use crate::v1::field_match::FieldMatchType;
use dpr_runtime::{
    ActionCall, CounterValue, Entity, EntryFilter, FieldMatch, MatchValue, Operation, Query,
    TableEntry, Update,
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
                data: Some(v1::p4_data::Data::Bitstring(encode(*value))),
            }),
        }),
    };
    v1::Entity { entity: Some(kind) }
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
    };
    v1::Entity { entity: Some(kind) }
}

/// A table entry.
pub fn table_entry_to_proto(entry: &TableEntry) -> v1::TableEntry {
    v1::TableEntry {
        table_id: entry.table,
        r#match: entry.matches.iter().map(field_match_to_proto).collect(),
        action: entry.action.as_ref().map(action_to_proto),
        priority: entry.priority,
        is_default_action: entry.is_default,
        counter_data: entry.counter.map(counter_data),
        ..v1::TableEntry::default()
    }
}

/// What a field must be.
pub fn field_match_to_proto(given: &FieldMatch) -> v1::FieldMatch {
    use v1::field_match::{Exact, Lpm, Optional, Range, Ternary};
    let kind = match given.kind {
        MatchValue::Exact(value) => FieldMatchType::Exact(Exact {
            value: encode(value),
        }),
        MatchValue::Lpm { value, prefix } => FieldMatchType::Lpm(Lpm {
            value: encode(value),
            prefix_len: prefix as i32,
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
        field_id: given.field,
        field_match_type: Some(kind),
    }
}

fn action_to_proto(call: &ActionCall) -> v1::TableAction {
    let params = call
        .arguments
        .iter()
        .map(|(param, value)| v1::action::Param {
            param_id: *param,
            value: encode(*value),
        });
    v1::TableAction {
        r#type: Some(v1::table_action::Type::Action(v1::Action {
            action_id: call.action,
            params: params.collect(),
        })),
    }
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
