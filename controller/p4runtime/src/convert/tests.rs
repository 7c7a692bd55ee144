use super::*;
use crate::bytestring::ValueError;
use crate::v1;
use dpr_runtime::{
    ActionCall, ActionSchema, ActionScope, CounterSchema, CounterUnit, CounterValue, DefaultAction,
    Entity, FieldMatch, FieldSchema, Integer, MatchKind, MatchValue, Operation, ParamSchema,
    ProgramInfo, RegisterSchema, TableActionRef, TableActionSchema, TableEntry, TableSchema,
    Update,
};
use std::borrow::Cow::{self, Borrowed};
use tonic::Code;

const SEND: ActionSchema = ActionSchema {
    id: 0x0100_0001,
    name: Borrowed("ingress.send"),
    alias: Borrowed("send"),
    params: Borrowed(&[
        ParamSchema {
            id: 1,
            name: Borrowed("port"),
            bits: 9,
        },
        ParamSchema {
            id: 2,
            name: Borrowed("mac"),
            bits: 48,
        },
    ]),
};

const fn field(id: u32, name: &'static str, bits: u32, kind: MatchKind) -> FieldSchema {
    FieldSchema {
        id,
        name: Borrowed(name),
        bits,
        kind,
    }
}

static PROGRAM: ProgramInfo = ProgramInfo {
    name: Borrowed("test"),
    p4info: Borrowed(&[]),
    p4info_text: Borrowed(""),
    digest: [0; 32],
    tables: Borrowed(&[TableSchema {
        id: 0x0200_0001,
        name: Borrowed("ingress.all"),
        alias: Borrowed("all"),
        size: 16,
        fields: Borrowed(&[
            field(1, "exact", 128, MatchKind::Exact),
            field(2, "lpm", 32, MatchKind::Lpm),
            field(3, "ternary", 9, MatchKind::Ternary),
            field(4, "range", 16, MatchKind::Range),
            field(5, "optional", 1, MatchKind::Optional),
        ]),
        actions: Borrowed(&[TableActionSchema {
            action: Cow::Owned(SEND),
            scope: ActionScope::Any,
        }]),
        default_action: DefaultAction {
            action: 0,
            arguments: Borrowed(const { &[Integer::ZERO, Integer::ZERO] }),
        },
        const_default: false,
        entries: Borrowed(&[]),
        const_entries: false,
        direct_counter: None,
        direct_meter: None,
        implementation: None,
        has_idle_timeout: false,
    }]),
    actions: Borrowed(&[SEND]),
    counters: Borrowed(&[CounterSchema {
        id: 0x1200_0001,
        name: Borrowed("ingress.seen"),
        alias: Borrowed("seen"),
        size: 4,
        unit: CounterUnit::Both,
    }]),
    registers: Borrowed(&[RegisterSchema {
        id: 0x1600_0001,
        name: Borrowed("ingress.last"),
        alias: Borrowed("last"),
        size: 4,
        bits: 64,
    }]),
    meters: Borrowed(&[]),
    profiles: Borrowed(&[]),
    digests: Borrowed(&[]),
    value_sets: Borrowed(&[]),
};

fn full_entry() -> TableEntry {
    let kinds = [
        MatchValue::Exact(u128::MAX.into()),
        MatchValue::Lpm {
            value: Integer::new(0x0a00_0000),
            prefix: 8,
        },
        MatchValue::Ternary {
            value: Integer::new(0x100),
            mask: Integer::new(0x1f0),
        },
        MatchValue::Range {
            low: Integer::ZERO,
            high: Integer::new(80),
        },
        MatchValue::Optional(Integer::new(1)),
    ];
    let matches = kinds.into_iter().zip(1..);
    TableEntry {
        table: 0x0200_0001,
        matches: matches
            .map(|(kind, field)| FieldMatch { field, kind })
            .collect(),
        priority: 7,
        action: Some(TableActionRef::Call(ActionCall {
            action: 0x0100_0001,
            arguments: vec![(1, Integer::new(511)), (2, Integer::new(0x0200_0000_0001))],
        })),
        ..TableEntry::default()
    }
}

#[test]
fn every_entity_survives_the_way_there_and_back() {
    let entities = [
        Entity::Table(full_entry()),
        Entity::Table(TableEntry {
            table: 0x0200_0001,
            is_default: true,
            ..TableEntry::default()
        }),
        Entity::Counter {
            counter: 0x1200_0001,
            index: 3,
            value: CounterValue {
                packets: 5,
                bytes: 1 << 40,
            },
        },
        Entity::Register {
            register: 0x1600_0001,
            index: 0,
            value: u64::MAX.into(),
        },
    ];
    for given in entities {
        assert_eq!(
            entity(&PROGRAM, &entity_to_proto(&given)),
            Ok(given.clone())
        );
        let given = Update {
            operation: Operation::Modify,
            entity: given,
        };
        assert_eq!(update(&PROGRAM, &update_to_proto(&given)), Ok(given));
    }
}

#[test]
fn values_go_out_in_their_shortest_form() {
    let message = table_entry_to_proto(&full_entry());
    let Some(v1::field_match::FieldMatchType::Range(range)) = &message.r#match[3].field_match_type
    else {
        panic!("{message:?}");
    };
    assert_eq!(
        (range.low.as_slice(), range.high.as_slice()),
        (&[0][..], &[80][..])
    );
}

#[test]
fn errors_name_the_table_and_the_field() {
    let mut message = table_entry_to_proto(&full_entry());
    message.r#match[2].field_match_type = Some(v1::field_match::FieldMatchType::Ternary(
        v1::field_match::Ternary {
            value: vec![2, 0],
            mask: vec![1],
        },
    ));
    let error = table_entry(&PROGRAM, &message).unwrap_err();
    assert_eq!(
        error,
        ConvertError::Match {
            table: Borrowed("all"),
            field: Borrowed("ternary"),
            error: ValueError::TooWide { bits: 9 }
        }
    );
    assert_eq!(
        error.to_string(),
        "table all, match field ternary: the value does not fit into 9 bits"
    );
    assert_eq!(error.code(), Code::OutOfRange);

    let mut message = table_entry_to_proto(&full_entry());
    let Some(v1::table_action::Type::Action(action)) = message
        .action
        .as_mut()
        .and_then(|action| action.r#type.as_mut())
    else {
        panic!("no action");
    };
    action.params[0].value = vec![];
    let error = table_entry(&PROGRAM, &message).unwrap_err();
    assert_eq!(
        error.to_string(),
        "action send, parameter port: the value is empty"
    );
}

#[test]
fn a_deletion_is_its_key_whatever_else_it_says() {
    let mut message = table_entry_to_proto(&full_entry());
    message.action = Some(v1::TableAction { r#type: None });
    message.idle_timeout_ns = 5;
    let message = v1::Update {
        r#type: v1::update::Type::Delete as i32,
        entity: Some(v1::Entity {
            entity: Some(v1::entity::Entity::TableEntry(message)),
        }),
    };
    let key = TableEntry {
        action: None,
        ..full_entry()
    };
    let expected = Update {
        operation: Operation::Delete,
        entity: Entity::Table(key),
    };
    assert_eq!(update(&PROGRAM, &message), Ok(expected));
}
