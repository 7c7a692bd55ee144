//! The scenarios of `dpr-bmv2-tests` on every kind of target: generated Rust, the engine for BMv2's JSON, and, where `DPR_BMV2`
//! names a `simple_switch_grpc`, BMv2.
//!
//! Tests are listed at run time, so that only those are named that run; `cargo test` gives their names and options as always.

use dpr_bmv2_tests::scenarios::{SCENARIOS, Scenario};
use dpr_bmv2_tests::{Platform, TargetKind, simple_switch_grpc};
use libtest_mimic::{Arguments, Trial};
use std::path::Path;

/// A scenario on a kind of target, as `rust::module::name`.
fn trial(scenario: &'static Scenario, kind: TargetKind) -> Trial {
    let name = format!("{}::{}", kind.name(), scenario.name);
    let run = move || {
        let dpr = Path::new(env!("CARGO_BIN_EXE_dpr"));
        scenario.run(Platform { kind, dpr });
        Ok(())
    };
    match scenario.leaves_out(kind) {
        Some(why) => Trial::test(format!("{name} ({why})"), run).with_ignored_flag(true),
        None => Trial::test(name, run),
    }
}

fn main() {
    let kinds = TargetKind::ALL.into_iter().filter(|kind| match kind {
        TargetKind::GeneratedRust | TargetKind::JsonEngine => true,
        TargetKind::Bmv2 => simple_switch_grpc().is_some(),
    });
    let trials = kinds.flat_map(|kind| SCENARIOS.iter().map(move |scenario| trial(scenario, kind)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
