//! Measured load: a factor per host and map, by feedback.
//!
//! The rule, once in a round: of the hosts that have a share of the map and have reported, each has a *level* - its processors' use;
//! or its connections, or new connections per second, by unit of weight. Its *deviation* is ln(level / mean level).
//! - Within the dead band (10%) nothing changes, nor while hardly anything is to be done at all.
//! - While a deviation is shrinking (to less than 0.9 of what it was a round ago), what was done before is taking effect: wait.
//! - Else the factor changes by half of the deviation the other way, by at most a quarter.
//! - Factors stay within 0.1 and 10, about a mean of 1: no host is ever starved.
//!
//! A round is due only when the moves of the last one are over and an interval has passed since, so that reports tell of what it
//! did. Reports are averaged with a time constant of a quarter of an interval.

use super::{Candidate, Shares};
use crate::placer::HostId;
use std::collections::BTreeMap;

/// The part of a deviation that a round corrects.
const GAIN: f64 = 0.5;
/// The largest change of a factor in a round.
const STEP: f64 = 1.25;
/// Deviations of the level by less than this factor are none.
const DEAD_BAND: f64 = 1.1;
/// A deviation that became less than this part of itself by itself is shrinking.
const SHRINKING: f64 = 0.9;
/// Levels below this part of the mean count as it.
const LEAST_LEVEL: f64 = 0.05;
const LEAST_FACTOR: f64 = 0.1;
const MOST_FACTOR: f64 = 10.0;

/// What is evened out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadMeasure {
    /// Open connections, by unit of weight.
    Connections,
    /// The share of the processors in use: what hosts of unknown speed have in common.
    Cpu,
    /// New connections per second, by unit of weight.
    Requests,
}

impl LoadMeasure {
    /// All of them.
    pub const ALL: [LoadMeasure; 3] = [
        LoadMeasure::Connections,
        LoadMeasure::Cpu,
        LoadMeasure::Requests,
    ];

    /// What operators call it.
    pub fn name(self) -> &'static str {
        match self {
            LoadMeasure::Connections => "connections",
            LoadMeasure::Cpu => "cpu",
            LoadMeasure::Requests => "requests",
        }
    }

    /// By what operators call it.
    pub fn from_name(name: &str) -> Option<LoadMeasure> {
        LoadMeasure::ALL
            .into_iter()
            .find(|measure| measure.name() == name)
    }

    /// With a mean load below this there is nothing to even out: connections, thousandths, or connections per second.
    fn floor(self) -> f64 {
        match self {
            LoadMeasure::Connections => 10.0,
            LoadMeasure::Cpu => 50.0,
            LoadMeasure::Requests => 10.0,
        }
    }

    /// What a host's load is to be divided by.
    fn unit(self, weight: f64) -> f64 {
        match self {
            LoadMeasure::Connections | LoadMeasure::Requests => weight,
            LoadMeasure::Cpu => 1.0,
        }
    }
}

/// What a host's shim reports at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadSample {
    /// Open connections.
    pub connections: f64,
    /// Processors in use, in thousandths.
    pub cpu_permille: f64,
    /// New connections per second.
    pub requests_per_s: f64,
}

impl LoadSample {
    fn of(&self, measure: LoadMeasure) -> f64 {
        match measure {
            LoadMeasure::Connections => self.connections,
            LoadMeasure::Cpu => self.cpu_permille,
            LoadMeasure::Requests => self.requests_per_s,
        }
    }
}

/// A host's reports, averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadAverage {
    average: Option<(LoadSample, u64)>,
}

impl LoadAverage {
    /// A report comes, at a time in microseconds; older ones fade with a time constant.
    pub fn observe(&mut self, sample: LoadSample, now_us: u64, time_constant_us: u64) {
        let Some((average, at)) = &mut self.average else {
            self.average = Some((sample, now_us));
            return;
        };
        let elapsed = now_us.saturating_sub(*at) as f64;
        let part = 1.0 - (-elapsed / time_constant_us.max(1) as f64).exp();
        for (average, sample) in [
            (&mut average.connections, sample.connections),
            (&mut average.cpu_permille, sample.cpu_permille),
            (&mut average.requests_per_s, sample.requests_per_s),
        ] {
            *average += (sample - *average) * part;
        }
        *at = now_us;
    }

