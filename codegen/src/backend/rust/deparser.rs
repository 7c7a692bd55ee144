//! The deparser: writes back what changed where it was found, or emits headers one after another in front of the payload.

use super::context::Context;
use super::layout::{is_regular, places, runs, store, varbit_field};
use super::process::variables;
use super::scalar::is_wide;
use super::stmt::block;
use super::usage::Deparse;
use super::walk::{self, Node};
use crate::ir::{Block, ControlKind, Field, HeaderId, HeaderRef, Scalar, Scope, Stmt, StmtKind};
use crate::source::Span;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// The whole deparser.
pub(super) fn deparser(cx: &Context<'_>) -> TokenStream {
    match cx.usage.deparse {
        Deparse::InPlace => in_place(cx),
        Deparse::Rebuild { .. } if cx.notes_moves() => {
            let (in_place, rebuild) = (in_place(cx), rebuild(cx));
            quote!(if moved { #rebuild } else { #in_place })
        }
        Deparse::Rebuild { .. } => rebuild(cx),
    }
}

fn in_place(cx: &Context<'_>) -> TokenStream {
    let headers = cx
        .program
        .deparser
        .iter()
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Emit(HeaderRef::Instance(id)) if cx.is_written(id) => Some((id, stmt.span)),
            _ => None,
        });
    let writes: Vec<TokenStream> = headers.map(|(id, span)| write_back(cx, id, span)).collect();
    match writes.is_empty() {
        true => TokenStream::new(),
        false => quote!({
            let data = packet.bytes_mut();
            #(#writes)*
        }),
    }
}

fn write_back(cx: &Context<'_>, id: HeaderId, span: Span) -> TokenStream {
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let length = Literal::u32_unsuffixed(header_type.fixed_width() / 8);
    let places = places(header_type);
    let written = runs(&places).into_iter().filter(|run| {
        run.places
            .iter()
            .any(|place| cx.usage.written.contains(&(id, place.field)))
    });
    let stores: Vec<_> = written.map(|run| store_run(cx, id, &run, span)).collect();
    let (valid, offset) = (&locals.valid, &locals.offset);
    quote! {
        if #valid && let Some(head) = data.get_mut(#offset..).and_then(|rest| rest.first_chunk_mut::<#length>()) {
            #(#stores)*
        }
    }
}

