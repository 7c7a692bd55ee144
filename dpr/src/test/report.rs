//! What came of all tests, for people and for programs.

use super::case::Found;
use super::engine::{Engine, Outcome};
use serde::Serialize;
use std::fmt;

/// All results.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// By engine.
    summary: Vec<Summary>,
    /// By engine and name.
    results: Vec<Record>,
}

/// How many tests passed on one engine.
#[derive(Debug, Serialize)]
struct Summary {
    engine: Engine,
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// One test on one engine.
#[derive(Debug, Serialize)]
struct Record {
    name: String,
    engine: Engine,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Report {
    /// Adds what came of the found tests on an engine.
    pub fn add(&mut self, engine: Engine, found: &Found, outcomes: Vec<Outcome>) {
        let skipped = found.skipped.iter().map(|(name, reason)| {
            let reason = reason.clone();
            (name.clone(), Outcome::Skipped { reason })
        });
        let run = found.cases.iter().map(|case| case.name.clone());
        let mut results: Vec<_> = run.zip(outcomes).chain(skipped).collect();
        results.sort_by(|(left, _), (right, _)| left.cmp(right));
        let count = |wanted: fn(&Outcome) -> bool| {
            results
                .iter()
                .filter(|(_, outcome)| wanted(outcome))
                .count()
        };
        self.summary.push(Summary {
            engine,
            passed: count(|outcome| matches!(outcome, Outcome::Passed { .. })),
            failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            skipped: count(|outcome| matches!(outcome, Outcome::Skipped { .. })),
        });
        self.results
            .extend(results.into_iter().map(|(name, outcome)| Record {
                name,
                engine,
                outcome,
            }));
    }

    /// Whether no test failed.
    pub fn passed(&self) -> bool {
        self.summary.iter().all(|summary| summary.failed == 0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Record {
            name,
            engine,
            outcome,
        } in &self.results
        {
            match outcome {
                Outcome::Passed { output } if output.is_empty() => {}
                Outcome::Passed { output } => {
                    writeln!(f, "{name} passed on {engine}:")?;
                    indented(f, output)?;
                }
                Outcome::Skipped { reason } => writeln!(f, "{name} skipped: {reason}")?,
                Outcome::Failed { stage, message } => {
                    writeln!(f, "{name} FAILED on {engine}: {stage}")?;
                    indented(f, message)?;
                }
            }
        }
        for Summary {
            engine,
            passed,
            failed,
            skipped,
        } in &self.summary
        {
            writeln!(
                f,
                "{engine}: {passed} passed, {failed} failed, {skipped} skipped"
            )?;
        }
        Ok(())
    }
}

fn indented(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.lines().try_for_each(|line| writeln!(f, "    {line}"))
}
