//! One module per table, counter and register: what a control plane needs to speak of it.

use super::context::Context;
use super::members;
use super::names::{Unique, camel, snake};
use super::scalar::unsigned;
use super::tables::{actions, match_keys};
use crate::backend::p4info::id_in;
use crate::ir::{ActionId, ControlName, Key, MatchKind, Scalar, TableId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// All of them.
pub(super) fn modules(cx: &Context<'_>) -> TokenStream {
    let tables = members::tables(cx)
        .into_iter()
        .filter(|id| !members::is_hidden(cx, *id))
        .map(|id| table(cx, id));
    let counters = members::counters(cx).into_iter().map(|id| {
        let declared = &cx.program.counters[id.index()];
        let symbol = &cx.symbols.counters[id.index()];
        let size = declared.size.unwrap_or(0);
        cells(
            &members::counter(cx, id),
            "counter",
            &declared.control,
            symbol.id,
            size,
        )
    });
    let registers = members::registers(cx).into_iter().map(|id| {
        let declared = &cx.program.registers[id.index()];
        let symbol = &cx.symbols.registers[id.index()];
        cells(
            &members::register(cx, id),
            "register",
            &declared.control,
            symbol.id,
            declared.size,
        )
    });
    let meters = members::meters(cx).into_iter().map(|id| {
        let declared = &cx.program.meters[id.index()];
        let symbol = &cx.symbols.meters[id.index()];
        let size = declared.size.unwrap_or(0);
        let module = members::meter(cx, id);
        cells(&module, "meter", &declared.control, symbol.id, size)
    });
    let profiles = members::profiles(cx).into_iter().map(|id| {
        let declared = &cx.program.action_profiles[id.index()];
        let symbol = &cx.symbols.action_profiles[id.index()];
        let module = members::profile(cx, id);
        named(&module, "action profile", &declared.control, symbol.id)
    });
    let value_sets = members::value_sets(cx).into_iter().map(|id| {
        let declared = &cx.program.value_sets[id.index()];
        let symbol = &cx.symbols.value_sets[id.index()];
        let module = members::value_set(cx, id);
        named(&module, "value set", &declared.control, symbol.id)
    });
    tables
        .chain(counters)
        .chain(registers)
        .chain(meters)
        .chain(profiles)
        .chain(value_sets)
        .collect()
}

/// The comment of a declaration as documentation, after a line that says what it is.
fn documentation(kind: &str, control: &ControlName) -> TokenStream {
    let first = format!(" The {kind} `{}`.", control.name);
    if control.doc.trim().is_empty() {
        return quote!(#[doc = #first]);
    }
    let lines = control
        .doc
        .trim()
        .lines()
        .map(|line| format!(" {}", line.trim()));
    quote!(#[doc = #first] #[doc = ""] #(#[doc = #lines])*)
}

fn number(value: u32) -> Literal {
    format!("{value:#010x}")
        .parse()
        .unwrap_or_else(|_| Literal::u32_unsuffixed(value))
}

fn cells(module: &Ident, kind: &str, control: &ControlName, id: u32, size: u64) -> TokenStream {
    let doc = documentation(kind, control);
    let (id, name, size) = (number(id), &control.name, Literal::u64_unsuffixed(size));
    quote! {
        #doc
        pub mod #module {
            /// P4Info id.
            pub const ID: u32 = #id;
            /// Fully qualified name.
            pub const NAME: &str = #name;
            /// Number of cells.
            pub const SIZE: u64 = #size;
        }
    }
}

fn named(module: &Ident, kind: &str, control: &ControlName, id: u32) -> TokenStream {
    let doc = documentation(kind, control);
    let (id, name) = (number(id), &control.name);
    quote! {
        #doc
        pub mod #module {
            /// P4Info id.
            pub const ID: u32 = #id;
            /// Fully qualified name.
            pub const NAME: &str = #name;
        }
    }
}

/// The last component of a key's name, as a field of `Key`.
fn field_name(name: &str) -> String {
    let last = name
        .rsplit('.')
        .find(|part| !part.starts_with('$'))
        .unwrap_or(name);
    snake(last)
}

/// The names of a table's key fields: the last component of each, or as much as tells them apart.
fn field_names(keys: &[&Key]) -> Vec<Ident> {
    let short: Vec<String> = keys.iter().map(|key| field_name(&key.name)).collect();
    let is_unique = |name: &String| short.iter().filter(|other| *other == name).count() == 1;
    let mut unique = Unique::beside(&[]);
    let names = keys
        .iter()
        .zip(&short)
        .map(|(key, name)| match is_unique(name) {
            true => unique.of(name, ""),
            false => unique.of(&snake(&key.name), ""),
        });
    names.collect()
}

/// The integer that holds a value between control plane and pipeline; a `bool` is 0 or 1.
fn integer(scalar: Scalar) -> TokenStream {
    unsigned(scalar.width())
}

fn key_type(key: &Key) -> TokenStream {
    let integer = integer(key.expr.scalar);
    match key.match_kind {
        MatchKind::Exact | MatchKind::Selector => integer,
        MatchKind::Lpm => quote!(dpr_runtime::Lpm<#integer>),
        MatchKind::Ternary => quote!(dpr_runtime::Ternary<#integer>),
        MatchKind::Range => quote!(dpr_runtime::Range<#integer>),
        MatchKind::Optional => quote!(Option<#integer>),
    }
}

fn match_kind(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::Exact => "exact",
        MatchKind::Lpm => "longest prefix",
        MatchKind::Ternary => "ternary",
        MatchKind::Range => "range",
        MatchKind::Optional => "optional",
        MatchKind::Selector => "selector",
    }
}

fn table(cx: &Context<'_>, id: TableId) -> TokenStream {
    let declared = &cx.program.tables[id.index()];
    let symbol = &cx.symbols.tables[id.index()];
    let module = members::table(cx, id);
    let marker = Unique::types().of(&camel(&symbol.alias), "Table");
    let doc = documentation("table", &declared.control);
    let (table_id, table_name) = (number(symbol.id), &symbol.name);
    let keys: Vec<&Key> = match_keys(declared).collect();
    let names = field_names(&keys);
    let types: Vec<TokenStream> = keys.iter().map(|key| key_type(key)).collect();
    let docs = keys.iter().map(|key| {
        format!(
            " `{}`: {}, {} bits.",
            key.name,
            match_kind(key.match_kind),
            key.expr.scalar.width()
        )
    });
    let ids: Vec<Literal> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| Literal::u32_unsuffixed(id_in(&key.annotations, index)))
        .collect();
    let widths: Vec<Literal> = keys
        .iter()
        .map(|key| Literal::u32_unsuffixed(key.expr.scalar.width()))
        .collect();
    let key_doc = match keys.is_empty() {
        true => " The table has no key: only its default action ever runs.",
        false => " What entries match.",
    };
    let matches = match keys.is_empty() {
        true => quote!(Vec::new()),
        false => {
            quote!([#(dpr_runtime::KeyField::to_match(&self.#names, #ids, #widths)),*].into_iter().flatten().collect())
        }
    };
    let matches_argument = if keys.is_empty() {
        quote!(_matches)
    } else {
        quote!(matches)
    };
    let actions = actions(declared);
    let variant_names = variant_names(cx, &actions);
    let all = || actions.iter().copied().zip(&variant_names);
    let variants = all().map(|(action, name)| variant(cx, name, action));
    let calls = all().map(|(action, name)| call(cx, name, action));
    let decodings = all().map(|(action, name)| decoding(cx, name, action));
    quote! {
        #doc
        pub mod #module {
            /// Marks the table.
            #[derive(Clone, Copy, Debug)]
            pub struct #marker;

            impl dpr_runtime::Table for #marker {
                type Key = Key;
                type Action = Action;
                const ID: u32 = ID;
                const NAME: &'static str = NAME;
            }

            /// P4Info id.
            pub const ID: u32 = #table_id;
            /// Fully qualified name.
            pub const NAME: &str = #table_name;

            #[doc = #key_doc]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct Key { #(#[doc = #docs] pub #names: #types,)* }

            impl dpr_runtime::TableKey for Key {
                fn matches(&self) -> Vec<dpr_runtime::FieldMatch> { #matches }

                fn from_matches(
                    #matches_argument: &[dpr_runtime::FieldMatch],
                ) -> Result<Self, dpr_runtime::DecodeError> {
                    Ok(Key { #(#names: dpr_runtime::field(matches, #ids, #widths)?,)* })
                }
            }

            /// What entries run.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
            #[allow(clippy::enum_variant_names)]
            pub enum Action { #(#variants)* }

            impl dpr_runtime::TableAction for Action {
                fn call(&self) -> dpr_runtime::ActionCall {
                    match *self { #(#calls)* }
                }

                fn from_call(call: &dpr_runtime::ActionCall) -> Result<Self, dpr_runtime::DecodeError> {
                    match call.action {
                        #(#decodings)*
                        other => Err(dpr_runtime::DecodeError::UnknownAction(other)),
                    }
                }
            }

            /// An entry.
            pub type Entry = dpr_runtime::Entry<#marker>;
        }
    }
}

/// The names of actions in their table's enum: the last component of each, or its alias where another one has the same.
fn variant_names(cx: &Context<'_>, actions: &[ActionId]) -> Vec<Ident> {
    let last = |id: &ActionId| {
        let name = &cx.symbols.actions[id.index()].name;
        camel(name.rsplit('.').next().unwrap_or(name))
    };
    let mut unique = Unique::variants();
    let names = actions.iter().map(|id| {
        let is_alone = actions
            .iter()
            .filter(|other| last(other) == last(id))
            .count()
            == 1;
        match is_alone {
            true => unique.of(&last(id), ""),
            false => unique.of(&camel(&cx.symbols.actions[id.index()].alias), ""),
        }
    });
    names.collect()
}

fn variant(cx: &Context<'_>, name: &Ident, id: ActionId) -> TokenStream {
    let action = &cx.program.actions[id.index()];
    let doc = match action.control.doc.trim() {
        "" => format!(" `{}`.", action.control.name),
        doc => format!(
            " `{}`: {}",
            action.control.name,
            doc.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        ),
    };
    if action.parameters.is_empty() {
        return quote!(#[doc = #doc] #name,);
    }
    let (names, _) = parameters(cx, id);
    let parameters = action
        .parameters
        .iter()
        .zip(names)
        .map(|(parameter, name)| {
            let doc = format!(" `{}`: {} bits.", parameter.name, parameter.scalar.width());
            let integer = integer(parameter.scalar);
            quote!(#[doc = #doc] #name: #integer,)
        });
    quote!(#[doc = #doc] #name { #(#parameters)* },)
}

fn parameters(cx: &Context<'_>, id: ActionId) -> (Vec<Ident>, Vec<Literal>) {
    let parameters = cx.program.actions[id.index()].parameters.iter().enumerate();
    let mut unique = Unique::beside(&[]);
    parameters
        .map(|(index, parameter)| {
            let id = Literal::u32_unsuffixed(id_in(&parameter.annotations, index));
            (unique.of(&snake(&parameter.name), ""), id)
        })
        .unzip()
}

fn call(cx: &Context<'_>, name: &Ident, id: ActionId) -> TokenStream {
    let action = number(cx.symbols.actions[id.index()].id);
    let (names, ids) = parameters(cx, id);
    let pattern = if names.is_empty() {
        quote!(Action::#name)
    } else {
        quote!(Action::#name { #(#names),* })
    };
    let arguments = if names.is_empty() {
        quote!(Vec::new())
    } else {
        quote!(vec![#((#ids, #names.into())),*])
    };
    quote!(#pattern => dpr_runtime::ActionCall { action: #action, arguments: #arguments },)
}

fn decoding(cx: &Context<'_>, name: &Ident, id: ActionId) -> TokenStream {
    let action = number(cx.symbols.actions[id.index()].id);
    let (names, ids) = parameters(cx, id);
    let value = match names.is_empty() {
        true => quote!(Action::#name),
        false => quote!(Action::#name { #(#names: dpr_runtime::argument(call, #ids)?),* }),
    };
    quote!(#action => Ok(#value),)
}
