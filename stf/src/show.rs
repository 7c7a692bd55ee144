//! What is written and read, as the commands that would make it.

use dpr_runtime::{
    ActionCall, ActionSchema, Entity, FieldSchema, Integer, MatchValue, MeterConfig, ProgramInfo,
    Replica, TableActionRef, TableEntry,
};
use std::fmt::Write;

/// Something that a program's control plane has read, as the command that makes it; what no command makes is a comment. Names
/// and ids that the program does not have are shown as numbers.
pub fn show(program: &ProgramInfo, entity: &Entity) -> String {
    match entity {
        Entity::Table(entry) => table_entry(program, entry),
        Entity::Counter {
            counter,
            index,
            value,
        } => {
            let name = named(program.counter(*counter).map(|it| &*it.name), *counter);
            let (packets, bytes) = (value.packets, value.bytes);
            format!("counter_write {name} {index} {packets} {bytes}")
        }
        Entity::Register {
            register,
            index,
            value,
        } => {
            let name = named(program.register(*register).map(|it| &*it.name), *register);
            format!("register_write {name} {index} {value:#x}")
        }
        Entity::MulticastGroup { id, replicas } => {
            format!("multicast {id}{}", copies(replicas))
        }
        Entity::CloneSession {
            id,
            replicas,
            packet_length_bytes,
            ..
        } => {
            let text = format!("clone_session {id}{}", copies(replicas));
            match packet_length_bytes {
                0 => text,
                bytes => format!("{text} # {bytes} bytes of each packet"),
            }
        }
        Entity::Meter {
            meter,
            index,
            config,
        } => {
            let name = named(program.meter(*meter).map(|it| &*it.name), *meter);
            match config {
                Some(config) => format!("meter_set_rates {name} {index} {}", rates(config)),
                None => format!("# meter {name} {index}: everything is green"),
            }
        }
        Entity::DirectMeter { entry, config } => {
            let key = key(program, entry);
            match config {
                Some(config) => format!("# direct meter of {key}: {}", rates(config)),
                None => format!("# direct meter of {key}: everything is green"),
            }
        }
        Entity::Member {
            profile,
            id,
            action,
        } => {
            let name = named(program.profile(*profile).map(|it| &*it.name), *profile);
            let action = action.as_ref().map(|action| call(program, action));
            format!("member {name} {id} {}", action.unwrap_or_default())
        }
        Entity::Group {
            profile,
            id,
            members,
            ..
        } => {
            let name = named(program.profile(*profile).map(|it| &*it.name), *profile);
            let members = members.iter().map(|(member, weight)| match weight {
                1 => format!(" {member}"),
                weight => format!(" {member}/{weight}"),
            });
            format!("group {name} {id}{}", members.collect::<String>())
        }
        Entity::ValueSet { id, members } => {
            let set = program.value_set(*id);
            let fields = set.map(|set| &*set.fields).unwrap_or_default();
            let members = members.iter().map(|member| {
                let values = member
                    .iter()
                    .enumerate()
                    .map(|(position, kind)| match_text(fields.get(position), kind));
                format!(" {}", values.collect::<Vec<_>>().join(","))
            });
            let name = named(set.map(|it| &*it.name), *id);
            format!("value_set {name}{}", members.collect::<String>())
        }
        Entity::Digest { id, config } => {
            let name = named(program.digest(*id).map(|it| &*it.name), *id);
            match config {
                Some(config) => format!(
                    "# digest {name}: lists of {} or after {} ns, repeated after {} ns without acknowledgement",
                    config.max_list_size, config.max_timeout_ns, config.ack_timeout_ns
                ),
                None => format!("# digest {name}: nobody asked for it"),
            }
        }
    }
}

/// A name where commands have one: quoted unless it is of plain words, dots and indexes.
fn quoted(name: &str) -> String {
    let plain = |part: &str| {
        let word = part.split('[').next().unwrap_or_default();
        let indexes = part.get(word.len()..).unwrap_or_default();
        let index = |index: &str| {
            let digits = index.strip_suffix(']').unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
        };
        word.starts_with(|first: char| first.is_ascii_alphabetic() || "_$".contains(first))
            && word
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || "_$".contains(sign))
            && (indexes.is_empty() || indexes.split('[').skip(1).all(index))
    };
    match name.split('.').all(plain) {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}

fn named(name: Option<&str>, id: u32) -> String {
    name.map_or_else(|| format!("{id:#010x}"), quoted)
}