    /// The average, if anything was reported.
    pub fn get(&self, measure: LoadMeasure) -> Option<f64> {
        self.average.as_ref().map(|(sample, _)| sample.of(measure))
    }
}

/// What the rule has arrived at for a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadState {
    factors: BTreeMap<HostId, f64>,
    deviations: BTreeMap<HostId, f64>,
}

impl LoadState {
    /// What a host's share is multiplied by.
    pub fn factor(&self, host: HostId) -> f64 {
        self.factors.get(&host).copied().unwrap_or(1.0)
    }

    /// ln(level / mean level) in the last round.
    pub fn deviation(&self, host: HostId) -> Option<f64> {
        self.deviations.get(&host).copied()
    }

    /// Factors that lead to the shares that the hosts own, so that nothing moves: a controller that starts goes on from there.
    pub fn adopt(&mut self, base: &Shares, owned: &BTreeMap<HostId, usize>) {
        let of = |host: &HostId| owned.get(host).copied().unwrap_or(0) as f64;
        let holds = |(host, share): &(&HostId, &f64)| **share > 0.0 && of(host) > 0.0;
        let sum: f64 = base.iter().filter(holds).map(|(_, share)| share).sum();
        let all: f64 = base.iter().filter(holds).map(|(host, _)| of(host)).sum();
        self.factors = base
            .iter()
            .filter(holds)
            .map(|(host, share)| (*host, (of(host) / all) / (share / sum)))
            .collect();
        self.deviations.clear();
    }

    /// A round, with the average loads of the hosts that have reported. Says whether a factor changed.
    pub fn round(
        &mut self,
        measure: LoadMeasure,
        base: &Shares,
        loads: &BTreeMap<HostId, f64>,
    ) -> bool {
        let levels: Vec<(HostId, f64)> = base
            .iter()
            .filter(|(_, share)| **share > 0.0)
            .filter_map(|(host, share)| Some((*host, loads.get(host)? / measure.unit(*share))))
            .collect();
        let count = levels.len() as f64;
        let load: f64 = levels.iter().filter_map(|(host, _)| loads.get(host)).sum();
        if levels.len() < 2 || load / count < measure.floor() {
            self.deviations.clear();
            return false;
        }
        let mean = levels.iter().map(|(_, level)| level).sum::<f64>() / count;
        let before = std::mem::take(&mut self.deviations);
        let mut stepped = false;
        for (host, level) in levels {
            let deviation = (level / mean).max(LEAST_LEVEL).ln();
            self.deviations.insert(host, deviation);
            let is_shrinking = before.get(&host).is_some_and(|before| {
                before * deviation > 0.0 && deviation.abs() < SHRINKING * before.abs()
            });
            if deviation.abs() <= DEAD_BAND.ln() || is_shrinking {
                continue;
            }
            let step = (GAIN * deviation).clamp(-STEP.ln(), STEP.ln());
            *self.factors.entry(host).or_insert(1.0) *= (-step).exp();
            stepped = true;
        }
        if stepped {
            self.normalize(base);
        }
        stepped
    }

    /// About a mean of 1, by share.
    fn normalize(&mut self, base: &Shares) {
        let sum: f64 = base.values().sum();
        let mean = base
            .iter()
            .map(|(host, share)| share * self.factor(*host))
            .sum::<f64>()
            / sum;
        for host in base.keys() {
            let factor = (self.factor(*host) / mean).clamp(LEAST_FACTOR, MOST_FACTOR);
            self.factors.insert(*host, factor);
        }
    }
}

/// The factors.
pub(super) fn shares(hosts: &[Candidate], state: &LoadState) -> Shares {
    hosts
        .iter()
        .map(|host| (host.id, state.factor(host.id)))
        .collect()
}

#[cfg(test)]
mod tests;
