//! Any text after the start of a v1model program, through all phases and back ends: no panic.
//!
//! Start it from a corpus of programs: `cargo +nightly fuzz run compile corpus tests/errors/types tests/lower`.

#![no_main]

use std::path::Path;

use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::{NoFiles, SourceMap};
use dpr_codegen::{Goal, PreprocessorOptions, compile_for};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::new(NoFiles);
    sources.add("a.p4", format!("#include <core.p4>\n#include <v1model.p4>\n{text}"));
    let goals = [Goal::Rust, Goal::Bmv2Json, Goal::P4InfoJson];
    let options = PreprocessorOptions::default();
    let outcomes = compile_for(sources, Path::new("a.p4"), &options, &goals);
    outcomes.diagnostics.render(&outcomes.sources, Style::Plain);
});
