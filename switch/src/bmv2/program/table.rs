//! Tables as the document describes them.

use super::control::{END, Nodes};
use super::read::Actions;
use crate::bmv2::action::Reader;
use crate::bmv2::error::Reason;
use crate::bmv2::json::{
    Loaded, MAX_CELLS, fail, flag, hex, id, items, list, member, miscounted, number, optional,
    text, text_of, unknown,
};
use crate::bmv2::layout::FieldRef;
use dpr_runtime::{Integer, MatchKind};
use serde_json::Value;

/// A table.
#[derive(Debug)]
pub struct TableProgram {
    pub name: String,
    pub id: u32,
    pub key: Vec<KeyPart>,
    pub size: u64,
    /// Positions of the program's actions; the position in this list tells them apart in entries.
    pub actions: Vec<usize>,
    /// What runs on a miss: position in the list above, arguments. Nothing if absent.
    pub default: Option<(usize, Vec<Integer>)>,
    pub const_default: bool,
    pub entries: Vec<InitialRule>,
    pub const_entries: bool,
    pub with_counters: bool,
    pub with_timeouts: bool,
    /// Its action profile's name.
    pub profile: Option<String>,
    /// Its direct meter's name.
    pub direct_meter: Option<String>,
    pub next: NextNode,
}

/// Where control goes after a table.
#[derive(Debug)]
pub enum NextNode {
    /// By whether an entry was hit.
    HitMiss(u32, u32),
    /// By the action that ran, in the order of the table's actions; the other one if none did.
    ByAction(Box<[u32]>, u32),
}

/// A part of a table's key.
#[derive(Debug)]
pub struct KeyPart {
    pub name: String,
    pub kind: MatchKind,
    pub bits: u32,
    pub source: KeySource,
    /// The bits of the field that count.
    pub mask: Option<Vec<u64>>,
}

/// Where a part of a key comes from.
#[derive(Debug)]
pub enum KeySource {
    /// 0 if the field's header is not valid.
    Field(FieldRef),
    /// Whether the header at this word is valid.
    Valid(u32),
}

/// An entry that the document has.
#[derive(Debug)]
pub struct InitialRule {
    /// By key part: value, and mask, or low and high of a range.
    pub matches: Vec<(Integer, Integer)>,
    /// The smaller wins.
    pub priority: i64,
    /// Position in the table's list of actions.
    pub action: usize,
    pub arguments: Vec<Integer>,
}

/// Reads a table.
pub fn read<'a>(
    reader: &Reader<'_, 'a>,
    value: &'a Value,
    actions: &Actions,
    nodes: &Nodes<'a>,
) -> Loaded<TableProgram> {
    let key = list(value, "key")?.iter();
    let key: Vec<KeyPart> = key
        .map(|part| key_part(reader, part))
        .collect::<Loaded<_>>()?;
    let mut own: Vec<usize> = Vec::new();
    match value.get("action_ids") {
        Some(ids) => {
            for action in items(ids)? {
                own.push(actions.by_id(action, id(action)?)?);
            }
        }
        None => {
            for action in list(value, "actions")? {
                own.push(actions.by_name(action, text(action)?)?);
            }
        }
    }
    let default = match optional(value, "default_entry") {
        Value::Null => None,
        entry => Some(call(entry, actions, &mut own)?),
    };
    let given = optional(value, "default_entry");
    let entries = list(value, "entries")?.iter();
    let entries = entries.map(|entry| initial(entry, &key, actions, &mut own));
    let entries: Vec<InitialRule> = entries.collect::<Loaded<_>>()?;
    let size = match optional(value, "max_size") {
        Value::Null => entries.len() as u64,
        size => number(size, "a table's size", MAX_CELLS)?,
    };
    let kind = text_of(value, "type")?;
    let profile = match kind {
        "simple" => None,
        "indirect" | "indirect_ws" => {
            let name = value.get("action_profile").or(value.get("act_prof_name"));
            let name = name.ok_or_else(|| {
                crate::bmv2::error::Failure::new(value, Reason::Missing("action_profile"))
            });
            Some(text(name?)?.to_owned())
        }
        other => {
            let (what, name) = ("the type of table", other.to_owned());
            return fail(value, Reason::Unsupported { what, name });
        }
    };
    let const_entries = value.get("entries").is_some() && !entries.is_empty();
    Ok(TableProgram {
        name: text_of(value, "name")?.to_owned(),
        id: id(member(value, "id")?)?,
        next: next(value, actions, &own, nodes)?,
        key,
        size: size.max(entries.len() as u64).max(1),
        actions: own,
        const_default: flag(given, "action_const") || flag(given, "action_entry_const"),
        default,
        entries,
        const_entries,
        with_counters: flag(value, "with_counters"),
        with_timeouts: flag(value, "support_timeout"),
        profile,
        direct_meter: optional(value, "direct_meters").as_str().map(str::to_owned),
    })
}

