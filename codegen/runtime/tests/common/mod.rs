//! Table schemas for tests.

#![allow(dead_code)]

use dpr_runtime::*;
use std::borrow::Cow::{self, Borrowed};

pub const FORWARD: ActionSchema = ActionSchema {
    id: 0x0100_0001,
    name: Borrowed("C.forward"),
    alias: Borrowed("forward"),
    params: Borrowed(&[
        ParamSchema {
            id: 1,
            name: Borrowed("port"),
            bits: 9,
        },
        ParamSchema {
            id: 2,
            name: Borrowed("label"),
            bits: 100,
        },
    ]),
};
pub const DENY: ActionSchema = ActionSchema {
    id: 0x0100_0002,
    name: Borrowed("C.deny"),
    alias: Borrowed("deny"),
    params: Borrowed(&[]),
};
pub const MISS: ActionSchema = ActionSchema {
    id: 0x0100_0003,
    name: Borrowed("C.miss"),
    alias: Borrowed("miss"),
    params: Borrowed(&[ParamSchema {
        id: 1,
        name: Borrowed("why"),
        bits: 8,
    }]),
};

const ACTIONS: &[TableActionSchema] = &[
    TableActionSchema {
        action: Cow::Owned(FORWARD),
        scope: ActionScope::Any,
    },
    TableActionSchema {
        action: Cow::Owned(DENY),
        scope: ActionScope::TableOnly,
    },
    TableActionSchema {
        action: Cow::Owned(MISS),
        scope: ActionScope::DefaultOnly,
    },
];

pub const fn schema(
    name: &'static str,
    size: u64,
    fields: &'static [FieldSchema],
    direct_counter: Option<u32>,
) -> TableSchema {
    TableSchema {
        id: 0x0200_0001,
        name: Borrowed(name),
        alias: Borrowed(name),
        size,
        fields: Borrowed(fields),
        actions: Borrowed(ACTIONS),
        default_action: DefaultAction {
            action: 2,
            arguments: Borrowed(const { &[Integer::new(7)] }),
        },
        const_default: false,
        entries: Borrowed(&[]),
        const_entries: false,
        direct_counter,
        direct_meter: None,
        implementation: None,
        has_idle_timeout: false,
    }
}

pub const fn field(id: u32, bits: u32, kind: MatchKind) -> FieldSchema {
    FieldSchema {
        id,
        name: Borrowed("f"),
        bits,
        kind,
    }
}

pub fn forward(port: u128) -> Option<TableActionRef> {
    let call = ActionCall {
        action: FORWARD.id,
        arguments: vec![(1, port.into()), (2, (port << 90).into())],
    };
    Some(call.into())
}

pub fn entry(matches: Vec<FieldMatch>, priority: i32, port: u128) -> TableEntry {
    TableEntry {
        table: 0x0200_0001,
        matches,
        priority,
        action: forward(port),
        ..TableEntry::default()
    }
}

/// The port of the action that was found, or `None` for the default action.
pub fn port<const V: usize>(found: &Lookup<V>) -> Option<u128> {
    found
        .hit
        .then(|| get_word_bits(&found.words, Place { start: 16, bits: 9 }))
}

pub fn read<S: Store<K, V>, const K: usize, const V: usize>(
    table: &MatchTable<S, K, V>,
    filter: &EntryFilter,
) -> Vec<TableEntry> {
    let mut entries = Vec::new();
    table.read(filter, &mut |entity| match entity {
        Entity::Table(entry) => entries.push(entry),
        other => panic!("{other:?} in a table"),
    });
    entries
}
