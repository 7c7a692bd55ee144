//! What the control plane may write, and what it reads back.

mod common;

use common::{DENY, FORWARD, MISS, entry, field, port, read, schema};
use dpr_runtime::{
    ActionCall, CounterValue, EntryFilter, ExactTable, FieldMatch, Integer, Invalid, MatchKind,
    MatchValue, Operation, TableActionRef, TableEntry, TableSchema, TernaryTable, WriteError,
};

static EXACT: TableSchema = schema(
    "exact",
    4,
    const {
        &[
            field(1, 8, MatchKind::Exact),
            field(2, 12, MatchKind::Exact),
        ]
    },
    None,
);
static COUNTED: TableSchema = schema(
    "counted",
    3,
    const { &[field(1, 8, MatchKind::Exact)] },
    Some(0x1300_0001),
);
static KINDS: TableSchema = schema(
    "kinds",
    4,
    const {
        &[
            field(1, 8, MatchKind::Lpm),
            field(2, 8, MatchKind::Ternary),
            field(3, 8, MatchKind::Range),
            field(4, 8, MatchKind::Optional),
        ]
    },
    None,
);
static KEYLESS: TableSchema = schema("keyless", 1024, &[], None);

fn exact(field: u32, value: u128) -> FieldMatch {
    FieldMatch {
        field,
        kind: MatchValue::Exact(value.into()),
    }
}

fn default(action: Option<ActionCall>) -> TableEntry {
    let action = action.map(TableActionRef::from);
    TableEntry {
        table: EXACT.id,
        action,
        is_default: true,
        ..TableEntry::default()
    }
}

#[test]
fn keys_are_checked_field_by_field() {
    let table = ExactTable::<1, 3>::new(&EXACT);
    let insert = |matches| table.write(Operation::Insert, &entry(matches, 0, 1));
    assert_eq!(
        insert(vec![exact(1, 1)]),
        Err(Invalid::MissingField {
            field: 2,
            name: "f".into()
        }
        .into())
    );
    assert_eq!(
        insert(vec![exact(1, 1), exact(1, 1)]),
        Err(Invalid::DuplicateField { field: 1 }.into())
    );
    assert_eq!(
        insert(vec![exact(1, 1), exact(3, 1)]),
        Err(Invalid::UnknownField { field: 3 }.into())
    );
    assert_eq!(
        insert(vec![exact(1, 256), exact(2, 1)]),
        Err(Invalid::TooWide {
            name: "f".into(),
            bits: 8
        }
        .into())
    );
    let other = FieldMatch {
        field: 2,
        kind: MatchValue::Optional(Integer::new(1)),
    };
    assert_eq!(
        insert(vec![exact(1, 1), other]),
        Err(Invalid::WrongMatchKind {
            field: 2,
            name: "f".into()
        }
        .into())
    );
    let with_priority = entry(vec![exact(1, 1), exact(2, 1)], 5, 1);
    assert_eq!(
        table.write(Operation::Insert, &with_priority),
        Err(Invalid::BadPriority { needed: false }.into())
    );
    assert!(table.is_empty());
    assert_eq!(insert(vec![exact(2, 0xabc), exact(1, 1)]), Ok(()));
    assert_eq!(port(&table.lookup(&[0xa_bc01])), Some(1));
    assert_eq!(
        insert(vec![exact(1, 1), exact(2, 0xabc)]),
        Err(WriteError::AlreadyExists)
    );
}

fn ternary(value: u128, mask: u128) -> MatchValue {
    MatchValue::Ternary {
        value: value.into(),
        mask: mask.into(),
    }
}

fn range(low: u128, high: u128) -> MatchValue {
    MatchValue::Range {
        low: low.into(),
        high: high.into(),
    }
}

