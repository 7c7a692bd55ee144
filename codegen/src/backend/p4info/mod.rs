//! P4Info: what a control plane may know of a program (P4Runtime specification, section "P4Info").

mod ids;
mod message;
mod types;

pub use ids::{BAD_ID, Kind, Symbol, Symbols, hash_of_name};
pub use message::Message;

use crate::diagnostic::Diagnostics;
use crate::ir::{
    Action, ActionProfile, Annotation, AnnotationValue, Counter, CounterUnit, Field, Key,
    MatchKind, Meter, NamedTypes, Parameter, Program, Table, TableAction, ValueSet,
};
use num_bigint::BigUint;

/// The P4Info of `program`, a `p4.config.v1.P4Info` message.
///
/// # Errors
/// Objects whose `@id` cannot be given.
pub fn p4info(program: &Program) -> Result<Message, Diagnostics> {
    let symbols = Symbols::assign(program)?;
    Ok(Builder {
        program,
        symbols: &symbols,
    }
    .build())
}

/// The text form of a P4Info message, with the lines that tell tools and editors which message it is.
pub fn to_text(p4info: &Message) -> String {
    let header =
        "# proto-file: p4/config/v1/p4info.proto\n# proto-message: p4.config.v1.P4Info\n\n";
    format!("{header}{}", p4info.to_text())
}

/// Annotations that say something in P4Info otherwise than as text.
const TOLD_OTHERWISE: [&str; 8] = [
    "name",
    "id",
    "brief",
    "description",
    "pkginfo",
    "max_group_size",
    "selector_size_semantics",
    "max_member_weight",
];

struct Builder<'a> {
    program: &'a Program,
    symbols: &'a Symbols,
}

