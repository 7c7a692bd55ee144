//! A program's control plane, for people.

use std::fmt::Write;

use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::schema::program_info;
use dpr_runtime::{
    ActionSchema, ActionScope, CounterUnit, FieldSchema, MatchKind, ParamSchema, ProgramInfo,
    TableSchema,
};

/// Id, name and width of the fields of a header for the controller: `packet_in` or `packet_out`.
pub fn controller_header(p4info: &P4Info, name: &str) -> Vec<(u32, String, i32)> {
    let mut headers = p4info.controller_packet_metadata.iter();
    let header = headers.find(|header| {
        let preamble = header.preamble.as_ref();
        preamble.is_some_and(|preamble| preamble.name == name)
    });
    let fields = header.into_iter().flat_map(|header| &header.metadata);
    fields
        .map(|field| (field.id, field.name.clone(), field.bitwidth))
        .collect()
}

/// All that a client can speak of.
pub fn describe(p4info: &P4Info) -> String {
    let program = program_info(p4info);
    let mut text = String::new();
    for found in program.tables.iter() {
        table(&mut text, &program, found);
    }
    let lines = program
        .counters
        .iter()
        .map(|it| {
            let (name, size) = (&it.name, it.size);
            format!("counter {name}: {size} cells of {}", unit(it.unit))
        })
        .chain(program.meters.iter().map(|it| {
            let (name, size) = (&it.name, it.size);
            format!("meter {name}: {size} cells of {}", unit(it.unit))
        }))
        .chain(program.profiles.iter().map(|it| {
            let kind = match it.has_groups {
                true => "action selector",
                false => "action profile",
            };
            format!("{kind} {}: {} members", it.name, it.size)
        }))
        .chain(program.value_sets.iter().map(|it| {
            let fields: Vec<_> = it.fields.iter().map(field).collect();
            let (name, size) = (&it.name, it.size);
            format!("value_set {name}: {size} of {}", fields.join(", "))
        }))
        .chain(
            (program.digests.iter())
                .map(|it| format!("digest {}({})", it.name, params(&it.fields))),
        )
        .chain(["packet_in", "packet_out"].into_iter().filter_map(|name| {
            let fields = controller_header(p4info, name);
            let fields = fields
                .iter()
                .map(|(_, name, bits)| format!("{name}: bit<{bits}>"));
            let fields: Vec<_> = fields.collect();
            (!fields.is_empty()).then(|| format!("{name}({})", fields.join(", ")))
        }));
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn table(text: &mut String, program: &ProgramInfo, table: &TableSchema) {
    let constant = if table.const_entries { "const " } else { "" };
    let _ = writeln!(
        text,
        "{constant}table {}: {} entries",
        table.name, table.size
    );
    for key in table.fields.iter() {
        let _ = writeln!(text, "    key {}", field(key));
    }
    for entry in table.actions.iter() {
        let scope = match entry.scope {
            ActionScope::Any => "",
            ActionScope::TableOnly => " in entries only",
            ActionScope::DefaultOnly => " as default only",
        };
        let _ = writeln!(text, "    action {}{scope}", action(&entry.action));
    }
    if table.const_default {
        let default = table.actions.get(table.default_action.action);
        let name = default.map_or("", |entry| &*entry.action.name);
        let _ = writeln!(text, "    const default_action {name}");
    }
    if let Some(profile) = table.implementation.and_then(|id| program.profile(id)) {
        let _ = writeln!(text, "    implementation {}", profile.name);
    }
    let extras = [
        (table.direct_counter.is_some(), "direct counter"),
        (table.direct_meter.is_some(), "direct meter"),
        (table.has_idle_timeout, "idle timeout"),
    ];
    for (_, name) in extras.iter().filter(|(has, _)| *has) {
        let _ = writeln!(text, "    with {name}");
    }
}

fn field(field: &FieldSchema) -> String {
    let kind = match field.kind {
        MatchKind::Exact => "exact",
        MatchKind::Lpm => "lpm",
        MatchKind::Ternary => "ternary",
        MatchKind::Range => "range",
        MatchKind::Optional => "optional",
    };
    format!("{}: bit<{}> {kind}", field.name, field.bits)
}

fn action(action: &ActionSchema) -> String {
    format!("{}({})", action.name, params(&action.params))
}

fn params(params: &[ParamSchema]) -> String {
    let params = params
        .iter()
        .map(|param| format!("{}: bit<{}>", param.name, param.bits));
    params.collect::<Vec<_>>().join(", ")
}

fn unit(unit: CounterUnit) -> &'static str {
    match unit {
        CounterUnit::Packets => "packets",
        CounterUnit::Bytes => "bytes",
        CounterUnit::Both => "packets and bytes",
    }
}
