//! `p4_program!`: a P4 program as a Rust module.

use std::path::{Path, PathBuf};

use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions, compile};
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Token, bracketed};

/// `"file.p4", include = ["folder"], define = ["NAME=text"]`
pub(crate) struct Arguments {
    file: LitStr,
    include: Vec<LitStr>,
    define: Vec<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Arguments {
            file: input.parse()?,
            include: Vec::new(),
            define: Vec::new(),
        };
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let option: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let content;
            bracketed!(content in input);
            let values = Punctuated::<LitStr, Token![,]>::parse_terminated_with(
                &content,
                <LitStr as Parse>::parse,
            )?;
            match option.to_string().as_str() {
                "include" => arguments.include.extend(values),
                "define" => arguments.define.extend(values),
                _ => {
                    let message = "expected `include` or `define`";
                    return Err(syn::Error::new(option.span(), message));
                }
            }
        }
        Ok(arguments)
    }
}

/// The items of the module. Paths are relative to `folder`, the package's.
pub(crate) fn expand(arguments: &Arguments, folder: &Path) -> syn::Result<TokenStream> {
    let options = PreprocessorOptions {
        include_paths: arguments
            .include
            .iter()
            .map(|path| folder.join(path.value()))
            .collect(),
        defines: arguments.define.iter().map(LitStr::value).collect(),
        undefines: Vec::new(),
    };
    let root = folder.join(arguments.file.value());
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let outcome = {
        let _own_tokens = OwnTokens::force();
        compile(sources, &root, &options, Goal::Rust)
    };
    let Some(module) = &outcome.output else {
        let text = outcome.diagnostics.render(&outcome.sources, Style::Plain);
        return Err(syn::Error::new(
            arguments.file.span(),
            format!("the P4 program has errors\n\n{}", text.trim_end()),
        ));
    };
    let items: TokenStream = String::from_utf8_lossy(module).parse()?;
    let files = outcome.files().map(|path: &PathBuf| {
        let path = path.to_string_lossy().into_owned();
        // Cargo builds again when a file changes that the crate includes.
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    Ok(quote! {
        #(#files)*
        #items
    })
}

/// While it lives, tokens are those of `proc_macro2`, not rustc's: the compiler runs in a thread of its own, where rustc's do
/// not exist. What it gives back is text.
struct OwnTokens;

impl OwnTokens {
    fn force() -> Self {
        proc_macro2::fallback::force();
        OwnTokens
    }
}

impl Drop for OwnTokens {
    fn drop(&mut self) {
        proc_macro2::fallback::unforce();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> syn::Result<TokenStream> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program");
        expand(&syn::parse_str(text)?, &folder)
    }

    #[test]
    fn every_file_that_was_read_is_included() {
        let text = expanded("\"reflect.p4\", include = [\"include\"], define = [\"PORT=7\"]")
            .unwrap()
            .to_string();
        for file in ["reflect.p4", "ethernet.p4"] {
            assert!(text.contains(file), "{file} is missing");
        }
        assert!(
            !text.contains("core.p4"),
            "embedded files are none of rustc's"
        );
    }

    #[test]
    fn the_error_shows_the_line_of_the_program() {
        let error = expanded("\"broken.p4\"").unwrap_err().to_string();
        for part in ["error[E0202]", "broken.p4:3:14", "bit<8> kind"] {
            assert!(error.contains(part), "`{part}` is missing in:\n{error}");
        }
    }

    #[test]
    fn options_are_checked() {
        assert!(expanded("\"reflect.p4\", includes = []").is_err());
        assert!(expanded("reflect").is_err());
    }
}
