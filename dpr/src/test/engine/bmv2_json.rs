//! The engine for BMv2's JSON, fed with what our own compiler writes, or with a document as it is.

use super::{Case, Options, Outcome, Stage, compile};
use crate::test::case::is_json;
use crate::test::parallel;
use dpr_codegen::Goal;
use dpr_p4runtime::config::P4Info;
use dpr_stf::Script;
use dpr_switch::bmv2;
use prost::Message;
use std::fs;

/// Runs tests; the outcomes are in their order.
pub(super) fn run(cases: &[Case], options: &Options<'_>) -> Vec<Outcome> {
    parallel::map(cases, options.jobs, |case| {
        one(case, options).unwrap_or_else(|outcome| outcome)
    })
}

fn failed(stage: Stage, message: impl ToString) -> Outcome {
    Outcome::Failed {
        stage,
        message: message.to_string(),
    }
}

fn one(case: &Case, options: &Options<'_>) -> Result<Outcome, Outcome> {
    let text = fs::read_to_string(&case.test).map_err(|error| failed(Stage::Read, error))?;
    let script = Script::parse(&text).map_err(|error| failed(Stage::Read, error))?;
    let engine = engine(case, options)?;
    let summary = dpr_stf::run(&script, &engine);
    let shown = summary.render(&case.test.display().to_string());
    match summary.passed() {
        true => Ok(Outcome::Passed { output: shown }),
        false => Err(failed(Stage::Run, shown)),
    }
}

/// The program, ready to run.
fn engine(case: &Case, options: &Options<'_>) -> Result<bmv2::Engine, Outcome> {
    let (json, p4info) = if is_json(&case.program) {
        let json = fs::read(&case.program).map_err(|error| failed(Stage::Compile, error))?;
        (json, None)
    } else {
        let goals = [Goal::Bmv2Json, Goal::P4InfoBinary];
        let [json, p4info] = compile(&case.program, &options.preprocessor, goals)?;
        let p4info = P4Info::decode(p4info.as_slice());
        (
            json,
            Some(p4info.map_err(|error| failed(Stage::Compile, error))?),
        )
    };
    bmv2::Engine::load(&json, p4info.as_ref()).map_err(|error| failed(Stage::Load, error))
}
