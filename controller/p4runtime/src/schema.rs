//! What P4Info tells of a program, as the schema that entries are read and written by: for clients that know no more of a target
//! than what it answers to GetForwardingPipelineConfig.

use crate::config::p4_bitstring_like_type_spec::TypeSpec as Bits;
use crate::config::p4_data_type_spec::TypeSpec;
use crate::config::{
    self, P4BitstringLikeTypeSpec, P4DataTypeSpec, P4Info, Preamble, action_ref, counter_spec,
    match_field, meter_spec, table::IdleTimeoutBehavior,
};
use dpr_runtime::{
    ActionSchema, ActionScope, CounterSchema, CounterUnit, DefaultAction, DigestSchema,
    FieldSchema, MatchKind, MeterSchema, ParamSchema, ProfileSchema, ProgramInfo,
    TableActionSchema, TableSchema, ValueSetSchema,
};
use prost::Message;
use std::borrow::Cow;

/// The schema of a program. Registers, which P4Runtime's targets leave out, initial entries and the arguments of default actions
/// are not in it. Widths that P4Info does not say (`sdn_string`) are 0.
pub fn program_info(p4info: &P4Info) -> ProgramInfo {
    let actions: Vec<ActionSchema> = p4info.actions.iter().map(action).collect();
    let tables = p4info.tables.iter();
    ProgramInfo {
        name: Cow::Owned(match &p4info.pkg_info {
            Some(package) => package.name.clone(),
            None => String::new(),
        }),
        p4info: Cow::Owned(p4info.encode_to_vec()),
        p4info_text: Cow::Borrowed(""),
        digest: [0; 32],
        tables: tables.map(|it| table(it, p4info, &actions)).collect(),
        counters: p4info.counters.iter().map(counter).collect(),
        registers: Cow::Borrowed(&[]),
        meters: p4info.meters.iter().map(meter).collect(),
        profiles: p4info.action_profiles.iter().map(profile).collect(),
        digests: (p4info.digests.iter())
            .map(|it| digest(it, p4info))
            .collect(),
        value_sets: p4info.value_sets.iter().map(value_set).collect(),
        actions: Cow::Owned(actions),
    }
}

/// Id, name and alias.
fn identity(preamble: &Option<Preamble>) -> (u32, Cow<'static, str>, Cow<'static, str>) {
    let Preamble {
        id, name, alias, ..
    } = preamble.clone().unwrap_or_default();
    (id, Cow::Owned(name), Cow::Owned(alias))
}

fn width(bits: i32) -> u32 {
    u32::try_from(bits).unwrap_or(0)
}

fn size(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

fn action(given: &config::Action) -> ActionSchema {
    let (id, name, alias) = identity(&given.preamble);
    let params = given.params.iter().map(|param| ParamSchema {
        id: param.id,
        name: Cow::Owned(param.name.clone()),
        bits: width(param.bitwidth),
    });
    ActionSchema {
        id,
        name,
        alias,
        params: params.collect(),
    }
}

fn table(given: &config::Table, p4info: &P4Info, all: &[ActionSchema]) -> TableSchema {
    let (id, name, alias) = identity(&given.preamble);
    let refs = given.action_refs.iter().filter_map(|reference| {
        let action = all.iter().find(|action| action.id == reference.id)?;
        Some(TableActionSchema {
            action: Cow::Owned(action.clone()),
            scope: match reference.scope() {
                action_ref::Scope::TableAndDefault => ActionScope::Any,
                action_ref::Scope::TableOnly | action_ref::Scope::GroupAction => {
                    ActionScope::TableOnly
                }
                action_ref::Scope::DefaultOnly => ActionScope::DefaultOnly,
            },
        })
    });
    let actions: Vec<TableActionSchema> = refs.collect();
    let default = match (&given.initial_default_action, given.const_default_action_id) {
        (_, id) if id != 0 => id,
        (Some(action), _) => action.action_id,
        (None, _) => 0,
    };
    let default = actions.iter().position(|entry| entry.action.id == default);
    let direct = |ids: Vec<u32>| {
        let mut attached = given.direct_resource_ids.iter();
        attached.find(|id| ids.contains(id)).copied()
    };
    TableSchema {
        id,
        name,
        alias,
        size: size(given.size),
        fields: given.match_fields.iter().map(field).collect(),
        default_action: DefaultAction {
            action: default.unwrap_or(0),
            arguments: Cow::Borrowed(&[]),
        },
        actions: Cow::Owned(actions),
        const_default: given.const_default_action_id != 0,
        entries: Cow::Borrowed(&[]),
        const_entries: given.is_const_table,
        direct_counter: direct(ids(&p4info.direct_counters, |it| &it.preamble)),
        direct_meter: direct(ids(&p4info.direct_meters, |it| &it.preamble)),
        implementation: (given.implementation_id != 0).then_some(given.implementation_id),
        has_idle_timeout: given.idle_timeout_behavior() == IdleTimeoutBehavior::NotifyControl,
    }
}

fn ids<T>(things: &[T], preamble: impl Fn(&T) -> &Option<Preamble>) -> Vec<u32> {
    let things = things.iter();
    things.map(|thing| identity(preamble(thing)).0).collect()
}

/// What a table's key or a member of a value set matches.
pub fn field(given: &config::MatchField) -> FieldSchema {
    use match_field::{Match, MatchType};
    let kind = match given.r#match {
        Some(Match::MatchType(kind)) => MatchType::try_from(kind).ok(),
        _ => None,
    };
    FieldSchema {
        id: given.id,
        name: Cow::Owned(given.name.clone()),
        bits: width(given.bitwidth),
        kind: match kind {
            Some(MatchType::Lpm) => MatchKind::Lpm,
            Some(MatchType::Ternary) => MatchKind::Ternary,
            Some(MatchType::Range) => MatchKind::Range,
            Some(MatchType::Optional) => MatchKind::Optional,
            Some(MatchType::Exact | MatchType::Unspecified) | None => MatchKind::Exact,
        },
    }
}

