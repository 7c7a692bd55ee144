//! The exact store against a map, alone and with readers beside the writer.

use dpr_runtime::{ExactStore, Refused};
use proptest::prelude::*;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, [u64; 2]),
    Modify(u64, [u64; 2]),
    Remove(u64),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u64..40, 0u64..3, 0u64..3).prop_map(|(key, a, b)| Step::Insert(key, [a, b])),
        6 => (0u64..40, 0u64..3, 0u64..3).prop_map(|(key, a, b)| Step::Modify(key, [a, b])),
        5 => (0u64..40).prop_map(Step::Remove),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #[test]
    fn a_store_does_what_a_map_does(steps in steps(), limit in 1u64..50) {
        let store = ExactStore::<1, 2>::with_limit(limit);
        let mut map = HashMap::new();
        for step in steps {
            match step {
                Step::Insert(key, words) => {
                    let expected = match map.len() {
                        _ if map.contains_key(&key) => Err(Refused::Exists),
                        len if len as u64 == limit => Err(Refused::Full),
                        _ => Ok(()),
                    };
                    if expected.is_ok() {
                        map.insert(key, words);
                    }
                    prop_assert_eq!(store.insert(&[key], words), expected);
                }
                Step::Modify(key, words) => {
                    let expected = map.get_mut(&key).map(|entry| *entry = words).ok_or(Refused::Missing);
                    prop_assert_eq!(store.modify(&[key], words), expected);
                }
                Step::Remove(key) => prop_assert_eq!(store.remove(&[key]), map.remove(&key).ok_or(Refused::Missing)),
                Step::Clear => {
                    store.clear();
                    map.clear();
                }
            }
            prop_assert_eq!(store.len(), map.len());
            for key in 0..40 {
                prop_assert_eq!(store.find(&[key]), map.get(&key).copied());
            }
        }
        let mut entries: Vec<_> = store.entries().into_iter().map(|(key, words)| (key[0], words)).collect();
        entries.sort_unstable();
        let mut expected: Vec<_> = map.into_iter().collect();
        expected.sort_unstable();
        prop_assert_eq!(entries, expected);
    }
}

/// Three words of which each says what the others must be.
fn words(key: u64, version: u64) -> [u64; 3] {
    [
        version,
        key.wrapping_mul(31).wrapping_add(version),
        !version,
    ]
}

fn check(key: u64, found: [u64; 3]) {
    assert_eq!(
        found,
        words(key, found[0]),
        "words of {key} that no write made"
    );
}

/// While a writer inserts, deletes, changes and makes the slots grow, readers find every entry that is there throughout, never
/// half a write, and never an older version after a newer one.
fn readers_beside_a_writer(limit: u64) {
    const STABLE: u64 = 64;
    const ROUNDS: u64 = 1_500;
    let store = ExactStore::<2, 3>::with_limit(limit);
    for key in 0..STABLE {
        store.insert(&[key, key], words(key, 0)).expect("room");
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut versions = [0; STABLE as usize];
                let mut churned = 0u64;
                while !done.load(Ordering::Acquire) {
                    for key in 0..STABLE {
                        let found = store
                            .find(&[key, key])
                            .unwrap_or_else(|| panic!("{key} is there throughout"));
                        check(key, found);
                        let version = &mut versions[key as usize];
                        assert!(
                            found[0] >= *version,
                            "{key} went from version {version} back to {}",
                            found[0]
                        );
                        *version = found[0];
                    }
                    churned = (churned + 1) % 4096;
                    let key = STABLE + churned;
                    if let Some(found) = store.find(&[key, key]) {
                        check(key, found);
                    }
                }
            });
        }
        let mut random = fastrand::Rng::with_seed(limit);
        for round in 1..=ROUNDS {
            for key in 0..STABLE {
                let mut next = words(key, round);
                if key % 2 == 0 {
                    // Half of them change word by word less often than all at once.
                    next = words(key, round / 2);
                }
                store.modify(&[key, key], next).expect("it is there");
            }
            for _ in 0..32 {
                let key = STABLE + random.u64(0..4096);
                if store.remove(&[key, key]).is_err() {
                    store.insert(&[key, key], words(key, round)).expect("room");
                }
            }
            if round % 500 == 0 {
                for key in STABLE..STABLE + 4096 {
                    let _ = store.remove(&[key, key]);
                }
            }
        }
        done.store(true, Ordering::Release);
    });
    for key in 0..STABLE {
        let last = if key % 2 == 0 { ROUNDS / 2 } else { ROUNDS };
        assert_eq!(store.find(&[key, key]), Some(words(key, last)));
    }
}

#[test]
fn readers_of_one_part() {
    readers_beside_a_writer(8192);
}

#[test]
fn readers_of_many_parts() {
    readers_beside_a_writer(1 << 20);
}

#[test]
fn one_word_changes_are_never_combined() {
    let store = ExactStore::<1, 2>::with_limit(8);
    store.insert(&[1], [0, 0]).expect("room");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // First the one, then the other: they are equal, or the first is ahead by one.
            for value in 1..=200_000 {
                store.modify(&[1], [value, value - 1]).expect("it is there");
                store.modify(&[1], [value, value]).expect("it is there");
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let [first, second] = store.find(&[1]).expect("it is there throughout");
            assert!(
                first == second || first == second + 1,
                "{first} with {second}"
            );
        }
    });
}

#[test]
fn a_million_flows_take_at_most_128_bytes_each() {
    const FLOWS: u64 = 1_000_000;
    let store = ExactStore::<2, 1>::with_limit(1 << 20);
    let mut worst = 0;
    for flow in 0..FLOWS {
        store
            .insert(&[flow << 7, flow.rotate_right(9)], [flow])
            .expect("room");
        if flow > 100_000 && flow % 4096 == 0 {
            worst = worst.max(store.memory_bytes() as u64 / flow);
        }
    }
    let each = store.memory_bytes() as u64 / FLOWS;
    assert!(
        worst.max(each) <= 128,
        "{each} bytes per entry, at worst {worst}"
    );
    assert!(
        (0..FLOWS)
            .step_by(997)
            .all(|flow| store.find(&[flow << 7, flow.rotate_right(9)]) == Some([flow]))
    );
}
