//! Documents with something wrong in them are refused or run; nothing panics.

use super::{Engine, SMALL, send};
use dpr_runtime::Worker;
use proptest::prelude::*;
use serde_json::Value;

/// All places of a document.
fn places(value: &Value, path: &str, all: &mut Vec<String>) {
    all.push(path.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{path}/{index}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{path}/{name}"), all);
            }
        }
        _ => {}
    }
}

fn other_values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Bool(true)),
        Just(Value::from(0)),
        Just(Value::from(-1)),
        Just(Value::from(65)),
        Just(Value::from(u64::MAX)),
        Just(Value::from("")),
        Just(Value::from("*")),
        Just(Value::from("0xffffffffffffffffffff")),
        Just(Value::from("-0x1")),
        Just(Value::from("outer")),
        Just(Value::from("labels")),
        Just(Value::from("expression")),
        Just(Value::Array(Vec::new())),
        Just(Value::Object(serde_json::Map::new())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<prop::sample::Index>()), other_values()), 1..4),
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..48), 1..6),
    ) {
        let mut document: Value = serde_json::from_str(SMALL).unwrap();
        for (place, from, other) in changes {
            let mut all = Vec::new();
            places(&document, "", &mut all);
            // Another part of the document, or another value.
            let fresh = match from {
                Some(from) => document.pointer(from.get::<String>(all.as_slice()).as_str()).cloned().unwrap_or(other),
                None => other,
            };
            if let Some(changed) = document.pointer_mut(place.get::<String>(all.as_slice()).as_str()) {
                *changed = fresh;
            }
        }
        let text = serde_json::to_vec(&document).unwrap();
        if let Ok(engine) = Engine::load(&text, None) {
            let mut worker = Worker::seeded(1);
            for frame in &frames {
                send(&engine, &mut worker, frame);
            }
        }
    }

    #[test]
    fn text_that_is_cut_or_changed_is_refused_or_loaded(at in 0..SMALL.len(), byte: u8) {
        let mut text = SMALL.as_bytes().to_vec();
        text[at] = byte;
        let _ = Engine::load(&text, None);
        text.truncate(at);
        prop_assert!(Engine::load(&text, None).is_err());
    }
}
