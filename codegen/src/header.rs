//! One header of a P4 file, for those who mirror it elsewhere.

use std::path::Path;

use crate::ast::{Decl, DeclKind, Program};
use crate::check::{Typed, check};
use crate::diagnostic::Diagnostics;
use crate::driver::with_ample_stack;
use crate::source::{SourceMap, Span};
use crate::syntax::{PreprocessorOptions, parse};

/// A header as it is declared.
#[derive(Clone, Debug)]
pub struct Header {
    /// Fields in wire order.
    pub fields: Vec<HeaderField>,
    /// The declaration.
    pub span: Span,
}

/// A field as it is declared.
#[derive(Clone, Debug)]
pub struct HeaderField {
    /// Name.
    pub name: String,
    /// Width in bits; `None` where it differs from packet to packet (varbit).
    pub bits: Option<u64>,
    /// The declaration.
    pub span: Span,
}

/// What a file says of a header.
pub struct HeaderOutcome {
    /// The files that were read.
    pub sources: SourceMap,
    /// What is wrong with the program.
    pub diagnostics: Diagnostics,
    /// The header; `None` where there are errors, or none of this name.
    pub header: Option<Header>,
}

/// Looks a header up in the program whose main file is at `root`. The program need not be complete. Never panics, whatever it is.
pub fn header(
    mut sources: SourceMap,
    root: &Path,
    options: &PreprocessorOptions,
    name: &str,
) -> HeaderOutcome {
    let (header, diagnostics) = with_ample_stack(|| {
        let (program, mut diagnostics) = parse(&mut sources, root, options);
        if diagnostics.has_errors() {
            return (None, diagnostics);
        }
        let (typed, found) = check(&program);
        diagnostics.append(found);
        diagnostics.sort();
        let header = find(&typed, &program, name).filter(|_| !diagnostics.has_errors());
        (header, diagnostics)
    });
    HeaderOutcome {
        sources,
        diagnostics,
        header,
    }
}

fn find(typed: &Typed<'_>, program: &Program, name: &str) -> Option<Header> {
    let is_it = |decl: &&Decl| decl.name().is_some_and(|ident| ident.as_str() == name);
    let decl = program.declarations.iter().find(is_it)?;
    let DeclKind::Header(aggregate) = &decl.kind else {
        return None;
    };
    let fields = aggregate.fields.iter().map(|field| {
        let size = typed
            .decl_type(field.id)
            .and_then(|ty| typed.size_in_bits(ty));
        HeaderField {
            name: field.name.as_str().to_owned(),
            bits: size
                .filter(|(least, most)| least == most)
                .map(|size| size.0),
            span: field.span,
        }
    });
    Some(Header {
        fields: fields.collect(),
        span: decl.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoFiles;

    fn of(text: &str, name: &str) -> HeaderOutcome {
        let mut sources = SourceMap::new(NoFiles);
        sources.add("a.p4", text);
        header(
            sources,
            Path::new("a.p4"),
            &PreprocessorOptions::default(),
            name,
        )
    }

    #[test]
    fn widths_are_worked_out() {
        let text = "const int W = 3; typedef bit<(W * 4)> label_t; enum bit<4> kind_t { a = 1 }\n\
            header h_t { bit<8> first; label_t label; kind_t kind; varbit<64> rest; }";
        let fields = of(text, "h_t").header.expect("a header").fields;
        let widths: Vec<_> = fields
            .iter()
            .map(|field| (field.name.as_str(), field.bits))
            .collect();
        let expected = [
            ("first", Some(8)),
            ("label", Some(12)),
            ("kind", Some(4)),
            ("rest", None),
        ];
        assert_eq!(widths, expected);
    }

    #[test]
    fn only_headers_are_found_and_only_without_errors() {
        let text = "struct h_t { bit<8> a; }";
        assert!(of(text, "h_t").header.is_none() && of(text, "other_t").header.is_none());
        let outcome = of("header h_t { unknown_t a; }", "h_t");
        assert!(outcome.header.is_none() && outcome.diagnostics.has_errors());
    }
}
