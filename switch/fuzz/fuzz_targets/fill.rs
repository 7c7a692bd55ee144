//! Entries for any program, so that packets meet more than default actions.

use dpr_runtime::{
    ActionCall, Entity, FieldMatch, FieldSchema, MatchKind, MatchValue, Operation, Pipeline, TableEntry, TableSchema, Update,
};
use fastrand::Rng;

/// Entries of each table; many are refused.
const ENTRIES: usize = 4;

/// Writes entries.
pub fn fill(pipeline: &dyn Pipeline, rng: &mut Rng) {
    for table in pipeline.program().tables.iter() {
        for _ in 0..ENTRIES {
            let entity = Entity::Table(entry(pipeline, table, rng));
            let operation = *rng
                .choice(&[Operation::Insert, Operation::Insert, Operation::Modify, Operation::Delete])
                .unwrap_or(&Operation::Insert);
            // Whether it is a good one is what the table is asked.
            let _ = pipeline.write(&Update { operation, entity });
        }
    }
}

fn entry(pipeline: &dyn Pipeline, table: &TableSchema, rng: &mut Rng) -> TableEntry {
    let is_default = rng.u8(..4) == 0;
    let fields = table.fields.iter().filter(|_| !is_default);
    let matches: Vec<_> = fields
        .map(|field| FieldMatch {
            field: field.id,
            kind: value(field, rng),
        })
        .collect();
    let needs_priority = table
        .fields
        .iter()
        .any(|field| !matches!(field.kind, MatchKind::Exact | MatchKind::Lpm));
    let action = (!table.actions.is_empty()).then(|| &table.actions[rng.usize(..table.actions.len())]);
    let action = action.and_then(|entry| pipeline.program().action(entry.action.id));
    let call = action.map(|action| ActionCall {
        action: action.id,
        arguments: action
            .params
            .iter()
            .map(|param| (param.id, (rng.u128(..) & ones(param.bits)).into()))
            .collect(),
    });
    TableEntry {
        table: table.id,
        matches,
        priority: i32::from(needs_priority && !is_default),
        action: call.map(Into::into),
        is_default,
        ..TableEntry::default()
    }
}

fn ones(bits: u32) -> u128 {
    u128::MAX.checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0)
}

fn value(field: &FieldSchema, rng: &mut Rng) -> MatchValue {
    // Small values are those that packets have.
    let value = rng.u128(..) & ones(field.bits) & *rng.choice(&[0, 1, 0xff, u128::MAX]).unwrap_or(&0);
    match field.kind {
        MatchKind::Exact => MatchValue::Exact(value.into()),
        MatchKind::Lpm => MatchValue::Lpm {
            value: value.into(),
            prefix: field.bits,
        },
        MatchKind::Ternary => MatchValue::Ternary {
            value: value.into(),
            mask: ones(field.bits).into(),
        },
        MatchKind::Range => MatchValue::Range {
            low: 0_u128.into(),
            high: value.into(),
        },
        MatchKind::Optional => MatchValue::Optional(value.into()),
    }
}
