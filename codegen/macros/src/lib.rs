//! Macros that keep Rust and P4 in step: headers that are born in Rust.

mod derive;

use proc_macro::TokenStream;

/// Makes a structure a wire format, and what an `#include` of its file in P4 declares as a header.
///
/// Fields are `u8` to `u128` in wire order, each as wide as its type or as `#[p4(bits = N)]` says; together they make whole
/// bytes. The structure gets `LEN`, `decode` and `encode` in network order. The crate that uses it depends on `dpr-runtime`.
///
/// ```
/// #[derive(dpr_codegen_macros::P4Header)]
/// struct Tag {
///     #[p4(bits = 3)]
///     class: u8,
///     #[p4(bits = 13)]
///     number: u16,
/// }
/// assert_eq!(Tag { class: 1, number: 2 }.encode(), [0x20, 0x02]);
/// assert_eq!(Tag::decode(&[0x20, 0x02, 9]).unwrap().number, 2);
/// assert!(Tag::decode(&[0x20]).is_none());
/// ```
#[proc_macro_derive(P4Header, attributes(p4))]
pub fn derive_p4_header(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    derive::expand(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