fn store_run(cx: &Context<'_>, id: HeaderId, run: &super::layout::Run, span: Span) -> TokenStream {
    let head = Ident::new("head", proc_macro2::Span::call_site());
    let locals = cx.locals.header(id);
    let header_type = cx.header_type(id);
    let value = |place: super::layout::Place| {
        let local = &locals.fields[place.field];
        match header_type.fields[place.field].scalar {
            Scalar::Bool => quote!(u8::from(#local)),
            _ => quote!(#local),
        }
    };
    let _ = span;
    store(&head, run, value).unwrap_or_else(|| {
        let puts = run.places.iter().map(|place| {
            let start = Literal::u32_unsuffixed(place.start);
            let scalar = header_type.fields[place.field].scalar;
            put(
                &quote!(head),
                &quote!(#start),
                scalar,
                &locals.fields[place.field],
            )
        });
        puts.collect()
    })
}

fn rebuild(cx: &Context<'_>) -> TokenStream {
    let (mut most, mut in_loop) = (0, None);
    each_statement(&cx.program.deparser, &mut |stmt| match &stmt.kind {
        StmtKind::Emit(header) => most += longest(cx, header),
        StmtKind::Loop { body, update } => {
            for block in [body, update] {
                each_statement(block, &mut |stmt| {
                    if let StmtKind::Emit(_) = stmt.kind {
                        in_loop = Some(stmt.span);
                    }
                });
            }
        }
        _ => {}
    });
    // Room for what is emitted is made once.
    if let Some(span) = in_loop {
        return cx.unsupported(span, "an `emit` in a loop whose rounds are not known");
    }
    let locals = variables(cx, |scope| scope == Scope::Control(ControlKind::Deparser));
    let most = Literal::u32_unsuffixed(most);
    let frame = super::context::Frame {
        arguments: &[],
        exit: "'deparser",
        scope: None,
        looping: None,
    };
    let body = block(cx, frame, &cx.program.deparser);
    quote! {
        let mut emitted = [0u8; #most];
        let mut end = 0usize;
        'deparser: { #locals #body }
        packet.replace_head(at, emitted.get(..end).unwrap_or_default());
    }
}

fn each_statement<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Stmt)) {
    walk::block(block, &mut |node| {
        if let Node::Stmt(stmt) = node {
            visit(stmt);
        }
    });
}

/// The most bytes that a header can have.
fn longest(cx: &Context<'_>, header: &HeaderRef) -> u32 {
    let header_type = match header {
        HeaderRef::Instance(id) => cx.header_type(*id),
        HeaderRef::Element(stack, _) | HeaderRef::Next(stack) | HeaderRef::Last(stack) => {
            let header_type = cx.program.stacks[stack.index()].header_type;
            &cx.program.header_types[header_type.index()]
        }
    };
    let fields = header_type.fields.iter();
    let bits: u32 = fields.map(|field| field.scalar.width()).sum();
    bits.div_ceil(8)
}

/// `packet.emit(header)`, in front of what the parser left.
pub(super) fn emit(cx: &Context<'_>, id: HeaderId, span: Span) -> TokenStream {
    let header_type = cx.header_type(id);
    let locals = cx.locals.header(id);
    let fixed = header_type.fixed_width();
    if !fixed.is_multiple_of(8) {
        return cx.unsupported(span, "a header that does not end with a byte");
    }
    let valid = &locals.valid;
    if !is_regular(header_type) {
        let fields = irregular_stores(cx, id);
        return quote! {
            if #valid {
                let mut bit = end * 8;
                #fields
                end = bit / 8;
            }
        };
    }
    let length = Literal::u32_unsuffixed(fixed / 8);
    let is_kept = cx.usage.kept.contains(&id);
    let is_stored = |run: &super::layout::Run| {
        let mut places = run.places.iter();
        !is_kept || places.any(|place| cx.usage.written.contains(&(id, place.field)))
    };
    let stores: Vec<_> = runs(&places(header_type))
        .iter()
        .filter(|run| is_stored(run))
        .map(|run| store_run(cx, id, run, span))
        .collect();
    let found = is_kept.then(|| {
        let bytes = &locals.bytes;
        quote!(*head = *#bytes;)
    });
    let fixed_part = (fixed > 0).then(|| {
        quote! {
            if let Some(head) = emitted.get_mut(end..).and_then(|rest| rest.first_chunk_mut::<#length>()) {
                #found
                #(#stores)*
                end += #length;
            }
        }
    });
    let variable_part = varbit_field(header_type).map(|field| {
        let varbit = &locals.fields[field];
        quote!(end = #varbit.emit(data, &mut emitted, end * 8) / 8;)
    });
    quote!(if #valid { #fixed_part #variable_part })
}

/// Writes the fields of a header bit by bit, of which some come after a varbit or a varbit does not begin at a byte.
fn irregular_stores(cx: &Context<'_>, id: HeaderId) -> TokenStream {
    let fields = cx
        .header_type(id)
        .fields
        .iter()
        .zip(&cx.locals.header(id).fields);
    let store_one = |(field, local): (&Field, &Ident)| {
        let width = Literal::u32_unsuffixed(field.scalar.width());
        let put = match field.scalar {
            Scalar::Varbit(_) => return quote!(bit = #local.emit(data, &mut emitted, bit);),
            _ => put(&quote!(&mut emitted), &quote!(bit), field.scalar, local),
        };
        quote!(#put bit += #width;)
    };
    fields.map(store_one).collect()
}

/// Writes a value of any width from any bit on.
fn put(bytes: &TokenStream, at: &TokenStream, scalar: Scalar, local: &Ident) -> TokenStream {
    let width = Literal::u32_unsuffixed(scalar.width());
    match is_wide(scalar.width()) {
        true => quote!(#local.put_bits(#bytes, #at, #width);),
        false => quote!(dpr_runtime::put_bits(#bytes, #at, #width, #local.into());),
    }
}
