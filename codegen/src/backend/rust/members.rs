//! The pipeline's struct: one member per table, counter and register, named by its alias.

use super::context::Context;
use super::names::{Unique, ident, snake};
use super::tables::{StoreKind, shape};
use crate::backend::p4info::{Symbol, Symbols};
use crate::ir::{ActionProfileId, CounterId, DigestId, MeterId, RegisterId, TableId, ValueSetId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// Names that every generated module has, or that a module would hide; a table of such a name gives way.
const TAKEN: [&str; 7] = [
    "alloc",
    "core",
    "dpr_runtime",
    "headers",
    "replication",
    "schema",
    "std",
];

/// The names of members and modules.
pub(super) struct Names {
    tables: Vec<Ident>,
    counters: Vec<Ident>,
    registers: Vec<Ident>,
    meters: Vec<Ident>,
    profiles: Vec<Ident>,
    value_sets: Vec<Ident>,
}

impl Names {
    /// Names everything by its alias; where two are one in Rust, the later has a number.
    pub(super) fn new(symbols: &Symbols) -> Self {
        let mut names = Unique::beside(&TAKEN);
        let mut of = |symbols: &[Symbol]| -> Vec<Ident> {
            let symbols = symbols.iter();
            symbols
                .map(|symbol| names.of(&snake(&symbol.alias), ""))
                .collect()
        };
        Names {
            tables: of(&symbols.tables),
            counters: of(&symbols.counters),
            registers: of(&symbols.registers),
            meters: of(&symbols.meters),
            profiles: of(&symbols.action_profiles),
            value_sets: of(&symbols.value_sets),
        }
    }
}

/// A table's member and module.
pub(super) fn table(cx: &Context<'_>, id: TableId) -> Ident {
    cx.names.tables[id.index()].clone()
}

/// A counter's member and module.
pub(super) fn counter(cx: &Context<'_>, id: CounterId) -> Ident {
    cx.names.counters[id.index()].clone()
}

/// A register's member and module.
pub(super) fn register(cx: &Context<'_>, id: RegisterId) -> Ident {
    cx.names.registers[id.index()].clone()
}

/// A meter's member and module.
pub(super) fn meter(cx: &Context<'_>, id: MeterId) -> Ident {
    cx.names.meters[id.index()].clone()
}

/// An action profile's member and module.
pub(super) fn profile(cx: &Context<'_>, id: ActionProfileId) -> Ident {
    cx.names.profiles[id.index()].clone()
}

/// A value set's member and module.
pub(super) fn value_set(cx: &Context<'_>, id: ValueSetId) -> Ident {
    cx.names.value_sets[id.index()].clone()
}

/// The program's indirect meters by their id.
pub(super) fn meters(cx: &Context<'_>) -> Vec<MeterId> {
    let mut meters = by_id(cx.symbols.meters.iter().map(|symbol| symbol.id), MeterId);
    meters.retain(|id| cx.program.meters[id.index()].size.is_some());
    meters
}

/// The program's action profiles by their id.
pub(super) fn profiles(cx: &Context<'_>) -> Vec<ActionProfileId> {
    let ids = cx.symbols.action_profiles.iter().map(|symbol| symbol.id);
    let mut profiles = by_id(ids, ActionProfileId);
    profiles.retain(|id| is_used(cx, *id));
    profiles
}

/// The program's digests by their id.
pub(super) fn digests(cx: &Context<'_>) -> Vec<DigestId> {
    by_id(cx.symbols.digests.iter().map(|symbol| symbol.id), DigestId)
}

/// The program's value sets by their id.
pub(super) fn value_sets(cx: &Context<'_>) -> Vec<ValueSetId> {
    by_id(
        cx.symbols.value_sets.iter().map(|symbol| symbol.id),
        ValueSetId,
    )
}

/// The program's tables by their id, then those that no control plane sees.
pub(super) fn tables(cx: &Context<'_>) -> Vec<TableId> {
    let mut tables = by_id(cx.symbols.tables.iter().map(|symbol| symbol.id), TableId);
    tables.sort_by_key(|id| is_hidden(cx, *id));
    tables
}

/// Whether no control plane sees a table.
pub(super) fn is_hidden(cx: &Context<'_>, id: TableId) -> bool {
    cx.symbols.tables[id.index()].id == 0
}

/// The program's indirect counters by their id.
pub(super) fn counters(cx: &Context<'_>) -> Vec<CounterId> {
    let mut counters = by_id(
        cx.symbols.counters.iter().map(|symbol| symbol.id),
        CounterId,
    );
    counters.retain(|id| cx.program.counters[id.index()].size.is_some());
    counters
}

/// The program's registers by their id.
pub(super) fn registers(cx: &Context<'_>) -> Vec<RegisterId> {
    by_id(
        cx.symbols.registers.iter().map(|symbol| symbol.id),
        RegisterId,
    )
}

fn by_id<T>(ids: impl Iterator<Item = u32>, make: impl Fn(u32) -> T) -> Vec<T> {
    let mut sorted: Vec<(u32, u32)> = ids.zip(0..).collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(_, index)| make(index)).collect()
}

