//! The static description of a program that writes are checked against, and the program's P4Info.

use super::Options;
use super::context::Context;
use super::members;
use super::tables::{actions, match_keys};
use crate::backend::p4info::{Message, Symbol, id_in, integer_annotation, to_text};
use crate::ir::{ActionCall, CounterUnit, EntryMatch, Key, MatchKind, Table, TableEntry, TableId};
use num_bigint::BigUint;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The static `PROGRAM` and the private module that it refers to.
pub(super) fn schema(cx: &Context<'_>, p4info: &Message, options: &Options) -> TokenStream {
    let name = &cx.program.name;
    let binary = Literal::byte_string(&p4info.to_binary());
    let text = to_text(p4info);
    let digest = options
        .digest
        .iter()
        .map(|&byte| Literal::u8_unsuffixed(byte));
    let action_order = action_order(cx);
    let actions = action_order.iter().map(|&index| action(cx, index));
    let tables: Vec<TokenStream> = members::tables(cx)
        .into_iter()
        .map(|id| table(cx, &action_order, id))
        .collect();
    let counters = statics("COUNTERS", "CounterSchema", members::counters(cx), |id| {
        let counter = &cx.program.counters[id.index()];
        let head = head(&cx.symbols.counters[id.index()]);
        let size = Literal::u64_unsuffixed(counter.size.unwrap_or(0));
        let unit = unit(counter.unit);
        quote!(#head size: #size, unit: #unit)
    });
    let registers = statics(
        "REGISTERS",
        "RegisterSchema",
        members::registers(cx),
        |id| {
            let register = &cx.program.registers[id.index()];
            let head = head(&cx.symbols.registers[id.index()]);
            let size = Literal::u64_unsuffixed(register.size);
            let bits = Literal::u32_unsuffixed(register.scalar.width());
            quote!(#head size: #size, bits: #bits)
        },
    );
    let meters = statics("METERS", "MeterSchema", members::meters(cx), |id| {
        let meter = &cx.program.meters[id.index()];
        let head = head(&cx.symbols.meters[id.index()]);
        let size = Literal::u64_unsuffixed(meter.size.unwrap_or(0));
        let unit = unit(meter.unit);
        quote!(#head size: #size, unit: #unit)
    });
    let profiles = statics("PROFILES", "ProfileSchema", members::profiles(cx), |id| {
        let profile = &cx.program.action_profiles[id.index()];
        let head = head(&cx.symbols.action_profiles[id.index()]);
        let size = Literal::u64_unsuffixed(profile.size);
        let has_groups = profile.selector.is_some();
        let annotations = &profile.control.annotations;
        let most = integer_annotation(annotations, "max_group_size").filter(|_| has_groups);
        let most = Literal::u32_unsuffixed(most.unwrap_or(0));
        quote!(#head size: #size, has_groups: #has_groups, max_group_size: #most)
    });
    let digests = statics("DIGESTS", "DigestSchema", members::digests(cx), |id| {
        let head = head(&cx.symbols.digests[id.index()]);
        let fields = (cx.program.digests[id.index()].fields.iter().zip(1..)).map(
            |((name, scalar), number)| {
                let (id, bits) = (
                    Literal::u32_unsuffixed(number),
                    Literal::u32_unsuffixed(scalar.width()),
                );
                quote!(dpr_runtime::ParamSchema { id: #id, name: Borrowed(#name), bits: #bits })
            },
        );
        quote!(#head fields: Borrowed(&[#(#fields),*]))
    });
    let value_sets = statics(
        "VALUE_SETS",
        "ValueSetSchema",
        members::value_sets(cx),
        |id| {
            let set = &cx.program.value_sets[id.index()];
            let head = head(&cx.symbols.value_sets[id.index()]);
            let size = Literal::u64_unsuffixed(set.size);
            let fields = (set.fields.iter().zip(1..)).map(|((name, scalar, match_kind), number)| {
            let (id, bits) = (Literal::u32_unsuffixed(number), Literal::u32_unsuffixed(scalar.width()));
            let kind = kind(*match_kind);
            quote!(dpr_runtime::FieldSchema { id: #id, name: Borrowed(#name), bits: #bits, kind: dpr_runtime::MatchKind::#kind })
        });
            quote!(#head size: #size, fields: Borrowed(&[#(#fields),*]))
        },
    );
    let shown = members::tables(cx)
        .into_iter()
        .filter(|id| !members::is_hidden(cx, *id))
        .count();
    let visible = match shown == tables.len() {
        true => quote!(&schema::TABLES),
        false => quote!(schema::TABLES.split_at(#shown).0),
    };
    let (action_count, table_count) = (action_order.len(), tables.len());
    let statics = quote! {

            pub(super) static ACTIONS: [dpr_runtime::ActionSchema; #action_count] = [#(#actions),*];
            pub(super) static TABLES: [dpr_runtime::TableSchema; #table_count] = [#(#tables),*];
            #counters
            #registers
            #meters
            #profiles
            #digests
            #value_sets
    };
    // A program without anything that a control plane sees has nothing to borrow.
    let is_empty = !statics.to_string().contains("Borrowed");
    let borrowed = (!is_empty).then(|| {
        quote!(
            use std::borrow::Cow::Borrowed;
        )
    });
    quote! {
        /// What the program looks like to a control plane.
        pub static PROGRAM: dpr_runtime::ProgramInfo = dpr_runtime::ProgramInfo {
            name: std::borrow::Cow::Borrowed(#name),
            p4info: std::borrow::Cow::Borrowed(schema::P4INFO),
            p4info_text: std::borrow::Cow::Borrowed(schema::P4INFO_TEXT),
            digest: [#(#digest),*],
            tables: std::borrow::Cow::Borrowed(#visible),
            actions: std::borrow::Cow::Borrowed(&schema::ACTIONS),
            counters: std::borrow::Cow::Borrowed(&schema::COUNTERS),
            registers: std::borrow::Cow::Borrowed(&schema::REGISTERS),
            meters: std::borrow::Cow::Borrowed(&schema::METERS),
            profiles: std::borrow::Cow::Borrowed(&schema::PROFILES),
            digests: std::borrow::Cow::Borrowed(&schema::DIGESTS),
            value_sets: std::borrow::Cow::Borrowed(&schema::VALUE_SETS),
        };

        mod schema {
            #borrowed
            #statics
            pub(super) const P4INFO: &[u8] = #binary;
            pub(super) const P4INFO_TEXT: &str = #text;
        }
    }
}

/// The static that describes all objects of one kind.
fn statics<T>(
    name: &str,
    schema: &str,
    objects: Vec<T>,
    describe: impl Fn(T) -> TokenStream,
) -> TokenStream {
    let (name, schema) = (format_ident!("{name}"), format_ident!("{schema}"));
    let count = objects.len();
    let objects = objects.into_iter().map(describe);
    quote!(pub(super) static #name: [dpr_runtime::#schema; #count] = [#(dpr_runtime::#schema { #objects }),*];)
}

/// What a counter counts or a meter measures.
pub(super) fn unit(unit: CounterUnit) -> TokenStream {
    match unit {
        CounterUnit::Packets => quote!(dpr_runtime::CounterUnit::Packets),
        CounterUnit::Bytes => quote!(dpr_runtime::CounterUnit::Bytes),
        CounterUnit::Both => quote!(dpr_runtime::CounterUnit::Both),
    }
}

fn head(symbol: &Symbol) -> TokenStream {
    let (id, name, alias) = (id(symbol.id), &symbol.name, &symbol.alias);
    quote!(id: #id, name: Borrowed(#name), alias: Borrowed(#alias),)
}

fn id(value: u32) -> Literal {
    format!("{value:#010x}")
        .parse()
        .unwrap_or_else(|_| Literal::u32_unsuffixed(value))
}

/// Indices of the actions that tables use, by id.
fn action_order(cx: &Context<'_>) -> Vec<usize> {
    let mut used: Vec<(u32, usize)> = (cx.program.tables.iter())
        .flat_map(actions)
        .map(|action| (cx.symbols.actions[action.index()].id, action.index()))
        .collect();
    used.sort_unstable();
    used.dedup();
    used.into_iter().map(|(_, index)| index).collect()
}

fn action(cx: &Context<'_>, index: usize) -> TokenStream {
    let head = head(&cx.symbols.actions[index]);
    let params =
        cx.program.actions[index]
            .parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| {
                let id = Literal::u32_unsuffixed(id_in(&parameter.annotations, index));
                let (name, bits) = (
                    &parameter.name,
                    Literal::u32_unsuffixed(parameter.scalar.width()),
                );
                quote!(dpr_runtime::ParamSchema { id: #id, name: Borrowed(#name), bits: #bits })
            });
    quote!(dpr_runtime::ActionSchema { #head params: Borrowed(&[#(#params),*]) })
}

fn kind(kind: MatchKind) -> Ident {
    match kind {
        MatchKind::Exact | MatchKind::Selector => format_ident!("Exact"),
        MatchKind::Lpm => format_ident!("Lpm"),
        MatchKind::Ternary => format_ident!("Ternary"),
        MatchKind::Range => format_ident!("Range"),
        MatchKind::Optional => format_ident!("Optional"),
    }
}

fn table(cx: &Context<'_>, action_order: &[usize], table_id: TableId) -> TokenStream {
    let table = &cx.program.tables[table_id.index()];
    let head = head(&cx.symbols.tables[table_id.index()]);
    let size = Literal::u64_unsuffixed(table.size);
    let fields = match_keys(table).enumerate().map(|(index, key)| {
        let id = Literal::u32_unsuffixed(id_in(&key.annotations, index));
        let (name, bits, kind) = (&key.name, Literal::u32_unsuffixed(key.expr.scalar.width()), kind(key.match_kind));
        quote!(dpr_runtime::FieldSchema { id: #id, name: Borrowed(#name), bits: #bits, kind: dpr_runtime::MatchKind::#kind })
    });
    let positions = actions(table);
    let entries = positions.iter().map(|action| {
        let index = action_order.iter().position(|&index| index == action.index()).unwrap_or(0);
        let index = Literal::usize_unsuffixed(index);
        let reference = table.actions.iter().find(|reference| reference.action == *action);
        let scope = match reference {
            Some(reference) if reference.table_only => quote!(TableOnly),
            Some(reference) if !reference.default_only => quote!(Any),
            _ => quote!(DefaultOnly),
        };
        quote!(dpr_runtime::TableActionSchema { action: Borrowed(&ACTIONS[#index]), scope: dpr_runtime::ActionScope::#scope })
    });
    let default = call(table, &table.default_action);
    let initial = table
        .entries
        .iter()
        .map(|entry| initial_entry(table, entry));
    let (const_default, const_entries) = (table.const_default_action, table.const_entries);
    let optional = |found: Option<&Symbol>| match found {
        Some(symbol) => {
            let id = id(symbol.id);
            quote!(Some(#id))
        }
        None => quote!(None),
    };
    let symbols = cx.symbols;
    let counter = optional(table.counter.map(|it| &symbols.counters[it.index()]));
    let meter = optional(table.meter.map(|it| &symbols.meters[it.index()]));
    let profile = optional(
        table
            .implementation
            .map(|it| &symbols.action_profiles[it.index()]),
    );
    let has_idle_timeout = table.support_timeout;
    quote! {
        dpr_runtime::TableSchema {
            #head
            size: #size,
            fields: Borrowed(&[#(#fields),*]),
            actions: Borrowed(&[#(#entries),*]),
            default_action: dpr_runtime::DefaultAction { #default },
            const_default: #const_default,
            entries: Borrowed(&[#(#initial),*]),
            const_entries: #const_entries,
            direct_counter: #counter,
            direct_meter: #meter,
            implementation: #profile,
            has_idle_timeout: #has_idle_timeout,
        }
    }
}

fn call(table: &Table, call: &ActionCall) -> TokenStream {
    let position = actions(table)
        .iter()
        .position(|action| *action == call.action)
        .unwrap_or(0);
    let position = Literal::usize_unsuffixed(position);
    let arguments = list(call.arguments.iter().map(integer).collect());
    quote!(action: #position, arguments: #arguments)
}

/// A list in a static, of what functions make.
fn list(items: Vec<TokenStream>) -> TokenStream {
    match items.is_empty() {
        true => quote!(Borrowed(&[])),
        false => quote!(Borrowed(const { &[#(#items),*] })),
    }
}

/// A value as a control plane says it.
fn integer(value: &BigUint) -> TokenStream {
    match u128::try_from(value) {
        Ok(small) => {
            let literal = super::scalar::number(small);
            quote!(dpr_runtime::Integer::new(#literal))
        }
        Err(_) => {
            let words = value.to_u64_digits().into_iter();
            let words = words.map(|word| super::scalar::number(word.into()));
            quote!(dpr_runtime::Integer::from_static(&[#(#words),*]))
        }
    }
}

/// An entry of the source.
fn initial_entry(table: &Table, entry: &TableEntry) -> TokenStream {
    let priority = table.p4runtime_priority(entry);
    let priority = Literal::i32_unsuffixed(priority);
    let call = call(table, &entry.action);
    let matches = match_keys(table).zip(&entry.matches).enumerate().filter_map(|(index, (key, given))| {
        let id = Literal::u32_unsuffixed(id_in(&key.annotations, index));
        let kind = match_value(key, given)?;
        Some(quote!(dpr_runtime::FieldMatch { field: #id, kind: dpr_runtime::MatchValue::#kind }))
    });
    let matches = list(matches.collect());
    quote!(dpr_runtime::InitialEntry { matches: #matches, priority: #priority, #call })
}

/// A match in the form that the key's kind has; `None` if anything matches.
fn match_value(key: &Key, given: &EntryMatch) -> Option<TokenStream> {
    let width = key.expr.scalar.width();
    let ones = (BigUint::from(1u8) << width) - 1u8;
    let (value, mask) = match given {
        EntryMatch::Any => return None,
        EntryMatch::Exact(value) => (value, ones),
        EntryMatch::Lpm(value, prefix) => {
            let below = width.saturating_sub(*prefix);
            (value, (&ones >> below) << below)
        }
        EntryMatch::Ternary(value, mask) => (value, mask & ones),
        EntryMatch::Range(low, high) => {
            if *low == BigUint::ZERO && *high == ones {
                return None;
            }
            let (low, high) = (integer(low), integer(high));
            return Some(quote!(Range { low: #low, high: #high }));
        }
    };
    let prefix = match given {
        EntryMatch::Lpm(_, prefix) => *prefix,
        _ => mask.count_ones() as u32,
    };
    let exact = integer(value);
    match key.match_kind {
        MatchKind::Exact | MatchKind::Selector => Some(quote!(Exact(#exact))),
        MatchKind::Optional => Some(quote!(Optional(#exact))),
        MatchKind::Range => Some(quote!(Range { low: #exact, high: #exact })),
        _ if mask == BigUint::ZERO => None,
        MatchKind::Lpm => {
            let (value, prefix) = (integer(&(value & mask)), Literal::u32_unsuffixed(prefix));
            Some(quote!(Lpm { value: #value, prefix: #prefix }))
        }
        MatchKind::Ternary => {
            let (value, mask) = (integer(&(value & &mask)), integer(&mask));
            Some(quote!(Ternary { value: #value, mask: #mask }))
        }
    }
}