#[test]
fn matches_that_match_anything_or_are_not_canonical_are_refused() {
    let table = TernaryTable::<1, 3>::new(&KINDS);
    let insert = |field, kind| {
        table.write(
            Operation::Insert,
            &entry(vec![FieldMatch { field, kind }], 1, 1),
        )
    };
    for prefix in [0, 9] {
        let refused = Err(Invalid::BadPrefix {
            name: "f".into(),
            bits: 8,
        }
        .into());
        assert_eq!(
            insert(
                1,
                MatchValue::Lpm {
                    value: Integer::ZERO,
                    prefix
                }
            ),
            refused,
            "a prefix of {prefix}"
        );
    }
    assert_eq!(
        insert(
            1,
            MatchValue::Lpm {
                value: Integer::new(0x81),
                prefix: 7
            }
        ),
        Err(Invalid::BadPrefix {
            name: "f".into(),
            bits: 8
        }
        .into())
    );
    assert_eq!(
        insert(2, ternary(0, 0)),
        Err(Invalid::BadTernary { name: "f".into() }.into())
    );
    assert_eq!(
        insert(2, ternary(3, 1)),
        Err(Invalid::BadTernary { name: "f".into() }.into())
    );
    assert_eq!(
        insert(3, range(0, 255)),
        Err(Invalid::BadRange { name: "f".into() }.into())
    );
    assert_eq!(
        insert(3, range(2, 1)),
        Err(Invalid::BadRange { name: "f".into() }.into())
    );
    assert_eq!(
        insert(4, MatchValue::Optional(Integer::new(256))),
        Err(Invalid::TooWide {
            name: "f".into(),
            bits: 8
        }
        .into())
    );
    assert_eq!(
        table.write(Operation::Insert, &entry(Vec::new(), 0, 1)),
        Err(Invalid::BadPriority { needed: true }.into())
    );
    assert_eq!(
        table.write(Operation::Insert, &entry(Vec::new(), 1, 1)),
        Ok(())
    );
}

#[test]
fn actions_are_checked() {
    let table = ExactTable::<1, 3>::new(&EXACT);
    let key = vec![exact(1, 1), exact(2, 1)];
    let insert = |action| {
        let entry = TableEntry {
            table: EXACT.id,
            matches: key.clone(),
            action,
            ..TableEntry::default()
        };
        table.write(Operation::Insert, &entry)
    };
    let call = |action, arguments: Vec<(u32, u128)>| {
        let arguments = arguments.into_iter().map(|(id, value)| (id, value.into()));
        let arguments = arguments.collect();
        Some(ActionCall { action, arguments }.into())
    };
    assert_eq!(insert(None), Err(Invalid::MissingAction.into()));
    assert_eq!(
        insert(call(99, vec![])),
        Err(Invalid::ActionNotAllowed { action: 99 }.into())
    );
    assert_eq!(
        insert(call(MISS.id, vec![(1, 1)])),
        Err(Invalid::ActionNotAllowed { action: MISS.id }.into())
    );
    assert_eq!(
        insert(call(FORWARD.id, vec![(1, 1)])),
        Err(Invalid::BadArguments {
            action: FORWARD.name.clone()
        }
        .into())
    );
    assert_eq!(
        insert(call(FORWARD.id, vec![(1, 1), (1, 2)])),
        Err(Invalid::BadArguments {
            action: FORWARD.name.clone()
        }
        .into())
    );
    assert_eq!(
        insert(call(FORWARD.id, vec![(1, 512), (2, 0)])),
        Err(Invalid::TooWide {
            name: "port".into(),
            bits: 9
        }
        .into())
    );
    let wide = call(FORWARD.id, vec![(2, (1 << 100) - 1), (1, 511)]);
    assert_eq!(insert(wide), Ok(()));
    let entries = read(&table, &EntryFilter::All);
    assert_eq!(
        entries[0].action,
        call(FORWARD.id, vec![(1, 511), (2, (1 << 100) - 1)])
    );
}

