//! Table entries as tests write them, in the terms of the program.

use super::Problem;
use super::names::{NameError, field_spellings, find};
use crate::{Call, Entry, MatchText, Number};
use dpr_runtime::{
    ActionCall, FieldMatch, FieldSchema, Integer, MatchKind, MatchValue, ProgramInfo, TableEntry,
    TableSchema,
};

/// Whose words the commands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A test's: priorities begin at 0, and `remove all` is about what the test has added.
    Test,
    /// A P4Runtime client's: priorities are P4Runtime's, from 1, and `remove all` is about all entries.
    Client,
}

/// The table of a name.
pub(super) fn table<'p>(
    program: &'p ProgramInfo,
    name: &str,
) -> Result<&'p TableSchema, NameError> {
    find("table", program.tables.iter(), |table| &table.name, name)
}

/// The key that is meant. An exact field that is not named is 0; any other such field matches everything.
pub(super) fn entry(
    program: &ProgramInfo,
    given: &Entry,
    dialect: Dialect,
) -> Result<TableEntry, Problem> {
    let table = table(program, &given.table)?;
    let mut matches = Vec::new();
    for given in &given.matches {
        let field = field(table, &given.field).map_err(|error| Problem::at(given.place, error))?;
        let kind =
            match_value(field, &given.value).map_err(|problem| problem.or_at(given.place))?;
        if matches
            .iter()
            .any(|other: &(u32, Option<MatchValue>)| other.0 == field.id)
        {
            let problem = format!("`{}` is given twice", field.name);
            return Err(Problem::at(given.place, problem));
        }
        matches.push((field.id, kind));
    }
    for field in table.fields.iter() {
        let named = matches.iter().any(|(id, _)| *id == field.id);
        if field.kind == MatchKind::Exact && !named {
            matches.push((field.id, Some(MatchValue::Exact(Integer::ZERO))));
        }
    }
    matches.sort_by_key(|(id, _)| *id);
    let matches = matches.into_iter();
    let priority = match (table.has_priority(), dialect) {
        (true, Dialect::Test) => given.priority.unwrap_or(0).saturating_add(1),
        (true, Dialect::Client) => given.priority.unwrap_or(1),
        // Tests give priorities to all kinds of tables.
        (false, Dialect::Test) => 0,
        (false, Dialect::Client) => given.priority.unwrap_or(0),
    };
    Ok(TableEntry {
        table: table.id,
        matches: matches
            .filter_map(|(field, kind)| Some(FieldMatch { field, kind: kind? }))
            .collect(),
        priority: i32::try_from(priority).unwrap_or(i32::MAX),
        ..TableEntry::default()
    })
}

fn field<'t>(table: &'t TableSchema, name: &str) -> Result<&'t FieldSchema, NameError> {
    let find = |name: &str| find("key field", table.fields.iter(), |field| &field.name, name);
    let mut spellings = field_spellings(name).into_iter();
    let first = find(&spellings.next().unwrap_or_default());
    match first {
        Err(NameError::Unknown { .. }) => spellings
            .find_map(|spelling| find(&spelling).ok())
            .map_or(first, Ok),
        found => found,
    }
}

/// `None` if anything matches.
pub(super) fn match_value(
    field: &FieldSchema,
    given: &MatchText,
) -> Result<Option<MatchValue>, Problem> {
    let all = Integer::ones(field.bits);
    let wrong = |kind: &str| {
        Problem::new(format!(
            "`{}` is matched by {kind}, which this is not",
            field.name
        ))
    };
    let whole = |number: &Number| match number.has_wildcards() {
        true => Err(wrong("one value")),
        false => Ok(number.value.clone()),
    };
    Ok(match (field.kind, given) {
        (MatchKind::Exact, MatchText::Number(number)) => Some(MatchValue::Exact(whole(number)?)),
        (MatchKind::Exact, _) => return Err(wrong("one value")),
        (MatchKind::Optional, MatchText::Number(number)) => {
            Some(MatchValue::Optional(whole(number)?))
        }
        (MatchKind::Optional, _) => return Err(wrong("one value")),
        (MatchKind::Lpm, text) => {
            let (value, prefix) = prefix(field.bits, text).ok_or_else(|| wrong("a prefix"))?;
            let rest = all.without(&Integer::prefix_mask(field.bits, prefix));
            (prefix > 0).then(|| MatchValue::Lpm {
                // What is wider than the field stays, and is refused.
                value: value.without(&rest),
                prefix,
            })
        }
        (MatchKind::Ternary, text) => {
            let (value, mask) = match text {
                MatchText::Number(number) => (&number.value, all.without(&number.wild)),
                MatchText::Masked(value, mask) => (&value.value, mask.value.clone()),
                MatchText::Prefix(value, prefix) => {
                    (&value.value, Integer::prefix_mask(field.bits, *prefix))
                }
                MatchText::Range(..) => return Err(wrong("a value and a mask")),
            };
            (!mask.is_zero()).then(|| MatchValue::Ternary {
                value: value.without(&all.without(&mask)),
                mask,
            })
        }
        (MatchKind::Range, text) => {
            let (low, high) = match text {
                MatchText::Number(number) => (whole(number)?, whole(number)?),
                MatchText::Range(low, high) => (whole(low)?, high.value.clone()),
                MatchText::Prefix(..) | MatchText::Masked(..) => return Err(wrong("a range")),
            };
            let is_everything = low.is_zero() && high == all;
            (!is_everything).then_some(MatchValue::Range { low, high })
        }
    })
}

/// A prefix is written with its length, or with `*` for its last digits, or else is the whole field.
fn prefix(bits: u32, text: &MatchText) -> Option<(&Integer, u32)> {
    match text {
        MatchText::Prefix(number, length) => Some((&number.value, *length)),
        MatchText::Number(number) => {
            let wild = number.wild.count_ones();
            let begins_well = number.wild == Integer::ones(wild);
            begins_well.then(|| (&number.value, bits.saturating_sub(wild)))
        }
        MatchText::Masked(value, mask) => {
            let length = mask.value.count_ones();
            let is_prefix = mask.value == Integer::prefix_mask(bits, length);
            is_prefix.then_some((&value.value, length))
        }
        MatchText::Range(..) => None,
    }
}

/// The action that a test means, of those that a table has.
pub(super) fn call(table: &TableSchema, given: &Call) -> Result<ActionCall, Problem> {
    let at = |error: NameError| Problem::at(given.place, error);
    let action = &find(
        "action",
        table.actions.iter(),
        |entry| &entry.action.name,
        &given.action,
    )
    .map_err(at)?
    .action;
    let mut arguments = Vec::new();
    for (name, value) in &given.arguments {
        let param = find("parameter", action.params.iter(), |param| &param.name, name);
        arguments.push((param.map_err(at)?.id, value.value.clone()));
    }
    arguments.sort_unstable();
    Ok(ActionCall {
        action: action.id,
        arguments,
    })
}
