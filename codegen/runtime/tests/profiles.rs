//! Action profiles and selectors behind the tables whose entries refer to them.

mod common;

use common::{FORWARD, MISS, field, forward, port, read, schema};
use dpr_runtime::{
    ActionCall, ActionProfile, Entity, EntryFilter, ExactTable, FieldMatch, Integer, Invalid,
    MatchKind, MatchValue, Operation, ProfileSchema, Query, TableActionRef, TableEntry,
    TableSchema, WriteError,
};
use std::borrow::Cow::Borrowed;
use std::sync::{Arc, LazyLock};

static SELECTOR: ProfileSchema = ProfileSchema {
    id: 0x1100_0001,
    name: Borrowed("C.spread"),
    alias: Borrowed("spread"),
    size: 3,
    has_groups: true,
    max_group_size: 0,
};
static PROFILE: ProfileSchema = ProfileSchema {
    id: 0x1100_0002,
    name: Borrowed("C.one"),
    alias: Borrowed("one"),
    size: 3,
    has_groups: false,
    max_group_size: 0,
};
static TABLE: LazyLock<TableSchema> = LazyLock::new(|| TableSchema {
    implementation: Some(SELECTOR.id),
    ..schema(
        "selected",
        8,
        const { &[field(1, 8, MatchKind::Exact)] },
        None,
    )
});

type Table = ExactTable<1, 3>;

fn new() -> (Arc<ActionProfile>, Table) {
    let profile = Arc::new(ActionProfile::new(&SELECTOR, &TABLE));
    let table = Table::with_profile(&TABLE, &profile);
    (profile, table)
}

fn call(port: u128) -> ActionCall {
    let action = forward(port).expect("an action");
    action.call().expect("said as it is").clone()
}

fn member(id: u32, port: u128) -> Entity {
    Entity::Member {
        profile: SELECTOR.id,
        id,
        action: Some(call(port)),
    }
}

fn group(id: u32, max_size: u32, members: &[(u32, u32)]) -> Entity {
    Entity::Group {
        profile: SELECTOR.id,
        id,
        max_size,
        members: members.to_vec(),
    }
}

fn entry(key: u8, action: TableActionRef) -> TableEntry {
    TableEntry {
        table: TABLE.id,
        matches: vec![FieldMatch {
            field: 1,
            kind: MatchValue::Exact(key.into()),
        }],
        action: Some(action),
        ..TableEntry::default()
    }
}

fn insert(profile: &ActionProfile, entities: &[Entity]) {
    for entity in entities {
        let wrote = profile.write(Operation::Insert, entity);
        assert_eq!(wrote, Ok(()), "{entity:?}");
    }
}

/// The port that a packet with this key and hash leaves by.
fn chosen(table: &Table, key: u64, hash: u64) -> Option<u128> {
    let found = table.select(table.lookup(&[key]), hash);
    (found.action() == 0).then(|| port(&found)).flatten()
}

#[test]
fn entries_run_what_their_member_runs_now() {
    let (profile, table) = new();
    let refers = entry(1, TableActionRef::Member(7));
    assert_eq!(
        table.write(Operation::Insert, &refers),
        Err(WriteError::Missing {
            what: "member",
            id: 7
        })
    );
    insert(&profile, &[member(7, 5)]);
    assert_eq!(table.write(Operation::Insert, &refers), Ok(()));
    assert_eq!(chosen(&table, 1, 99), Some(5));
    assert_eq!(
        profile.write(Operation::Modify, &member(7, 6)),
        Ok(()),
        "members change under entries"
    );
    assert_eq!(chosen(&table, 1, 99), Some(6));
    assert_eq!(
        read(&table, &EntryFilter::All),
        std::slice::from_ref(&refers)
    );
    let in_use = Err(WriteError::InUse { what: "the member" });
    assert_eq!(profile.write(Operation::Delete, &member(7, 0)), in_use);
    assert_eq!(table.write(Operation::Delete, &refers), Ok(()));
    assert_eq!(profile.write(Operation::Delete, &member(7, 0)), Ok(()));
}

