//! Programs whose packets may be cloned or pass more than once: what lives between two passes is a `State`, which a pass takes
//! apart into the same locals that other programs have.

use super::context::Context;
use super::process;
use super::scalar::{rust_type, zero};
use crate::ir::{AnnotationValue, HeaderId, Scope, StandardField, Variable, VariableId};
use num_traits::ToPrimitive;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// The number of the field list that has no fields.
pub(super) const NO_FIELDS: u32 = u32::MAX;

/// A local that outlives a pass.
pub(super) struct Kept {
    pub(super) name: Ident,
    pub(super) declared: TokenStream,
    zero: TokenStream,
    is_header: bool,
}

fn variables<'a>(cx: &'a Context<'_>) -> impl Iterator<Item = (VariableId, &'a Variable)> {
    let all = cx.program.variables.iter().enumerate();
    all.map(|(index, variable)| (VariableId(index as u32), variable))
        .filter(|(id, variable)| {
            matches!(variable.scope, Scope::Metadata | Scope::Standard(_))
                && cx.usage.variables.contains(id)
        })
}

/// All locals that the parser or ingress may leave something in for egress.
pub(super) fn kept(cx: &Context<'_>) -> Vec<Kept> {
    let local = |name: &Ident, declared, zero, is_header| Kept {
        name: name.clone(),
        declared,
        zero,
        is_header,
    };
    let mut all: Vec<Kept> = variables(cx)
        .map(|(id, variable)| {
            let scalar = variable.scalar;
            local(
                cx.locals.variable(id),
                rust_type(scalar),
                zero(scalar),
                false,
            )
        })
        .collect();
    for index in 0..cx.program.headers.len() {
        let id = HeaderId(index as u32);
        let locals = cx.locals.header(id);
        let is_header = !cx.program.headers[index].is_metadata;
        all.push(local(&locals.valid, quote!(bool), quote!(false), is_header));
        if cx.needs_offset(id) {
            all.push(local(&locals.offset, quote!(usize), quote!(0), is_header));
        }
        let fields = cx.header_type(id).fields.iter().zip(&locals.fields);
        for (position, (field, name)) in fields.enumerate() {
            if cx.usage.needs(id, position) {
                let scalar = field.scalar;
                all.push(local(name, rust_type(scalar), zero(scalar), is_header));
            }
        }
    }
    let own = |name| Ident::new(name, proc_macro2::Span::call_site());
    all.push(local(&own("at"), quote!(usize), quote!(0), true));
    if cx.usage.measures {
        all.push(local(&own("measured"), quote!(u32), quote!(0), true));
    }
    if cx.standard(StandardField::EgressSpec).is_none() {
        let spec = process::egress_spec(cx);
        all.push(local(&spec, quote!(u16), quote!(0), false));
    }
    all
}

/// Whether `@field_list` names a list.
fn is_in_list(variable: &Variable, list: u32) -> bool {
    let of_list = |annotation: &&crate::ir::Annotation| annotation.name == "field_list";
    let annotations = variable.annotations.iter().filter(of_list);
    annotations
        .flat_map(|annotation| &annotation.values)
        .any(|value| match value {
            AnnotationValue::Int(number) => number.to_u32() == Some(list),
            AnnotationValue::String(text) => {
                let mut numbers = text.split(|character: char| !character.is_ascii_digit());
                numbers.any(|number| number.parse() == Ok(list))
            }
            _ => false,
        })
}

/// All numbers of field lists that annotations name.
fn lists(cx: &Context<'_>) -> Vec<u32> {
    let mut lists = std::collections::BTreeSet::new();
    for (_, variable) in variables(cx) {
        let annotations = variable.annotations.iter();
        for annotation in annotations.filter(|annotation| annotation.name == "field_list") {
            for value in &annotation.values {
                match value {
                    AnnotationValue::Int(number) => lists.extend(number.to_u32()),
                    AnnotationValue::String(text) => {
                        let numbers = text.split(|character: char| !character.is_ascii_digit());
                        lists.extend(numbers.filter_map(|number| number.parse::<u32>().ok()));
                    }
                    _ => {}
                }
            }
        }
    }
    lists.into_iter().collect()
}