fn counter(given: &config::Counter) -> CounterSchema {
    let (id, name, alias) = identity(&given.preamble);
    let unit = given.spec.as_ref().map(config::CounterSpec::unit);
    CounterSchema {
        id,
        name,
        alias,
        size: size(given.size),
        unit: match unit {
            Some(counter_spec::Unit::Bytes) => CounterUnit::Bytes,
            Some(counter_spec::Unit::Packets) => CounterUnit::Packets,
            Some(counter_spec::Unit::Both | counter_spec::Unit::Unspecified) | None => {
                CounterUnit::Both
            }
        },
    }
}

fn meter(given: &config::Meter) -> MeterSchema {
    let (id, name, alias) = identity(&given.preamble);
    let unit = given.spec.as_ref().map(config::MeterSpec::unit);
    MeterSchema {
        id,
        name,
        alias,
        size: size(given.size),
        unit: match unit {
            Some(meter_spec::Unit::Packets) => CounterUnit::Packets,
            Some(meter_spec::Unit::Bytes | meter_spec::Unit::Unspecified) | None => {
                CounterUnit::Bytes
            }
        },
    }
}

fn profile(given: &config::ActionProfile) -> ProfileSchema {
    let (id, name, alias) = identity(&given.preamble);
    ProfileSchema {
        id,
        name,
        alias,
        size: size(given.size),
        has_groups: given.with_selector,
        max_group_size: u32::try_from(given.max_group_size).unwrap_or(0),
    }
}

fn value_set(given: &config::ValueSet) -> ValueSetSchema {
    let (id, name, alias) = identity(&given.preamble);
    ValueSetSchema {
        id,
        name,
        alias,
        size: u64::try_from(given.size).unwrap_or(0),
        fields: given.r#match.iter().map(field).collect(),
    }
}

/// A digest. Its message is a struct, a tuple, or one value.
pub fn digest(given: &config::Digest, p4info: &P4Info) -> DigestSchema {
    let (id, name, alias) = identity(&given.preamble);
    let unnamed = |spec: &P4DataTypeSpec| (String::new(), data_bits(spec));
    let sent = given
        .type_spec
        .as_ref()
        .and_then(|it| it.type_spec.as_ref());
    let fields: Vec<(String, u32)> = match sent {
        Some(TypeSpec::Struct(sent)) => {
            let types = p4info.type_info.as_ref();
            let found = types.and_then(|types| types.structs.get(&sent.name));
            let members = found.map(|found| found.members.as_slice());
            let members = members.unwrap_or_default().iter().map(|member| {
                let bits = member.type_spec.as_ref().map_or(0, data_bits);
                (member.name.clone(), bits)
            });
            members.collect()
        }
        Some(TypeSpec::Tuple(sent)) => sent.members.iter().map(unnamed).collect(),
        _ => given.type_spec.iter().map(unnamed).collect(),
    };
    let fields = (1..).zip(fields).map(|(id, (name, bits))| ParamSchema {
        id,
        name: Cow::Owned(match name.is_empty() {
            true => format!("field_{id}"),
            false => name,
        }),
        bits,
    });
    DigestSchema {
        id,
        name,
        alias,
        fields: fields.collect(),
    }
}

/// The width of a value that is a bit string.
fn data_bits(given: &P4DataTypeSpec) -> u32 {
    let bits = |spec: &P4BitstringLikeTypeSpec| match &spec.type_spec {
        Some(Bits::Bit(bits)) => width(bits.bitwidth),
        Some(Bits::Int(bits)) => width(bits.bitwidth),
        Some(Bits::Varbit(bits)) => width(bits.max_bitwidth),
        None => 0,
    };
    match &given.type_spec {
        Some(TypeSpec::Bitstring(spec)) => bits(spec),
        Some(TypeSpec::Bool(_)) => 1,
        _ => 0,
    }
}
