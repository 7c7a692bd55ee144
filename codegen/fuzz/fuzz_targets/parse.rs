//! Any bytes as a program: no panic, and diagnostics can be printed.

#![no_main]

use std::path::Path;

use dpr_codegen::PreprocessorOptions;
use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    // The program may include itself, and nothing else but what is part of the compiler.
    let mut sources = SourceMap::new(move |path: &Path| {
        if path == Path::new("a.p4") {
            Ok(bytes.clone())
        } else {
            Err(std::io::ErrorKind::NotFound.into())
        }
    });
    let (_, diagnostics) = dpr_codegen::parse(
        &mut sources,
        Path::new("a.p4"),
        &PreprocessorOptions::default(),
    );
    diagnostics.render(&sources, Style::Plain);
});
