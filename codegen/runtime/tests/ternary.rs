//! Tables with every kind of field against a search through all entries.

mod common;

use common::{entry, field, port, read, schema};
use dpr_runtime::{
    EntryFilter, FieldMatch, Integer, MatchKind, MatchValue, Operation, TableSchema, TernaryTable,
    WriteError, key_places, put_word_bits,
};
use proptest::prelude::*;

static ALL_KINDS: TableSchema = schema(
    "all_kinds",
    1024,
    const {
        &[
            field(1, 4, MatchKind::Exact),
            field(2, 70, MatchKind::Ternary),
            field(3, 8, MatchKind::Range),
            field(4, 8, MatchKind::Optional),
            field(5, 8, MatchKind::Lpm),
            field(6, 100, MatchKind::Range),
        ]
    },
    None,
);
static SMALL: TableSchema = schema(
    "small",
    2,
    const { &[field(1, 8, MatchKind::Ternary)] },
    None,
);

const WIDTHS: [u32; 6] = [4, 70, 8, 8, 8, 100];

/// Small numbers spread over a wide field, so that they meet.
fn spread(value: u128, bits: u32) -> u128 {
    (value & 3) | (value >> 2 & 1) << (bits - 1)
}

fn any_match(field: u32) -> BoxedStrategy<Option<FieldMatch>> {
    let bits = WIDTHS[field as usize - 1];
    let all = u128::MAX >> (128 - bits);
    let kind = match field {
        1 => (0u128..2)
            .prop_map(|value| MatchValue::Exact(value.into()))
            .boxed(),
        2 => (0u128..8, 1u128..8)
            .prop_map(move |(value, mask)| {
                let mask = spread(mask, bits);
                MatchValue::Ternary {
                    value: (spread(value, bits) & mask).into(),
                    mask: mask.into(),
                }
            })
            .boxed(),
        3 | 6 => (0u128..8, 0u128..8)
            .prop_map(move |(a, b)| {
                let (a, b) = (spread(a, bits), spread(b, bits));
                MatchValue::Range {
                    low: a.min(b).into(),
                    high: a.max(b).into(),
                }
            })
            .boxed(),
        4 => (0u128..8)
            .prop_map(move |value| MatchValue::Optional(spread(value, bits).into()))
            .boxed(),
        _ => (0u128..8, 1u32..=8)
            .prop_map(move |(value, prefix)| MatchValue::Lpm {
                value: (spread(value, bits) & all & !(all >> prefix)).into(),
                prefix,
            })
            .boxed(),
    };
    let given = kind.prop_map(move |kind| Some(FieldMatch { field, kind }));
    if field == 1 {
        given.boxed()
    } else {
        prop_oneof![1 => Just(None), 2 => given].boxed()
    }
}

