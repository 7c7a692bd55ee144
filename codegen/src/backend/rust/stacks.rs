//! Headers whose number is known only when a packet is there: elements of header stacks.

use super::code::Code;
use super::context::{Context, Frame};
use super::expr::expr;
use super::stmt::{copy_header, set_invalid};
use crate::ir::{HeaderId, HeaderRef, Program, StackId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// All headers that a reference can mean.
pub(super) fn instances(program: &Program, header: &HeaderRef) -> Vec<HeaderId> {
    match header {
        HeaderRef::Instance(id) => vec![*id],
        HeaderRef::Element(stack, _) | HeaderRef::Next(stack) | HeaderRef::Last(stack) => {
            program.stacks[stack.index()].elements.clone()
        }
    }
}

/// The number of the element that a reference means; `None` if it is a header by itself.
fn position(cx: &Context<'_>, frame: Frame<'_>, header: &HeaderRef) -> Option<TokenStream> {
    match header {
        HeaderRef::Instance(_) => None,
        HeaderRef::Element(_, index) => Some(expr(cx, frame, index).bare().clone()),
        HeaderRef::Next(stack) => {
            let next = cx.locals.next(*stack);
            Some(quote!(#next))
        }
        HeaderRef::Last(stack) => {
            let next = cx.locals.next(*stack);
            Some(quote!(#next.wrapping_sub(1)))
        }
    }
}

/// The local of a header that a reference means, `otherwise` beyond the stack.
pub(super) fn value<'a>(
    cx: &'a Context<'_>,
    frame: Frame<'_>,
    header: &HeaderRef,
    otherwise: TokenStream,
    local: impl Fn(HeaderId) -> &'a Ident,
) -> Code {
    let instances = instances(cx.program, header);
    match (position(cx, frame, header), &instances[..]) {
        (None, [id]) => {
            let local = local(*id);
            Code::atom(quote!(#local))
        }
        (position, elements) => {
            let numbers = (0..elements.len()).map(Literal::usize_unsuffixed);
            let locals = elements.iter().map(|id| local(*id));
            Code::compound(quote!(match #position { #(#numbers => #locals,)* _ => #otherwise }))
        }
    }
}

/// What is done to a header that a reference means, `otherwise` beyond the stack.
pub(super) fn each(
    cx: &Context<'_>,
    frame: Frame<'_>,
    header: &HeaderRef,
    otherwise: &TokenStream,
    write: impl Fn(HeaderId) -> TokenStream,
) -> TokenStream {
    let instances = instances(cx.program, header);
    match (position(cx, frame, header), &instances[..]) {
        (None, [id]) => write(*id),
        (position, elements) => {
            let arms = elements.iter().enumerate().map(|(number, id)| {
                let number = Literal::usize_unsuffixed(number);
                let body = write(*id);
                quote!(#number => { #body })
            });
            quote!(match #position { #(#arms)* _ => { #otherwise } })
        }
    }
}

/// `stack.push_front(count)`: elements move up, what comes in front is invalid.
pub(super) fn push_front(cx: &Context<'_>, stack: StackId, count: u32) -> TokenStream {
    let elements = &cx.program.stacks[stack.index()].elements;
    let count = (count as usize).min(elements.len());
    let moves = (count..elements.len()).rev();
    let moves = moves.map(|to| copy_header(cx, elements[to], elements[to - count]));
    let cleared = elements[..count].iter().map(|id| set_invalid(cx, *id));
    moves.chain(cleared).collect()
}

/// `stack.pop_front(count)`: elements move down, what is left behind is invalid.
pub(super) fn pop_front(cx: &Context<'_>, stack: StackId, count: u32) -> TokenStream {
    let elements = &cx.program.stacks[stack.index()].elements;
    let count = (count as usize).min(elements.len());
    let kept = elements.len() - count;
    let moves = (0..kept).map(|to| copy_header(cx, elements[to], elements[to + count]));
    let cleared = elements[kept..].iter().map(|id| set_invalid(cx, *id));
    moves.chain(cleared).collect()
}