#[test]
fn the_default_action_changes_and_comes_back() {
    let table = ExactTable::<1, 3>::new(&EXACT);
    let own = Some(ActionCall {
        action: MISS.id,
        arguments: vec![(1, Integer::new(7))],
    });
    assert_eq!(read(&table, &EntryFilter::Default), [default(own.clone())]);
    let deny = Some(ActionCall {
        action: DENY.id,
        arguments: vec![],
    });
    assert_eq!(
        table.write(Operation::Modify, &default(deny)),
        Err(Invalid::ActionNotAllowed { action: DENY.id }.into())
    );
    let other = default(Some(ActionCall {
        action: MISS.id,
        arguments: vec![(1, Integer::new(9))],
    }));
    assert_eq!(
        table.write(Operation::Insert, &other),
        Err(Invalid::ModifyOnly {
            what: "a default action"
        }
        .into())
    );
    assert_eq!(table.write(Operation::Modify, &other), Ok(()));
    let found = table.lookup(&[0]);
    assert_eq!(
        (found.hit, found.action(), found.words[0] >> 16),
        (false, 2, 9)
    );
    assert_eq!(table.write(Operation::Modify, &default(None)), Ok(()));
    assert_eq!(read(&table, &EntryFilter::Default), [default(own)]);
    assert!(read(&table, &EntryFilter::All).is_empty());
}

#[test]
fn a_table_without_fields_has_only_a_default_action() {
    let table = ExactTable::<0, 3>::new(&KEYLESS);
    assert_eq!(
        table.write(Operation::Insert, &entry(Vec::new(), 0, 1)),
        Err(Invalid::NoKey.into())
    );
    let found = table.lookup(&[]);
    assert_eq!((found.hit, found.words[0]), (false, 7 << 16 | 2));
}

#[test]
fn direct_counters_follow_their_entries() {
    let table = ExactTable::<1, 4>::new(&COUNTED);
    let insert = |value| table.write(Operation::Insert, &entry(vec![exact(1, value)], 0, value));
    let counter = |value| {
        let found = read(
            &table,
            &EntryFilter::Key {
                matches: vec![exact(1, value)],
                priority: 0,
            },
        );
        found[0].counter.expect("the table has a direct counter")
    };
    for value in 1..=3 {
        assert_eq!(insert(value), Ok(()));
    }
    assert_eq!(insert(4), Err(WriteError::ResourceExhausted { size: 3 }));
    for value in [1, 1, 2] {
        table.count(&table.lookup(&[value]), 100);
    }
    table.count(&table.lookup(&[99]), 100);
    assert_eq!(
        counter(1),
        CounterValue {
            packets: 2,
            bytes: 200
        }
    );
    assert_eq!(
        counter(2),
        CounterValue {
            packets: 1,
            bytes: 100
        }
    );
    // A change keeps what was counted; a new entry starts from 0 even in a cell that was used.
    assert_eq!(
        table.write(Operation::Modify, &entry(vec![exact(1, 1)], 0, 9)),
        Ok(())
    );
    assert_eq!(counter(1).packets, 2);
    assert_eq!(
        table.write(Operation::Delete, &entry(vec![exact(1, 1)], 0, 0)),
        Ok(())
    );
    assert_eq!(insert(4), Ok(()));
    assert_eq!(counter(4), CounterValue::default());
    let set = TableEntry {
        counter: Some(CounterValue {
            packets: 5,
            bytes: 6,
        }),
        ..entry(vec![exact(1, 2)], 0, 2)
    };
    assert_eq!(table.write(Operation::Modify, &set), Ok(()));
    assert_eq!(
        counter(2),
        CounterValue {
            packets: 5,
            bytes: 6
        }
    );
    table.clear();
    assert_eq!(insert(2), Ok(()));
    assert_eq!(counter(2), CounterValue::default());
}

#[test]
fn entries_are_read_in_the_order_of_their_keys() {
    let table = ExactTable::<1, 3>::new(&EXACT);
    for value in [3, 1, 2] {
        table
            .write(
                Operation::Insert,
                &entry(vec![exact(1, value), exact(2, 0)], 0, value),
            )
            .expect("a valid entry");
    }
    let firsts: Vec<_> = read(&table, &EntryFilter::All)
        .into_iter()
        .map(|entry| entry.matches[0].kind.clone())
        .collect();
    assert_eq!(
        firsts,
        [1u8, 2, 3].map(|value| MatchValue::Exact(value.into()))
    );
}