fn key() -> impl Strategy<Value = Vec<FieldMatch>> {
    (
        any_match(1),
        any_match(2),
        any_match(3),
        any_match(4),
        any_match(5),
        any_match(6),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
}

fn hits(matches: &[FieldMatch], values: &[u128]) -> bool {
    matches.iter().all(|given| {
        let at = given.field as usize - 1;
        let number = |value: &Integer| value.to_u128().expect("a value of at most 128 bits");
        match &given.kind {
            MatchValue::Exact(value) | MatchValue::Optional(value) => *value == values[at],
            MatchValue::Lpm { value, prefix } => {
                values[at] >> (WIDTHS[at] - prefix) == number(value) >> (WIDTHS[at] - prefix)
            }
            MatchValue::Ternary { value, mask } => *value == values[at] & number(mask),
            MatchValue::Range { low, high } => (number(low)..=number(high)).contains(&values[at]),
        }
    })
}

proptest! {
    #[test]
    fn the_largest_priority_wins(
        writes in prop::collection::vec((key(), any::<bool>()), 0..80),
        packets in prop::collection::vec(prop::array::uniform6(0u128..8), 100),
    ) {
        let table = TernaryTable::<5, 3>::new(&ALL_KINDS);
        let mut naive: Vec<(Vec<FieldMatch>, i32, u128)> = Vec::new();
        for (number, (key, insert)) in (1u8..).zip(writes) {
            if insert || naive.is_empty() {
                // Priorities differ and come in no order.
                let priority = i32::from(number.reverse_bits());
                naive.push((key.clone(), priority, number.into()));
                prop_assert_eq!(table.write(Operation::Insert, &entry(key.clone(), priority, number.into())), Ok(()));
                prop_assert_eq!(table.write(Operation::Insert, &entry(key, priority, 0)), Err(WriteError::AlreadyExists));
            } else {
                let at = usize::from(number) % naive.len();
                let (key, priority, _) = naive[at].clone();
                if number % 2 == 0 {
                    naive.remove(at);
                    prop_assert_eq!(table.write(Operation::Delete, &entry(key, priority, 0)), Ok(()));
                } else {
                    naive[at].2 = u128::from(number) + 256;
                    prop_assert_eq!(table.write(Operation::Modify, &entry(key, priority, naive[at].2)), Ok(()));
                }
            }
            prop_assert_eq!(table.len(), naive.len());
        }
        let places = key_places(WIDTHS);
        for packet in packets {
            let mut words = [0; 5];
            let values: Vec<u128> = packet.iter().zip(WIDTHS).map(|(value, bits)| spread(*value, bits)).collect();
            for (place, value) in places.iter().zip(&values) {
                put_word_bits(&mut words, *place, *value);
            }
            let best = naive.iter().filter(|(key, ..)| hits(key, &values)).max_by_key(|(_, priority, _)| *priority);
            prop_assert_eq!(port(&table.lookup(&words)), best.map(|(.., to)| *to));
        }
        let entries = read(&table, &EntryFilter::All);
        prop_assert_eq!(entries.len(), naive.len());
        for (key, priority, to) in naive {
            prop_assert!(entries.contains(&entry(key, priority, to)));
        }
    }
}

#[test]
fn a_full_table_refuses_and_goes_on() {
    let table = TernaryTable::<1, 3>::new(&SMALL);
    let given = |value: u8| {
        vec![FieldMatch {
            field: 1,
            kind: MatchValue::Ternary {
                value: value.into(),
                mask: Integer::ones(8),
            },
        }]
    };
    assert_eq!(
        table.write(Operation::Insert, &entry(given(1), 1, 1)),
        Ok(())
    );
    assert_eq!(
        table.write(Operation::Insert, &entry(given(2), 1, 2)),
        Ok(())
    );
    assert_eq!(
        table.write(Operation::Insert, &entry(given(3), 1, 3)),
        Err(WriteError::ResourceExhausted { size: 2 })
    );
    assert_eq!(
        table.write(Operation::Delete, &entry(given(1), 1, 0)),
        Ok(())
    );
    assert_eq!(
        table.write(Operation::Insert, &entry(given(3), 1, 3)),
        Ok(())
    );
    assert_eq!(
        [1, 2, 3].map(|value| port(&table.lookup(&[value]))),
        [None, Some(2), Some(3)]
    );
    table.clear();
    assert!(table.is_empty());
}

static WIDE: TableSchema = schema(
    "wide",
    8,
    const {
        &[
            field(1, 200, MatchKind::Ternary),
            field(2, 130, MatchKind::Range),
            field(3, 150, MatchKind::Optional),
        ]
    },
    None,
);

/// 4, 3 and 3 words.
#[test]
fn fields_of_more_than_128_bits() {
    let table = TernaryTable::<10, 3>::new(&WIDE);
    let high = |top| Integer::from_words(&[0, 0, top]);
    let matches = vec![
        FieldMatch {
            field: 1,
            kind: MatchValue::Ternary {
                value: Integer::from_words(&[5, 0, 0, 7]),
                mask: Integer::from_words(&[0xff, 0, 0, 0xff]),
            },
        },
        FieldMatch {
            field: 2,
            kind: MatchValue::Range {
                low: high(1),
                high: high(2),
            },
        },
        FieldMatch {
            field: 3,
            kind: MatchValue::Optional(high(9)),
        },
    ];
    let wrote = table.write(Operation::Insert, &entry(matches.clone(), 1, 1));
    assert_eq!(wrote, Ok(()));
    assert_eq!(
        read(&table, &EntryFilter::All),
        [entry(matches.clone(), 1, 1)]
    );
    let hit = [0x105, 1, 2, 7, 77, 0, 1, 0, 0, 9];
    assert_eq!(port(&table.lookup(&hit)), Some(1));
    for (word, other) in [(0, 4), (3, 6), (6, 0), (6, 2), (9, 8), (7, 1)] {
        let mut miss = hit;
        miss[word] = other;
        assert_eq!(
            port(&table.lookup(&miss)),
            None,
            "word {word} is {other}, and {:?} beyond 2",
            miss[4]
        );
    }
    let mut too_wide = matches;
    too_wide[2].kind = MatchValue::Optional(Integer::ones(151));
    assert!(
        table
            .write(Operation::Insert, &entry(too_wide, 2, 1))
            .is_err()
    );
}
