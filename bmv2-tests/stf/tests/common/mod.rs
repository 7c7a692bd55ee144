//! The programs as the compiler makes them, which is what all of these tests begin with.

use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions};
use dpr_p4runtime::config::P4Info;
use dpr_stf_programs::FOLDER;
use dpr_switch::bmv2::Engine;
use prost::Message;
use std::path::Path;

/// A program, compiled.
fn compile(name: &str, goal: Goal) -> Vec<u8> {
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let program = Path::new(FOLDER).join(name).with_extension("p4");
    let outcome = dpr_codegen::compile(sources, &program, &PreprocessorOptions::default(), goal);
    outcome.output.unwrap_or_else(|| {
        let diagnostics = outcome.diagnostics.render(&outcome.sources, Style::Plain);
        panic!("{name}:\n{diagnostics}")
    })
}

/// A program on the engine for BMv2's JSON, the JSON itself, and the P4Info.
pub fn engine(name: &str) -> (Engine, Vec<u8>, P4Info) {
    let json = compile(name, Goal::Bmv2Json);
    let p4info = P4Info::decode(compile(name, Goal::P4InfoBinary).as_slice());
    let p4info = p4info.expect("the compiler's own P4Info");
    match Engine::load(&json, Some(&p4info)) {
        Ok(engine) => (engine, json, p4info),
        Err(error) => panic!("{name}: {error}"),
    }
}
