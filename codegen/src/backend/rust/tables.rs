//! Tables in the packet function: keys packed into words, the action that is found with its arguments taken out of words.

use super::code::Code;
use super::context::{Context, Frame};
use super::expr::expr;
use super::members::table as member;
use super::names::{Unique, argument};
use super::scalar::{container, is_wide, number, ones, rust_type, unsigned};
use super::stmt::block;
use crate::ir::{
    ActionId, ActionProfileId, ApplyBranch, Data, Key, MatchKind, Parameter, Scalar, Table, TableId,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Bits of an action's words that say which action it is, as the runtime lays it out.
const ACTION_BITS: u32 = 16;

/// Which of the runtime's tables holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreKind {
    Exact,
    Lpm,
    Ternary,
}

/// A table's store, and the words of its keys and actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) store: StoreKind,
    pub(super) key_words: u32,
    pub(super) action_words: u32,
}

/// The keys that select an entry.
pub(super) fn match_keys(table: &Table) -> impl Iterator<Item = &Key> {
    table
        .keys
        .iter()
        .filter(|key| key.match_kind != MatchKind::Selector)
}

/// A table's actions in the order of their positions, with its default action behind them if it is none of them.
pub(super) fn actions(table: &Table) -> Vec<ActionId> {
    let mut actions: Vec<ActionId> = table.actions.iter().map(|action| action.action).collect();
    if !actions.contains(&table.default_action.action) {
        actions.push(table.default_action.action);
    }
    actions
}

/// A table's shape.
pub(super) fn shape(cx: &Context<'_>, table: &Table) -> Shape {
    let count = |kind| {
        match_keys(table)
            .filter(|key| key.match_kind == kind)
            .count()
    };
    let store = match (
        count(MatchKind::Exact),
        count(MatchKind::Lpm),
        match_keys(table).count(),
    ) {
        (exact, 0, all) if exact == all => StoreKind::Exact,
        (exact, 1, all) if exact + 1 == all => StoreKind::Lpm,
        _ => StoreKind::Ternary,
    };
    let key_words = places(0, match_keys(table).map(|key| key.expr.scalar.width()))
        .end
        .div_ceil(64);
    let widest = actions(table)
        .into_iter()
        .map(|action| {
            parameter_places(&cx.program.actions[action.index()].parameters)
                .end
                .div_ceil(64)
        })
        .max();
    let has_cells = table.counter.is_some() || table.meter.is_some() || table.support_timeout;
    Shape {
        store,
        key_words,
        action_words: widest.unwrap_or(1) + u32::from(has_cells),
    }
}

/// Where fields lie in words.
struct Places {
    starts: Vec<u32>,
    end: u32,
}

fn places(from: u32, widths: impl IntoIterator<Item = u32>) -> Places {
    let mut places = Places {
        starts: Vec::new(),
        end: from,
    };
    for width in widths {
        let fits = width <= 64 && places.end % 64 + width <= 64;
        let start = if fits {
            places.end
        } else {
            places.end.next_multiple_of(64)
        };
        places.starts.push(start);
        places.end = start + width;
    }
    places
}

fn parameter_places(parameters: &[Parameter]) -> Places {
    places(
        ACTION_BITS,
        parameters.iter().map(|parameter| parameter.scalar.width()),
    )
}