/// A state that keeps the fields of the list `field_list`, and what `own` sets.
fn preserving(
    cx: &Context<'_>,
    own: &[(StandardField, TokenStream)],
    with_headers: bool,
) -> TokenStream {
    let own: Vec<(&Ident, &TokenStream)> = own
        .iter()
        .filter_map(|(field, value)| Some((cx.locals.variable(cx.standard(*field)?), value)))
        .collect();
    let headers: Vec<Ident> = match with_headers {
        true => kept(cx)
            .into_iter()
            .filter(|it| it.is_header)
            .map(|it| it.name)
            .collect(),
        false => Vec::new(),
    };
    let state = |fields: &[&Ident]| {
        let set = own.iter().map(|(name, value)| quote!(#name: #value,));
        let fields = fields
            .iter()
            .filter(|name| own.iter().all(|(other, _)| other != *name));
        quote!(State { #(#fields,)* #(#set)* #(#headers,)* ..State::NEW })
    };
    let arms = lists(cx).into_iter().map(|list| {
        let fields: Vec<&Ident> = variables(cx)
            .filter(|(_, variable)| is_in_list(variable, list))
            .map(|(id, _)| cx.locals.variable(id))
            .collect();
        let state = state(&fields);
        let list = Literal::u32_unsuffixed(list);
        quote!(#list => #state,)
    });
    let none = state(&[]);
    quote!(match field_list { #(#arms)* _ => #none })
}

/// Sets a field of the standard metadata, if the program uses it.
pub(super) fn set(cx: &Context<'_>, field: StandardField, value: TokenStream) -> TokenStream {
    match cx.standard(field) {
        Some(id) => {
            let local = cx.locals.variable(id);
            quote!(#local = #value;)
        }
        None => TokenStream::new(),
    }
}

/// A clone's egress passes, one for each replica of its session.
fn to_session(cx: &Context<'_>, front: bool) -> TokenStream {
    let rid = cx
        .standard(StandardField::EgressRid)
        .map(|id| cx.locals.variable(id));
    let rid = rid.map(|rid| quote!(#rid: replica.instance,));
    let push = if front {
        quote!(push_front)
    } else {
        quote!(push_back)
    };
    let order = front.then(|| quote!(.rev()));
    quote! {
        if let Some(session) = self.replication.session(session).get() {
            let most = match session.packet_length_bytes {
                0 => usize::MAX,
                bytes => bytes as usize,
            };
            for replica in session.replicas.iter()#order {
                queue.#push(Pass {
                    stage: Stage::Egress { port: replica.port },
                    packet: packet.clone(),
                    most,
                    state: State { #rid ..kept },
                });
            }
        }
    }
}

/// The body of `Pipeline::process`, and the items that it needs.
pub(super) fn process(
    cx: &Context<'_>,
    pipeline: &Ident,
    parts: &process::Parts,
) -> (TokenStream, TokenStream) {
    let all = kept(cx);
    let names: Vec<&Ident> = all.iter().map(|it| &it.name).collect();
    let declared = all.iter().map(|it| {
        let (name, declared) = (&it.name, &it.declared);
        quote!(#name: #declared,)
    });
    let zeros = all.iter().map(|it| {
        let (name, zero) = (&it.name, &it.zero);
        quote!(#name: #zero,)
    });
    let length = quote!(packet.len() as u32);
    let first: Vec<TokenStream> = [
        (StandardField::IngressPort, quote!(ingress.port & 0x1ff)),
        (StandardField::IngressGlobalTimestamp, quote!(now)),
    ]
    .into_iter()
    .filter_map(|(field, value)| {
        let local = cx.locals.variable(cx.standard(field)?);
        Some(quote!(#local: #value,))
    })
    .collect();
    let set_length = set(cx, StandardField::PacketLength, length);
    let process::Parts {
        locals,
        parser,
        verify,
        ingress,
        egress,
        compute,
        deparser,
    } = parts;
    let spec = process::egress_spec(cx);
    let ingress_port = cx.standard(StandardField::IngressPort);
    let ingress_port = ingress_port
        .map(|id| cx.locals.variable(id))
        .map(|name| quote!(#name));
    let keep_port: Vec<_> = ingress_port
        .iter()
        .cloned()
        .map(|port| (StandardField::IngressPort, port))
        .collect();
    let kind = |kind: u32| {
        let kind = Literal::u32_unsuffixed(kind);
        (StandardField::InstanceType, quote!(#kind))
    };
    // What comes to ingress again has come from where it came from, and at this time.
    let again = |number: u32| {
        let mut own = keep_port.clone();
        own.push((StandardField::IngressGlobalTimestamp, quote!(now)));
        own.push(kind(number));
        own
    };
    let cloned_from = match &ingress_port {
        Some(port) => quote!(#port),
        None => quote!(0),
    };
    let ingress_clone = cx.usage.clones.then(|| {
        let kept = preserving(cx, &[kind(1)], false);
        quote! {
            if let Some((session, field_list)) = clone_to.take() {
                queue.push_back(Pass {
                    stage: Stage::Clone {
                        session: session & dpr_runtime::replication::MAX_SESSION,
                        port: #cloned_from,
                    },
                    packet: packet.clone(),
                    most: usize::MAX,
                    state: #kept,
                });
            }
        }
    });
    let resubmit = cx.usage.resubmits.then(|| {
        let kept = preserving(cx, &again(6), false);
        quote! {
            if let Some(field_list) = resubmit_with {
                let state = #kept;
                return queue.push_back(Pass { stage: Stage::Ingress, packet, most: usize::MAX, state });
            }
        }
    });
    let multicast = cx.standard(StandardField::McastGrp).map(|id| {
        let group = cx.locals.variable(id);
        let kind = set(cx, StandardField::InstanceType, quote!(5));
        let rid = set(cx, StandardField::EgressRid, quote!(replica.instance));
        quote! {
            if #group != 0 {
                #kind
                for replica in self.replication.group(#group.into()).get().into_iter().flatten() {
                    #rid
                    queue.push_back(Pass {
                        stage: Stage::Egress { port: replica.port },
                        packet: packet.clone(),
                        most,
                        state: State { #(#names),* },
                    });
                }
                return;
            }
        }
    });
    let normal = set(cx, StandardField::InstanceType, quote!(0));
    // A clone is parsed as what it was cloned from; of the metadata only what is preserved counts after that.
    let before_clone = cx.usage.clones.then(|| {
        let set_port = ingress_port.as_ref().map(|name| quote!(#name = port;));
        quote! {
            let preserved = State { #(#names),* };
            if let Stage::Clone { port, .. } = stage {
                #set_port
            }
        }
    });
    let headers = (all.iter().filter(|it| it.is_header)).map(|it| &it.name);
    let headers: Vec<&Ident> = headers.collect();
    let after_clone = cx.usage.clones.then(|| {
        let to_session = to_session(cx, true);
        quote! {
            if let Stage::Clone { session, .. } = stage {
                let kept = State { #(#headers,)* ..preserved };
                #to_session
                return;
            }
        }
    });
    let egress_clone = cx.usage.clones.then(|| {
        let kept = preserving(cx, &[kind(2)], true);
        let to_session = to_session(cx, false);
        quote! {
            if let Some((session, field_list)) = clone_to {
                let session = session & dpr_runtime::replication::MAX_SESSION;
                let kept = #kept;
                #to_session
            }
        }
    });
    let recirculate = cx.usage.recirculates.then(|| {
        let kept = preserving(cx, &again(4), false);
        quote! {
            if let Some(field_list) = recirculate_with {
                let state = #kept;
                return queue.push_back(Pass { stage: Stage::Ingress, packet, most: usize::MAX, state });
            }
        }
    });
    let set_port = set(cx, StandardField::EgressPort, quote!(leave_by));
    let set_now = process::egress_start(cx);
    let measure = (cx.usage.measures).then(|| quote!(measured = length as u32;));
    let lints = process::lints();
    let items = quote! {
        use dpr_runtime::replication::Stage;

        type Pass = dpr_runtime::replication::Pass<State>;

        /// What lives from the parser to the deparser.
        #[derive(Clone, Copy)]
        struct State { #(#declared)* }

        impl State {
            const NEW: State = State { #(#zeros)* };
        }

        impl #pipeline {
            /// Sends a packet through ingress or egress; what comes of it goes to the queue, or leaves.
            #lints
            fn pass(
                &self,
                worker: &mut dpr_runtime::Worker,
                now: u64,
                pass: Pass,
                queue: &mut std::collections::VecDeque<Pass>,
            ) {
                /// The egress port that drops.
                const DROP_PORT: u16 = 511;
                let Pass { stage, mut packet, mut most, state } = pass;
                let State { #(mut #names),* } = state;
                let length = packet.len();
                let data = packet.bytes();
                let mut clone_to: Option<(u32, u32)> = None;
                let mut resubmit_with: Option<u32> = None;
                let mut recirculate_with: Option<u32> = None;
                #set_length
                #locals
                let Stage::Egress { port: leave_by } = stage else {
                    at = 0;
                    #measure
                    #before_clone
                    #parser
                    #after_clone
                    #verify
                    #ingress
                    #ingress_clone
                    #resubmit
                    #multicast
                    if #spec != DROP_PORT {
                        #normal
                        queue.push_back(Pass {
                            stage: Stage::Egress { port: #spec },
                            packet,
                            most,
                            state: State { #(#names),* },
                        });
                    }
                    return;
                };
                #set_port
                #set_now
                #spec = 0;
                #egress
                #egress_clone
                if #spec == DROP_PORT {
                    return;
                }
                #compute
                #deparser
                packet.truncate(most.min(packet.len()));
                #recirculate
                worker.outputs.push(dpr_runtime::Output { port: leave_by, packet });
            }
        }
    };
    let body = quote! {
        fn process(
            &self,
            worker: &mut dpr_runtime::Worker,
            ingress: dpr_runtime::Ingress,
            packet: &mut dpr_runtime::Packet,
        ) -> dpr_runtime::Verdict {
            let now = ingress.now_us & 0xffff_ffff_ffff;
            let mut queue = std::collections::VecDeque::new();
            queue.push_back(Pass {
                stage: Stage::Ingress,
                packet: std::mem::take(packet),
                most: usize::MAX,
                state: State { #(#first)* ..State::NEW },
            });
            for _ in 0..dpr_runtime::replication::MAX_PASSES {
                let Some(pass) = queue.pop_front() else {
                    break;
                };
                self.pass(worker, now, pass, &mut queue);
            }
            dpr_runtime::Verdict::Several
        }
    };
    (body, items)
}
