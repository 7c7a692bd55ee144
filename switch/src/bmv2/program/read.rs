//! From the document to a program.

use super::{
    CounterArray, LearnList, MeterArray, Profile, Program, RegisterArray, Standard, control,
};
use crate::bmv2::action::{Action, Extern, Reader};
use crate::bmv2::calculation::{Calculation, Checksum, Fields};
use crate::bmv2::error::{LoadError, Reason};
use crate::bmv2::expr::truth;
use crate::bmv2::json::{
    Loaded, MAX_BITS, MAX_CELLS, fail, flag, id, list, member, number, optional, text_of, unknown,
};
use crate::bmv2::layout::{FieldRef, Layout};
use crate::bmv2::parser::{self, Errors, Parser, ValueSet};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Codes of the core library's errors in a document that does not number them.
const CORE_ERRORS: [&str; 7] = [
    "NoError",
    "PacketTooShort",
    "NoMatch",
    "StackOutOfBounds",
    "HeaderTooShort",
    "ParserTimeout",
    "ParserInvalidArgument",
];

/// A document's actions while it is read.
pub struct Actions {
    actions: Vec<Action>,
    ids: HashMap<u32, usize>,
}

impl Actions {
    /// The position of the action with this id.
    pub fn by_id(&self, at: &Value, id: u32) -> Loaded<usize> {
        let found = self.ids.get(&id).copied();
        found.ok_or_else(|| unknown(at, "action", &id.to_string()))
    }

    /// The position of the first action with this name.
    pub fn by_name(&self, at: &Value, name: &str) -> Loaded<usize> {
        let found = self.actions.iter().position(|action| action.name == name);
        found.ok_or_else(|| unknown(at, "action", name))
    }

    /// An action's name.
    pub fn name(&self, position: usize) -> &str {
        self.actions.get(position).map_or("", |action| &action.name)
    }

    /// An action's parameters.
    pub fn params(&self, position: usize) -> &[(String, u32)] {
        self.actions
            .get(position)
            .map_or(&[], |action| &action.params)
    }
}

/// Reads a document.
pub fn read(json: &[u8]) -> Result<Program, LoadError> {
    let root: Value = serde_json::from_slice(json).map_err(|error| LoadError {
        path: "$".to_owned(),
        reason: Reason::Syntax {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        },
    })?;
    program(&root).map_err(|failure| failure.locate(&root))
}

fn program(root: &Value) -> Loaded<Program> {
    check_version(root)?;
    let layout = Layout::read(root)?;
    let registers = registers(root)?;
    let counters = counters(root)?;
    let meters = meters(root, &layout)?;
    let mut calculations = Vec::new();
    let mut externs = HashMap::new();
    for value in list(root, "calculations")? {
        let key = (Extern::Calculation, text_of(value, "name")?);
        externs.insert(key, calculations.len());
        calculations.push(Calculation::read(&layout, value)?);
    }
    let arrays = |name| list(root, name).unwrap_or_default();
    for (kind, list, names) in [
        (
            Extern::Counter,
            arrays("counter_arrays"),
            counters.iter().map(|it| &it.name).collect::<Vec<_>>(),
        ),
        (
            Extern::Meter,
            arrays("meter_arrays"),
            meters.iter().map(|it| &it.name).collect(),
        ),
    ] {
        for value in list {
            let name = text_of(value, "name")?;
            if let Some(position) = names.iter().position(|other| *other == name) {
                externs.insert((kind, name), position);
            }
        }
    }
    let mut register_names = HashMap::new();
    for (position, (value, array)) in list(root, "register_arrays")?
        .iter()
        .zip(&registers)
        .enumerate()
    {
        register_names.insert(text_of(value, "name")?, (position, array.bits));
    }
    let reader = Reader {
        layout: &layout,
        registers: &register_names,
        externs: &externs,
    };
    let actions = actions(root, &reader)?;
    let mut value_sets = Vec::new();
    for value in list(root, "parse_vsets")? {
        let bits = number(member(value, "compressed_bitwidth")?, "a width", 1 << 16)?;
        let id = id(member(value, "id")?)?;
        value_sets.push(ValueSet::new(id, text_of(value, "name")?, bits as u32));
    }
    let parser = parser(root, &reader, &value_sets)?;
    let mut tables = Vec::new();
    let mut profiles = Vec::new();
    let mut control_of = |name: &'static str| match named(root, "pipelines", name)? {
        Some(pipeline) => {
            for value in list(pipeline, "action_profiles")? {
                profiles.push(profile(&layout, value)?);
            }
            control::read(&reader, pipeline, &actions, &mut tables)
        }
        None => Err(unknown(optional(root, "pipelines"), "pipeline", name)),
    };
    let (ingress, egress) = (control_of("ingress")?, control_of("egress")?);
    let (deparser, deparser_primitives) = match any(root, "deparsers", "deparser")? {
        Some(value) => {
            let order = list(value, "order")?.iter();
            let order = order.map(|name| Ok(Fields::of(&layout, layout.header(name)?)));
            let primitives = list(value, "primitives")?.iter();
            let primitives = primitives.map(|value| reader.primitive(value, &[]));
            (
                order.collect::<Loaded<_>>()?,
                primitives.collect::<Loaded<_>>()?,
            )
        }
        None => (Vec::new(), Vec::new()),
    };
    let source = optional(root, "program").as_str().unwrap_or("program");
    let name = Path::new(source).file_stem().and_then(|stem| stem.to_str());
    Ok(Program {
        name: name.unwrap_or("program").to_owned(),
        parser,
        value_sets,
        ingress,
        egress,
        tables,
        checksums: checksums(root, &reader)?,
        deparser,
        deparser_primitives,
        field_lists: field_lists(root, &layout)?,
        learn_lists: learn_lists(root, &layout)?,
        standard: standard(&layout),
        metadata_words: layout.metadata_words,
        initial: layout.initial,
        actions: actions.actions,
        calculations,
        registers,
        counters,
        meters,
        profiles,
    })
}

