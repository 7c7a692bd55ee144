//! Headers that are born in Rust: what an included `.rs` file declares, as P4.
//!
//! Each `#[derive(P4Header)] struct Probe` becomes `header probe_t` and a constant `PROBE_T_BYTES`; each
//! `pub const NAME: uN = literal` becomes a constant of `bit<N>`. Everything else in the file stays Rust's own.

use std::fmt::Write as _;

use crate::rust_headers::{field_bits, integer_bits, p4_name};
use crate::source::{FileId, Span};

/// What is wrong with a file, and where.
type Errors = Vec<(Span, String)>;

/// The P4 declarations of a Rust file.
pub(super) fn p4_declarations(text: &str, file: FileId) -> Result<String, Errors> {
    let parsed = syn::parse_file(text)
        .map_err(|error| vec![(place(error.span(), file), format!("not Rust: {error}"))])?;
    let mut declarations = String::new();
    let mut errors = Errors::new();
    for item in &parsed.items {
        match item {
            syn::Item::Const(item) => constant(item, &mut declarations),
            syn::Item::Struct(item) if derives_header(item) => {
                header(item, file, &mut declarations, &mut errors);
            }
            _ => {}
        }
    }
    if errors.is_empty() {
        Ok(declarations)
    } else {
        Err(errors)
    }
}

fn place(span: proc_macro2::Span, file: FileId) -> Span {
    Span::new(file, span.byte_range())
}

fn derives_header(item: &syn::ItemStruct) -> bool {
    let mut found = false;
    for attribute in &item.attrs {
        if attribute.path().is_ident("derive") {
            // A derive that is badly formed is rustc's to report.
            let _ = attribute.parse_nested_meta(|meta| {
                found |= meta
                    .path
                    .segments
                    .last()
                    .is_some_and(|segment| segment.ident == "P4Header");
                Ok(())
            });
        }
    }
    found
}

fn constant(item: &syn::ItemConst, declarations: &mut String) {
    let syn::Visibility::Public(_) = item.vis else {
        return;
    };
    let (Some(bits), syn::Expr::Lit(value)) = (integer_bits(&item.ty), &*item.expr) else {
        return;
    };
    if let syn::Lit::Int(value) = &value.lit
        && let Ok(value) = value.base10_parse::<u128>()
    {
        let _ = writeln!(declarations, "const bit<{bits}> {} = {value};", item.ident);
    }
}

fn header(item: &syn::ItemStruct, file: FileId, declarations: &mut String, errors: &mut Errors) {
    let name = p4_name(&item.ident);
    let syn::Fields::Named(fields) = &item.fields else {
        let message = "a P4 header has named fields".to_owned();
        errors.push((place(item.ident.span(), file), message));
        return;
    };
    let mut total = 0;
    let mut body = String::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else {
            continue;
        };
        match field_bits(field) {
            Ok(bits) => {
                total += bits;
                let _ = writeln!(body, "    bit<{bits}> {ident};");
            }
            Err(error) => errors.push((place(error.span(), file), error.to_string())),
        }
    }
    if total % 8 != 0 {
        let message = format!("the fields make {total} bits, which is no whole number of bytes");
        errors.push((place(item.ident.span(), file), message));
    }
    let _ = writeln!(declarations, "header {name} {{\n{body}}}");
    let _ = writeln!(
        declarations,
        "const bit<16> {}_BYTES = {};",
        name.to_uppercase(),
        total / 8
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{NoFiles, SourceMap};

    fn p4(text: &str) -> Result<String, Errors> {
        let file = SourceMap::new(NoFiles).add("a.rs", text);
        p4_declarations(text, file)
    }

    #[test]
    fn structs_become_headers_and_constants_stay_constants() {
        let text = "pub const MAGIC: u32 = 0x10;\nconst OWN: u8 = 1;\n\
            #[derive(Clone, P4Header)] pub struct PathProbe { pub a: u16, #[p4(bits = 7)] b: u8, #[p4(bits = 1)] c: u8 }\n\
            pub struct Other { x: String }\n";
        assert_eq!(
            p4(text).unwrap(),
            "const bit<32> MAGIC = 16;\nheader path_probe_t {\n    bit<16> a;\n    bit<7> b;\n    bit<1> c;\n}\n\
             const bit<16> PATH_PROBE_T_BYTES = 3;\n"
        );
    }

    #[test]
    fn what_no_header_can_hold_is_reported_at_the_field() {
        let text = "#[derive(P4Header)] struct A { x: String, #[p4(bits = 9)] y: u8 }";
        let errors = p4(text).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert_eq!(&text[errors[0].0.range()], "String");
        let errors = p4("#[derive(P4Header)] struct A { #[p4(bits = 3)] y: u8 }").unwrap_err();
        assert!(errors[0].1.contains("3 bits"), "{errors:?}");
        assert_eq!(p4("struct {").unwrap_err().len(), 1);
    }
}
