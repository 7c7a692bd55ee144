//! What both tests of whole groups need.

use dpr_simulator::{Outcome, Scenario, trace};

/// All chance follows from it; `DPR_SEED` tries another.
pub fn seed() -> u64 {
    std::env::var("DPR_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1)
}

/// What a failure needs to be understood and repeated.
pub fn describe(scenario: &Scenario, outcome: &Outcome) -> String {
    let mut lines = vec![format!("seed {}: {outcome:?}", scenario.seed)];
    let odd = outcome.findings.first().map(|finding| finding.flow);
    let odd = odd
        .or(outcome.stuck.first().copied())
        .or(outcome.remaining.first().map(|(_, flow)| *flow));
    if let Some(flow) = odd {
        lines.push(format!("what happened to {flow:?}:"));
        lines.extend(trace(scenario, flow));
    }
    lines.join("\n")
}