fn check_version(root: &Value) -> Loaded<()> {
    // Documents from before version 2.0 do not say.
    let version = match root.get("__meta__") {
        Some(meta) => member(meta, "version")?,
        None => return Ok(()),
    };
    match version.get(0).and_then(Value::as_u64) {
        Some(2) => Ok(()),
        _ => fail(version, Reason::Version(version.to_string())),
    }
}

/// The item of a list with this name.
fn named<'a>(root: &'a Value, list_name: &str, name: &str) -> Loaded<Option<&'a Value>> {
    let mut items = list(root, list_name)?.iter();
    Ok(items.find(|item| item.get("name").and_then(Value::as_str) == Some(name)))
}

/// The item of a list with this name, or else its first.
fn any<'a>(root: &'a Value, list_name: &str, name: &str) -> Loaded<Option<&'a Value>> {
    Ok(named(root, list_name, name)?.or(list(root, list_name)?.first()))
}

fn registers(root: &Value) -> Loaded<Vec<RegisterArray>> {
    let arrays = list(root, "register_arrays")?.iter();
    let arrays = arrays.map(|value| {
        let bits = number(member(value, "bitwidth")?, "a register's width", MAX_BITS)? as u32;
        // Words of all cells together are as few as cells of one word may be.
        let most = MAX_CELLS / u64::from(bits.div_ceil(64).max(1));
        Ok(RegisterArray {
            name: text_of(value, "name")?.to_owned(),
            id: id(member(value, "id")?)?,
            size: number(member(value, "size")?, "an array's size", most)?,
            bits,
        })
    });
    arrays.collect()
}

fn counters(root: &Value) -> Loaded<Vec<CounterArray>> {
    let arrays = list(root, "counter_arrays")?.iter();
    let arrays = arrays
        .filter(|value| !flag(value, "is_direct"))
        .map(|value| {
            Ok(CounterArray {
                name: text_of(value, "name")?.to_owned(),
                id: id(member(value, "id")?)?,
                size: number(member(value, "size")?, "an array's size", MAX_CELLS)?,
            })
        });
    arrays.collect()
}

fn meters<'a>(root: &'a Value, layout: &Layout<'a>) -> Loaded<Vec<MeterArray>> {
    let arrays = list(root, "meter_arrays")?.iter();
    let arrays = arrays.map(|value| {
        let direct = match flag(value, "is_direct") {
            true => Some((
                optional(value, "binding")
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                layout.field(member(value, "result_target")?)?,
            )),
            false => None,
        };
        let bytes = match text_of(value, "type")? {
            "bytes" => true,
            "packets" => false,
            _ => return fail(value, Reason::Expected("a meter of `bytes` or `packets`")),
        };
        Ok(MeterArray {
            name: text_of(value, "name")?.to_owned(),
            id: id(member(value, "id")?)?,
            size: number(member(value, "size")?, "an array's size", MAX_CELLS)?,
            bytes,
            direct,
        })
    });
    arrays.collect()
}

fn actions<'a>(root: &'a Value, reader: &Reader<'_, 'a>) -> Loaded<Actions> {
    let mut actions = Actions {
        actions: Vec::new(),
        ids: HashMap::new(),
    };
    for value in list(root, "actions")? {
        let action = reader.action(value)?;
        if actions
            .ids
            .insert(action.id, actions.actions.len())
            .is_some()
        {
            let (kind, name) = ("action", action.id.to_string());
            return fail(value, Reason::Twice { kind, name });
        }
        actions.actions.push(action);
    }
    Ok(actions)
}

