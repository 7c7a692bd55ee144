//! Multicast, in programs whose packets pass once otherwise. A packet that has a group leaves the packet function after ingress with
//! all that is known of it; another function sends the copies. To all other packets this costs one comparison.

use super::context::Context;
use super::process;
use super::replication::{self, set};
use crate::ir::{HeaderId, StandardField};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// The instance type of a copy.
const REPLICATION: u32 = 5;

/// The local that says which group a packet is for, if it can be for one.
fn group<'a>(cx: &'a Context<'_>) -> Option<&'a Ident> {
    let id = cx.standard(StandardField::McastGrp)?;
    (!cx.usage.queues()).then(|| cx.locals.variable(id))
}

/// The locals that a copy starts with, and their types.
fn locals(cx: &Context<'_>) -> Vec<(Ident, TokenStream)> {
    let own = |name| Ident::new(name, Span::call_site());
    let kept = replication::kept(cx).into_iter();
    let mut all: Vec<_> = kept.map(|local| (local.name, local.declared)).collect();
    all.push((own("data"), quote!(&'a [u8])));
    for id in (0..cx.program.headers.len()).map(|index| HeaderId(index as u32)) {
        if cx.needs_bytes(id) {
            let length = Literal::u32_unsuffixed(cx.header_type(id).fixed_width() / 8);
            let bytes = cx.locals.header(id).bytes.clone();
            all.push((bytes, quote!(&'a [u8; #length])));
        }
    }
    if cx.usage.truncates {
        all.push((own("most"), quote!(usize)));
    }
    if cx.notes_moves() {
        all.push((own("moved"), quote!(bool)));
    }
    all
}

/// What ends the packet function for a packet that has a group, and what marks the others.
pub(super) fn hand_over(cx: &Context<'_>) -> Option<TokenStream> {
    let group = group(cx)?;
    let locals = locals(cx);
    let names = locals.iter().map(|(name, _)| name);
    let normal = set(cx, StandardField::InstanceType, quote!(0));
    Some(quote! {
        if #group != 0 {
            return self.multicast(worker, now, packet, State { #(#names),* });
        }
        #normal
    })
}

/// The function that sends the copies, and what it needs.
pub(super) fn items(cx: &Context<'_>, pipeline: &Ident, parts: &process::Parts) -> TokenStream {
    let Some(group) = group(cx) else {
        return TokenStream::new();
    };
    let locals = locals(cx);
    let names: Vec<&Ident> = locals.iter().map(|(name, _)| name).collect();
    let declared = locals
        .iter()
        .map(|(name, declared)| quote!(#name: #declared,));
    let rid = set(cx, StandardField::EgressRid, quote!(replica.instance));
    let kind = Literal::u32_unsuffixed(REPLICATION);
    let kind = set(cx, StandardField::InstanceType, quote!(#kind));
    let spec = process::egress_spec(cx);
    let leave = process::leave(cx, parts);
    let lints = process::lints();
    quote! {
        /// All that is known of a packet after ingress.
        #[derive(Clone, Copy)]
        struct State<'a> { #(#declared)* }

        impl #pipeline {
            /// Sends a copy of a packet to each replica of its group.
            #[cold]
            fn multicast(
                &self,
                worker: &mut dpr_runtime::Worker,
                now: u64,
                packet: &dpr_runtime::Packet,
                state: State<'_>,
            ) -> dpr_runtime::Verdict {
                let before = worker.outputs.len();
                let group = self.replication.group(state.#group.into());
                for replica in group.get().into_iter().flatten() {
                    let mut packet = packet.clone();
                    let verdict = self.copy(worker, now, &mut packet, state, *replica);
                    if let dpr_runtime::Verdict::Send { port } = verdict {
                        worker.outputs.push(dpr_runtime::Output { port, packet });
                    }
                }
                match worker.outputs.len() == before {
                    true => dpr_runtime::Verdict::Drop,
                    false => dpr_runtime::Verdict::Several,
                }
            }

            /// Sends one copy through egress.
            #lints
            fn copy(
                &self,
                worker: &mut dpr_runtime::Worker,
                now: u64,
                packet: &mut dpr_runtime::Packet,
                state: State<'_>,
                replica: dpr_runtime::Replica,
            ) -> dpr_runtime::Verdict {
                /// The egress port that drops.
                const DROP_PORT: u16 = 511;
                let State { #(mut #names),* } = state;
                let length = data.len();
                #rid
                #kind
                #spec = replica.port;
                #leave
            }
        }
    }
}
