//! Runs every program against its test, on every engine.

use dpr_codegen::diagnostic::Style;
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, PreprocessorOptions};
use dpr_p4runtime::config::P4Info;
use dpr_runtime::Pipeline;
use dpr_stf::Script;
use dpr_stf_programs::{FOLDER, PROGRAMS};
use dpr_switch::bmv2;
use prost::Message;
use std::path::{Path, PathBuf};

/// The test of a program, by the program's name.
fn script(name: &str) -> (PathBuf, Script) {
    let path = Path::new(FOLDER).join(name).with_extension("stf");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match Script::parse(&text) {
        Ok(script) => (path, script),
        Err(error) => panic!("{}:{error}", path.display()),
    }
}

/// What was not as expected, with the program's name in front.
fn failures(name: &str, pipeline: &dyn Pipeline) -> Option<String> {
    let (path, script) = script(name);
    let summary = dpr_stf::run(&script, pipeline);
    assert!(summary.sent > 0, "{} sends no packet", path.display());
    (!summary.passed()).then(|| summary.render(&path.display().to_string()))
}

/// Every program of the folder, by name.
fn programs() -> Vec<String> {
    let entries = std::fs::read_dir(FOLDER).expect("the folder of programs");
    let paths = entries.map(|entry| entry.expect("an entry of the folder").path());
    let mut names: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "p4"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

#[test]
fn every_program_has_a_test() {
    let names = programs();
    assert!(
        names.len() > 40,
        "only {} programs in {FOLDER}",
        names.len()
    );
    for name in names {
        script(&name);
    }
}

#[test]
fn generated_rust_passes() {
    let failed: Vec<_> = PROGRAMS
        .iter()
        .filter_map(|(name, pipeline)| failures(name, pipeline().as_ref()))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

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

#[test]
fn bmv2_json_passes() {
    let names = programs().into_iter();
    let run = |name: String| {
        let json = compile(&name, Goal::Bmv2Json);
        let p4info = P4Info::decode(compile(&name, Goal::P4InfoBinary).as_slice());
        let p4info = p4info.expect("the compiler's own P4Info");
        match bmv2::Engine::load(&json, Some(&p4info)) {
            Ok(engine) => failures(&name, &engine),
            Err(error) => Some(format!("{name}: {error}")),
        }
    };
    let failed: Vec<_> = names.filter_map(run).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