impl Builder<'_> {
    fn build(&self) -> Message {
        let program = self.program;
        let symbols = self.symbols;
        let tables = visible(&program.tables, &symbols.tables)
            .map(|(_, table, symbol)| self.table(table, symbol));
        let actions = visible(&program.actions, &symbols.actions)
            .map(|(_, action, symbol)| action_message(action, symbol, &program.told_types));
        let profiles = visible(&program.action_profiles, &symbols.action_profiles)
            .map(|(index, profile, symbol)| self.action_profile(index, profile, symbol));
        let counters = || visible(&program.counters, &symbols.counters);
        let meters = || visible(&program.meters, &symbols.meters);
        let registers =
            visible(&program.registers, &symbols.registers).map(|(_, register, symbol)| {
                Message::new()
                    .message(
                        1,
                        "preamble",
                        preamble(symbol, &register.control.annotations),
                    )
                    .message(2, "type_spec", types::data_type(&register.type_spec))
                    .integer(3, "size", register.size)
            });
        let digests = visible(&program.digests, &symbols.digests).map(|(_, digest, symbol)| {
            Message::new()
                .message(1, "preamble", preamble(symbol, &digest.control.annotations))
                .message(2, "type_spec", types::data_type(&digest.type_spec))
        });
        let message = Message::new()
            .message(1, "pkg_info", self.package())
            .messages(2, "tables", tables)
            .messages(3, "actions", actions)
            .messages(4, "action_profiles", profiles)
            .messages(
                5,
                "counters",
                counters().filter_map(|(_, counter, symbol)| {
                    let message = self.counter_head(counter, symbol);
                    Some(message.integer(3, "size", counter.size?))
                }),
            )
            .messages(
                6,
                "direct_counters",
                counters()
                    .filter(|(_, counter, _)| counter.size.is_none())
                    .map(|(index, counter, symbol)| {
                        let table = self.table_id_where(|table| {
                            table.counter.is_some_and(|id| id.index() == index)
                        });
                        self.counter_head(counter, symbol)
                            .integer(3, "direct_table_id", table)
                    }),
            )
            .messages(
                7,
                "meters",
                meters().filter_map(|(_, meter, symbol)| {
                    let message = self.meter_head(meter, symbol);
                    Some(message.integer(3, "size", meter.size?))
                }),
            )
            .messages(
                8,
                "direct_meters",
                meters().filter(|(_, meter, _)| meter.size.is_none()).map(
                    |(index, meter, symbol)| {
                        let table = self.table_id_where(|table| {
                            table.meter.is_some_and(|id| id.index() == index)
                        });
                        self.meter_head(meter, symbol)
                            .integer(3, "direct_table_id", table)
                    },
                ),
            )
            .messages(9, "controller_packet_metadata", self.controller_headers())
            .messages(
                10,
                "value_sets",
                visible(&program.value_sets, &symbols.value_sets)
                    .map(|(_, value_set, symbol)| value_set_message(value_set, symbol)),
            )
            .messages(11, "registers", registers)
            .messages(12, "digests", digests);
        let types = types::type_info(&program.told_types);
        match types.is_empty() && !self.meets_types() {
            true => message,
            false => message.message(200, "type_info", types),
        }
    }

    /// Whether there is anything that could have brought a type along: the reference compiler writes `type_info` then, if need
    /// be without anything in it.
    fn meets_types(&self) -> bool {
        let (program, symbols) = (self.program, self.symbols);
        let data = visible(&program.actions, &symbols.actions)
            .any(|(_, action, _)| !action.parameters.is_empty());
        let controls = [
            &program.verify_checksum,
            &program.ingress,
            &program.egress,
            &program.compute_checksum,
            &program.deparser,
        ];
        data || visible(&program.tables, &symbols.tables).next().is_some()
            || !program.counters.is_empty()
            || !program.meters.is_empty()
            || (program.registers.iter()).any(|register| !register.control.hidden)
            || !program.action_profiles.is_empty()
            || !symbols.controller_headers.is_empty()
            || controls
                .into_iter()
                .any(|body| types::calls_functions(body))
            || (program.actions.iter()).any(|action| types::calls_functions(&action.body))
    }

    fn package(&self) -> Message {
        let entry = |key: &str| {
            let entries = &self.program.package.entries;
            let found = entries.iter().find(|(name, _)| name == key);
            found.map_or("", |(_, value)| value.as_str())
        };
        let number = |key: &str| entry(key).parse::<u32>().unwrap_or(0);
        let properties = Message::new()
            .integer(
                1,
                "multicast_group_table_size",
                number("multicast_group_table_size"),
            )
            .integer(
                2,
                "multicast_group_table_total_replicas",
                number("multicast_group_table_total_replicas"),
            )
            .integer(
                3,
                "multicast_group_table_max_replicas_per_entry",
                number("multicast_group_table_max_replicas_per_entry"),
            );
        let message =
            Message::new()
                .string(1, "name", entry("name"))
                .string(2, "version", entry("version"));
        let message = with_documentation(message, 3, entry("brief"), entry("description"))
            .string(5, "arch", "v1model")
            .string(6, "organization", entry("organization"))
            .string(7, "contact", entry("contact"))
            .string(8, "url", entry("url"));
        match properties.is_empty() {
            true => message,
            false => message.message(11, "platform_properties", properties),
        }
    }

    fn table(&self, table: &Table, symbol: &Symbol) -> Message {
        let symbols = self.symbols;
        let call = &table.default_action;
        let default_id = symbols.actions[call.action.index()].id;
        let parameters = &self.program.actions[call.action.index()].parameters;
        let arguments = parameters.iter().zip(&call.arguments).enumerate().map(
            |(index, (parameter, argument))| {
                Message::new()
                    .integer(2, "param_id", id_in(&parameter.annotations, index))
                    .bytes(3, "value", padded(argument, parameter.scalar.width()))
            },
        );
        let keys = table
            .keys
            .iter()
            .filter(|key| key.match_kind != MatchKind::Selector);
        let direct = [
            table
                .counter
                .map(|counter| symbols.counters[counter.index()].id),
            table.meter.map(|meter| symbols.meters[meter.index()].id),
        ];
        let implementation = table
            .implementation
            .map_or(0, |profile| symbols.action_profiles[profile.index()].id);
        let timeout = if table.support_timeout {
            (1, "NOTIFY_CONTROL")
        } else {
            (0, "NO_TIMEOUT")
        };
        let mut message = Message::new()
            .message(1, "preamble", preamble(symbol, &table.control.annotations))
            .messages(
                2,
                "match_fields",
                keys.enumerate()
                    .map(|(index, key)| match_field(index, key, &self.program.told_types)),
            )
            .messages(
                3,
                "action_refs",
                table.actions.iter().map(|action| self.action_ref(action)),
            )
            .integer(
                4,
                "const_default_action_id",
                if table.const_default_action {
                    default_id
                } else {
                    0
                },
            );
        // Members of an action profile, not an action, are what such a table's default would be.
        if table.implementation.is_none() || default_id != 0 {
            let default = Message::new().integer(1, "action_id", default_id).messages(
                4,
                "arguments",
                arguments,
            );
            message = message.message(5, "initial_default_action", default);
        }
        message = message.integer(6, "implementation_id", implementation);
        for resource in direct.into_iter().flatten() {
            message = message.integer(7, "direct_resource_ids", resource);
        }
        message
            .integer(8, "size", table.size)
            .enumerator(9, "idle_timeout_behavior", timeout)
            .bool(10, "is_const_table", table.const_entries)
            .bool(11, "has_initial_entries", !table.entries.is_empty())
    }

    fn action_ref(&self, action: &TableAction) -> Message {
        let scope = match (action.table_only, action.default_only) {
            (true, _) => (1, "TABLE_ONLY"),
            (_, true) => (2, "DEFAULT_ONLY"),
            _ => (0, "TABLE_AND_DEFAULT"),
        };
        Message::new()
            .integer(1, "id", self.symbols.actions[action.action.index()].id)
            .repeated_string(2, "annotations", texts(&action.annotations))
            .enumerator(3, "scope", scope)
            .messages(4, "structured_annotations", structured(&action.annotations))
    }

    fn action_profile(&self, index: usize, profile: &ActionProfile, symbol: &Symbol) -> Message {
        let annotation =
            |name: &str| integer_annotation(&profile.control.annotations, name).unwrap_or(0);
        let tables = visible(&self.program.tables, &self.symbols.tables)
            .filter(|(_, table, _)| table.implementation.is_some_and(|id| id.index() == index));
        let mut message = Message::new().message(
            1,
            "preamble",
            preamble(symbol, &profile.control.annotations),
        );
        for (_, _, table) in tables {
            message = message.integer(2, "table_ids", table.id);
        }
        let message = message
            .bool(3, "with_selector", profile.selector.is_some())
            .integer(4, "size", profile.size);
        // Groups are a selector's alone.
        if profile.selector.is_none() {
            return message;
        }
        let most = annotation("max_group_size");
        let message = message.integer(5, "max_group_size", most);
        let semantics = profile
            .control
            .annotations
            .iter()
            .find(|annotation| annotation.name == "selector_size_semantics");
        match semantics.and_then(first_string) {
            Some("sum_of_members") => {
                let members =
                    Message::new().integer(1, "max_member_weight", annotation("max_member_weight"));
                message.message(7, "sum_of_members", members)
            }
            Some("sum_of_weights") => message.message(6, "sum_of_weights", Message::new()),
            None if most > 0 => message.message(6, "sum_of_weights", Message::new()),
            _ => message,
        }
    }

    fn counter_head(&self, counter: &Counter, symbol: &Symbol) -> Message {
        let unit = match counter.unit {
            CounterUnit::Bytes => (1, "BYTES"),
            CounterUnit::Packets => (2, "PACKETS"),
            CounterUnit::Both => (3, "BOTH"),
        };
        Message::new()
            .message(
                1,
                "preamble",
                preamble(symbol, &counter.control.annotations),
            )
            .message(2, "spec", Message::new().enumerator(1, "unit", unit))
    }

    fn meter_head(&self, meter: &Meter, symbol: &Symbol) -> Message {
        let unit = match meter.unit {
            CounterUnit::Bytes => (1, "BYTES"),
            CounterUnit::Packets | CounterUnit::Both => (2, "PACKETS"),
        };
        Message::new()
            .message(1, "preamble", preamble(symbol, &meter.control.annotations))
            .message(2, "spec", Message::new().enumerator(1, "unit", unit))
    }

    fn table_id_where(&self, holds: impl Fn(&Table) -> bool) -> u32 {
        let mut tables = visible(&self.program.tables, &self.symbols.tables);
        tables
            .find(|(_, table, _)| holds(table))
            .map_or(0, |(_, _, symbol)| symbol.id)
    }

    fn controller_headers(&self) -> impl Iterator<Item = Message> {
        self.symbols
            .controller_headers
            .iter()
            .map(|(header_type, symbol)| {
                let header_type = &self.program.header_types[header_type.index()];
                let fields = header_type
                    .fields
                    .iter()
                    .filter(|field| !is_hidden(&field.annotations));
                Message::new()
                    .message(1, "preamble", preamble(symbol, &header_type.annotations))
                    .messages(
                        2,
                        "metadata",
                        fields
                            .enumerate()
                            .map(|(index, field)| metadata(index, field, &self.program.told_types)),
                    )
            })
    }
}