fn parser<'a>(root: &'a Value, reader: &Reader<'_, 'a>, sets: &[ValueSet]) -> Loaded<Parser> {
    let mut codes: HashMap<&str, u64> = (0..)
        .zip(CORE_ERRORS)
        .map(|(code, name)| (name, code))
        .collect();
    for error in list(root, "errors")? {
        if let (Some(name), Some(code)) = (
            error.get(0).and_then(Value::as_str),
            error.get(1).and_then(Value::as_u64),
        ) {
            codes.insert(name, code);
        }
    }
    let code = |name| codes.get(name).copied().unwrap_or_default();
    let errors = Errors {
        packet_too_short: code("PacketTooShort"),
        stack_out_of_bounds: code("StackOutOfBounds"),
        header_too_short: code("HeaderTooShort"),
        parser_timeout: code("ParserTimeout"),
        invalid_argument: code("ParserInvalidArgument"),
    };
    match any(root, "parsers", "parser")? {
        Some(value) => parser::read(reader, value, errors, sets),
        None => Ok(Parser::default()),
    }
}

fn profile<'a>(layout: &Layout<'a>, value: &'a Value) -> Loaded<Profile> {
    let selector = match optional(value, "selector") {
        Value::Null => None,
        selector => Some(Calculation::read(layout, selector)?),
    };
    Ok(Profile {
        name: text_of(value, "name")?.to_owned(),
        id: id(member(value, "id")?)?,
        size: match optional(value, "max_size") {
            Value::Null => 1024,
            size => number(size, "a profile's size", MAX_CELLS)?,
        },
        selector,
    })
}

fn checksums<'a>(root: &'a Value, reader: &Reader<'_, 'a>) -> Loaded<Vec<Checksum>> {
    let checksums = list(root, "checksums")?.iter();
    let checksums = checksums.map(|value| {
        let calculation = member(value, "calculation")?;
        let name = calculation.as_str().unwrap_or_default();
        let found = reader.externs.get(&(Extern::Calculation, name)).copied();
        let condition = match optional(value, "if_cond") {
            Value::Null => None,
            condition => Some(reader.names(&[]).truth(condition)?),
        };
        let is = |name: &str| optional(value, name).as_bool().unwrap_or(true);
        Ok(Checksum {
            target: reader.layout.field(member(value, "target")?)?,
            calculation: found.ok_or_else(|| unknown(calculation, "calculation", name))?,
            condition: condition.map(|condition| truth(reader.layout, &condition)),
            verify: is("verify"),
            update: is("update"),
        })
    });
    checksums.collect()
}

fn fields<'a>(layout: &Layout<'a>, value: &'a Value) -> Loaded<Vec<FieldRef>> {
    let mut fields = Vec::new();
    for element in list(value, "elements")? {
        // Constants have nothing to be preserved.
        if text_of(element, "type")? == "field" {
            fields.push(layout.field(member(element, "value")?)?);
        }
    }
    Ok(fields)
}

fn short(value: &Value) -> Loaded<u16> {
    number(member(value, "id")?, "a list's id", u64::from(u16::MAX)).map(|id| id as u16)
}

fn field_lists<'a>(root: &'a Value, layout: &Layout<'a>) -> Loaded<BTreeMap<u16, Vec<FieldRef>>> {
    let lists = list(root, "field_lists")?.iter();
    lists
        .map(|value| Ok((short(value)?, fields(layout, value)?)))
        .collect()
}

fn learn_lists<'a>(root: &'a Value, layout: &Layout<'a>) -> Loaded<BTreeMap<u16, LearnList>> {
    let lists = list(root, "learn_lists")?.iter();
    let lists = lists.map(|value| {
        let list = LearnList {
            name: text_of(value, "name")?.to_owned(),
            fields: fields(layout, value)?,
        };
        Ok((short(value)?, list))
    });
    lists.collect()
}

fn standard(layout: &Layout<'_>) -> Standard {
    let standard = |field| layout.find("standard_metadata", field);
    let aliased = |header, field| layout.find(header, field).or_else(|| standard(field));
    Standard {
        ingress_port: standard("ingress_port"),
        egress_spec: standard("egress_spec"),
        egress_port: standard("egress_port"),
        packet_length: standard("packet_length"),
        instance_type: standard("instance_type"),
        parser_error: standard("parser_error"),
        checksum_error: standard("checksum_error"),
        mcast_grp: aliased("intrinsic_metadata", "mcast_grp"),
        egress_rid: aliased("intrinsic_metadata", "egress_rid"),
        ingress_timestamp: aliased("intrinsic_metadata", "ingress_global_timestamp"),
        egress_timestamp: aliased("intrinsic_metadata", "egress_global_timestamp"),
        enqueue_timestamp: aliased("queueing_metadata", "enq_timestamp"),
    }
}
