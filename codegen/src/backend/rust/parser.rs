//! The parser: states that are reached in one way stand where they are reached from, others behind a labelled block; only a graph
//! with cycles becomes a loop over a state number.

use super::code::Code;
use super::context::{Context, Frame};
use super::expr::expr;
use super::expr::sign_extended;
use super::layout::{Place, is_regular, load, places, varbit_field};
use super::scalar::{constant, is_wide, number, ones, to_u128, unsigned, wide_constant};
use super::stmt::{assign_invalid_members, block};
use super::tables::packed;
use super::usage::{Order, successors};
use crate::ir::{Expr, HeaderId, Pattern, Scalar, SelectCase, Target, Transition, ValueSetId};
use crate::source::Span;
use num_bigint::BigUint;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::Lifetime;

/// The whole parser, as a block that ends when the packet is accepted or rejected. `error` is set and `at` is where it stopped.
pub(super) fn parser(cx: &Context<'_>) -> TokenStream {
    if cx.program.parser.states.is_empty() {
        return TokenStream::new();
    }
    let frame = Frame {
        arguments: &[],
        exit: "'parser",
        scope: None,
        looping: None,
    };
    match &cx.usage.order {
        Order::Acyclic(order) => {
            let mut ways = vec![0; cx.program.parser.states.len()];
            for &state in order {
                successors(cx.program, state)
                    .into_iter()
                    .for_each(|next| ways[next] += 1);
            }
            let writer = Writer {
                cx,
                frame,
                ways: Some(&ways),
            };
            let mut code = writer.state(0);
            for &state in order.iter().filter(|&&state| state != 0 && ways[state] > 1) {
                let label = writer.label(state);
                let body = writer.state(state);
                code = quote!(#label: { #code } #body);
            }
            quote!('parser: { #code })
        }
        Order::Cyclic => {
            let writer = Writer {
                cx,
                frame,
                ways: None,
            };
            let arms = (0..cx.program.parser.states.len()).map(|state| {
                let index = Literal::usize_unsuffixed(state);
                let body = writer.state(state);
                quote!(#index => { #body })
            });
            quote!('parser: {
                let mut state = 0u32;
                loop {
                    match state {
                        #(#arms)*
                        _ => break 'parser,
                    }
                }
            })
        }
    }
}

struct Writer<'a> {
    cx: &'a Context<'a>,
    frame: Frame<'a>,
    /// In how many ways each state is reached; `None` if they are arms of a loop.
    ways: Option<&'a [u32]>,
}

impl Writer<'_> {
    fn label(&self, state: usize) -> Lifetime {
        let name = super::names::snake(&self.cx.program.parser.states[state].name);
        Lifetime::new(&format!("'{name}_{state}"), proc_macro2::Span::call_site())
    }

    /// A state's body and transition. Control never passes its end.
    fn state(&self, state: usize) -> TokenStream {
        let state = &self.cx.program.parser.states[state];
        let body = block(self.cx, self.frame, &state.body);
        let transition = match &state.transition {
            Transition::Goto(target) => self.go(*target),
            Transition::Select { keys, cases } => self.select(keys, cases, state.span),
        };
        quote!(#body #transition)
    }

    fn go(&self, target: Target) -> TokenStream {
        match (target, self.ways) {
            (Target::Accept | Target::Reject, _) => quote!(break 'parser;),
            (Target::State(id), None) => {
                let index = Literal::usize_unsuffixed(id.index());
                quote!(state = #index; continue;)
            }
            (Target::State(id), Some(ways)) if ways[id.index()] > 1 => {
                let label = self.label(id.index());
                quote!(break #label;)
            }
            (Target::State(id), Some(_)) => self.state(id.index()),
        }
    }

    fn select(&self, keys: &[Expr], cases: &[SelectCase], span: Span) -> TokenStream {
        let values: Vec<TokenStream> = keys
            .iter()
            .map(|key| expr(self.cx, self.frame, key).bare().clone())
            .collect();
        let mut arms = Vec::new();
        let mut is_complete = false;
        for case in cases {
            let (pattern, guard) = self.pattern(keys, case);
            let body = self.go(case.target);
            is_complete |= case
                .patterns
                .iter()
                .all(|pattern| matches!(pattern, Pattern::Any));
            arms.push(quote!(#pattern #guard => { #body }));
            if is_complete {
                break;
            }
        }
        if !is_complete {
            let error = fail(self.cx, "NoMatch");
            arms.push(quote!(_ => { #error }));
        }
        let _ = span;
        match &values[..] {
            [value] => quote!(match #value { #(#arms)* }),
            _ => quote!(match (#(#values),*) { #(#arms)* }),
        }
    }

    fn pattern(&self, keys: &[Expr], case: &SelectCase) -> (TokenStream, TokenStream) {
        let mut patterns = Vec::new();
        let mut guards: Vec<TokenStream> = Vec::new();
        for (index, (key, pattern)) in keys.iter().zip(&case.patterns).enumerate() {
            let name = super::names::key(index);
            patterns.push(match pattern {
                Pattern::Any => quote!(_),
                Pattern::Value(value) => constant(value, key.scalar),
                Pattern::Mask(value, mask) if is_wide(key.scalar.width()) => {
                    let width = key.scalar.width();
                    let value = wide_constant(&(value & mask), width);
                    let mask = wide_constant(mask, width);
                    guards.push(quote!(#name & #mask == #value));
                    quote!(#name)
                }
                Pattern::Mask(value, mask) => {
                    let mask = to_u128(mask) & ones(key.scalar.width());
                    let value = number(to_u128(value) & mask);
                    let mask = number(mask);
                    guards.push(quote!(#name & #mask == #value));
                    quote!(#name)
                }
                Pattern::Range(low, high) if matches!(key.scalar, Scalar::Int(_)) => {
                    let width = key.scalar.width();
                    if is_wide(width) {
                        self.cx
                            .unsupported(case.span, "a range of signed values of this width");
                    }
                    let key = sign_extended(&Code::atom(quote!(#name)), width).operand();
                    let (low, high) = (signed_number(low, width), signed_number(high, width));
                    guards.push(quote!((#low..=#high).contains(&#key)));
                    quote!(#name)
                }
                Pattern::Range(low, high) if is_wide(key.scalar.width()) => {
                    let (low, high) = (constant(low, key.scalar), constant(high, key.scalar));
                    guards.push(quote!((#low..=#high).contains(&#name)));
                    quote!(#name)
                }
                Pattern::Range(low, high) => {
                    let (low, high) = (constant(low, key.scalar), constant(high, key.scalar));
                    quote!(#low..=#high)
                }
                Pattern::ValueSet(set) => {
                    let is_first = index == 0
                        || !matches!(&case.patterns[index - 1], Pattern::ValueSet(other) if other == set)
                        || self.cx.program.value_sets[set.index()].fields.len() == 1;
                    if is_first {
                        guards.push(self.value_set(*set, keys, index));
                    }
                    quote!(#name)
                }
            });
        }
        let guard = match guards.is_empty() {
            true => TokenStream::new(),
            false => quote!(if #(#guards)&&*),
        };
        if case
            .patterns
            .iter()
            .all(|pattern| matches!(pattern, Pattern::Any))
        {
            return (quote!(_), guard);
        }
        match &patterns[..] {
            [pattern] => (pattern.clone(), guard),
            _ => (quote!((#(#patterns),*)), guard),
        }
    }
}

impl Writer<'_> {
    /// Whether a member of a value set matches the keys from `first` on, one for each of its fields.
    fn value_set(&self, set: ValueSetId, keys: &[Expr], first: usize) -> TokenStream {
        let member = super::members::value_set(self.cx, set);
        let count = self.cx.program.value_sets[set.index()].fields.len();
        let values = keys.iter().enumerate().skip(first).take(count);
        let values = values.map(|(index, key)| {
            let name = super::names::key(index);
            (Code::atom(quote!(#name)), key.scalar)
        });
        let words = packed(&values.collect::<Vec<_>>());
        quote!(self.#member.contains(&[#(#words),*]))
    }
}

/// A constant in two's complement as a signed literal.
fn signed_number(value: &BigUint, width: u32) -> TokenStream {
    let value = to_u128(value);
    let sign = 1u128.checked_shl(width - 1).unwrap_or(0);
    match value & sign != 0 {
        false => {
            let value = number(value);
            quote!(#value)
        }
        true => {
            let magnitude = number((!value & ones(width)) + 1);
            quote!(-#magnitude)
        }
    }
}

/// Ends the parser with an error.
pub(super) fn fail(cx: &Context<'_>, error: &str) -> TokenStream {
    let value = Literal::u32_unsuffixed(cx.error(error));
    quote!(error = #value; break 'parser;)
}

/// `packet.extract(header)`, with the length of the varbit field in bits if the type has one.
pub(super) fn extract(
    cx: &Context<'_>,
    frame: Frame<'_>,
    id: HeaderId,
    varbit_bits: Option<&Expr>,
    span: Span,
) -> TokenStream {
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let fixed = header_type.fixed_width();
    if !fixed.is_multiple_of(8) {
        return cx.unsupported(span, "a header that does not end with a byte");
    }
    let length = Literal::u32_unsuffixed(fixed / 8);
    let too_short = fail(cx, "PacketTooShort");
    let valid = &locals.valid;
    let others = assign_invalid_members(cx, id);
    let note_offset = cx.needs_offset(id).then(|| {
        let offset = &locals.offset;
        quote!(#offset = at;)
    });
    let fixed_part = |loads: TokenStream| {
        let note_bytes = cx.needs_bytes(id).then(|| {
            let kept = &locals.bytes;
            quote!(#kept = bytes;)
        });
        quote! {
            let Some(bytes) = data.get(at..).and_then(|rest| rest.first_chunk::<#length>()) else { #too_short };
            #loads
            #note_bytes
        }
    };
    let Some(varbit) = varbit_field(header_type) else {
        let fixed_part = fixed_part(loads(cx, id));
        return quote! {
            #fixed_part
            #note_offset
            at += #length;
            #others
            #valid = true;
        };
    };
    let bits = match varbit_bits {
        Some(bits) => {
            let code = expr(cx, frame, bits).bare().clone();
            match bits.scalar.width() {
                0..=16 => quote!(u32::from(#code)),
                17..=32 => code,
                _ => quote!(u32::try_from(#code).unwrap_or(u32::MAX)),
            }
        }
        None => quote!(0u32),
    };
    let most = Literal::u32_unsuffixed(header_type.fields[varbit].scalar.width());
    let too_long = fail(cx, "HeaderTooShort");
    let uneven = fail(cx, "ParserInvalidArgument");
    let past_fixed = (fixed > 0).then(|| quote!(#length +));
    let fields = match is_regular(header_type) {
        true => {
            let local = &locals.fields[varbit];
            let note_varbit = (cx.usage.needs(id, varbit))
                .then(|| quote!(#local = dpr_runtime::Varbits::new((at + #length) * 8, variable);));
            let fixed_part = (fixed > 0).then(|| fixed_part(loads(cx, id)));
            quote!(#fixed_part #note_varbit)
        }
        false => irregular_loads(cx, id, varbit),
    };
    quote! {
        let bits = #bits;
        if bits % 8 != 0 { #uneven }
        let variable = (bits / 8) as usize;
        let end = at + #past_fixed variable;
        if data.len() < end { #too_short }
        if bits > #most { #too_long }
        #fields
        #note_offset
        at = end;
        #others
        #valid = true;
    }
}

/// Reads the fields of a header from `bytes`, an array of its length.
fn loads(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let bytes = Ident::new("bytes", proc_macro2::Span::call_site());
    let places = places(header_type).into_iter();
    let needed = places.filter(|place| cx.usage.needs(id, place.field));
    let load_one = |place: Place| {
        let local = &locals.fields[place.field];
        let scalar = header_type.fields[place.field].scalar;
        match load(&bytes, place) {
            Some(value) if scalar == Scalar::Bool => {
                let value = value.operand();
                quote!(#local = #value != 0;)
            }
            Some(value) => {
                let value = value.bare();
                quote!(#local = #value;)
            }
            None => {
                let start = Literal::u32_unsuffixed(place.start);
                let value = bits_at(&quote!(bytes), &quote!(#start), scalar);
                quote!(#local = #value;)
            }
        }
    };
    needed.map(load_one).collect()
}

/// Reads the fields of a header of which some come after a varbit, or a varbit does not begin at a byte, bit by bit.
fn irregular_loads(cx: &Context<'_>, id: HeaderId, varbit: usize) -> TokenStream {
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let mut start = 0;
    let mut code = quote!(let first = at * 8;);
    for (index, field) in header_type.fields.iter().enumerate() {
        let from = Literal::u32_unsuffixed(start);
        let at = match index > varbit {
            true => quote!(first + #from + variable * 8),
            false => quote!(first + #from),
        };
        if !matches!(field.scalar, Scalar::Varbit(_)) {
            start += field.scalar.width();
        }
        if !cx.usage.needs(id, index) {
            continue;
        }
        let local = &locals.fields[index];
        let value = match field.scalar {
            // Only one can be extracted.
            Scalar::Varbit(_) if index != varbit => continue,
            Scalar::Varbit(_) => quote!(dpr_runtime::Varbits::new(#at, variable)),
            scalar => bits_at(&quote!(data), &at, scalar),
        };
        code.extend(quote!(#local = #value;));
    }
    code
}

/// A value of any width that begins at any bit.
fn bits_at(bytes: &TokenStream, at: &TokenStream, scalar: Scalar) -> TokenStream {
    let width = Literal::u32_unsuffixed(scalar.width());
    let integer = unsigned(scalar.width());
    match scalar {
        Scalar::Bool => quote!(dpr_runtime::get_bits(#bytes, #at, #width) != 0),
        _ if is_wide(scalar.width()) => quote!(#integer::from_bits(#bytes, #at, #width)),
        _ => quote!(dpr_runtime::get_bits(#bytes, #at, #width) as #integer),
    }
}