/// Each member's name, type and initial value.
pub(super) fn members(cx: &Context<'_>) -> Vec<(Ident, TokenStream, TokenStream)> {
    let tables = tables(cx).into_iter().enumerate().map(|(position, id)| {
        let shape = shape(cx, &cx.program.tables[id.index()]);
        let store = match shape.store {
            StoreKind::Exact => quote!(ExactTable),
            StoreKind::Lpm => quote!(LpmTable),
            StoreKind::Ternary => quote!(TernaryTable),
        };
        let (key, action) = (
            Literal::u32_unsuffixed(shape.key_words),
            Literal::u32_unsuffixed(shape.action_words),
        );
        let position = Literal::usize_unsuffixed(position);
        let new = match cx.program.tables[id.index()].implementation {
            None => quote!(new(&schema::TABLES[#position])),
            Some(id) => {
                let profile = profile(cx, id);
                quote!(with_profile(&schema::TABLES[#position], &#profile))
            }
        };
        (
            table(cx, id),
            quote!(dpr_runtime::#store<#key, #action>),
            quote!(dpr_runtime::#store::#new),
        )
    });
    let counters = counters(cx).into_iter().map(|id| {
        let name = counter(cx, id);
        (
            name.clone(),
            quote!(dpr_runtime::Counters),
            quote!(dpr_runtime::Counters::new(#name::SIZE)),
        )
    });
    let registers = registers(cx).into_iter().map(|id| {
        let name = register(cx, id);
        let bits = Literal::u32_unsuffixed(cx.program.registers[id.index()].scalar.width());
        (
            name.clone(),
            quote!(dpr_runtime::Registers),
            quote!(dpr_runtime::Registers::new(#name::SIZE, #bits)),
        )
    });
    let meters = meters(cx).into_iter().map(|id| {
        let name = meter(cx, id);
        let unit = super::schema::unit(cx.program.meters[id.index()].unit);
        (
            name.clone(),
            quote!(dpr_runtime::Meters),
            quote!(dpr_runtime::Meters::new(#name::SIZE, #unit)),
        )
    });
    let value_sets = value_sets(cx)
        .into_iter()
        .enumerate()
        .map(|(position, id)| {
            let position = Literal::usize_unsuffixed(position);
            (
                value_set(cx, id),
                quote!(dpr_runtime::ValueSet),
                quote!(dpr_runtime::ValueSet::new(&schema::VALUE_SETS[#position])),
            )
        });
    let profiles = profiles(cx).into_iter().map(|id| {
        let name = profile(cx, id);
        (
            name.clone(),
            quote!(std::sync::Arc<dpr_runtime::ActionProfile>),
            quote!(#name),
        )
    });
    let replication = (
        ident("replication"),
        quote!(dpr_runtime::replication::Replication),
        quote!(dpr_runtime::replication::Replication::new()),
    );
    tables
        .chain(counters)
        .chain(registers)
        .chain(meters)
        .chain(value_sets)
        .chain(profiles)
        .chain([replication])
        .collect()
}

/// The action profiles, which tables share, as locals; each with the first of its tables.
pub(super) fn shared_profiles(cx: &Context<'_>) -> TokenStream {
    let tables = tables(cx);
    let profiles = profiles(cx).into_iter().enumerate().map(|(position, id)| {
        let name = profile(cx, id);
        let position = Literal::usize_unsuffixed(position);
        let uses = |table: &TableId| cx.program.tables[table.index()].implementation == Some(id);
        let table = Literal::usize_unsuffixed(tables.iter().position(uses).unwrap_or(0));
        quote! {
            let #name = std::sync::Arc::new(dpr_runtime::ActionProfile::new(
                &schema::PROFILES[#position],
                &schema::TABLES[#table],
            ));
        }
    });
    profiles.collect()
}

/// Whether some table uses a profile: one that none uses has nothing to run.
fn is_used(cx: &Context<'_>, id: ActionProfileId) -> bool {
    let mut tables = cx.program.tables.iter();
    tables.any(|table| table.implementation == Some(id))
}
