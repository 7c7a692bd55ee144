//! What must hold of any JSON for BMv2 (behavioral-model, docs/JSON_format.md), and a short form of it for people to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

/// Everything that is wrong.
pub fn check(json: &Value) -> Vec<String> {
    let mut check = Check {
        types: BTreeMap::new(),
        headers: BTreeMap::new(),
        json,
        wrong: Vec::new(),
    };
    check.program();
    check.wrong
}

struct Check<'j> {
    /// The width of each field of each header type; none for a `varbit`.
    types: BTreeMap<&'j str, BTreeMap<&'j str, Option<u64>>>,
    /// The type of each header.
    headers: BTreeMap<&'j str, &'j str>,
    json: &'j Value,
    wrong: Vec<String>,
}

fn list<'j>(value: &'j Value, name: &str) -> &'j [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'j>(value: &'j Value, name: &str) -> &'j str {
    value[name].as_str().unwrap_or_default()
}

fn names(values: &[Value]) -> BTreeSet<&str> {
    values.iter().map(|value| text(value, "name")).collect()
}

impl<'j> Check<'j> {
    fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    fn program(&mut self) {
        let json = self.json;
        for header_type in list(json, "header_types") {
            let fields = list(header_type, "fields").iter();
            let fields: BTreeMap<_, _> = fields
                .map(|field| (field[0].as_str().unwrap_or_default(), field[1].as_u64()))
                .collect();
            let width: u64 = fields.values().flatten().sum();
            self.require(width.is_multiple_of(8), || {
                format!("{header_type} is no whole bytes")
            });
            self.types.insert(text(header_type, "name"), fields);
        }
        for header in list(json, "headers") {
            self.headers
                .insert(text(header, "name"), text(header, "header_type"));
        }
        for kind in [
            "header_types",
            "headers",
            "header_stacks",
            "field_lists",
            "learn_lists",
            "parse_vsets",
            "calculations",
            "checksums",
            "counter_arrays",
            "meter_arrays",
            "register_arrays",
            "actions",
        ] {
            let objects = list(json, kind);
            let ids: BTreeSet<_> = objects.iter().map(|object| object["id"].as_u64()).collect();
            self.require(ids.len() == objects.len(), || {
                format!("{kind}: ids are not unique")
            });
            let unique = kind == "actions" || names(objects).len() == objects.len();
            self.require(unique, || format!("{kind}: names are not unique"));
            for object in objects {
                self.operands(object, list(object, "runtime_data").len());
            }
        }
        for action in list(json, "actions") {
            self.jumps(action);
        }
        for parser in list(json, "parsers") {
            self.parser(parser);
        }
        for pipeline in list(json, "pipelines") {
            self.pipeline(pipeline);
        }
        for header in list(&json["deparsers"][0], "order") {
            let known = self
                .headers
                .contains_key(header.as_str().unwrap_or_default());
            self.require(known, || format!("no header {header}"));
        }
        for checksum in list(json, "checksums") {
            self.field_width(&checksum["target"]);
        }
        for alias in list(json, "field_aliases") {
            self.field_width(&alias[1]);
        }
    }

    fn field_width(&mut self, pair: &'j Value) -> u64 {
        let header = pair[0].as_str().unwrap_or_default();
        let field = pair[1].as_str().unwrap_or_default();
        if field == "$valid$" && self.headers.contains_key(header) {
            return 1;
        }
        let fields = (self.headers.get(header)).and_then(|header_type| self.types.get(header_type));
        match fields.and_then(|fields| fields.get(field)) {
            Some(width) => width.unwrap_or(0),
            None => {
                self.wrong.push(format!("no field {pair}"));
                0
            }
        }
    }

    /// All operands within a value, in an action with so many parameters.
    fn operands(&mut self, value: &'j Value, parameters: usize) {
        if let Some(elements) = value.as_array() {
            elements
                .iter()
                .for_each(|element| self.operands(element, parameters));
        }
        let Some(members) = value.as_object() else {
            return;
        };
        let kind = text(value, "type");
        let referred = &value["value"];
        let arrays = match kind {
            "calculation" => "calculations",
            "counter_array" => "counter_arrays",
            "meter_array" => "meter_arrays",
            "register_array" => "register_arrays",
            "header_stack" | "stack" => "header_stacks",
            "header" | "regular" => "headers",
            _ => "",
        };
        if let (Some(name), false) = (referred.as_str(), arrays.is_empty()) {
            let known = names(list(self.json, arrays)).contains(name);
            self.require(known, || format!("no {kind} {name}"));
        }
        if kind == "field" && referred.is_array() {
            self.field_width(referred);
        }
        if let ("local" | "runtime_data", Some(at)) = (kind, referred.as_u64()) {
            self.require((at as usize) < parameters, || format!("no parameter {at}"));
        }
        members
            .values()
            .for_each(|member| self.operands(member, parameters));
    }

    fn jumps(&mut self, action: &'j Value) {
        let primitives = list(action, "primitives");
        for primitive in primitives {
            if text(primitive, "op").starts_with("_jump") {
                let target = list(primitive, "parameters").last();
                let target = target.map_or("", |target| text(target, "value"));
                let target = usize::from_str_radix(target.trim_start_matches("0x"), 16);
                let inside = target.is_ok_and(|target| target <= primitives.len());
                self.require(inside, || format!("a jump out of {}", action["name"]));
            }
        }
    }

    fn parser(&mut self, parser: &'j Value) {
        let states = list(parser, "parse_states");
        let known = names(states);
        self.require(known.len() == states.len(), || {
            "states of one name".to_owned()
        });
        let first = known.contains(text(parser, "init_state"));
        self.require(first, || "no first state".to_owned());
        for state in states {
            self.operands(&state["parser_ops"], 0);
            let keys = list(state, "transition_key").iter();
            let bytes: u64 = keys.map(|key| self.key_width(key).div_ceil(8)).sum();
            let transitions = list(state, "transitions");
            let last = transitions.last().map_or("", |last| text(last, "type"));
            self.require(last == "default", || format!("{state} may match nothing"));
            for transition in transitions {
                let next = &transition["next_state"];
                let there = next.is_null() || known.contains(next.as_str().unwrap_or_default());
                self.require(there, || format!("no state {next}"));
                for number in ["value", "mask"] {
                    let digits = text(transition, number).len() as u64;
                    let is_number = text(transition, "type") == "hexstr" && digits > 0;
                    let fits = !is_number || digits == 2 + 2 * bytes;
                    self.require(fits, || format!("{transition} is not of {bytes} bytes"));
                }
            }
        }
    }

    fn key_width(&mut self, key: &'j Value) -> u64 {
        match text(key, "type") {
            "field" => self.field_width(&key["value"]),
            "lookahead" => key["value"][1].as_u64().unwrap_or(0),
            "stack_field" => {
                let stacks = list(self.json, "header_stacks").iter();
                let name = key["value"][0].as_str().unwrap_or_default();
                let stack = stacks.clone().find(|stack| text(stack, "name") == name);
                let header_type = stack.map_or("", |stack| text(stack, "header_type"));
                let field = key["value"][1].as_str().unwrap_or_default();
                let fields = self.types.get(header_type);
                fields
                    .and_then(|fields| fields.get(field).copied().flatten())
                    .unwrap_or(0)
            }
            kind => {
                self.wrong.push(format!("a key of kind {kind}"));
                0
            }
        }
    }

    fn pipeline(&mut self, pipeline: &'j Value) {
        let tables = list(pipeline, "tables");
        let conditionals = list(pipeline, "conditionals");
        let mut nodes = names(tables);
        nodes.extend(names(conditionals));
        let unique = nodes.len() == tables.len() + conditionals.len();
        self.require(unique, || "nodes of one name".to_owned());
        let there = |node: &Value| node.is_null() || nodes.contains(node.as_str().unwrap_or("?"));
        self.require(there(&pipeline["init_table"]), || {
            "no first node".to_owned()
        });
        for conditional in conditionals {
            self.operands(&conditional["expression"], 0);
            let both = there(&conditional["true_next"]) && there(&conditional["false_next"]);
            self.require(both, || format!("{conditional} goes nowhere"));
        }
        let profiles = names(list(pipeline, "action_profiles"));
        self.operands(&pipeline["action_profiles"], 0);
        for table in tables {
            let name = &table["name"];
            let next = table["next_tables"].as_object();
            let all = next.into_iter().flatten();
            let resolved =
                all.clone().all(|(_, next)| there(next)) && there(&table["base_default_next"]);
            self.require(resolved, || format!("{name} goes nowhere"));
            let keys: BTreeSet<&str> = all.map(|(key, _)| key.as_str()).collect();
            let actions = list(table, "actions")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let complete = keys == actions || keys == BTreeSet::from(["__HIT__", "__MISS__"]);
            self.require(complete, || {
                format!("{name} goes on {keys:?} for {actions:?}")
            });
            let is_simple = text(table, "type") == "simple";
            let has_profile = profiles.contains(text(table, "action_profile"));
            self.require(is_simple != has_profile, || {
                format!("{name}: its action profile")
            });
            self.table_actions(table);
            self.entries(table);
        }
    }

    fn table_actions(&mut self, table: &'j Value) {
        let all = list(self.json, "actions");
        let named = |id: &Value| all.iter().find(|action| action["id"] == *id);
        for (id, name) in list(table, "action_ids").iter().zip(list(table, "actions")) {
            let same = named(id).is_some_and(|action| action["name"] == *name);
            self.require(same, || format!("action {id} is not {name}"));
        }
        let default = &table["default_entry"];
        let entries = list(table, "entries")
            .iter()
            .map(|entry| &entry["action_entry"]);
        for call in entries.chain(default.is_object().then_some(default)) {
            let data = list(call, "action_data").len();
            let listed = list(table, "action_ids").contains(&call["action_id"]);
            let fits = named(&call["action_id"])
                .is_some_and(|action| list(action, "runtime_data").len() == data);
            self.require(listed && fits, || format!("{}: {call}", table["name"]));
        }
    }

    fn entries(&mut self, table: &'j Value) {
        let keys = list(table, "key");
        for key in keys {
            let bytes = self.field_width(&key["target"]).div_ceil(8);
            let at = keys.iter().position(|other| other == key).unwrap_or(0);
            for entry in list(table, "entries") {
                let value = &entry["match_key"][at];
                let same = value["match_type"] == key["match_type"];
                self.require(same, || format!("{entry} is no match for {key}"));
                for number in ["key", "mask", "start", "end"] {
                    let digits = text(value, number).len() as u64;
                    let fits = digits == 0 || digits == 2 + 2 * bytes;
                    self.require(fits, || format!("{value} is not of {bytes} bytes"));
                }
            }
        }
    }
}

/// The JSON in lines that people can compare: a line per operation, expressions as text.
pub fn outline(json: &Value) -> String {
    let mut out = String::new();
    for header in list(json, "headers") {
        let name = text(header, "header_type");
        let types = list(json, "header_types").iter();
        let fields = types.clone().find(|listed| text(listed, "name") == name);
        let fields = fields.map_or(&Value::Null, |listed| &listed["fields"]);
        writeln!(out, "header {} {name} {fields}", text(header, "name")).unwrap();
    }
    for kind in [
        "header_stacks",
        "field_lists",
        "parse_vsets",
        "counter_arrays",
        "meter_arrays",
        "register_arrays",
        "calculations",
        "checksums",
        "learn_lists",
        "deparsers",
    ] {
        for object in list(json, kind) {
            writeln!(out, "{kind} {}", brief(object)).unwrap();
        }
    }
    for state in list(&json["parsers"][0], "parse_states") {
        writeln!(out, "state {}", text(state, "name")).unwrap();
        for op in list(state, "parser_ops") {
            writeln!(out, "  {} {}", text(op, "op"), brief(&op["parameters"])).unwrap();
        }
        let key = brief(&state["transition_key"]);
        for case in list(state, "transitions") {
            let (value, mask) = (&case["value"], &case["mask"]);
            let kind = text(case, "type");
            let next = &case["next_state"];
            writeln!(out, "  {kind} {key} {value} {mask} -> {next}").unwrap();
        }
    }
    for action in list(json, "actions") {
        let parameters = brief(&action["runtime_data"]);
        writeln!(out, "action {} {parameters}", text(action, "name")).unwrap();
        for (at, primitive) in list(action, "primitives").iter().enumerate() {
            let (op, parameters) = (text(primitive, "op"), brief(&primitive["parameters"]));
            writeln!(out, "  {at}: {op} {parameters}").unwrap();
        }
    }
    for pipeline in list(json, "pipelines") {
        let (name, first) = (text(pipeline, "name"), &pipeline["init_table"]);
        writeln!(out, "pipeline {name} -> {first}").unwrap();
        for table in list(pipeline, "tables") {
            let (name, kind) = (text(table, "name"), text(table, "type"));
            let (key, next) = (brief(&table["key"]), brief(&table["next_tables"]));
            let default = brief(&table["default_entry"]);
            writeln!(
                out,
                "  table {name} {kind} {key} -> {next} default {default}"
            )
            .unwrap();
            for entry in list(table, "entries") {
                writeln!(out, "    {}", brief(entry)).unwrap();
            }
        }
        for profile in list(pipeline, "action_profiles") {
            writeln!(out, "  profile {}", brief(profile)).unwrap();
        }
        for conditional in list(pipeline, "conditionals") {
            let (name, condition) = (text(conditional, "name"), brief(&conditional["expression"]));
            let (then, otherwise) = (&conditional["true_next"], &conditional["false_next"]);
            writeln!(out, "  if {name} {condition} -> {then} else {otherwise}").unwrap();
        }
    }
    out
}

/// A value on one line; operands and expressions without what makes them JSON.
fn brief(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(brief).collect::<Vec<_>>().join(", ");
    match value {
        Value::Array(values) => format!("[{}]", all(values)),
        Value::Object(members) => {
            let inner = &value["value"];
            match (text(value, "type"), inner) {
                ("expression", inner) if inner["op"].is_string() => {
                    let op = text(inner, "op");
                    let (left, right) = (&inner["left"], &inner["right"]);
                    match (op, left) {
                        ("?", _) => {
                            let condition = brief(&inner["cond"]);
                            format!("({condition} ? {} : {})", brief(left), brief(right))
                        }
                        (_, Value::Null) => format!("{op}({})", brief(right)),
                        _ => format!("({} {op} {})", brief(left), brief(right)),
                    }
                }
                ("expression", inner) => brief(inner),
                ("field", Value::Array(pair)) if members.len() == 2 => {
                    let (header, field) = (&pair[0], &pair[1]);
                    format!("{}.{}", header.as_str().unwrap(), field.as_str().unwrap())
                }
                (_, inner) if members.len() == 2 && !inner.is_null() => brief(inner),
                _ => {
                    let members = members.iter();
                    let members = members.map(|(key, value)| format!("{key}: {}", brief(value)));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
                }
            }
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