/// The objects that a control plane sees, with their index and symbol. An object instantiated twice under one name is one.
fn visible<'a, T>(
    objects: &'a [T],
    symbols: &'a [Symbol],
) -> impl Iterator<Item = (usize, &'a T, &'a Symbol)> {
    objects
        .iter()
        .zip(symbols)
        .enumerate()
        .filter_map(move |(index, (object, symbol))| {
            let first = symbols.iter().position(|other| other.id == symbol.id) == Some(index);
            (symbol.id != 0 && first).then_some((index, object, symbol))
        })
}

fn action_message(action: &Action, symbol: &Symbol, types: &NamedTypes) -> Message {
    let parameters = action.parameters.iter().enumerate();
    Message::new()
        .message(1, "preamble", preamble(symbol, &action.control.annotations))
        .messages(
            2,
            "params",
            parameters.map(|(index, parameter)| parameter_message(index, parameter, types)),
        )
}

fn parameter_message(index: usize, parameter: &Parameter, types: &NamedTypes) -> Message {
    let type_name = parameter.type_name.as_deref();
    let message = Message::new()
        .integer(1, "id", id_in(&parameter.annotations, index))
        .string(
            2,
            "name",
            name_in(&parameter.annotations).unwrap_or(&parameter.name),
        )
        .repeated_string(3, "annotations", texts(&parameter.annotations))
        .integer(4, "bitwidth", types.told_width(type_name, parameter.scalar));
    with_type(documented(message, 5, &parameter.annotations), 6, type_name)
}

