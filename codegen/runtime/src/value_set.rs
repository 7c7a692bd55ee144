//! Parser value sets: what a select matches that the control plane says.

use crate::{Entity, Invalid, MatchValue, Operation, Query, ValueSetSchema, WriteError};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// A value set. Packets read it without a lock.
#[derive(Debug)]
pub struct ValueSet {
    schema: &'static ValueSetSchema,
    members: ArcSwap<Vec<Vec<MatchValue>>>,
}

impl ValueSet {
    /// An empty set.
    pub fn new(schema: &'static ValueSetSchema) -> Self {
        ValueSet {
            schema,
            members: ArcSwap::default(),
        }
    }

    /// Whether some member matches all values, one for each field.
    pub fn contains(&self, values: &[u128]) -> bool {
        let members = self.members.load();
        members.iter().any(|member| {
            let mut fields = self.schema.fields.iter().zip(member).zip(values);
            fields.all(|((field, kind), value)| matches(*kind, *value, field.bits))
        })
    }

    /// Replaces the members.
    pub fn modify(
        &self,
        operation: Operation,
        members: &[Vec<MatchValue>],
    ) -> Result<(), WriteError> {
        if operation != Operation::Modify {
            return Err(Invalid::ModifyOnly {
                what: "a value set",
            }
            .into());
        }
        self.schema.check(members)?;
        self.members.store(Arc::new(members.to_vec()));
        Ok(())
    }

    /// Shows this set's part of a query.
    pub fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::ValueSets { id } = query
            && id.is_none_or(|id| id == self.schema.id)
        {
            visit(Entity::ValueSet {
                id: self.schema.id,
                members: self.members.load().to_vec(),
            });
        }
    }

    /// Removes all members.
    pub fn clear(&self) {
        self.members.store(Arc::default());
    }
}

fn matches(kind: MatchValue, value: u128, bits: u32) -> bool {
    match kind {
        MatchValue::Exact(wanted) | MatchValue::Optional(wanted) => value == wanted,
        MatchValue::Lpm {
            value: wanted,
            prefix,
        } => {
            let rest = bits.saturating_sub(prefix);
            let shifted = |value: u128| value.checked_shr(rest).unwrap_or(0);
            shifted(value) == shifted(wanted)
        }
        MatchValue::Ternary {
            value: wanted,
            mask,
        } => value & mask == wanted & mask,
        MatchValue::Range { low, high } => (low..=high).contains(&value),
    }
}
