//! What the source declares at its top: constants and enums.

use super::context::Context;
use super::names::{Unique, camel, screaming, without_type_suffix};
use super::scalar::{MAX_WIDTH, number, signed, unsigned, wrapped};
use crate::ir::{Constant, Enum, Scalar};
use num_bigint::BigInt;
use num_traits::Signed;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;

/// Every top-level constant that a Rust integer holds.
pub(super) fn constants(cx: &Context<'_>) -> TokenStream {
    let mut names = Unique::beside(&["PROGRAM"]);
    let constants = cx.program.constants.iter();
    constants
        .filter_map(|it| constant(it, &mut names))
        .collect()
}

fn constant(constant: &Constant, names: &mut Unique) -> Option<TokenStream> {
    let width = constant.scalar.width();
    if width > MAX_WIDTH {
        return None;
    }
    let (declared, value) = match constant.scalar {
        Scalar::Bool => {
            let value = constant.value != BigInt::ZERO;
            (quote!(bool), quote!(#value))
        }
        Scalar::Bits(_) => {
            let value = number(wrapped(&constant.value, width));
            (unsigned(width), quote!(#value))
        }
        Scalar::Int(_) => {
            let magnitude = number(u128::try_from(constant.value.magnitude()).ok()?);
            let value = if constant.value.is_negative() {
                quote!(-#magnitude)
            } else {
                quote!(#magnitude)
            };
            (signed(width), value)
        }
        Scalar::Varbit(_) => return None,
    };
    let name = names.of(&screaming(&constant.name), "");
    let doc = format!(" The constant `{}`.", constant.name);
    Some(quote! {
        #[doc = #doc]
        pub const #name: #declared = #value;
    })
}

/// Every enum whose members a Rust enum can have as its discriminants.
pub(super) fn enums(cx: &Context<'_>) -> TokenStream {
    let mut types = Unique::types();
    types.of(&super::names::pipeline(&cx.program.name).to_string(), "");
    let enums = cx.program.enums.iter();
    enums.filter_map(|it| one_enum(it, &mut types)).collect()
}

fn one_enum(declared: &Enum, types: &mut Unique) -> Option<TokenStream> {
    let width = declared.width.unwrap_or(32);
    if width > 64 || declared.members.is_empty() {
        return None;
    }
    let name = types.of(&camel(without_type_suffix(&declared.name)), "Enum");
    let repr = unsigned(width);
    // Members of one value are one variant, of the first's name.
    let mut variants: BTreeMap<u128, proc_macro2::Ident> = BTreeMap::new();
    let mut declarations = Vec::new();
    let mut names = Vec::new();
    let mut values = Vec::new();
    let mut aliases = Vec::new();
    let (mut variant_names, mut alias_names) = (Unique::variants(), Unique::beside(&["ALL"]));
    for (member, value) in &declared.members {
        let value = wrapped(value, width);
        let doc = format!(" `{member}`.");
        let literal = number(value);
        if let Some(first) = variants.get(&value) {
            let alias = alias_names.of(&screaming(member), "");
            aliases.push(quote! {
                #[doc = #doc]
                pub const #alias: #name = #name::#first;
            });
            continue;
        }
        let variant = variant_names.of(&camel(member), "");
        declarations.push(quote! {
            #[doc = #doc]
            #variant = #literal,
        });
        names.push(quote!(#name::#variant => #member,));
        values.push(quote!(#literal => Ok(#name::#variant),));
        variants.insert(value, variant);
    }
    let all = declared
        .members
        .iter()
        .filter_map(|(_, value)| variants.remove(&wrapped(value, width)));
    let doc = format!(" The enum `{}`.", declared.name);
    Some(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(#repr)]
        #[allow(clippy::enum_variant_names)]
        pub enum #name { #(#declarations)* }

        impl #name {
            /// All members in source order.
            pub const ALL: &'static [#name] = &[#(#name::#all),*];

            #(#aliases)*

            /// The name in the P4 source.
            pub const fn name(self) -> &'static str {
                match self { #(#names)* }
            }
        }

        impl TryFrom<#repr> for #name {
            type Error = #repr;

            fn try_from(value: #repr) -> Result<Self, #repr> {
                match value { #(#values)* _ => Err(value) }
            }
        }
    })
}