fn key_part(reader: &Reader<'_, '_>, value: &Value) -> Loaded<KeyPart> {
    // The reader's lifetime is the document's; a target is only looked up.
    let target = member(value, "target")?;
    let kind = match text_of(value, "match_type")? {
        "exact" | "valid" => MatchKind::Exact,
        "lpm" => MatchKind::Lpm,
        "ternary" => MatchKind::Ternary,
        "range" => MatchKind::Range,
        "optional" => MatchKind::Optional,
        other => {
            let (what, name) = ("the match kind", other.to_owned());
            return fail(value, Reason::Unsupported { what, name });
        }
    };
    let (source, bits, name) = if value["match_type"] == "valid" {
        let name = text(target)?;
        let header = reader.layout.header_named(name);
        let header = header.ok_or_else(|| unknown(target, "header", name))?;
        let name = format!("{name}.$valid$");
        (KeySource::Valid(reader.layout.base(header)), 1, name)
    } else {
        let (header, field) = crate::bmv2::json::pair(target)?;
        let found = reader.layout.find_exact(header, field);
        let name = format!("{header}.{field}");
        let found = found.ok_or_else(|| unknown(target, "field", &name))?;
        (KeySource::Field(found), found.bits, name)
    };
    let mask = match optional(value, "mask") {
        Value::Null => None,
        mask => {
            let mut words = vec![0; bits.div_ceil(64) as usize];
            crate::bmv2::expr::put_wide(&mut words, bits, &hex(mask)?);
            Some(words)
        }
    };
    Ok(KeyPart {
        name: optional(value, "name").as_str().map_or(name, str::to_owned),
        kind,
        bits,
        source,
        mask,
    })
}

/// The action of an entry, which is added to the table's actions if it is not one of them, and its arguments.
fn call(value: &Value, actions: &Actions, own: &mut Vec<usize>) -> Loaded<(usize, Vec<Integer>)> {
    let given = member(value, "action_id")?;
    let action = actions.by_id(given, id(given)?)?;
    let position = match own.iter().position(|other| *other == action) {
        Some(position) => position,
        None => {
            own.push(action);
            own.len() - 1
        }
    };
    let data = list(value, "action_data")?;
    let expected = actions.params(action).len();
    if data.len() != expected {
        return miscounted(value, "arguments", expected, data.len());
    }
    let arguments = data.iter().zip(actions.params(action));
    let arguments = arguments.map(|(value, (_, bits))| wrapped(value, *bits));
    Ok((position, arguments.collect::<Loaded<_>>()?))
}

/// A constant, also a negative one, in so many bits.
fn wrapped(value: &Value, bits: u32) -> Loaded<Integer> {
    let mut words = vec![0; bits.div_ceil(64) as usize];
    crate::bmv2::expr::put_wide(&mut words, bits, &hex(value)?);
    Ok(Integer::from_words(&words))
}

fn initial(
    value: &Value,
    key: &[KeyPart],
    actions: &Actions,
    own: &mut Vec<usize>,
) -> Loaded<InitialRule> {
    let given = items(member(value, "match_key")?)?;
    if given.len() != key.len() {
        return miscounted(value, "key fields", key.len(), given.len());
    }
    let matches = given
        .iter()
        .zip(key)
        .map(|(given, part)| one_match(given, part));
    let matches = matches.collect::<Loaded<_>>()?;
    let (action, arguments) = call(member(value, "action_entry")?, actions, own)?;
    Ok(InitialRule {
        matches,
        priority: optional(value, "priority").as_i64().unwrap_or(0),
        action,
        arguments,
    })
}

fn one_match(value: &Value, part: &KeyPart) -> Loaded<(Integer, Integer)> {
    let all = Integer::ones(part.bits);
    Ok(match part.kind {
        MatchKind::Exact => match member(value, "key")? {
            Value::Bool(valid) => (Integer::from(*valid), all),
            key => (wrapped(key, part.bits)?, all),
        },
        MatchKind::Lpm => {
            let length = member(value, "prefix_length")?;
            let length = number(length, "a prefix length", u64::from(part.bits))? as u32;
            let mask = Integer::prefix_mask(part.bits, length);
            let key = wrapped(member(value, "key")?, part.bits)?;
            (key.and(&mask), mask)
        }
        MatchKind::Ternary => {
            let mask = wrapped(member(value, "mask")?, part.bits)?;
            let key = wrapped(member(value, "key")?, part.bits)?;
            (key.and(&mask), mask)
        }
        MatchKind::Optional => match value.get("mask") {
            Some(mask) => (
                wrapped(member(value, "key")?, part.bits)?,
                wrapped(mask, part.bits)?,
            ),
            None => (wrapped(member(value, "key")?, part.bits)?, all),
        },
        MatchKind::Range => (
            wrapped(member(value, "start")?, part.bits)?,
            wrapped(member(value, "end")?, part.bits)?,
        ),
    })
}

fn next(value: &Value, actions: &Actions, own: &[usize], nodes: &Nodes<'_>) -> Loaded<NextNode> {
    let given = optional(value, "next_tables");
    let base = match optional(value, "base_default_next") {
        Value::Null => END,
        base => nodes.next(base)?,
    };
    if given.get("__HIT__").is_some() || given.get("__MISS__").is_some() {
        return Ok(NextNode::HitMiss(
            nodes.next(optional(given, "__HIT__"))?,
            nodes.next(optional(given, "__MISS__"))?,
        ));
    }
    let of = |action: &usize| match given.get(actions.name(*action)) {
        Some(next) => nodes.next(next),
        None => Ok(base),
    };
    let by_action: Vec<u32> = own.iter().map(of).collect::<Loaded<_>>()?;
    // Of a key that is not an action nothing is made, but it is to name a node.
    for next in given.as_object().into_iter().flatten() {
        nodes.next(next.1)?;
    }
    Ok(NextNode::ByAction(by_action.into(), base))
}
