//! The configurations that the book shows are ones that the commands take, and the places that its page on the patent names are
//! there.

use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn example(name: &str) -> PathBuf {
    repository().join("docs/examples").join(name)
}

#[test]
fn the_groups_are_taken_by_the_controller() {
    for name in ["group.toml", "two-lans.toml", "classes.toml"] {
        let output = Command::new(env!("CARGO_BIN_EXE_dpr"))
            .args(["controller", "--check", "--config"])
            .arg(example(name))
            .output()
            .expect("the command runs");
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_host_is_taken_by_the_shim() {
    let config = dpr_host_shim::Config::read(&example("host.toml"));
    assert!(config.is_ok(), "{}", config.unwrap_err());
}

/// A place that a page names in backticks.
enum Place<'a> {
    /// A file, from the repository's root.
    File(&'a str),
    /// `module::name` of a scenario.
    Scenario(&'a str, &'a str),
    /// What the files hold that the same cell names.
    Name(&'a str),
}

/// The places that a piece of text names; commands and their options are none.
fn places(text: &str) -> Vec<Place<'_>> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|quoted| !quoted.contains(' ') && !quoted.starts_with('-'))
        .map(|quoted| match quoted.split_once("::") {
            Some((module, name)) => Place::Scenario(module, name),
            None if quoted.contains('/') => Place::File(quoted),
            None => Place::Name(quoted),
        })
        .collect()
}

/// Whether a text has a word, not as a part of another.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|found| found == word)
}

/// What a cell of a table names and is not there. In the last column names are tests.
fn missing(cell: &str, is_last: bool) -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(repository().join(path));
    let mut missing = Vec::new();
    let mut texts = Vec::new();
    let places = places(cell);
    for place in &places {
        if let Place::File(path) = place {
            match read(path) {
                Ok(text) => texts.push(text),
                Err(error) => missing.push(format!("{path}: {error}")),
            }
        }
    }
    for place in places {
        match place {
            Place::File(_) => {}
            Place::Scenario(module, name) => {
                let list = read("bmv2-tests/src/scenarios/mod.rs").unwrap_or_default();
                let path = format!("bmv2-tests/src/scenarios/{module}.rs");
                let text = read(&path).unwrap_or_default();
                if !has_word(&list, name) || !text.contains(&format!("fn {name}(")) {
                    missing.push(format!("the scenario {module}::{name}"));
                }
            }
            Place::Name(name) => {
                let function = format!("fn {name}(");
                let is_here =
                    |text: &String| has_word(text, name) && (!is_last || text.contains(&function));
                if !texts.iter().any(is_here) {
                    missing.push(format!("{name}, of {cell}"));
                }
            }
        }
    }
    missing
}

#[test]
fn what_the_page_on_the_patent_names_is_there() {
    let page = std::fs::read_to_string(repository().join("docs/patent.md")).unwrap();
    let mut places_named = 0;
    let mut all_missing = Vec::new();
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        for (index, cell) in cells.iter().enumerate() {
            places_named += places(cell).len();
            all_missing.extend(missing(cell, index + 1 == cells.len()));
        }
    }
    assert!(places_named > 100, "{places_named}");
    assert_eq!(all_missing, [""; 0]);
}

#[test]
fn a_place_that_is_not_there_is_missed() {
    let none: [&str; 0] = [];
    let here = "`p4/host_stage.p4`: `services`; `decision::step_6_the_owner_serves`";
    assert_eq!(missing(here, false), none);
    assert_eq!(missing("`dpr/tests/book.rs`: `repository`", true), none);
    for (cell, is_last) in [
        ("`p4/no_stage.p4`", false),
        ("`p4/host_stage.p4`: `servic`", false),
        ("`services`", false),
        ("`p4/host_stage.p4`: `services`", true),
        ("`decision::step_7`", false),
        ("`nowhere::step_6_the_owner_serves`", true),
    ] {
        assert_eq!(missing(cell, is_last).len(), 1, "{cell}");
    }
}
