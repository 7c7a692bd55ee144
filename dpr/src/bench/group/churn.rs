//! What happens to a group while it serves, and who is in it when.

use std::collections::BTreeMap;

use dpr_controller::placer::HostId;
use dpr_simulator::{Micros, SECOND, START, Scenario, Step};

/// Hosts join, one in eight is drained and comes back, one gets more weight, one dies, and the front router and the controller are
/// restarted; moves by hand go on all the time, and end with the connections.
pub fn script(hosts: u16, joining: u16, duration: Micros) -> Vec<(Micros, Step)> {
    let at = |percent: u64| duration * percent / 100;
    let drained = 5..5 + joining.min(hosts.saturating_sub(4));
    let mut script = Vec::new();
    script.extend((1..=joining).map(|host| (at(10), Step::Join(hosts + host))));
    script.extend(drained.clone().map(|host| (at(25), Step::Drain(host))));
    script.push((at(40), Step::Weight(2, 200)));
    script.push((at(50), Step::RestartRouter));
    script.push((at(60), Step::Kill(3)));
    script.extend(drained.map(|host| (at(70), Step::Weight(host, 100))));
    script.push((at(85), Step::RestartController));
    // Places all buckets again after the last move by hand.
    script.push((duration + SECOND, Step::Weight(2, 100)));
    script
}

/// Who is in a group, from a time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// From when.
    pub from: Micros,
    /// Their weights; those without have no part in what is new.
    pub weights: BTreeMap<HostId, f64>,
    /// A box in the middle has forgotten what it knew.
    pub forgets: bool,
}

/// The changes of a group's members.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// In order; the first is from the beginning.
    pub members: Vec<Members>,
    /// Who dies, and when.
    pub deaths: Vec<(HostId, Micros)>,
    /// Buckets of the map.
    pub buckets: usize,
}

impl Timeline {
    /// What a scenario's script does.
    pub fn of(scenario: &Scenario) -> Self {
        let first = scenario.hosts - scenario.waiting;
        let mut members = vec![Members {
            from: 0,
            weights: (1..=first).map(|host| (host, 1.0)).collect(),
            forgets: false,
        }];
        let mut deaths = Vec::new();
        for &(at, step) in &scenario.script {
            let from = START + at;
            let mut weights = members
                .last()
                .map(|members| members.weights.clone())
                .unwrap_or_default();
            match step {
                Step::Join(host) => weights.insert(host, 1.0),
                Step::Drain(host) => weights.insert(host, 0.0),
                Step::Weight(host, percent) => weights.insert(host, f64::from(percent) / 100.0),
                Step::Kill(host) => {
                    deaths.push((host, from));
                    weights.remove(&host)
                }
                Step::Remove(host) => weights.remove(&host),
                Step::RestartRouter => None,
                // The others know no criteria but weights.
                Step::Data(_) | Step::Holds(..) | Step::Load(_) => continue,
                Step::Affinity(_) | Step::Classes(_) => continue,
                // A host that is held keeps its buckets.
                Step::Hold(_) | Step::Release(_) => continue,
                Step::RestartController | Step::RestartStage(_) | Step::Outage(_) => continue,
            };
            members.push(Members {
                from,
                weights,
                forgets: step == Step::RestartRouter,
            });
        }
        Timeline {
            members,
            deaths,
            buckets: scenario.buckets as usize,
        }
    }

    /// The position of the members at a time.
    pub fn at(&self, time: Micros) -> usize {
        let later = self.members.partition_point(|members| members.from <= time);
        later.saturating_sub(1)
    }

    /// Whether a host dies before a time.
    pub fn has_died(&self, host: HostId, before: Micros) -> bool {
        let mut deaths = self.deaths.iter();
        deaths.any(|(dead, at)| *dead == host && *at <= before)
    }
}