fn table_entry(program: &ProgramInfo, entry: &TableEntry) -> String {
    let table = program.table(entry.table);
    let action = match &entry.action {
        None => "# the program's own default action".to_owned(),
        Some(TableActionRef::Call(action)) => call(program, action),
        Some(TableActionRef::Member(id)) => format!("=> member {id}"),
        Some(TableActionRef::Group(id)) => format!("=> group {id}"),
        Some(TableActionRef::OneShot(actions)) => {
            let actions = actions
                .iter()
                .map(|(action, weight)| format!("{} with weight {weight}", call(program, action)));
            let actions: Vec<_> = actions.collect();
            format!("# one of {}", actions.join(", "))
        }
    };
    let constant = table.is_some_and(|table| match entry.is_default {
        true => table.const_default,
        false => table.const_entries,
    });
    let command = match (constant, entry.is_default) {
        (true, true) => "# the program's own: setdefault",
        (true, false) => "# the program's own: add",
        (false, true) => "setdefault",
        (false, false) => "add",
    };
    let mut text = format!("{command} {} {action}", key(program, entry));
    let mut notes = Vec::new();
    if let Some(counter) = entry.counter {
        notes.push(format!(
            "{} packets, {} bytes",
            counter.packets, counter.bytes
        ));
    }
    if let Some(meter) = &entry.meter {
        notes.push(format!("meter {}", rates(meter)));
    }
    if entry.idle_timeout_ns > 0 {
        notes.push(format!("idle after {} ns", entry.idle_timeout_ns));
    }
    if !notes.is_empty() {
        let _ = write!(text, " # {}", notes.join("; "));
    }
    text
}

/// A table, a priority if there is one, and the matches.
fn key(program: &ProgramInfo, entry: &TableEntry) -> String {
    let table = program.table(entry.table);
    let mut text = named(table.map(|table| &*table.name), entry.table);
    if entry.priority != 0 {
        let _ = write!(text, " {}", entry.priority);
    }
    for given in &entry.matches {
        let fields = table.map(|table| &*table.fields).unwrap_or_default();
        let field = fields.iter().find(|field| field.id == given.field);
        let name = named(field.map(|field| &*field.name), given.field);
        let _ = write!(text, " {name}:{}", match_text(field, &given.kind));
    }
    text
}

fn match_text(field: Option<&FieldSchema>, kind: &MatchValue) -> String {
    let bits = field.map_or(0, |field| field.bits);
    let hex = |value: &Integer| hex(value, bits);
    match kind {
        MatchValue::Exact(value) | MatchValue::Optional(value) => hex(value),
        MatchValue::Lpm { value, prefix } => format!("{}/{prefix}", hex(value)),
        MatchValue::Ternary { value, mask } => format!("{}&&&{}", hex(value), hex(mask)),
        MatchValue::Range { low, high } => format!("{}->{}", hex(low), hex(high)),
    }
}

/// An action with its arguments.
fn call(program: &ProgramInfo, given: &ActionCall) -> String {
    let action: Option<&ActionSchema> = program.action(given.action);
    let params = action.map(|action| &*action.params).unwrap_or_default();
    let arguments = given.arguments.iter().map(|(id, value)| {
        let param = params.iter().find(|param| param.id == *id);
        let name = named(param.map(|param| &*param.name), *id);
        format!("{name}:{}", hex(value, param.map_or(0, |param| param.bits)))
    });
    let arguments: Vec<_> = arguments.collect();
    let name = named(action.map(|action| &*action.name), given.action);
    format!("{name}({})", arguments.join(", "))
}

/// With all digits of its width.
fn hex(value: &Integer, bits: u32) -> String {
    format!("{value:#0width$x}", width = bits.div_ceil(4) as usize + 2)
}

fn copies(replicas: &[Replica]) -> String {
    let copies = replicas.iter().map(|copy| match copy.instance {
        0 => format!(" {}", copy.port),
        instance => format!(" {}/{instance}", copy.port),
    });
    copies.collect()
}

fn rates(config: &MeterConfig) -> String {
    let rate = |per_second: u64, burst: u64| {
        let (whole, part) = (per_second / 1_000_000, per_second % 1_000_000);
        match part {
            0 => format!("{whole}:{burst}"),
            _ => format!("{whole}.{part:06}:{burst}"),
        }
    };
    let committed = rate(config.cir, config.cburst);
    let peak = rate(config.pir, config.pburst);
    format!("{committed} {peak}")
}
