//! Writes for any program, good ones and some that both engines have to refuse.

use dpr_runtime::{
    ActionCall, ActionSchema, Entity, FieldMatch, FieldSchema, Integer, MatchKind, MatchValue,
    Operation, ProgramInfo, Replica, TableActionRef, TableEntry, TableSchema, Update,
};
use fastrand::Rng;

/// The numbers that small things have: ports, groups, members.
const SMALL: u32 = 4;

/// One write.
pub fn update(program: &ProgramInfo, rng: &mut Rng) -> Update {
    let operation = *rng
        .choice(&[
            Operation::Insert,
            Operation::Insert,
            Operation::Modify,
            Operation::Delete,
        ])
        .unwrap_or(&Operation::Insert);
    let modify = |entity| Update {
        operation: Operation::Modify,
        entity,
    };
    match rng.u8(..16) {
        0 => Update {
            operation,
            entity: Entity::MulticastGroup {
                id: rng.u32(0..SMALL),
                replicas: replicas(rng),
            },
        },
        1 => Update {
            operation,
            entity: Entity::CloneSession {
                id: rng.u32(0..2 * SMALL),
                replicas: replicas(rng),
                class_of_service: 0,
                packet_length_bytes: rng.u32(0..40),
            },
        },
        2 if let Some(register) = rng.choice(&*program.registers) => modify(Entity::Register {
            register: register.id,
            index: rng.u64(0..register.size.saturating_add(1)),
            value: value(register.bits, rng),
        }),
        3 if let Some(set) = rng.choice(&*program.value_sets) => modify(Entity::ValueSet {
            id: set.id,
            members: (0..rng.usize(0..3))
                .map(|_| {
                    set.fields
                        .iter()
                        .map(|field| match_value(field, rng))
                        .collect()
                })
                .collect(),
        }),
        4..7 if let Some(profile) = rng.choice(&*program.profiles) => {
            let table = program.table_of_profile(profile.id);
            let entity = if profile.has_groups && rng.bool() {
                Entity::Group {
                    profile: profile.id,
                    id: rng.u32(1..SMALL),
                    max_size: 0,
                    members: vec![(rng.u32(1..SMALL), 1)],
                }
            } else {
                Entity::Member {
                    profile: profile.id,
                    id: rng.u32(1..SMALL),
                    action: table.and_then(|table| call(table, rng)),
                }
            };
            Update { operation, entity }
        }
        _ => Update {
            operation,
            entity: match rng.choice(&*program.tables) {
                Some(table) => Entity::Table(entry(table, rng)),
                None => Entity::MulticastGroup {
                    id: 1,
                    replicas: Vec::new(),
                },
            },
        },
    }
}

fn replicas(rng: &mut Rng) -> Vec<Replica> {
    let first = rng.u16(0..SMALL as u16);
    (first..first + rng.u16(0..3))
        .map(|port| Replica { port, instance: 1 })
        .collect()
}

fn entry(table: &TableSchema, rng: &mut Rng) -> TableEntry {
    let is_default = rng.u8(..6) == 0;
    let fields = table.fields.iter().filter(|_| !is_default);
    let matches = fields.filter_map(|field| {
        // What says nothing is left out.
        let kind = match_value(field, rng);
        let says_nothing = match &kind {
            MatchValue::Lpm { prefix, .. } => *prefix == 0,
            MatchValue::Ternary { mask, .. } => mask.is_zero(),
            _ => false,
        };
        let field = field.id;
        (!says_nothing).then_some(FieldMatch { field, kind })
    });
    let matches: Vec<FieldMatch> = matches.collect();
    let action = if table.implementation.is_some() && !is_default {
        Some(TableActionRef::Member(rng.u32(1..SMALL)))
    } else {
        call(table, rng).map(Into::into)
    };
    TableEntry {
        table: table.id,
        matches,
        priority: if table.has_priority() && !is_default {
            rng.i32(1..100)
        } else {
            0
        },
        action,
        is_default,
        ..TableEntry::default()
    }
}

fn call(table: &TableSchema, rng: &mut Rng) -> Option<ActionCall> {
    let action = rng.choice(&*table.actions)?;
    let action: &ActionSchema = &action.action;
    Some(ActionCall {
        action: action.id,
        arguments: action
            .params
            .iter()
            .map(|param| (param.id, value(param.bits, rng)))
            .collect(),
    })
}

/// A number that fits, often a small one.
fn value(bits: u32, rng: &mut Rng) -> Integer {
    let most = *rng.choice(&[2, 8, bits]).unwrap_or(&bits);
    let bytes: Vec<u8> = (0..bits.div_ceil(8)).map(|_| rng.u8(..)).collect();
    Integer::from_be_bytes(&bytes).and(&Integer::ones(bits.min(most)))
}

fn match_value(field: &FieldSchema, rng: &mut Rng) -> MatchValue {
    let given = value(field.bits, rng);
    match field.kind {
        MatchKind::Exact => MatchValue::Exact(given),
        MatchKind::Optional => MatchValue::Optional(given),
        MatchKind::Lpm => {
            let prefix = rng.u32(0..=field.bits);
            MatchValue::Lpm {
                value: given.and(&Integer::prefix_mask(field.bits, prefix)),
                prefix,
            }
        }
        MatchKind::Ternary => {
            let mask = value(field.bits, rng);
            MatchValue::Ternary {
                value: given.and(&mask),
                mask,
            }
        }
        MatchKind::Range => {
            let other = value(field.bits, rng);
            MatchValue::Range {
                low: given.clone().min(other.clone()),
                high: given.max(other),
            }
        }
    }
}
