//! The package that generated programs are built in.

use super::super::Build;
use super::Case;
use anyhow::Context;
use dpr_codegen::backend::rust::pipeline_name;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// In front of each program's name, so that none of them is a name that cargo keeps for itself.
const BINARY: &str = "stf-";

/// What cargo made of a program.
#[derive(Debug)]
pub(super) enum Built {
    /// This binary.
    Binary(PathBuf),
    /// Nothing, for this reason.
    Refused(String),
}

/// A package on disk.
pub(super) struct Package {
    folder: PathBuf,
    target: PathBuf,
    /// Holds the package as long as it is open.
    _lock: File,
}

impl Package {
    /// Writes the programs' binaries, those that have changed. The package stays for the next run of the same programs.
    pub(super) fn prepare(
        build: &Build,
        cases: &[Case],
        programs: &BTreeMap<&str, &str>,
    ) -> anyhow::Result<Self> {
        let runtime = runtime(build)?;
        let root = match &build.build_dir {
            Some(folder) => folder.clone(),
            None => cache_folder()?,
        };
        let folder = root.join(package_name(cases));
        let sources = folder.join("src/bin");
        fs::create_dir_all(&sources)
            .with_context(|| format!("cannot create {}", sources.display()))?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock()
            .with_context(|| format!("cannot lock {}", folder.display()))?;
        write_if_changed(&folder.join("Cargo.toml"), &manifest(&runtime))?;
        let versions = folder.join("Cargo.lock");
        if !versions.exists() {
            // The versions that dpr itself was built with are those that are there without a network.
            fs::copy(runtime.join("Cargo.lock"), versions)
                .context("the source tree of dpr has no Cargo.lock")?;
        }
        let files: BTreeSet<String> = programs
            .keys()
            .map(|name| format!("{}.rs", binary_name(name)))
            .collect();
        for entry in fs::read_dir(&sources)? {
            let entry = entry?;
            if !files.contains(entry.file_name().to_string_lossy().as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        for (name, module) in programs {
            let path = sources.join(format!("{}.rs", binary_name(name)));
            write_if_changed(&path, &source(name, module))?;
        }
        Ok(Package {
            target: root.join("target"),
            folder,
            _lock: lock,
        })
    }

    /// Builds all programs that can be built.
    pub(super) fn build(
        &self,
        programs: &BTreeMap<&str, &str>,
        jobs: usize,
    ) -> anyhow::Result<BTreeMap<String, Built>> {
        let output = Command::new("cargo")
            .args(["build", "--offline", "--keep-going", "--quiet"])
            .args(["--message-format", "json", "--jobs", &jobs.to_string()])
            .arg("--target-dir")
            .arg(&self.target)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .context("generated Rust needs `cargo` to be built; it cannot be started")?;
        let mut built: BTreeMap<String, Built> = BTreeMap::new();
        for line in output.stdout.split(|byte| *byte == b'\n') {
            let Ok(message) = serde_json::from_slice::<Message>(line) else {
                continue;
            };
            let target = message.target.name;
            let Some(name) = programs.keys().find(|name| binary_name(name) == target) else {
                continue;
            };
            let name = (*name).to_owned();
            match (message.executable, message.message) {
                (Some(path), _) => {
                    built.insert(name, Built::Binary(path));
                }
                (None, Some(message)) if message.level.starts_with("error") => {
                    let refused = built.entry(name).or_insert(Built::Refused(String::new()));
                    if let Built::Refused(text) = refused {
                        text.push_str(&message.rendered);
                    }
                }
                _ => {}
            }
        }
        anyhow::ensure!(
            output.status.success() || !built.is_empty(),
            "cargo could not build the generated Rust in {}:\n{}",
            self.folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(built)
    }
}

/// The part of cargo's messages that matters here.
#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: String,
}

/// The source tree that generated Rust is built with.
fn runtime(build: &Build) -> anyhow::Result<PathBuf> {
    let folder = match &build.runtime {
        Some(folder) => fs::canonicalize(folder)
            .with_context(|| format!("there is no folder {}", folder.display()))?,
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
    };
    let complete = ["codegen/runtime/Cargo.toml", "stf/Cargo.toml"]
        .iter()
        .all(|file| folder.join(file).is_file());
    anyhow::ensure!(
        complete,
        "the rust engine builds generated Rust with dpr's own sources, which are not in {}: say where they are with \
         `--runtime FOLDER` (a clone of the repository of this version)",
        folder.display()
    );
    Ok(fs::canonicalize(folder)?)
}

/// `dpr/test` in the folder where the user's programs keep what can be made again.
fn cache_folder() -> anyhow::Result<PathBuf> {
    let folder = |variable| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    Ok(cache
        .context("there is no cache folder, as HOME is not set: say where to build with `--build-dir FOLDER`")?
        .join("dpr/test"))
}

/// The same for the same folders of programs, so that what has not changed is not built again.
fn package_name(cases: &[Case]) -> String {
    let mut hash = Sha256::new();
    let folders: BTreeSet<_> = cases
        .iter()
        .filter_map(|case| fs::canonicalize(case.program.parent()?).ok())
        .collect();
    for folder in folders {
        hash.update(folder.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    if let [case] = cases {
        hash.update(&case.name);
    }
    let hash = hash.finalize();
    hash.iter()
        .take(8)
        .fold("programs-".to_owned(), |name, byte| {
            format!("{name}{byte:02x}")
        })
}

/// A program's name with what cargo takes in names only. Programs of one folder that differ elsewhere only get numbers of their own
/// from the file names that they cannot share.
fn binary_name(name: &str) -> String {
    let mut binary = BINARY.to_owned();
    for character in name.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => binary.push(character),
            other => binary.push_str(&format!("_{:x}", u32::from(other))),
        }
    }
    binary
}

fn manifest(runtime: &Path) -> String {
    let path = |folder: &str| toml::Value::from(runtime.join(folder).to_string_lossy().as_ref());
    format!(
        "# Written by `dpr test`.\n\
         [package]\nname = \"stf-programs\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\ndpr-runtime = {{ path = {} }}\ndpr-stf = {{ path = {} }}\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n\n\
         [workspace]\n",
        path("codegen/runtime"),
        path("stf")
    )
}

fn source(name: &str, module: &str) -> String {
    let pipeline = pipeline_name(name);
    format!(
        "#![allow(warnings)]\n\n\
         mod program {{\n{module}\n}}\n\n\
         fn main() -> std::process::ExitCode {{\n    \
             dpr_stf::process::main(|| std::sync::Arc::new(program::{pipeline}::new()))\n\
         }}\n"
    )
}

/// Writes a file; one that stays as it is keeps its time, so that cargo does not build it again.
fn write_if_changed(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|kept| kept == text.as_bytes()) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
