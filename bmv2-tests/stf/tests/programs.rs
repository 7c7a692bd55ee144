//! Runs every program against its test, on every engine.

mod common;

use dpr_runtime::Pipeline;
use dpr_stf::Script;
use dpr_stf_programs::{FOLDER, PROGRAMS};
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

#[test]
fn bmv2_json_passes() {
    let names = programs().into_iter();
    let failed: Vec<_> = names
        .filter_map(|name| failures(&name, &common::engine(&name).0))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