#[test]
fn a_hash_chooses_members_by_their_weights() {
    let (profile, table) = new();
    insert(
        &profile,
        &[
            member(1, 11),
            member(2, 12),
            group(9, 4, &[(2, 3), (1, 1)]),
            group(10, 0, &[]),
        ],
    );
    for (key, group) in [(1, 9), (2, 10)] {
        let refers = entry(key, TableActionRef::Group(group));
        assert_eq!(table.write(Operation::Insert, &refers), Ok(()));
    }
    let ports: Vec<_> = (0..8).map(|hash| chosen(&table, 1, hash)).collect();
    let round = [Some(11), Some(12), Some(12), Some(12)];
    assert_eq!(ports, [round, round].concat());
    assert_eq!(chosen(&table, 2, 3), None, "an empty group runs nothing");
    assert_eq!(
        profile.write(Operation::Delete, &member(1, 0)),
        Err(WriteError::InUse { what: "the member" })
    );
    assert_eq!(
        profile.write(Operation::Modify, &group(9, 4, &[(1, 1)])),
        Ok(())
    );
    assert_eq!(chosen(&table, 1, 1), Some(11));
    let mut shown = Vec::new();
    let all = Query::Groups {
        profile: None,
        id: None,
    };
    profile.answer(&all, &mut |entity| shown.push(entity));
    assert_eq!(shown, [group(9, 4, &[(1, 1)]), group(10, 0, &[])]);
}

#[test]
fn an_entry_can_have_a_group_of_its_own() {
    let (profile, table) = new();
    let own = TableActionRef::OneShot(vec![(call(1), 1), (call(2), 2)]);
    let refers = entry(3, own);
    assert_eq!(table.write(Operation::Insert, &refers), Ok(()));
    let ports: Vec<_> = (0..3).map(|hash| chosen(&table, 3, hash)).collect();
    assert_eq!(ports, [Some(1), Some(2), Some(2)]);
    assert_eq!(read(&table, &EntryFilter::All), [refers]);
    let mut shown = 0;
    let all = Query::Groups {
        profile: None,
        id: None,
    };
    profile.answer(&all, &mut |_| shown += 1);
    assert_eq!(shown, 0, "it is no group of the selector");
    let single = entry(3, TableActionRef::OneShot(vec![(call(4), 1)]));
    assert_eq!(table.write(Operation::Modify, &single), Ok(()));
    assert_eq!(chosen(&table, 3, 2), Some(4));
}

#[test]
fn what_is_no_member_or_group_is_refused() {
    let (profile, table) = new();
    insert(
        &profile,
        &[member(1, 1), member(2, 2), member(3, 3), group(1, 2, &[])],
    );
    let write = |operation, entity: &Entity| profile.write(operation, entity);
    for (operation, entity, expected) in [
        (
            Operation::Insert,
            member(1, 1),
            Err(WriteError::AlreadyExists),
        ),
        (
            Operation::Insert,
            member(4, 1),
            Err(WriteError::ResourceExhausted { size: 3 }),
        ),
        (Operation::Modify, member(4, 1), Err(WriteError::NotFound)),
        (
            Operation::Insert,
            Entity::Member {
                profile: SELECTOR.id,
                id: 5,
                action: None,
            },
            Err(Invalid::MissingAction.into()),
        ),
        (
            Operation::Modify,
            group(1, 2, &[(8, 1)]),
            Err(WriteError::Missing {
                what: "member",
                id: 8,
            }),
        ),
        (
            Operation::Modify,
            group(1, 2, &[(1, 1), (1, 1)]),
            Err(Invalid::DuplicateMember(1).into()),
        ),
        (
            Operation::Modify,
            group(1, 2, &[(1, 0)]),
            Err(Invalid::BadWeight.into()),
        ),
        (
            Operation::Modify,
            group(1, 2, &[(1, 3)]),
            Err(WriteError::ResourceExhausted { size: 2 }),
        ),
        (
            Operation::Modify,
            group(1, 3, &[]),
            Err(Invalid::BadMaxSize {
                given: 3,
                before: Some(2),
                most: 0,
            }
            .into()),
        ),
    ] {
        assert_eq!(write(operation, &entity), expected, "{entity:?}");
    }
    let default_only = Entity::Member {
        profile: SELECTOR.id,
        id: 1,
        action: Some(ActionCall {
            action: MISS.id,
            arguments: vec![(1, Integer::ZERO)],
        }),
    };
    assert_eq!(
        write(Operation::Modify, &default_only),
        Err(Invalid::ActionNotAllowed { action: MISS.id }.into())
    );
    let direct = entry(1, call(1).into());
    assert_eq!(
        table.write(Operation::Insert, &direct),
        Err(Invalid::DirectAction.into())
    );
    let without_groups = ActionProfile::new(&PROFILE, &TABLE);
    assert_eq!(
        without_groups.write(Operation::Insert, &group(1, 0, &[])),
        Err(Invalid::NoSelector.into())
    );
    assert_eq!(FORWARD.id, call(1).action);
}
