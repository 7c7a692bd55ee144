//! The packet function: parser, checksum verification, ingress, egress, checksum update and deparser in one body, all state in
//! locals.

use super::context::{Context, Frame};
use super::deparser::deparser;
use super::multicast;
use super::parser::parser;
use super::scalar::{rust_type, zero};
use super::stmt::block;
use crate::ir::{Block, ControlKind, HeaderId, Scope, StackId, StandardField, VariableId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Lifetime;

/// The parts of the packet function.
pub(super) struct Parts {
    /// Locals of the parser.
    pub(super) locals: TokenStream,
    /// The parser, and the error that it leaves behind.
    pub(super) parser: TokenStream,
    pub(super) verify: TokenStream,
    pub(super) ingress: TokenStream,
    pub(super) egress: TokenStream,
    pub(super) compute: TokenStream,
    pub(super) deparser: TokenStream,
}

fn parts(cx: &Context<'_>) -> Parts {
    let parsed = parser(cx);
    let note_error = cx.standard(StandardField::ParserError).map(|id| {
        let local = cx.locals.variable(id);
        quote!(#local = error;)
    });
    let program = cx.program;
    let written = |kind, label, body| control(cx, kind, label, body);
    let variables = variables(cx, |scope| scope == Scope::Parser);
    let next = (0..program.stacks.len()).map(|index| {
        let next = cx.locals.next(StackId(index as u32));
        quote!(let mut #next = 0u32;)
    });
    let bytes = (0..program.headers.len()).map(|index| kept_bytes(cx, HeaderId(index as u32)));
    Parts {
        locals: quote!(let mut error = 0u32; #variables #(#next)* #(#bytes)*),
        parser: quote!(#parsed #note_error),
        verify: written(
            ControlKind::VerifyChecksum,
            "'verify_checksum",
            &program.verify_checksum,
        ),
        ingress: written(ControlKind::Ingress, "'ingress", &program.ingress),
        egress: written(ControlKind::Egress, "'egress", &program.egress),
        compute: written(
            ControlKind::ComputeChecksum,
            "'compute_checksum",
            &program.compute_checksum,
        ),
        deparser: deparser(cx),
    }
}

/// What is not held against a function that runs packets: it is as regular as the program allows, not as short.
pub(super) fn lints() -> TokenStream {
    quote! {
        #[allow(
            clippy::all,
            unreachable_code,
            unreachable_patterns,
            unused_assignments,
            unused_labels,
            unused_mut,
            unused_parens,
            unused_variables
        )]
    }
}

/// `Pipeline::process`, and the items that it needs besides.
pub(super) fn process(cx: &Context<'_>, pipeline: &Ident) -> (TokenStream, TokenStream) {
    let parts = parts(cx);
    if cx.usage.queues() {
        return super::replication::process(cx, pipeline, &parts);
    }
    let body = single(cx, &parts);
    let lints = lints();
    let function = quote! {
        #lints
        fn process(
            &self,
            worker: &mut dpr_runtime::Worker,
            ingress: dpr_runtime::Ingress,
            packet: &mut dpr_runtime::Packet,
        ) -> dpr_runtime::Verdict {
            #body
        }
    };
    (function, multicast::items(cx, pipeline, &parts))
}

/// The body for a program of which every packet passes once.
fn single(cx: &Context<'_>, parts: &Parts) -> TokenStream {
    let Parts {
        locals,
        parser,
        verify,
        ingress,
        ..
    } = parts;
    let variables = variables(cx, |scope| {
        matches!(scope, Scope::Metadata | Scope::Standard(_))
    });
    let headers = headers(cx);
    let moved = cx.notes_moves().then(|| quote!(let mut moved = false;));
    let most = cx
        .usage
        .truncates
        .then(|| quote!(let mut most = usize::MAX;));
    let measured = (cx.usage.measures).then(|| quote!(let mut measured = length as u32;));
    let spec = egress_spec(cx);
    let own_spec = cx
        .standard(StandardField::EgressSpec)
        .is_none()
        .then(|| quote!(let mut #spec: u16 = 0;));
    let multicast = multicast::hand_over(cx);
    let leave = leave(cx, parts);
    quote! {
        /// The egress port that drops.
        const DROP_PORT: u16 = 511;
        let now = ingress.now_us & 0xffff_ffff_ffff;
        let length = packet.len();
        let data = packet.bytes();
        let mut at = 0usize;
        #most
        #measured
        #locals
        #variables
        #own_spec
        #headers
        #moved
        #parser
        #verify
        #ingress
        #multicast
        if #spec == DROP_PORT {
            return dpr_runtime::Verdict::Drop;
        }
        #leave
    }
}

/// From egress on: what becomes of a packet that is to leave by the port that [`egress_spec`] says.
pub(super) fn leave(cx: &Context<'_>, parts: &Parts) -> TokenStream {
    let Parts {
        egress,
        compute,
        deparser,
        ..
    } = parts;
    let spec = egress_spec(cx);
    let port = cx
        .standard(StandardField::EgressPort)
        .map(|id| cx.locals.variable(id));
    let set_port = port.map(|port| quote!(#port = #spec;));
    let truncate = cx
        .usage
        .truncates
        .then(|| quote!(packet.truncate(most.min(packet.len()));));
    // Egress may ask for a drop only; what ingress asked for is done.
    let egress = (!egress.is_empty()).then(|| {
        let now = egress_start(cx);
        quote! {
            let leave_by = #spec;
            #set_port
            #now
            #spec = 0;
            #egress
            if #spec == DROP_PORT {
                return dpr_runtime::Verdict::Drop;
            }
        }
    });
    let leave_by = match egress {
        Some(_) => quote!(leave_by),
        None => quote!(#spec),
    };
    quote! {
        #egress
        #compute
        #deparser
        #truncate
        dpr_runtime::Verdict::Send { port: #leave_by }
    }
}

/// What the standard metadata says from the start of egress on, but for the port.
pub(super) fn egress_start(cx: &Context<'_>) -> TokenStream {
    let set = |field, value| {
        let local = cx.locals.variable(cx.standard(field)?);
        Some(quote!(#local = #value;))
    };
    let length = (cx.usage.measures)
        .then(|| set(StandardField::PacketLength, quote!(measured)))
        .flatten();
    let queued = set(StandardField::EnqTimestamp, quote!(now as u32));
    let now = set(StandardField::EgressGlobalTimestamp, quote!(now));
    quote!(#length #queued #now)
}

/// The local that says where the packet goes.
pub(super) fn egress_spec(cx: &Context<'_>) -> Ident {
    match cx.standard(StandardField::EgressSpec) {
        Some(id) => cx.locals.variable(id).clone(),
        None => format_ident!("egress_spec"),
    }
}

fn control(cx: &Context<'_>, kind: ControlKind, label: &str, body: &Block) -> TokenStream {
    if body.is_empty() {
        return TokenStream::new();
    }
    let variables = variables(cx, |scope| scope == Scope::Control(kind));
    let body = block(
        cx,
        Frame {
            arguments: &[],
            exit: label,
            scope: None,
            looping: None,
        },
        body,
    );
    let label = Lifetime::new(label, proc_macro2::Span::call_site());
    quote!(#label: { #variables #body })
}

/// Declarations of the variables of some scopes.
pub(super) fn variables(cx: &Context<'_>, is_wanted: impl Fn(Scope) -> bool) -> TokenStream {
    let wanted = (cx.program.variables.iter().enumerate())
        .map(|(index, variable)| (VariableId(index as u32), variable))
        .filter(|(id, variable)| is_wanted(variable.scope) && cx.usage.variables.contains(id));
    wanted
        .map(|(id, variable)| {
            let local = cx.locals.variable(id);
            let declared = rust_type(variable.scalar);
            let initial = match variable.scope {
                Scope::Standard(StandardField::IngressPort) => quote!(ingress.port & 0x1ff),
                Scope::Standard(StandardField::PacketLength) => quote!(length as u32),
                Scope::Standard(StandardField::IngressGlobalTimestamp) => quote!(now),
                _ => zero(variable.scalar),
            };
            quote!(let mut #local: #declared = #initial;)
        })
        .collect()
}

/// Declarations of the headers' locals.
fn headers(cx: &Context<'_>) -> TokenStream {
    let ids = (0..cx.program.headers.len()).map(|index| HeaderId(index as u32));
    ids.map(|id| {
        let header_type = cx.header_type(id);
        let locals = cx.locals.header(id);
        let valid = &locals.valid;
        let offset = cx.needs_offset(id).then(|| {
            let offset = &locals.offset;
            quote!(let mut #offset = 0usize;)
        });
        let fields = (header_type.fields.iter().zip(&locals.fields).enumerate())
            .filter(|(index, _)| cx.usage.needs(id, *index))
            .map(|(_, (field, local))| {
                let (declared, zero) = (rust_type(field.scalar), zero(field.scalar));
                quote!(let mut #local: #declared = #zero;)
            });
        quote!(let mut #valid = false; #offset #(#fields)*)
    })
    .collect()
}

/// The local for a header's bytes as they came, if something reads them after parsing. Of a header that did not come they are 0.
fn kept_bytes(cx: &Context<'_>, id: HeaderId) -> Option<TokenStream> {
    cx.needs_bytes(id).then(|| {
        let bytes = &cx.locals.header(id).bytes;
        let length = Literal::u32_unsuffixed(cx.header_type(id).fixed_width() / 8);
        quote!(let mut #bytes = &[0u8; #length];)
    })
}
