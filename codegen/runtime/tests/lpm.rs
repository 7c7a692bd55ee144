//! Longest-prefix tables against a search through all entries.

mod common;

use common::{entry, field, port, read, schema};
use dpr_runtime::{
    EntryFilter, FieldMatch, LpmTable, MatchKind, MatchValue, Operation, TableEntry, TableSchema,
    WriteError,
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

// An exact field before and after; 16 bits of prefix so that random prefixes nest.
static MIXED: TableSchema = schema(
    "mixed",
    1024,
    const {
        &[
            field(1, 8, MatchKind::Exact),
            field(2, 16, MatchKind::Lpm),
            field(3, 3, MatchKind::Exact),
        ]
    },
    None,
);
static ADDRESS: TableSchema = schema(
    "address",
    4096,
    const { &[field(1, 32, MatchKind::Lpm)] },
    None,
);
static WIDE: TableSchema = schema("wide", 64, const { &[field(1, 128, MatchKind::Lpm)] }, None);

fn prefix(field: u32, bits: u32, value: u128, length: u32) -> Option<FieldMatch> {
    let beyond = u128::MAX.checked_shr(128 - bits + length).unwrap_or(0);
    let value = value & !beyond;
    (length > 0).then_some(FieldMatch {
        field,
        kind: MatchValue::Lpm {
            value: value.into(),
            prefix: length,
        },
    })
}

fn exact(field: u32, value: u128) -> Option<FieldMatch> {
    Some(FieldMatch {
        field,
        kind: MatchValue::Exact(value.into()),
    })
}

fn matches(class: u128, value: u128, length: u32, tag: u128) -> Vec<FieldMatch> {
    [exact(1, class), prefix(2, 16, value, length), exact(3, tag)]
        .into_iter()
        .flatten()
        .collect()
}

proptest! {
    #[test]
    fn the_longest_prefix_wins(
        writes in prop::collection::vec((0u128..2, 0u128..0x10000, 0u32..=16, 0u128..2, 0u128..512, any::<bool>()), 0..120),
        keys in prop::collection::vec((0u64..2, 0u64..0x10000, 0u64..2), 200),
    ) {
        let table = LpmTable::<1, 3>::new(&MIXED);
        let mut naive: Vec<(Vec<FieldMatch>, u128, u32, u128)> = Vec::new();
        for (class, value, length, tag, to, insert) in writes {
            // Few bits set, so that there are prefixes of prefixes.
            let value = value & 0x8181;
            let key = matches(class, value, length, tag);
            let at = naive.iter().position(|(other, ..)| *other == key);
            let (operation, expected) = match (insert, at) {
                (true, None) => {
                    naive.push((key.clone(), value >> (16 - length) << (16 - length), length, to));
                    (Operation::Insert, Ok(()))
                }
                (true, Some(at)) => {
                    naive[at].3 = to;
                    (Operation::Modify, Ok(()))
                }
                (false, Some(at)) => {
                    naive.remove(at);
                    (Operation::Delete, Ok(()))
                }
                (false, None) => (Operation::Delete, Err(WriteError::NotFound)),
            };
            prop_assert_eq!(table.write(operation, &entry(key, 0, to)), expected);
        }
        for (class, value, tag) in keys {
            let value = value & 0x8181;
            let longest = naive
                .iter()
                .filter(|(key, prefix, length, _)| {
                    key.contains(&FieldMatch { field: 1, kind: MatchValue::Exact(class.into()) })
                        && key.contains(&FieldMatch { field: 3, kind: MatchValue::Exact(tag.into()) })
                        && u128::from(value) >> (16 - length) == prefix >> (16 - length)
                })
                .max_by_key(|(_, _, length, _)| *length);
            let found = table.lookup(&[class | value << 8 | tag << 24]);
            prop_assert_eq!(port(&found), longest.map(|(.., to)| *to));
        }
        let entries = read(&table, &EntryFilter::All);
        prop_assert_eq!(entries.len(), naive.len());
        for (key, _, _, to) in naive {
            prop_assert!(entries.contains(&entry(key.clone(), 0, to)));
            let one = read(&table, &EntryFilter::Key { matches: key.clone(), priority: 0 });
            prop_assert_eq!(one, vec![entry(key, 0, to)]);
        }
    }
}

#[test]
fn prefixes_of_128_bits() {
    let table = LpmTable::<2, 3>::new(&WIDE);
    let address = 0x2001_0db8_0000_0001_0000_0000_0000_0001u128;
    let lengths = [0, 1, 32, 63, 64, 65, 127, 128];
    for length in lengths {
        let key: Vec<_> = prefix(1, 128, address, length).into_iter().collect();
        table
            .write(Operation::Insert, &entry(key, 0, length.into()))
            .expect("a valid entry");
    }
    let longest = |address: u128| port(&table.lookup(&[address as u64, (address >> 64) as u64]));
    for differing in 0..128 {
        let expected = lengths
            .into_iter()
            .rfind(|length| *length <= 127 - differing)
            .map(u128::from);
        assert_eq!(
            longest(address ^ (1 << differing)),
            expected,
            "differing in bit {differing}"
        );
    }
    assert_eq!(longest(address), Some(128));
}

/// A route is replaced by a longer or shorter one, the new one first: there is always one.
#[test]
fn lookups_see_one_moment() {
    let table = LpmTable::<1, 3>::new(&ADDRESS);
    let route = |length| -> TableEntry {
        entry(
            prefix(1, 32, 0x0a01_0200, length).into_iter().collect(),
            0,
            length.into(),
        )
    };
    table
        .write(Operation::Insert, &route(8))
        .expect("a valid entry");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..20_000 {
                for (old, new) in [(8, 24), (24, 16), (16, 32), (32, 8)] {
                    table
                        .write(Operation::Insert, &route(new))
                        .expect("a valid entry");
                    table
                        .write(Operation::Delete, &route(old))
                        .expect("it is there");
                }
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let found = port(&table.lookup(&[0x0a01_0200]));
            assert!(matches!(found, Some(8 | 16 | 24 | 32)), "{found:?}");
        }
    });
}
