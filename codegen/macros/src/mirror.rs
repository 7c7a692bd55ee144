//! `#[p4_header]`: a structure that must agree with a P4 header.

use std::path::Path;

use dpr_codegen::diagnostic::{Code, Diagnostic, Style};
use dpr_codegen::rust_headers::field_bits;
use dpr_codegen::source::{SourceMap, Span};
use dpr_codegen::{Header, HeaderField, PreprocessorOptions, header};
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Field, ItemStruct, LitStr, Token};

/// Differences of a Rust structure from the P4 header that it mirrors.
const DIFFERENCE: Code = Code("E0790");

/// `"file.p4", "type_t"`
pub(crate) struct Arguments {
    file: LitStr,
    header: LitStr,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let file = input.parse()?;
        input.parse::<Token![,]>()?;
        let header = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Arguments { file, header })
    }
}

/// The structure as it stands, with what is wrong with it.
pub(crate) fn expand(arguments: &Arguments, mut item: ItemStruct, folder: &Path) -> TokenStream {
    // Paths stay relative to the package, so that messages are the same wherever it lies.
    let package = folder.to_owned();
    let sources = SourceMap::new(move |path: &Path| std::fs::read(package.join(path)));
    let (file, name) = (arguments.file.value(), arguments.header.value());
    let outcome = header(
        sources,
        Path::new(&file),
        &PreprocessorOptions::default(),
        &name,
    );
    let errors = match &outcome.header {
        Some(header) => differences(&item, header, &outcome.sources),
        None if outcome.diagnostics.has_errors() => {
            let text = outcome.diagnostics.render(&outcome.sources, Style::Plain);
            let message = format!("the P4 file has errors\n\n{}", text.trim_end());
            vec![Error::new(arguments.file.span(), message)]
        }
        None => {
            let message = format!("`{file}` has no header `{name}`");
            vec![Error::new(arguments.header.span(), message)]
        }
    };
    for field in &mut item.fields {
        field
            .attrs
            .retain(|attribute| !attribute.path().is_ident("p4"));
    }
    // What did not compile is built again anyway.
    let is_sound = errors.is_empty();
    let errors = errors.iter().map(Error::to_compile_error);
    let read = outcome.sources.files().iter();
    let files = read.filter(|file| is_sound && !file.embedded).map(|file| {
        let path = folder.join(&file.path).to_string_lossy().into_owned();
        // Cargo builds again when a file changes that the crate includes.
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    quote! {
        #item
        #(#files)*
        #(#errors)*
    }
}

/// What differs, at the Rust fields. After the first name that differs the rest says nothing.
fn differences(item: &ItemStruct, header: &Header, sources: &SourceMap) -> Vec<Error> {
    let excerpt = |span: Span, message: &str| {
        let diagnostic = Diagnostic::error(DIFFERENCE, span, message);
        let text = diagnostic.render(sources, Style::Plain);
        format!("this differs from the P4 header\n\n{}", text.trim_end())
    };
    let mut errors = Vec::new();
    for (field, p4) in item.fields.iter().zip(&header.fields) {
        let rust_name = field
            .ident
            .as_ref()
            .map(|ident| ident.unraw().to_string())
            .unwrap_or_default();
        if rust_name != p4.name {
            let message = format!("the field here is `{}`, not `{rust_name}`", p4.name);
            errors.push(Error::new(name_span(field), excerpt(p4.span, &message)));
            return errors;
        }
        match (rust_bits(field), p4.bits) {
            (Err(error), _) => errors.push(error),
            (Ok(bits), Some(p4_bits)) if u64::from(bits) == p4_bits => {}
            (Ok(bits), _) => errors.push(Error::new(
                field.ty.span(),
                excerpt(p4.span, &width_message(p4, bits)),
            )),
        }
    }
    if let Some(missing) = header.fields.get(item.fields.len()) {
        let message = format!("`{}` is missing in `{}`", missing.name, item.ident);
        errors.push(Error::new(
            item.ident.span(),
            excerpt(missing.span, &message),
        ));
    }
    if let Some(beyond) = item.fields.iter().nth(header.fields.len()) {
        errors.push(Error::new(
            name_span(beyond),
            excerpt(header.span, "there are no more fields here"),
        ));
    }
    errors
}

fn width_message(p4: &HeaderField, bits: u32) -> String {
    match p4.bits {
        Some(p4_bits) => format!("`{}` has {p4_bits} bits here, not {bits}", p4.name),
        None => format!("`{}` has no fixed width here", p4.name),
    }
}

fn name_span(field: &Field) -> proc_macro2::Span {
    field
        .ident
        .as_ref()
        .map_or_else(|| field.ty.span(), |ident| ident.span())
}

/// The width of a field: of its type, or what `#[p4(bits = 7)]` says; `[u8; 6]` is 48 bits wide.
fn rust_bits(field: &Field) -> syn::Result<u32> {
    if let syn::Type::Array(array) = &field.ty
        && let syn::Type::Path(element) = &*array.elem
        && element.path.is_ident("u8")
        && let syn::Expr::Lit(length) = &array.len
        && let syn::Lit::Int(length) = &length.lit
    {
        return Ok(length.base10_parse::<u32>()?.saturating_mul(8));
    }
    field_bits(field)
}
