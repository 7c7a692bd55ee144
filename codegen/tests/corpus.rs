//! Programs in the language: the parser accepts all of `tests/parse`, and each program of `tests/errors` has exactly the
//! diagnostics that its `//~ ERROR code part` comments announce, on their lines. A part may be of the message, a label or
//! the hint. `UPDATE_EXPECT=1` rewrites the comments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dpr_codegen::diagnostic::{Severity, Style};
use dpr_codegen::source::SourceMap;
use dpr_codegen::{Goal, Outcome, PreprocessorOptions, compile};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing in {}", folder.display());
    paths
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn outcome(path: &Path, goal: Goal) -> Outcome {
    let sources = SourceMap::new(|path: &Path| std::fs::read(path));
    compile(sources, path, &PreprocessorOptions::default(), goal)
}

#[test]
fn good_programs_are_accepted() {
    for path in entries(&tests().join("parse")) {
        let outcome = outcome(&path, Goal::Syntax);
        assert!(
            outcome.diagnostics.is_empty(),
            "{}",
            outcome.diagnostics.render(&outcome.sources, Style::Plain)
        );
    }
}

/// Wrong programs, by the phase that finds what is wrong.
#[test]
fn bad_programs_have_the_diagnostics_they_announce() {
    let mut failures = String::new();
    for folder in entries(&tests().join("errors")) {
        let goal = if folder.ends_with("syntax") {
            Goal::Syntax
        } else if folder.ends_with("warnings") {
            Goal::Checked
        } else {
            Goal::Rust
        };
        for path in entries(&folder) {
            compare(&path, &outcome(&path, goal), &mut failures);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// What a line announces: severity and code, and a part of the text.
struct Expected {
    kind: String,
    part: String,
}

fn expectations(text: &str) -> BTreeMap<usize, Vec<Expected>> {
    let mut expected: BTreeMap<usize, Vec<Expected>> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        for comment in line.split("//~ ").skip(1) {
            let mut words = comment.trim_end().splitn(3, ' ');
            let kind = format!("{} {}", words.next().unwrap(), words.next().unwrap_or(""));
            let part = words.next().unwrap_or("").to_owned();
            expected
                .entry(at + 1)
                .or_default()
                .push(Expected { kind, part });
        }
    }
    expected
}

fn compare(path: &Path, outcome: &Outcome, failures: &mut String) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut expected = expectations(&text);
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for diagnostic in &outcome.diagnostics {
        let line = outcome.sources.position(diagnostic.span).line;
        let severity = match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        };
        let kind = format!("{severity} {}", diagnostic.code.0);
        let message = format!("{kind} {}", diagnostic.message);
        found.entry(line).or_default().push(message);
        let rendered = diagnostic.render(&outcome.sources, Style::Plain);
        let announced = expected.entry(line).or_default();
        let matching = announced
            .iter()
            .position(|expected| expected.kind == kind && rendered.contains(&expected.part));
        match matching {
            Some(at) => {
                announced.remove(at);
            }
            None => failures.push_str(&format!("not announced:\n{rendered}\n\n")),
        }
    }
    for (line, expected) in expected {
        for Expected { kind, part } in expected {
            let place = format!("{}:{line}", path.display());
            failures.push_str(&format!(
                "{place}: announced but not found: {kind} {part}\n\n"
            ));
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        update(path, &text, &found);
    }
}

fn update(path: &Path, text: &str, found: &BTreeMap<usize, Vec<String>>) {
    let mut updated = String::new();
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//~ ").next().unwrap_or(line).trim_end();
        updated.push_str(code);
        for found in found.get(&(at + 1)).into_iter().flatten() {
            updated.push_str(" //~ ");
            updated.push_str(found);
        }
        updated.push('\n');
    }
    std::fs::write(path, updated).unwrap();
}
