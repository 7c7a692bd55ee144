//! Programs with their tests.

use anyhow::Context;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A program with its test.
#[derive(Clone, Debug)]
pub struct Case {
    /// The program's file name without the ending.
    pub name: String,
    /// Its main file.
    pub program: PathBuf,
    /// The test's file.
    pub test: PathBuf,
}

/// Whether a program is compiled already, to BMv2's JSON.
pub fn is_json(program: &Path) -> bool {
    program.extension().is_some_and(|ending| ending == "json")
}

/// What there is to run.
#[derive(Debug, Default)]
pub struct Found {
    /// By name.
    pub cases: Vec<Case>,
    /// What is not run, by name, and why.
    pub skipped: Vec<(String, String)>,
}

/// Every program of a folder that has a test beside it. Those of another architecture than v1model are skipped.
pub fn in_folder(
    folder: &Path,
    filter: Option<&str>,
    skips: &BTreeMap<String, String>,
) -> anyhow::Result<Found> {
    let unreadable = || format!("cannot read {}", folder.display());
    let mut found = Found::default();
    let mut programs: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(unreadable)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()
        .with_context(unreadable)?;
    programs.retain(|path| path.extension().is_some_and(|ending| ending == "p4"));
    programs.sort();
    for program in programs {
        let name = super::name(&program);
        let test = program.with_extension("stf");
        if filter.is_some_and(|filter| !name.contains(filter)) || !test.is_file() {
            continue;
        }
        if let Some(reason) = skips.get(&name) {
            found.skipped.push((name, reason.clone()));
        } else if !includes_v1model(&program)? {
            let reason = "does not include v1model.p4".to_owned();
            found.skipped.push((name, reason));
        } else {
            found.cases.push(Case {
                name,
                program,
                test,
            });
        }
    }
    Ok(found)
}

fn includes_v1model(program: &Path) -> anyhow::Result<bool> {
    let text = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut directives = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('#'));
    Ok(directives.any(|line| line.contains("include") && line.contains("v1model.p4")))
}

/// Reads names and reasons; `#` begins a comment.
pub fn read_skips(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().map(|line| {
        let line = line.split_once('#').map_or(line, |(line, _)| line);
        line.trim()
    });
    let skips = lines.filter(|line| !line.is_empty()).map(|line| {
        let (name, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let name = name.strip_suffix(".p4").unwrap_or(name);
        let reason = match reason.trim() {
            "" => "on the list of programs that are not run",
            reason => reason,
        };
        (name.to_owned(), reason.to_owned())
    });
    Ok(skips.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_cases_and_what_is_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file");
        };
        for name in ["b-1", "a-1", "odd"] {
            write(&format!("{name}.p4"), "#include <v1model.p4>\n");
            write(&format!("{name}.stf"), "");
        }
        write("a-2.p4", "# include <psa.p4> // not v1model.p4\n");
        write("a-2.stf", "");
        write("a-3.p4", "#include <core.p4>\n// not v1model.p4\n");
        write("a-3.stf", "");
        write("a-4.p4", "#include <v1model.p4>\n");
        write("skips", "# why\n odd.p4   it is odd # indeed\n");
        let skips = read_skips(&folder.path().join("skips")).expect("names and reasons");
        let found = in_folder(folder.path(), None, &skips).expect("a folder");
        let names: Vec<_> = found.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(
            names,
            ["a-1", "a-2", "b-1"],
            "as the reference selects them"
        );
        let skipped = |name: &str, reason: &str| (name.to_owned(), reason.to_owned());
        assert_eq!(
            found.skipped,
            [
                skipped("a-3", "does not include v1model.p4"),
                skipped("odd", "it is odd"),
            ]
        );
        let found = in_folder(folder.path(), Some("b-"), &skips).expect("a folder");
        assert_eq!(found.cases.len() + found.skipped.len(), 1);
    }
}
