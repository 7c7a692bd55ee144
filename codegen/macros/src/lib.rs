//! Macros that keep Rust and P4 in step: P4 programs as Rust modules, headers that are born in Rust, and hand-written
//! mirrors of P4 headers.

mod derive;
mod mirror;
mod program;

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

/// Makes a P4 program the items of the module in which it stands: the pipeline, and the types of its control plane.
///
/// `p4_program!("host_stage.p4")`, or with `include = ["folder", ..]` and `define = ["NAME=text", ..]` after the file. Paths
/// are relative to the package's folder. An error of the program is an error here that shows the line of the `.p4` file;
/// an edit of one of its files makes Cargo build again. The crate that uses it depends on `dpr-runtime`.
#[proc_macro]
pub fn p4_program(input: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(input as program::Arguments);
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    program::expand(&arguments, std::path::Path::new(&folder))
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Holds a hand-written structure to a P4 header: `#[p4_header("file.p4", "type_t")]`.
///
/// Does not compile unless the structure has the header's fields by name, width and order. A field is as wide as its type (`u8` to
/// `u128`, or `[u8; N]`) or as `#[p4(bits = N)]` says. The path is relative to the package's folder; an edit of a file that was read
/// makes Cargo build again.
#[proc_macro_attribute]
pub fn p4_header(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as mirror::Arguments);
    let item = syn::parse_macro_input!(item as syn::ItemStruct);
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    mirror::expand(&arguments, item, std::path::Path::new(&folder)).into()
}
