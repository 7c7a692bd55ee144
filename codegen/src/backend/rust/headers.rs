//! The module `headers`: each header type as a struct of integers and as a view of bytes.

use super::context::Context;
use super::layout::{Place, is_regular, places};
use super::names::{Unique, camel, snake, without_type_suffix};
use super::scalar::{MAX_WIDTH, rust_type};
use crate::ir::{HeaderType, Scalar};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// The whole module.
pub(super) fn headers(cx: &Context<'_>) -> TokenStream {
    let mut types = Unique::types();
    let headers = cx.program.header_types.iter();
    let headers: Vec<_> = headers.filter_map(|it| header(it, &mut types)).collect();
    quote! {
        /// The header types of the source. Fields are integers in the host's order.
        pub mod headers {
            #(#headers)*
        }
    }
}

struct FieldCode {
    name: Ident,
    getter: Ident,
    setter: Ident,
    declared: TokenStream,
    start: Literal,
    width: Literal,
    is_bool: bool,
    /// Whether it is of the type that bits are read and written as.
    is_u128: bool,
    doc: String,
}

impl FieldCode {
    fn new(
        header_type: &HeaderType,
        place: Place,
        names: &mut Unique,
        methods: &mut Unique,
    ) -> Self {
        let field = &header_type.fields[place.field];
        let name = snake(&field.name);
        let is_bool = field.scalar == Scalar::Bool;
        let bits = if place.width == 1 {
            "1 bit".to_owned()
        } else {
            format!("{} bits", place.width)
        };
        FieldCode {
            getter: methods.of(&name, "_field"),
            setter: methods.of(&format!("set_{name}"), "_field"),
            name: names.of(&name, ""),
            declared: rust_type(field.scalar),
            start: Literal::u32_unsuffixed(place.start),
            width: Literal::u32_unsuffixed(place.width),
            is_bool,
            is_u128: place.width > u64::BITS,
            doc: format!(" `{}`: {bits}.", field.name),
        }
    }

    fn read(&self, bytes: &TokenStream) -> TokenStream {
        let FieldCode {
            start,
            width,
            declared,
            ..
        } = self;
        match self.is_bool {
            true => quote!(dpr_runtime::get_bits(#bytes, #start, #width) != 0),
            false => quote!(dpr_runtime::get_bits(#bytes, #start, #width) as #declared),
        }
    }

    fn write(&self, bytes: &TokenStream, value: &TokenStream) -> TokenStream {
        let FieldCode { start, width, .. } = self;
        match self.is_u128 {
            true => quote!(dpr_runtime::put_bits(#bytes, #start, #width, #value);),
            false => quote!(dpr_runtime::put_bits(#bytes, #start, #width, #value.into());),
        }
    }
}

/// A header type with fields in places of their own, each of which an integer holds.
fn header(header_type: &HeaderType, types: &mut Unique) -> Option<TokenStream> {
    let places = places(header_type);
    if places.is_empty()
        || !is_regular(header_type)
        || places
            .iter()
            .any(|place| place.width > MAX_WIDTH || place.width == 0)
    {
        return None;
    }
    let mut names = Unique::beside(&[]);
    // A constructor has this name.
    let mut methods = Unique::beside(&["new_checked"]);
    let fields: Vec<FieldCode> = places
        .iter()
        .map(|&place| FieldCode::new(header_type, place, &mut names, &mut methods))
        .collect();
    let name = types.of(&camel(without_type_suffix(&header_type.name)), "Header");
    let view = types.of(&format!("{name}View"), "");
    let length = Literal::u32_unsuffixed(header_type.fixed_width().div_ceil(8));
    let variable = if places.len() < header_type.fields.len() {
        ", without its field of variable length"
    } else {
        ""
    };
    let doc = format!(" The header `{}`{variable}.", header_type.name);
    let view_doc = format!(
        " The fields of `{}` in bytes that hold at least all of them{variable}.",
        header_type.name
    );
    let declarations = fields.iter().map(
        |FieldCode {
             name,
             declared,
             doc,
             ..
         }| quote!(#[doc = #doc] pub #name: #declared,),
    );
    let reads = fields.iter().map(|field| {
        let name = &field.name;
        let value = field.read(&quote!(head));
        quote!(#name: #value,)
    });
    let writes = fields.iter().map(|field| {
        let name = &field.name;
        field.write(&quote!(bytes), &quote!(self.#name))
    });
    let getters = fields.iter().map(|field| {
        let FieldCode {
            getter,
            declared,
            doc,
            ..
        } = field;
        let value = field.read(&quote!(self.0.as_ref()));
        quote! {
            #[doc = #doc]
            pub fn #getter(&self) -> #declared { #value }
        }
    });
    let setters = fields.iter().map(|field| {
        let FieldCode {
            setter, declared, ..
        } = field;
        let doc = format!(" Sets{}", field.doc);
        let write = field.write(&quote!(self.0.as_mut()), &quote!(value));
        quote! {
            #[doc = #doc]
            pub fn #setter(&mut self, value: #declared) { #write }
        }
    });
    Some(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct #name { #(#declarations)* }

        impl #name {
            /// Length in bytes.
            pub const LEN: usize = #length;

            /// The header at the start of some bytes, and what follows it.
            pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
                let (head, rest) = bytes.split_first_chunk::<#length>()?;
                Some((#name { #(#reads)* }, rest))
            }

            /// Writes the header to the start of some bytes; what does not fit is lost.
            pub fn emit(&self, bytes: &mut [u8]) { #(#writes)* }
        }

        #[doc = #view_doc]
        #[derive(Clone, Copy, Debug)]
        pub struct #view<T>(T);

        impl<T: AsRef<[u8]>> #view<T> {
            /// Checks the length once.
            ///
            /// # Errors
            /// Fewer bytes than the header has.
            pub fn new_checked(bytes: T) -> Result<Self, dpr_runtime::Truncated> {
                let available = bytes.as_ref().len();
                if available < #length {
                    return Err(dpr_runtime::Truncated { needed: #length, available });
                }
                Ok(#view(bytes))
            }

            #(#getters)*
        }

        impl<T: AsMut<[u8]>> #view<T> { #(#setters)* }
    })
}
