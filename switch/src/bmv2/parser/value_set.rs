//! Parser value sets, which the control plane fills.

use arc_swap::ArcSwap;
use dpr_runtime::{Integer, MatchValue};
use std::sync::Arc;

/// A set's members, by key part.
pub type Members = Vec<Vec<MatchValue>>;

/// A parser value set.
#[derive(Debug)]
pub struct ValueSet {
    /// The document's id.
    pub id: u32,
    pub name: String,
    /// Width of a member.
    pub bits: u32,
    members: ArcSwap<Members>,
}

impl ValueSet {
    /// An empty set.
    pub fn new(id: u32, name: &str, bits: u32) -> Self {
        ValueSet {
            id,
            name: name.to_owned(),
            bits,
            members: ArcSwap::default(),
        }
    }

    /// Replaces all members.
    pub fn set(&self, members: Members) {
        self.members.store(Arc::new(members));
    }

    /// All members.
    pub fn members(&self) -> Arc<Members> {
        self.members.load_full()
    }

    /// Whether a key of these parts is in the set, where the masks are 1.
    pub fn contains(&self, parts: &[(u128, u128)]) -> bool {
        let members = self.members.load();
        members.iter().any(|member| {
            member.len() == parts.len()
                && member
                    .iter()
                    .zip(parts)
                    .all(|(given, (value, mask))| hits(given, *value, *mask))
        })
    }
}

fn hits(given: &MatchValue, value: u128, static_mask: u128) -> bool {
    // Keys of parsers have no parts of more than 128 bits here, so what is wider is none of theirs.
    let small = |number: &Integer| number.to_u128();
    let same = |other: &Integer, mask: u128| {
        small(other).is_some_and(|other| (other ^ value) & mask & static_mask == 0)
    };
    match given {
        MatchValue::Exact(other) | MatchValue::Optional(other) => same(other, u128::MAX),
        // The bits beyond a prefix are 0 in the value, so that only those of the mask count.
        MatchValue::Lpm { value: other, .. } => same(other, u128::MAX),
        MatchValue::Ternary { value: other, mask } => {
            small(mask).is_some_and(|mask| same(other, mask))
        }
        MatchValue::Range { low, high } => {
            let value = Integer::new(value & static_mask);
            (low..=high).contains(&&value)
        }
    }
}
