//! `#[derive(P4Header)]`.

use dpr_codegen::rust_headers::field_bits;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(input: &syn::DeriveInput) -> syn::Result<TokenStream> {
    let named = match &input.data {
        syn::Data::Struct(data) => match &data.fields {
            syn::Fields::Named(named) => named,
            _ => {
                return Err(syn::Error::new_spanned(
                    &input.ident,
                    "a P4 header has named fields",
                ));
            }
        },
        _ => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a P4 header is a structure",
            ));
        }
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(syn::Error::new_spanned(
            parameter,
            "a P4 header has no parameters",
        ));
    }
    let mut offset = 0usize;
    let mut decoded = Vec::new();
    let mut encoded = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for field in &named.named {
        match field_bits(field) {
            Ok(bits) => {
                let (ident, ty) = (&field.ident, &field.ty);
                decoded.push(quote!(#ident: ::dpr_runtime::get_bits(bytes, #offset, #bits) as #ty));
                encoded.push(quote!(::dpr_runtime::put_bits(&mut bytes, #offset, #bits, self.#ident.into());));
                offset += bits as usize;
            }
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    if !offset.is_multiple_of(8) {
        let message = format!("the fields make {offset} bits, which is no whole number of bytes");
        return Err(syn::Error::new_spanned(&input.ident, message));
    }
    let (ident, length) = (&input.ident, offset / 8);
    Ok(quote! {
        impl #ident {
            /// Length in bytes.
            pub const LEN: usize = #length;

            /// The header at the start of some bytes; `None` if there are too few.
            pub fn decode(bytes: &[u8]) -> ::core::option::Option<Self> {
                let bytes = bytes.get(..Self::LEN)?;
                ::core::option::Option::Some(#ident { #(#decoded),* })
            }

            /// The bytes of the header. Of a field, what is beyond its width is lost.
            pub fn encode(&self) -> [u8; #length] {
                let mut bytes = [0; #length];
                #(#encoded)*
                bytes
            }
        }
    })
}
