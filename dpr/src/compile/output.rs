//! Which results are wanted, and where they go.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use dpr_codegen::Goal;

use super::{Arguments, Emit, Target};

/// One result.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    /// What.
    pub goal: Goal,
    /// Where to; `None` for standard output.
    pub path: Option<PathBuf>,
}

/// The results that the arguments ask for; none where only the diagnostics are wanted.
///
/// # Errors
/// Arguments that contradict each other or say too little.
pub fn outputs(arguments: &Arguments) -> anyhow::Result<Vec<Output>> {
    let mut outputs = Vec::new();
    let main = match (
        arguments.emit,
        arguments.target,
        arguments.output.as_deref(),
    ) {
        (Some(emit), _, _) => Some(emit.goal()),
        (None, Some(target), _) => Some(target.goal()),
        (None, None, Some(path)) => Some(by_extension(path)?),
        (None, None, None) => None,
    };
    if let Some(goal) = main {
        let path = arguments
            .output
            .clone()
            .filter(|path| path != Path::new("-"));
        outputs.push(Output { goal, path });
    }
    for path in arguments.p4info.iter().chain(&arguments.p4runtime_files) {
        outputs.push(Output {
            goal: p4info_by_extension(path)?,
            path: Some(path.clone()),
        });
    }
    ensure!(
        arguments.files.len() == 1 || outputs.iter().all(|output| output.path.is_none()),
        "a file takes the result of one program, not of {}",
        arguments.files.len()
    );
    Ok(outputs)
}

impl Target {
    fn goal(self) -> Goal {
        match self {
            Target::Rust => Goal::Rust,
            Target::Bmv2 => Goal::Bmv2Json,
        }
    }
}

impl Emit {
    fn goal(self) -> Goal {
        match self {
            Emit::Rust => Goal::Rust,
            Emit::Bmv2Json => Goal::Bmv2Json,
            Emit::P4info => Goal::P4InfoText,
            Emit::P4infoBinary => Goal::P4InfoBinary,
            Emit::P4infoJson => Goal::P4InfoJson,
            Emit::Preprocessed => Goal::Preprocessed,
        }
    }
}

fn by_extension(path: &Path) -> anyhow::Result<Goal> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(Goal::Bmv2Json),
        Some("rs") => Ok(Goal::Rust),
        _ => bail!(
            "what is {} to hold? Name it .json (for BMv2) or .rs, or say --target or --emit",
            path.display()
        ),
    }
}

/// The form of P4Info that the name of a file asks for.
fn p4info_by_extension(path: &Path) -> anyhow::Result<Goal> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.with_context(|| format!("{} has no extension", path.display()))? {
        "txtpb" | "txt" | "textproto" | "p4info" => Ok(Goal::P4InfoText),
        "bin" | "pb" | "binpb" => Ok(Goal::P4InfoBinary),
        "json" => Ok(Goal::P4InfoJson),
        other => bail!(
            "P4Info is written as .txtpb or .txt, .bin or .json, not as .{other}: {}",
            path.display()
        ),
    }
}