fn match_field(index: usize, key: &Key, types: &NamedTypes) -> Message {
    let type_name = key.type_name.as_deref();
    let message = Message::new()
        .integer(1, "id", id_in(&key.annotations, index))
        .string(2, "name", &key.name)
        .repeated_string(3, "annotations", texts(&key.annotations))
        .integer(4, "bitwidth", types.told_width(type_name, key.expr.scalar))
        .enumerator(5, "match_type", match_type(key.match_kind));
    with_type(documented(message, 6, &key.annotations), 8, type_name)
}

/// Adds a `P4NamedType`.
fn with_type(message: Message, number: u32, type_name: Option<&str>) -> Message {
    match type_name {
        Some(name) => message.message(number, "type_name", types::named(name)),
        None => message,
    }
}

fn match_type(kind: MatchKind) -> (u64, &'static str) {
    match kind {
        MatchKind::Selector => (0, "UNSPECIFIED"),
        MatchKind::Exact => (2, "EXACT"),
        MatchKind::Lpm => (3, "LPM"),
        MatchKind::Ternary => (4, "TERNARY"),
        MatchKind::Range => (5, "RANGE"),
        MatchKind::Optional => (6, "OPTIONAL"),
    }
}

fn value_set_message(value_set: &ValueSet, symbol: &Symbol) -> Message {
    let fields = value_set
        .fields
        .iter()
        .enumerate()
        .map(|(index, (name, scalar, kind))| {
            Message::new()
                .integer(1, "id", index as u64 + 1)
                .string(2, "name", name)
                .integer(4, "bitwidth", scalar.width())
                .enumerator(5, "match_type", match_type(*kind))
        });
    Message::new()
        .message(
            1,
            "preamble",
            preamble(symbol, &value_set.control.annotations),
        )
        .messages(2, "match", fields)
        .integer(3, "size", value_set.size)
}

fn metadata(index: usize, field: &Field, types: &NamedTypes) -> Message {
    let type_name = field.type_name.as_deref();
    let message = Message::new()
        .integer(1, "id", id_in(&field.annotations, index))
        .string(
            2,
            "name",
            name_in(&field.annotations).unwrap_or(&field.name),
        )
        .repeated_string(3, "annotations", texts(&field.annotations))
        .integer(4, "bitwidth", types.told_width(type_name, field.scalar));
    with_type(message, 5, type_name)
}

fn preamble(symbol: &Symbol, annotations: &[Annotation]) -> Message {
    let message = Message::new()
        .integer(1, "id", symbol.id)
        .string(2, "name", &symbol.name)
        .string(3, "alias", &symbol.alias)
        .repeated_string(4, "annotations", texts(annotations));
    documented(message, 5, annotations).messages(
        6,
        "structured_annotations",
        structured(annotations),
    )
}

