//! Table schemas for tests.

#![allow(dead_code)]

use dpr_runtime::*;

pub const FORWARD: ActionSchema = ActionSchema {
    id: 0x0100_0001,
    name: "C.forward",
    alias: "forward",
    params: &[
        ParamSchema {
            id: 1,
            name: "port",
            bits: 9,
        },
        ParamSchema {
            id: 2,
            name: "label",
            bits: 100,
        },
    ],
};
pub const DENY: ActionSchema = ActionSchema {
    id: 0x0100_0002,
    name: "C.deny",
    alias: "deny",
    params: &[],
};
pub const MISS: ActionSchema = ActionSchema {
    id: 0x0100_0003,
    name: "C.miss",
    alias: "miss",
    params: &[ParamSchema {
        id: 1,
        name: "why",
        bits: 8,
    }],
};

pub const fn schema(
    name: &'static str,
    size: u64,
    fields: &'static [FieldSchema],
    direct_counter: Option<u32>,
) -> TableSchema {
    TableSchema {
        id: 0x0200_0001,
        name,
        alias: name,
        size,
        fields,
        actions: &[
            TableActionSchema {
                action: &FORWARD,
                scope: ActionScope::Any,
            },
            TableActionSchema {
                action: &DENY,
                scope: ActionScope::TableOnly,
            },
            TableActionSchema {
                action: &MISS,
                scope: ActionScope::DefaultOnly,
            },
        ],
        default_action: DefaultAction {
            action: 2,
            arguments: &[7],
        },
        const_default: false,
        entries: &[],
        const_entries: false,
        direct_counter,
    }
}

pub const fn field(id: u32, bits: u32, kind: MatchKind) -> FieldSchema {
    FieldSchema {
        id,
        name: "f",
        bits,
        kind,
    }
}

pub fn forward(port: u128) -> Option<ActionCall> {
    Some(ActionCall {
        action: FORWARD.id,
        arguments: vec![(1, port), (2, port << 90)],
    })
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
