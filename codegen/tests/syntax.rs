//! Programs in the language: all of `tests/parse` is accepted, and each of `tests/errors/syntax` has exactly the
//! diagnostics that its `//~ ERROR code part` comments announce, on their lines. A part may be of the message, a label or
//! the hint. `UPDATE_EXPECT=1` rewrites the comments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dpr_codegen::PreprocessorOptions;
use dpr_codegen::diagnostic::{Diagnostics, Severity, Style};
use dpr_codegen::source::SourceMap;

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "p4"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no programs in {}", folder.display());
    paths
}

fn parse(path: &Path) -> (Diagnostics, SourceMap) {
    let mut sources = SourceMap::new(|path: &Path| std::fs::read(path));
    let (_, diagnostics) = dpr_codegen::parse(&mut sources, path, &PreprocessorOptions::default());
    (diagnostics, sources)
}

#[test]
fn good_programs_are_accepted() {
    for path in programs("parse") {
        let (diagnostics, sources) = parse(&path);
        assert!(
            diagnostics.is_empty(),
            "{}",
            diagnostics.render(&sources, Style::Plain)
        );
    }
}

/// An expectation: severity and code, and a part of the text.
struct Expected {
    kind: String,
    part: String,
}

fn expectations(text: &str) -> BTreeMap<usize, Expected> {
    let mut expected = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("//~ ") else {
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let kind = format!("{} {}", words.next().unwrap(), words.next().unwrap_or(""));
        let part = words.next().unwrap_or("").to_owned();
        expected.insert(at + 1, Expected { kind, part });
    }
    expected
}

#[test]
fn bad_programs_have_the_diagnostics_they_announce() {
    let mut failures = String::new();
    for path in programs("errors/syntax") {
        let (diagnostics, sources) = parse(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut expected = expectations(&text);
        let mut found = BTreeMap::new();
        for diagnostic in &diagnostics {
            let line = sources.position(diagnostic.span).line;
            let severity = match diagnostic.severity {
                Severity::Error => "ERROR",
                Severity::Warning => "WARNING",
            };
            let kind = format!("{severity} {}", diagnostic.code.0);
            found.insert(line, format!("{kind} {}", diagnostic.message));
            let rendered = diagnostic.render(&sources, Style::Plain);
            match expected.remove(&line) {
                Some(expected) if expected.kind == kind && rendered.contains(&expected.part) => {}
                Some(expected) => failures.push_str(&format!(
                    "{}:{line}: expected {} {}, found\n{rendered}\n",
                    path.display(),
                    expected.kind,
                    expected.part
                )),
                None => failures.push_str(&format!("not expected:\n{rendered}\n")),
            }
        }
        for (line, expected) in expected {
            failures.push_str(&format!(
                "{}:{line}: expected {} {}, found nothing\n",
                path.display(),
                expected.kind,
                expected.part
            ));
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            update(&path, &text, &found);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn update(path: &Path, text: &str, found: &BTreeMap<usize, String>) {
    let mut updated = String::new();
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//~ ").next().unwrap_or(line).trim_end();
        updated.push_str(code);
        if let Some(found) = found.get(&(at + 1)) {
            updated.push_str(" //~ ");
            updated.push_str(found);
        }
        updated.push('\n');
    }
    std::fs::write(path, updated).unwrap();
}
