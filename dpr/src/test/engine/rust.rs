//! Generated Rust: one package with a binary for each program, built by one cargo run. A program whose Rust does not build
//! leaves the others alone.

mod package;
mod process;

use super::{Case, Options, Outcome, Stage, compile};
use crate::test::parallel;
use dpr_codegen::Goal;
use package::{Built, Package};
use std::collections::BTreeMap;

/// Runs tests; the outcomes are in their order.
pub(super) fn run(cases: &[Case], options: &Options<'_>) -> anyhow::Result<Vec<Outcome>> {
    let generated = parallel::map(cases, options.jobs, |case| {
        compile(&case.program, &options.preprocessor, [Goal::Rust])
            .map(|[module]| String::from_utf8_lossy(&module).into_owned())
    });
    let programs: BTreeMap<&str, &str> = cases
        .iter()
        .zip(&generated)
        .filter_map(|(case, module)| Some((case.name.as_str(), module.as_deref().ok()?)))
        .collect();
    let mut built = BTreeMap::new();
    if !programs.is_empty() {
        let package = Package::prepare(options.build, cases, &programs)?;
        built = package.build(&programs, options.jobs)?;
    }
    let work: Vec<_> = cases.iter().zip(generated).collect();
    let outcomes = parallel::map(&work, options.jobs, |(case, generated)| {
        if let Err(outcome) = generated {
            return outcome.clone();
        }
        match built.get(&case.name) {
            Some(Built::Binary(binary)) => process::run(binary, &case.test),
            Some(Built::Refused(message)) => Outcome::Failed {
                stage: Stage::Load,
                message: message.clone(),
            },
            None => Outcome::Failed {
                stage: Stage::Load,
                message: "cargo has built nothing for it".to_owned(),
            },
        }
    });
    Ok(outcomes)
}