fn documented(message: Message, number: u32, annotations: &[Annotation]) -> Message {
    let text = |name: &str| {
        let annotation = annotations
            .iter()
            .find(|annotation| annotation.name == name);
        annotation.and_then(first_string).unwrap_or("")
    };
    with_documentation(message, number, text("brief"), text("description"))
}

fn with_documentation(message: Message, number: u32, brief: &str, description: &str) -> Message {
    let documentation =
        Message::new()
            .string(1, "brief", brief)
            .string(2, "description", description);
    match documentation.is_empty() {
        true => message,
        false => message.message(number, "doc", documentation),
    }
}

/// Annotations that are told as text: those without structure.
fn texts(annotations: &[Annotation]) -> impl Iterator<Item = &str> {
    (annotations.iter())
        .filter(|annotation| !TOLD_OTHERWISE.contains(&annotation.name.as_str()))
        .filter(|annotation| !is_structured(annotation))
        .map(|annotation| annotation.text.as_str())
}

/// Whether an annotation's body stands in brackets.
fn is_structured(annotation: &Annotation) -> bool {
    let body = annotation
        .text
        .trim_start_matches('@')
        .strip_prefix(&annotation.name);
    body.is_some_and(|body| body.trim_start().starts_with('['))
}

/// Annotations with structure, as lists of values or of keys and values.
fn structured(annotations: &[Annotation]) -> impl Iterator<Item = Message> {
    let structured = annotations
        .iter()
        .filter(|annotation| is_structured(annotation));
    structured.map(|annotation| {
        let message = Message::new().string(1, "name", &annotation.name);
        match annotation.values.first() {
            None => message,
            Some(AnnotationValue::Pair(..)) => {
                let pairs = annotation.values.iter().filter_map(|value| match value {
                    AnnotationValue::Pair(key, value) => Some(
                        Message::new()
                            .string(1, "key", key)
                            .message(2, "value", expression(value)),
                    ),
                    _ => None,
                });
                let pairs = Message::new().messages(1, "kv_pairs", pairs);
                message.message(3, "kv_pair_list", pairs)
            }
            Some(_) => {
                let values = annotation.values.iter().map(expression);
                let values = Message::new().messages(1, "expressions", values);
                message.message(2, "expression_list", values)
            }
        }
    })
}

/// A value in a structured annotation; one that is no `int64` is left out.
fn expression(value: &AnnotationValue) -> Message {
    match value {
        AnnotationValue::String(text) => {
            Message::new().repeated_string(1, "string_value", [text.as_str()])
        }
        AnnotationValue::Int(value) => match i64::try_from(value) {
            Ok(value) => Message::new().int64(2, "int64_value", value),
            Err(_) => Message::new(),
        },
        AnnotationValue::Bool(value) => Message::new().set_bool(3, "bool_value", *value),
        AnnotationValue::Pair(_, value) => expression(value),
    }
}

fn is_hidden(annotations: &[Annotation]) -> bool {
    annotations
        .iter()
        .any(|annotation| annotation.name == "hidden")
}

/// The first value of an annotation, if it is text.
pub(crate) fn first_string(annotation: &Annotation) -> Option<&str> {
    match annotation.values.first()? {
        AnnotationValue::String(text) => Some(text.trim_matches('"')),
        _ => None,
    }
}

pub(crate) fn integer_annotation(annotations: &[Annotation], name: &str) -> Option<u32> {
    let annotation = annotations
        .iter()
        .find(|annotation| annotation.name == name)?;
    match annotation.values.first()? {
        AnnotationValue::Int(value) => u32::try_from(value).ok(),
        AnnotationValue::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn name_in(annotations: &[Annotation]) -> Option<&str> {
    let annotation = annotations
        .iter()
        .find(|annotation| annotation.name == "name");
    annotation.and_then(first_string)
}

/// Ids of match fields, parameters and metadata: `@id`, else their place counted from 1.
pub(crate) fn id_in(annotations: &[Annotation], index: usize) -> u32 {
    integer_annotation(annotations, "id").unwrap_or(index as u32 + 1)
}

/// A value in as many bytes as its width takes.
pub(crate) fn padded(value: &BigUint, width: u32) -> Vec<u8> {
    let length = width.div_ceil(8).max(1) as usize;
    let bytes = value.to_bytes_be();
    let mut padded = vec![0; length.saturating_sub(bytes.len())];
    padded.extend_from_slice(&bytes[bytes.len().saturating_sub(length)..]);
    padded
}