/// Applies a table, and what depends on the outcome.
pub(super) fn apply(
    cx: &Context<'_>,
    frame: Frame<'_>,
    id: TableId,
    branch: &ApplyBranch,
) -> TokenStream {
    let table = &cx.program.tables[id.index()];
    let name = member(cx, id);
    let key = packed_key(cx, frame, table);
    let lookup = if match_keys(table).next().is_none() {
        quote!(let found = self.#name.default_action();)
    } else {
        quote!(let found = self.#name.lookup(&[#(#key),*]);)
    };
    let select = table.implementation.map(|profile| {
        let hash = selector_hash(cx, frame, table, profile);
        quote!(let found = self.#name.select(found, #hash);)
    });
    let touch = (table.support_timeout).then(|| quote!(self.#name.touch(&found);));
    let count = table
        .counter
        .is_some()
        .then(|| quote!(self.#name.count(&found, length);));
    let positions = actions(table);
    let mut arms = Vec::new();
    for (position, action) in positions.iter().enumerate() {
        let body = action_body(cx, frame, *action);
        if !body.is_empty() {
            let position = Literal::usize_unsuffixed(position);
            arms.push(quote!(#position => { #body }));
        }
    }
    let run = (!arms.is_empty()).then(|| quote!(match found.action() { #(#arms)* _ => {} }));
    let after = match branch {
        ApplyBranch::None => TokenStream::new(),
        ApplyBranch::Hit { hit, miss } => {
            let (hit, miss) = (block(cx, frame, hit), block(cx, frame, miss));
            match (hit.is_empty(), miss.is_empty()) {
                (true, true) => TokenStream::new(),
                (false, true) => quote!(if found.hit { #hit }),
                (true, false) => quote!(if !found.hit { #miss }),
                (false, false) => quote!(if found.hit { #hit } else { #miss }),
            }
        }
        ApplyBranch::Action { cases, default } => {
            let arms = cases.iter().map(|(actions, body)| {
                let wanted = positions
                    .iter()
                    .enumerate()
                    .filter(|(_, action)| actions.contains(action));
                let patterns: Vec<_> = wanted
                    .map(|(position, _)| Literal::usize_unsuffixed(position))
                    .collect();
                let body = block(cx, frame, body);
                match patterns.is_empty() {
                    true => TokenStream::new(),
                    false => quote!(#(#patterns)|* => { #body }),
                }
            });
            let default = block(cx, frame, default);
            quote!(match found.action() { #(#arms)* _ => { #default } })
        }
    };
    quote!(#lookup #touch #select #count #run #after)
}

/// What chooses a member of a group: the hash of the selector's keys.
fn selector_hash(
    cx: &Context<'_>,
    frame: Frame<'_>,
    table: &Table,
    profile: ActionProfileId,
) -> TokenStream {
    let Some((algorithm, width)) = cx.program.action_profiles[profile.index()].selector else {
        return quote!(0);
    };
    let keys = table.keys.iter();
    let keys = keys.filter(|key| key.match_kind == MatchKind::Selector);
    let data: Vec<Data> = keys.map(|key| Data::Expr(key.expr.clone())).collect();
    let (value, bits) = super::data::hash(cx, frame, algorithm, &data, false, table.span);
    match width < bits {
        true => {
            let mask = number(ones(width));
            quote!(#value & #mask)
        }
        false => value,
    }
}

fn packed_key(cx: &Context<'_>, frame: Frame<'_>, table: &Table) -> Vec<TokenStream> {
    let keys = match_keys(table).map(|key| (expr(cx, frame, &key.expr), key.expr.scalar));
    packed(&keys.collect::<Vec<_>>())
}

/// Values in words, as the runtime lays out keys.
pub(super) fn packed(values: &[(Code, Scalar)]) -> Vec<TokenStream> {
    let places = places(0, values.iter().map(|(_, scalar)| scalar.width()));
    let mut words: Vec<Vec<TokenStream>> = vec![Vec::new(); places.end.div_ceil(64) as usize];
    for ((value, scalar), start) in values.iter().zip(places.starts) {
        let word = (start / 64) as usize;
        let width = scalar.width();
        if is_wide(width) {
            let operand = value.operand();
            for limb in 0..width.div_ceil(64) as usize {
                let index = Literal::usize_unsuffixed(limb);
                words[word + limb].push(quote!(#operand.0[#index]));
            }
            continue;
        }
        if width > 64 {
            let operand = value.operand();
            words[word].push(quote!(#operand as u64));
            words[word + 1].push(quote!((#operand >> 64) as u64));
            continue;
        }
        let widened = match (container(width), scalar) {
            (64, Scalar::Bits(_) | Scalar::Int(_)) => value.operand(),
            _ => {
                let value = value.bare();
                quote!(u64::from(#value))
            }
        };
        words[word].push(match start % 64 {
            0 => widened,
            shift => {
                let shift = Literal::u32_unsuffixed(shift);
                quote!((#widened << #shift))
            }
        });
    }
    words.into_iter().map(|parts| quote!(#(#parts)|*)).collect()
}

fn action_body(cx: &Context<'_>, frame: Frame<'_>, id: ActionId) -> TokenStream {
    let action = &cx.program.actions[id.index()];
    if action.body.is_empty() {
        return TokenStream::new();
    }
    let places = parameter_places(&action.parameters);
    let mut lets = Vec::new();
    let mut arguments = Vec::new();
    let mut names = Unique::beside(&[]);
    for (parameter, start) in action.parameters.iter().zip(places.starts) {
        let name = names.of(&argument(&parameter.name), "");
        let integer = rust_type(parameter.scalar);
        let value = argument_value(parameter.scalar, start);
        lets.push(quote!(let #name: #integer = #value;));
        arguments.push(quote!(#name));
    }
    let body = block(
        cx,
        Frame {
            arguments: &arguments,
            ..frame
        },
        &action.body,
    );
    quote!(#(#lets)* #body)
}

fn argument_value(scalar: Scalar, start: u32) -> TokenStream {
    let width = scalar.width();
    let word = Literal::u32_unsuffixed(start / 64);
    let integer = unsigned(width);
    if is_wide(width) {
        let words = (start / 64..(start + width).div_ceil(64)).map(Literal::u32_unsuffixed);
        return quote!(dpr_runtime::Wide([#(found.words[#words]),*]));
    }
    if width > 64 {
        let next = Literal::u32_unsuffixed(start / 64 + 1);
        return quote!(#integer::from(found.words[#word]) | (#integer::from(found.words[#next]) << 64));
    }
    let shifted = match start % 64 {
        0 => quote!(found.words[#word]),
        shift => {
            let shift = Literal::u32_unsuffixed(shift);
            quote!((found.words[#word] >> #shift))
        }
    };
    let mask = number(ones(width));
    match (scalar, container(width)) {
        (Scalar::Bool, _) => quote!(#shifted & 1 != 0),
        (_, 64) if width == 64 => shifted,
        (_, 64) => quote!(#shifted & #mask),
        (_, native) if native == width => quote!(#shifted as #integer),
        _ => quote!((#shifted & #mask) as #integer),
    }
}
