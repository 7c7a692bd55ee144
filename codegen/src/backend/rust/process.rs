//! The packet function: parser, checksum verification, ingress, egress, checksum update and deparser in one body, all state in
//! locals.

use super::context::{Context, Frame};
use super::data::reads_bytes;
use super::deparser::deparser;
use super::parser::parser;
use super::scalar::{rust_type, zero};
use super::stmt::block;
use crate::ir::{Block, ControlKind, HeaderId, Scope, StandardField, VariableId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Lifetime;

/// The body of `Pipeline::process`.
pub(super) fn process(cx: &Context<'_>) -> TokenStream {
    let variables = variables(cx, |scope| {
        matches!(scope, Scope::Metadata | Scope::Parser | Scope::Standard(_))
    });
    let headers = headers(cx);
    let parser = parser(cx);
    let note_error = cx.standard(StandardField::ParserError).map(|id| {
        let local = cx.locals.variable(id);
        quote!(#local = error;)
    });
    let program = cx.program;
    let verify = control(
        cx,
        ControlKind::VerifyChecksum,
        "'verify_checksum",
        &program.verify_checksum,
    );
    let ingress = control(cx, ControlKind::Ingress, "'ingress", &program.ingress);
    let egress = control(cx, ControlKind::Egress, "'egress", &program.egress);
    let compute = control(
        cx,
        ControlKind::ComputeChecksum,
        "'compute_checksum",
        &program.compute_checksum,
    );
    let deparser = deparser(cx);
    let spec = egress_spec(cx);
    let own_spec = cx
        .standard(StandardField::EgressSpec)
        .is_none()
        .then(|| quote!(let mut #spec: u16 = 0;));
    let port = cx
        .standard(StandardField::EgressPort)
        .map(|id| cx.locals.variable(id));
    let set_port = port.map(|port| quote!(#port = #spec;));
    // Egress may ask for a drop only; what ingress asked for is done.
    let egress = (!egress.is_empty()).then(|| {
        let now = cx.standard(StandardField::EgressGlobalTimestamp).map(|id| {
            let local = cx.locals.variable(id);
            quote!(#local = now;)
        });
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
    let group = cx
        .standard(StandardField::McastGrp)
        .map(|id| cx.locals.variable(id));
    let (unicast, result) = match group {
        None => (
            quote! {
                if #spec == DROP_PORT {
                    return dpr_runtime::Verdict::Drop;
                }
                #egress
            },
            quote!(dpr_runtime::Verdict::Send { port: #leave_by }),
        ),
        Some(group) => (
            quote! {
                let group = #group;
                let leave_by = if group != 0 {
                    0
                } else {
                    if #spec == DROP_PORT {
                        return dpr_runtime::Verdict::Drop;
                    }
                    #egress
                    #leave_by
                };
            },
            quote! {
                match group {
                    0 => dpr_runtime::Verdict::Send { port: leave_by },
                    _ => dpr_runtime::Verdict::Drop,
                }
            },
        ),
    };
    quote! {
        /// The egress port that drops.
        const DROP_PORT: u16 = 511;
        let now = ingress.now_us & 0xffff_ffff_ffff;
        let length = packet.len();
        let data = packet.bytes();
        let mut at = 0usize;
        let mut error = 0u32;
        #variables
        #own_spec
        #headers
        #parser
        #note_error
        #verify
        #ingress
        #unicast
        #compute
        #deparser
        #result
    }
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
fn variables(cx: &Context<'_>, is_wanted: impl Fn(Scope) -> bool) -> TokenStream {
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
        let bytes = reads_bytes(cx, id).then(|| {
            let bytes = &locals.bytes;
            let length = Literal::u32_unsuffixed(header_type.fixed_width() / 8);
            quote!(let mut #bytes = &[0u8; #length];)
        });
        let fields = (header_type.fields.iter().zip(&locals.fields).enumerate())
            .filter(|(index, _)| cx.usage.needs(id, *index))
            .map(|(_, (field, local))| {
                let (declared, zero) = (rust_type(field.scalar), zero(field.scalar));
                quote!(let mut #local: #declared = #zero;)
            });
        quote!(let mut #valid = false; #offset #bytes #(#fields)*)
    })
    .collect()
}
