//! Statements.

use super::code::Code;
use super::context::{Context, Frame};
use super::data::{bytes_of, checksum_of_bytes, hash, internet_checksum};
use super::deparser::emit;
use super::expr::{cast, expr};
use super::parser::{extract, fail};
use super::process::egress_spec;
use super::replication;
use super::scalar::{constant, container, is_wide, mask_constant, number, ones, unsigned};
use super::stacks;
use super::tables::apply;
use super::usage::innermost;
use crate::ir::{
    Block, Expr, ExprKind, ExternCall, HashAlgorithm, HeaderId, HeaderRef, Place, Scalar,
    StandardField, Stmt, StmtKind,
};
use crate::source::Span;
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::Lifetime;

/// A block's statements.
pub(super) fn block(cx: &Context<'_>, frame: Frame<'_>, block: &Block) -> TokenStream {
    block
        .iter()
        .map(|stmt| statement(cx, frame, stmt))
        .collect()
}

pub(super) fn lifetime(name: &str) -> Lifetime {
    Lifetime::new(name, proc_macro2::Span::call_site())
}

fn statement(cx: &Context<'_>, frame: Frame<'_>, stmt: &Stmt) -> TokenStream {
    let span = stmt.span;
    match &stmt.kind {
        StmtKind::Assign(place, value) => {
            let value = expr(cx, frame, value);
            assign(cx, frame, place, &value, span)
        }
        StmtKind::SetValid(header) => on(cx, frame, header, |id| set_valid(cx, id)),
        StmtKind::SetInvalid(header) => on(cx, frame, header, |id| remove(cx, id)),
        StmtKind::CopyHeader { to, from } => on(cx, frame, to, |to| {
            on(cx, frame, from, |from| copy_header(cx, to, from))
        }),
        StmtKind::PushFront(stack, count) => stacks::push_front(cx, *stack, *count),
        StmtKind::PopFront(stack, count) => stacks::pop_front(cx, *stack, *count),
        StmtKind::If(condition, then, otherwise) => {
            let condition = expr(cx, frame, condition);
            let condition = condition.bare();
            let then = block(cx, frame, then);
            let otherwise = otherwise_part(cx, frame, otherwise);
            quote!(if #condition { #then } #otherwise)
        }
        StmtKind::Switch(value, cases, default) => {
            let scalar = value.scalar;
            let value = expr(cx, frame, value);
            let value = value.bare();
            let arms = cases.iter().map(|(constants, body)| {
                let patterns = constants.iter().map(|value| constant(value, scalar));
                let body = block(cx, frame, body);
                quote!(#(#patterns)|* => { #body })
            });
            let default = block(cx, frame, default);
            quote!(match #value { #(#arms)* _ => { #default } })
        }
        StmtKind::Apply(table, branch) => apply(cx, frame, *table, branch),
        StmtKind::Scope(body) => {
            let name = format!("'scope_{}", cx.fresh_label());
            let label = lifetime(&name);
            let body = block(
                cx,
                Frame {
                    scope: Some(&name),
                    ..frame
                },
                body,
            );
            quote!(#label: { #body })
        }
        StmtKind::Loop { body, update } => {
            let number = cx.fresh_label();
            let frame = Frame {
                looping: Some(number),
                ..frame
            };
            let body = block(cx, frame, body);
            let update = block(cx, frame, update);
            let (outer, round) = loop_labels(number);
            quote!(#outer: loop { #round: { #body } #update })
        }
        StmtKind::Break => {
            let (outer, _) = loop_labels(frame.looping.unwrap_or_default());
            quote!(break #outer;)
        }
        StmtKind::Continue => {
            let (_, round) = loop_labels(frame.looping.unwrap_or_default());
            quote!(break #round;)
        }
        StmtKind::Leave => {
            let label = lifetime(frame.scope.unwrap_or(frame.exit));
            quote!(break #label;)
        }
        StmtKind::Exit => {
            let label = lifetime(frame.exit);
            quote!(break #label;)
        }
        StmtKind::Extern(call) => extern_call(cx, frame, call, span),
        StmtKind::Extract(header) => extract_into(cx, frame, header, None, span),
        StmtKind::ExtractVarbit(header, bits) => extract_into(cx, frame, header, Some(bits), span),
        StmtKind::Advance(bits) => advance(cx, frame, bits),
        StmtKind::RequireLookahead(bits) => {
            let bytes = Literal::u32_unsuffixed(bits.div_ceil(8));
            let too_short = fail(cx, "PacketTooShort");
            quote!(if data.len() - at < #bytes { #too_short })
        }
        StmtKind::Verify(condition, error) => {
            let condition = match &condition.kind {
                ExprKind::Unary(crate::ir::UnaryOp::Not, inner) => {
                    expr(cx, frame, inner).bare().clone()
                }
                _ => negated(cx, frame, condition),
            };
            let error = expr(cx, frame, error);
            let error = error.bare();
            quote!(if #condition { error = #error; break 'parser; })
        }
        StmtKind::Emit(header) => on(cx, frame, header, |id| emit(cx, id, span)),
    }
}

/// A condition's opposite, with the comparison turned round where there is one.
fn negated(cx: &Context<'_>, frame: Frame<'_>, condition: &Expr) -> TokenStream {
    use crate::ir::BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    if let ExprKind::Binary(op, left, right) = &condition.kind {
        let opposite = match op {
            Equal => Some(NotEqual),
            NotEqual => Some(Equal),
            Less => Some(GreaterEqual),
            LessEqual => Some(Greater),
            Greater => Some(LessEqual),
            GreaterEqual => Some(Less),
            _ => None,
        };
        if let Some(opposite) = opposite {
            let kind = ExprKind::Binary(opposite, left.clone(), right.clone());
            return expr(
                cx,
                frame,
                &Expr {
                    kind,
                    ..condition.clone()
                },
            )
            .bare()
            .clone();
        }
    }
    let condition = expr(cx, frame, condition).operand();
    quote!(!#condition)
}

fn otherwise_part(cx: &Context<'_>, frame: Frame<'_>, otherwise: &Block) -> TokenStream {
    match &otherwise[..] {
        [] => TokenStream::new(),
        [
            Stmt {
                kind: StmtKind::If(..),
                ..
            },
        ] => {
            let inner = block(cx, frame, otherwise);
            quote!(else #inner)
        }
        _ => {
            let inner = block(cx, frame, otherwise);
            quote!(else { #inner })
        }
    }
}

/// What is done to a header; nothing beyond the end of a stack.
fn on(
    cx: &Context<'_>,
    frame: Frame<'_>,
    header: &HeaderRef,
    write: impl Fn(HeaderId) -> TokenStream,
) -> TokenStream {
    stacks::each(cx, frame, header, &TokenStream::new(), write)
}

/// `packet.extract` into a header, or into the next of a stack.
fn extract_into(
    cx: &Context<'_>,
    frame: Frame<'_>,
    header: &HeaderRef,
    varbit_bits: Option<&Expr>,
    span: Span,
) -> TokenStream {
    let full = fail(cx, "StackOutOfBounds");
    let extracted = stacks::each(cx, frame, header, &full, |id| {
        extract(cx, frame, id, varbit_bits, span)
    });
    let advance = match header {
        HeaderRef::Next(stack) => {
            let next = cx.locals.next(*stack);
            quote!(#next += 1;)
        }
        _ => TokenStream::new(),
    };
    quote!(#extracted #advance)
}

/// `place = value`.
pub(super) fn assign(
    cx: &Context<'_>,
    frame: Frame<'_>,
    place: &Place,
    value: &Code,
    span: Span,
) -> TokenStream {
    if let Place::Field(header, _) = innermost(place)
        && !matches!(header, HeaderRef::Instance(_))
    {
        let code = Code::atom(quote!(value));
        let assigned = on(cx, frame, header, |id| {
            assign(cx, frame, &at_instance(place, id), &code, span)
        });
        let value = value.bare();
        return quote!({ let value = #value; #assigned });
    }
    match place {
        Place::Variable(_) | Place::Field(..) => {
            let Some((target, _)) = target(cx, place) else {
                return TokenStream::new();
            };
            let value = value.bare();
            quote!(#target = #value;)
        }
        Place::Slice(base, high, low) => {
            if let Place::Slice(inner, _, below) = &**base {
                let flat = Place::Slice(inner.clone(), high + below, low + below);
                return assign(cx, frame, &flat, value, span);
            }
            let Some((local, scalar)) = target(cx, base) else {
                return cx.unsupported(span, "an assignment to this place");
            };
            let whole = scalar.width();
            let slice = high - low + 1;
            let widened = cast(value, Scalar::Bits(slice), Scalar::Bits(whole)).operand();
            let shifted = if *low == 0 {
                widened
            } else {
                let low = Literal::u32_unsuffixed(*low);
                quote!((#widened << #low))
            };
            if slice == whole {
                return quote!(#local = #shifted;);
            }
            if is_wide(whole) {
                let replaced = mask_constant(slice, *low, whole);
                return quote!(#local = (#local & !#replaced) | #shifted;);
            }
            let kept = ones(container(whole)) ^ (ones(slice) << low);
            let kept = number(kept & ones(whole));
            quote!(#local = (#local & #kept) | #shifted;)
        }
    }
}

/// A place in one of the headers that its reference can mean.
fn at_instance(place: &Place, id: HeaderId) -> Place {
    match place {
        Place::Field(_, field) => Place::Field(HeaderRef::Instance(id), *field),
        Place::Slice(base, high, low) => Place::Slice(Box::new(at_instance(base, id)), *high, *low),
        place => place.clone(),
    }
}

/// The local that a place is, and its type.
fn target(cx: &Context<'_>, place: &Place) -> Option<(TokenStream, Scalar)> {
    match place {
        Place::Variable(id) => {
            let local = cx.locals.variable(*id);
            Some((quote!(#local), cx.program.variables[id.index()].scalar))
        }
        Place::Field(header, field) => {
            let HeaderRef::Instance(id) = *header else {
                return None;
            };
            let local = &cx.locals.header(id).fields[*field as usize];
            Some((
                quote!(#local),
                cx.header_type(id).fields[*field as usize].scalar,
            ))
        }
        Place::Slice(..) => None,
    }
}

/// The type of a place.
fn scalar_of(cx: &Context<'_>, place: &Place) -> Scalar {
    match place {
        Place::Slice(_, high, low) => Scalar::Bits(high - low + 1),
        Place::Field(header, field) if !matches!(header, HeaderRef::Instance(_)) => {
            let first = stacks::instances(cx.program, header).first().copied();
            first.map_or(Scalar::Bits(1), |id| {
                cx.header_type(id).fields[*field as usize].scalar
            })
        }
        place => target(cx, place).map_or(Scalar::Bits(1), |(_, scalar)| scalar),
    }
}

/// Sets what is not a header's to nothing: the fields of it that have locals.
fn zero_fields(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let locals = cx.locals.header(id);
    let fields = cx
        .header_type(id)
        .fields
        .iter()
        .zip(&locals.fields)
        .enumerate();
    let zeros: TokenStream = fields
        .filter(|(index, _)| cx.usage.needs(id, *index))
        .map(|(_, (field, local))| {
            let zero = super::scalar::zero(field.scalar);
            quote!(#local = #zero;)
        })
        .collect();
    // Nothing of it was found.
    let bytes = (cx.usage.kept.contains(&id) && cx.needs_bytes(id)).then(|| {
        let bytes = &cx.locals.header(id).bytes;
        let length = Literal::u32_unsuffixed(cx.header_type(id).fixed_width() / 8);
        quote!(#bytes = &[0u8; #length];)
    });
    quote!(#zeros #bytes)
}

/// Headers are no longer all where they were found.
fn note_move(cx: &Context<'_>) -> TokenStream {
    match cx.notes_moves() {
        true => quote!(moved = true;),
        false => TokenStream::new(),
    }
}

fn set_valid(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let valid = &cx.locals.header(id).valid;
    let fields = zero_fields(cx, id);
    let others = assign_invalid_members(cx, id);
    let grow = (cx.usage.measures).then(|| {
        let bytes = Literal::u32_unsuffixed(cx.header_type(id).fixed_width() / 8);
        quote!(measured = measured.wrapping_add(#bytes);)
    });
    let moved = note_move(cx);
    quote!(if !#valid { #fields #others #valid = true; #moved #grow })
}

pub(super) fn set_invalid(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let valid = &cx.locals.header(id).valid;
    let fields = zero_fields(cx, id);
    quote!(#fields #valid = false;)
}

/// `header.setInvalid()`, which a packet's length follows if the program looks at it.
fn remove(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let (invalid, moved) = (set_invalid(cx, id), note_move(cx));
    let invalid = match moved.is_empty() {
        true => invalid,
        false => {
            let valid = &cx.locals.header(id).valid;
            quote!(if #valid { #moved } #invalid)
        }
    };
    if !cx.usage.measures {
        return invalid;
    }
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let (valid, fixed) = (
        &locals.valid,
        Literal::u32_unsuffixed(header_type.fixed_width() / 8),
    );
    let varbit = super::layout::varbit_field(header_type)
        .filter(|field| cx.usage.needs(id, *field))
        .map(|field| {
            let local = &locals.fields[field];
            quote!(+ #local.len() as u32)
        });
    quote!(if #valid { measured = measured.wrapping_sub(#fixed #varbit); } #invalid)
}

/// A union holds one header at a time: what becomes of the others when this one becomes valid.
pub(super) fn assign_invalid_members(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let unions = cx
        .program
        .unions
        .iter()
        .filter(|union| union.members.contains(&id));
    unions
        .flat_map(|union| &union.members)
        .filter(|&&member| member != id)
        .map(|&member| set_invalid(cx, member))
        .collect()
}

pub(super) fn copy_header(cx: &Context<'_>, to: HeaderId, from: HeaderId) -> TokenStream {
    if to == from {
        return TokenStream::new();
    }
    let (target, source) = (cx.locals.header(to), cx.locals.header(from));
    let fields = target
        .fields
        .iter()
        .zip(&source.fields)
        .enumerate()
        .filter(|(index, _)| cx.usage.needs(to, *index))
        .map(|(index, (target, source))| match cx.lazy(from, index) {
            Some(found) => {
                let found = found.bare();
                quote!(#target = #found;)
            }
            None => quote!(#target = #source;),
        });
    let bytes = (cx.usage.kept.contains(&to) && cx.needs_bytes(to)).then(|| {
        let (target, source) = (&target.bytes, &source.bytes);
        quote!(#target = #source;)
    });
    let moved = note_move(cx);
    let (target, source) = (&target.valid, &source.valid);
    let others = assign_invalid_members(cx, to);
    let others = (!others.is_empty()).then(|| quote!(if #source { #others }));
    quote!(#(#fields)* #bytes #others #target = #source; #moved)
}

fn advance(cx: &Context<'_>, frame: Frame<'_>, bits: &Expr) -> TokenStream {
    let too_short = fail(cx, "PacketTooShort");
    if let ExprKind::Constant(bits) = &bits.kind {
        let bits = super::scalar::to_u128(bits);
        if bits.is_multiple_of(8) {
            let bytes = Literal::u128_unsuffixed(bits / 8);
            return quote!(if data.len() - at < #bytes { #too_short } at += #bytes;);
        }
    }
    let uneven = fail(cx, "ParserInvalidArgument");
    let bits = cast(&expr(cx, frame, bits), bits.scalar, Scalar::Bits(32));
    let bits = bits.bare();
    quote! {
        let bits = #bits;
        if bits % 8 != 0 { #uneven }
        let length = (bits / 8) as usize;
        if data.len() - at < length { #too_short }
        at += length;
    }
}

/// A value as an index of cells.
fn index(cx: &Context<'_>, frame: Frame<'_>, value: &Expr) -> TokenStream {
    // A conversion to a wider type on the way changes nothing.
    if let ExprKind::Cast(inner) = &value.kind
        && matches!(inner.scalar, Scalar::Bits(from) if from <= value.scalar.width())
    {
        return index(cx, frame, inner);
    }
    let code = expr(cx, frame, value);
    let width = container(value.scalar.width());
    match width {
        64 => code.bare().clone(),
        128 => {
            let code = code.operand();
            quote!(u64::try_from(#code).unwrap_or(u64::MAX))
        }
        width if is_wide(width) => {
            let code = code.operand();
            quote!(u64::try_from(#code.low()).unwrap_or(u64::MAX))
        }
        _ => {
            let code = code.bare();
            quote!(u64::from(#code))
        }
    }
}

/// The labels of a loop and of the body in it.
fn loop_labels(number: u32) -> (Lifetime, Lifetime) {
    (
        lifetime(&format!("'loop_{number}")),
        lifetime(&format!("'round_{number}")),
    )
}

/// What is done with a cell, as `cell`. Beyond the end nothing is, and what it would be read into stays, as in BMv2.
fn at_cell(member: &proc_macro2::Ident, at: &TokenStream, with_it: &TokenStream) -> TokenStream {
    quote!({
        let cell = #at;
        if cell < self.#member.size() {
            #with_it
        }
    })
}

fn extern_call(cx: &Context<'_>, frame: Frame<'_>, call: &ExternCall, span: Span) -> TokenStream {
    match call {
        ExternCall::CounterCount { counter, index: at } => {
            let counter = super::members::counter(cx, *counter);
            let at = index(cx, frame, at);
            quote!(self.#counter.count(#at, length);)
        }
        // Direct counters count where their table is applied.
        ExternCall::DirectCounterCount { .. } => TokenStream::new(),
        ExternCall::RegisterRead {
            register,
            result,
            index: at,
        } => {
            let scalar = cx.program.registers[register.index()].scalar;
            let width = scalar.width();
            let register = super::members::register(cx, *register);
            let value = match container(width) {
                128 => Code::atom(quote!(self.#register.read_wide(cell))),
                wide if is_wide(wide) => Code::atom(quote!(self.#register.read_words(cell))),
                64 => Code::atom(quote!(self.#register.read(cell))),
                _ if scalar == Scalar::Bool => {
                    Code::compound(quote!(self.#register.read(cell) != 0))
                }
                _ => {
                    let integer = unsigned(width);
                    Code::compound(quote!(self.#register.read(cell) as #integer))
                }
            };
            let read = assign(cx, frame, result, &value, span);
            at_cell(&register, &index(cx, frame, at), &read)
        }
        ExternCall::RegisterWrite {
            register,
            index: at,
            value,
        } => {
            let width = cx.program.registers[register.index()].scalar.width();
            let register = super::members::register(cx, *register);
            let at = index(cx, frame, at);
            let value = expr(cx, frame, value);
            let value = value.bare();
            match container(width) {
                128 => quote!(self.#register.write_wide(#at, #value);),
                wide if is_wide(wide) => quote!(self.#register.write_words(#at, #value);),
                64 => quote!(self.#register.write(#at, #value);),
                _ => quote!(self.#register.write(#at, u64::from(#value));),
            }
        }
        ExternCall::Random { result, low, high } => {
            let scalar = scalar_of(cx, result);
            let (low, high) = (index(cx, frame, low), index(cx, frame, high));
            let drawn = Code::atom(quote!(worker.random(#low, #high)));
            let value = cast(&drawn, Scalar::Bits(64), scalar);
            assign(cx, frame, result, &value, span)
        }
        ExternCall::Hash {
            result,
            algorithm,
            base,
            data,
            max,
        } => {
            let (value, bits) = hash(cx, frame, *algorithm, data, false, span);
            let scaled = scale(cx, frame, Code::atom(value), bits, base, max);
            let value = cast(&scaled, Scalar::Bits(64), scalar_of(cx, result));
            assign(cx, frame, result, &value, span)
        }
        ExternCall::MarkToDrop => {
            let spec = egress_spec(cx);
            let group = cx
                .standard(StandardField::McastGrp)
                .map(|id| cx.locals.variable(id));
            let group = group.map(|group| quote!(#group = 0;));
            quote!(#spec = DROP_PORT; #group)
        }
        ExternCall::VerifyChecksum {
            condition,
            data,
            checksum,
            algorithm,
            with_payload,
        } => {
            let Some(flag) = cx.standard(StandardField::ChecksumError) else {
                return TokenStream::new();
            };
            let flag = cx.locals.variable(flag);
            let computed = match (!with_payload && *algorithm == HashAlgorithm::Csum16)
                .then(|| checksum_of_bytes(cx, frame, condition, data, checksum))
                .flatten()
            {
                Some(computed) => computed,
                None => {
                    let scalar = checksum.scalar;
                    let computed = checksum_value(cx, frame, *algorithm, data, *with_payload, span);
                    cast(&computed.0, computed.1, scalar).operand()
                }
            };
            let condition = expr(cx, frame, condition).operand();
            // As BMv2 has it: a checksum in an invalid header is not looked at.
            let in_valid = match &checksum.kind {
                ExprKind::Field(HeaderRef::Instance(id), _) => {
                    let valid = &cx.locals.header(*id).valid;
                    quote!(&& #valid)
                }
                _ => TokenStream::new(),
            };
            let checksum = expr(cx, frame, checksum).operand();
            quote!(if #condition #in_valid && #computed != #checksum { #flag = 1; })
        }
        ExternCall::UpdateChecksum {
            condition,
            data,
            checksum,
            algorithm,
            with_payload,
        } => {
            let (computed, scalar) =
                checksum_value(cx, frame, *algorithm, data, *with_payload, span);
            let value = cast(&computed, scalar, scalar_of(cx, checksum));
            let assigned = assign(cx, frame, checksum, &value, span);
            let condition = expr(cx, frame, condition);
            let condition = condition.bare();
            quote!(if #condition { #assigned })
        }
        ExternCall::Truncate { length } => {
            let length = index(cx, frame, length);
            quote!(most = most.min(#length as usize);)
        }
        ExternCall::MeterExecute {
            meter,
            index: at,
            result,
        } => {
            let meter = super::members::meter(cx, *meter);
            let color = Code::compound(quote!(self.#meter.execute(cell, length, now) as u8));
            let value = cast(&color, Scalar::Bits(8), scalar_of(cx, result));
            let measured = assign(cx, frame, result, &value, span);
            at_cell(&meter, &index(cx, frame, at), &measured)
        }
        ExternCall::DirectMeterRead { meter, result } => {
            let is_its = |table: &crate::ir::Table| table.meter == Some(*meter);
            let Some(table) = cx.program.tables.iter().position(is_its) else {
                return TokenStream::new();
            };
            let table = super::members::table(cx, crate::ir::TableId(table as u32));
            let amount = match cx.program.meters[meter.index()].unit {
                crate::ir::CounterUnit::Packets => quote!(1),
                _ => quote!(length),
            };
            let color = Code::atom(quote!(self.#table.meter(&found, #amount, now)));
            let value = cast(&color, Scalar::Bits(8), scalar_of(cx, result));
            assign(cx, frame, result, &value, span)
        }
        ExternCall::Digest { digest, data } => digest_call(cx, frame, *digest, data),
        ExternCall::Clone {
            session,
            field_list,
            ..
        } => {
            let session = index(cx, frame, session);
            let field_list = Literal::u32_unsuffixed(field_list.unwrap_or(replication::NO_FIELDS));
            quote!(clone_to = Some((#session as u32, #field_list));)
        }
        ExternCall::Resubmit { field_list } => {
            let field_list = Literal::u32_unsuffixed(*field_list);
            quote!(resubmit_with = Some(#field_list);)
        }
        ExternCall::Recirculate { field_list } => {
            let field_list = Literal::u32_unsuffixed(*field_list);
            quote!(recirculate_with = Some(#field_list);)
        }
        ExternCall::Assert { condition } | ExternCall::Assume { condition } => {
            let fails = negated(cx, frame, condition);
            super::messages::assertion(cx, frame, &fails)
        }
        ExternCall::LogMessage { format, data } => {
            super::messages::log_message(cx, frame, format, data)
        }
        ExternCall::ActionProfileUse { .. } => TokenStream::new(),
        ExternCall::Foreign { name, .. } => cx.unsupported(
            span,
            &format!("the extern `{name}`, which v1model does not have,"),
        ),
    }
}

/// What a program sends to its control plane.
fn digest_call(
    cx: &Context<'_>,
    frame: Frame<'_>,
    digest: crate::ir::DigestId,
    data: &[crate::ir::Data],
) -> TokenStream {
    let id = Literal::u32_unsuffixed(cx.symbols.digests[digest.index()].id);
    let mut fields = Vec::new();
    for piece in data {
        match piece {
            crate::ir::Data::Expr(value) => {
                let code = expr(cx, frame, value);
                fields.push(digest_field(code.bare(), value.scalar));
            }
            crate::ir::Data::Header(header) => {
                let declared = &cx.header_type(*header).fields;
                let locals = &cx.locals.header(*header).fields;
                let declared = declared.iter().zip(locals);
                fields.extend(
                    declared.map(|(field, local)| digest_field(&quote!(#local), field.scalar)),
                );
            }
        }
    }
    quote!(worker.digests.push(dpr_runtime::Digest { id: #id, fields: vec![#(#fields),*] });)
}

/// A field of a digest as the control plane is told of it.
fn digest_field(value: &TokenStream, scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Varbit(_) => {
            let bytes = bytes_of(value);
            quote!(dpr_runtime::Integer::from_be_bytes(#bytes))
        }
        _ => quote!((#value).into()),
    }
}

/// A checksum's value and type.
fn checksum_value(
    cx: &Context<'_>,
    frame: Frame<'_>,
    algorithm: HashAlgorithm,
    data: &[crate::ir::Data],
    with_payload: bool,
    span: Span,
) -> (Code, Scalar) {
    if algorithm == HashAlgorithm::Csum16 {
        let sum = internet_checksum(cx, frame, data, with_payload, span);
        return (Code::compound(sum), Scalar::Bits(16));
    }
    let (value, _) = hash(cx, frame, algorithm, data, with_payload, span);
    (Code::atom(value), Scalar::Bits(64))
}

/// `base + value % max`, without what the constants make superfluous. 64 bits.
fn scale(
    cx: &Context<'_>,
    frame: Frame<'_>,
    value: Code,
    bits: u32,
    base: &Expr,
    max: &Expr,
) -> Code {
    let constant_of = |value: &Expr| match &value.kind {
        ExprKind::Constant(value) => Some(super::scalar::to_u128(value)),
        _ => None,
    };
    if constant_of(base) == Some(0)
        && let Some(max) = constant_of(max)
    {
        if bits < 64 && max >= 1 << bits {
            return value;
        }
        if max > 1 && max.is_power_of_two() {
            let operand = value.operand();
            let mask = number(max - 1);
            return Code::compound(quote!(#operand & #mask));
        }
    }
    let value = value.bare();
    let (base, max) = (index(cx, frame, base), index(cx, frame, max));
    Code::atom(quote!(dpr_runtime::hash::scale(#base, #value, #max)))
}
