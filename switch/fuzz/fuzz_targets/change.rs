//! Changes of a document that leave it a document.

use fastrand::Rng;
use serde_json::{Map, Value};

/// Changes one place.
pub fn change(document: &mut Value, rng: &mut Rng) {
    let mut all = Vec::new();
    places(document, String::new(), &mut all);
    let Some(place) = rng.choice(&all).cloned() else {
        return;
    };
    let other = rng.choice(&all).and_then(|other| document.pointer(other)).cloned();
    let Some(changed) = document.pointer_mut(&place) else {
        return;
    };
    match (rng.u8(..8), changed) {
        (0, Value::Array(items)) if !items.is_empty() => {
            items.remove(rng.usize(..items.len()));
        }
        (1, Value::Array(items)) if !items.is_empty() => {
            let item = items[rng.usize(..items.len())].clone();
            items.insert(rng.usize(..=items.len()), item);
        }
        (2, Value::Array(items)) => rng.shuffle(items),
        (3, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(rng.usize(..members.len())).cloned();
            name.and_then(|name| members.remove(&name));
        }
        (0..4, Value::Number(number)) => {
            let near = number.as_i64().unwrap_or(0).saturating_add(rng.i64(-2..=2));
            *number = near.into();
        }
        // Another part of the document, which often is of the same kind.
        (4..7, changed) => *changed = other.unwrap_or_default(),
        (_, changed) => *changed = fresh(rng),
    }
}

fn places(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{path}/{index}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, format!("{path}/{name}"), all);
            }
        }
        _ => {}
    }
    all.push(path);
}

fn fresh(rng: &mut Rng) -> Value {
    let texts = ["", "*", "0xffffffffffffffffffff", "-0x1", "0x00", "expression", "field", "local", "d2b", "usat_cast", "<<", "/"];
    let numbers = [0, 1, 2, 7, 8, 9, 63, 64, 65, 128, 129, 511, 2048, 65_535, 1 << 20, u64::MAX];
    match rng.u8(..8) {
        0 => Value::Null,
        1 => rng.bool().into(),
        2..5 => rng.choice(numbers).into(),
        5 => rng.choice(texts).into(),
        6 => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    }
}
