//! `log_msg`, and what becomes of a packet of which an assertion does not hold.

use super::context::{Context, Frame};
use super::data::bytes_of;
use super::expr::{expr, sign_extended};
use super::process::egress_spec;
use super::scalar::is_wide;
use super::{code::Code, stmt::lifetime};
use crate::ir::{Data, Scalar};
use proc_macro2::TokenStream;
use quote::quote;

/// A message; its values are computed only if somebody listens.
pub(super) fn log_message(
    cx: &Context<'_>,
    frame: Frame<'_>,
    format: &str,
    data: &[Data],
) -> TokenStream {
    let mut values = Vec::new();
    for piece in data {
        match piece {
            Data::Expr(value) => values.push(shown(&expr(cx, frame, value), value.scalar)),
            Data::Header(id) => {
                let fields = cx.header_type(*id).fields.iter();
                let fields = fields.zip(&cx.locals.header(*id).fields);
                let shown = |(field, local): (&crate::ir::Field, _)| {
                    shown(&Code::atom(quote!(#local)), field.scalar)
                };
                values.extend(fields.map(shown));
            }
        }
    }
    quote! {
        if dpr_runtime::message::is_heard() {
            dpr_runtime::message::say(#format, &[#(&(#values)),*]);
        }
    }
}

/// A value as a message shows it: a number, with its sign.
fn shown(value: &Code, scalar: Scalar) -> TokenStream {
    let (bare, width) = (value.bare(), scalar.width());
    match scalar {
        Scalar::Bool => quote!(u8::from(#bare)),
        Scalar::Varbit(_) => {
            let bytes = bytes_of(&value.operand());
            quote!(dpr_runtime::Integer::from_be_bytes(#bytes))
        }
        _ if is_wide(width) => quote!(dpr_runtime::Integer::from(#bare)),
        Scalar::Int(_) => sign_extended(value, width).bare().clone(),
        Scalar::Bits(_) => quote!(#bare),
    }
}

/// Drops the packet if an assertion fails. What egress cloned before still leaves.
pub(super) fn assertion(cx: &Context<'_>, frame: Frame<'_>, fails: &TokenStream) -> TokenStream {
    let place = frame.exit.trim_start_matches('\'');
    let end = match (cx.usage.queues(), frame.exit) {
        (true, "'egress") => {
            let (spec, label) = (egress_spec(cx), lifetime(frame.exit));
            quote!(#spec = DROP_PORT; break #label;)
        }
        (true, _) => quote!(return;),
        (false, _) => quote!(return dpr_runtime::Verdict::Drop;),
    };
    quote! {
        if #fails {
            dpr_runtime::message::assertion_failed(#place);
            #end
        }
    }
}
