//! What happens to the group while traffic runs.

use super::observer::HostId;
use super::options::Settings;
use super::topology::host_name;

/// Something that is done to the group.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Hosts get these weights, so that buckets move.
    Weights(Vec<(HostId, f64)>),
    /// A host joins, with a weight.
    Join(HostId, f64),
    /// A host dies.
    Kill(HostId),
}

/// An event, and when it happens, in microseconds after the traffic's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// When.
    pub at_us: u64,
    /// What.
    pub event: Event,
}

/// The parts of the time in which connections are opened; something may happen at the end of each.
const PARTS: u64 = 12;
const JOIN_AFTER: u64 = 4;
const KILL_AFTER: u64 = 7;
/// Weights change after these parts; what a fault breaks is broken by moves, so with one they change after all others too.
const CHANGE_AFTER: [u64; 4] = [1, 5, 9, 10];

impl Event {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Weights(weights) => {
                let weights: Vec<_> = weights
                    .iter()
                    .map(|(host, weight)| format!("{} {weight}", host_name(*host)))
                    .collect();
                format!("new weights, so buckets move: {}", weights.join(", "))
            }
            Self::Join(host, weight) => format!("{} joins, with weight {weight}", host_name(*host)),
            Self::Kill(host) => format!("{} is killed", host_name(*host)),
        }
    }
}

/// The events of a run, in order.
pub fn write(settings: &Settings) -> Vec<Scheduled> {
    let mut events = Vec::new();
    let mut members: Vec<HostId> = (1..=settings.hosts as HostId).collect();
    let mut changes = 0;
    for part in 1..PARTS {
        let at_us = settings.shape.opening_us * part / PARTS;
        let is_last_change = part == PARTS - 2;
        let event = match part {
            JOIN_AFTER if settings.joins => {
                let host = settings.hosts as HostId + 1;
                members.push(host);
                Event::Join(host, weight_of(settings, host))
            }
            KILL_AFTER if settings.kill.is_some() => {
                members.retain(|host| Some(*host) != settings.kill);
                settings
                    .kill
                    .map(Event::Kill)
                    .unwrap_or(Event::Weights(Vec::new()))
            }
            _ if CHANGE_AFTER.contains(&part) || settings.fault.is_some() => {
                changes += 1;
                // Every other change gives the hosts each other's weights; the last one is what was asked for.
                let turned = !is_last_change && changes % 2 == 0;
                Event::Weights(weights(settings, &members, turned))
            }
            _ => continue,
        };
        events.push(Scheduled { at_us, event });
    }
    events
}

fn weight_of(settings: &Settings, host: HostId) -> f64 {
    settings.weights[usize::from(host) - 1]
}

fn weights(settings: &Settings, members: &[HostId], turned: bool) -> Vec<(HostId, f64)> {
    let mut weights: Vec<f64> = members
        .iter()
        .map(|host| weight_of(settings, *host))
        .collect();
    if turned {
        let all_equal = weights.iter().all(|weight| *weight == weights[0]);
        if all_equal {
            for weight in weights.iter_mut().step_by(2) {
                *weight *= 3.0;
            }
        } else {
            weights.reverse();
        }
    }
    members.iter().copied().zip(weights).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::demo::options::Options;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn script(arguments: &[&str]) -> Vec<Scheduled> {
        let line = Line::try_parse_from(["demo"].iter().chain(arguments)).expect("right arguments");
        write(&line.options.settings().expect("right options"))
    }

    #[test]
    fn the_default_has_one_of_each_and_ends_with_the_weights_asked_for() {
        let events = script(&["--weights", "5,2,1,1"]);
        assert!(events.is_sorted_by_key(|scheduled| scheduled.at_us));
        let joins = events
            .iter()
            .filter(|scheduled| matches!(scheduled.event, Event::Join(5, _)))
            .count();
        let kills = events
            .iter()
            .filter(|scheduled| scheduled.event == Event::Kill(3))
            .count();
        assert_eq!((joins, kills), (1, 1));
        let last = events
            .iter()
            .rev()
            .find_map(|scheduled| match &scheduled.event {
                Event::Weights(weights) => Some(weights.clone()),
                _ => None,
            });
        assert_eq!(last, Some(vec![(1, 5.0), (2, 2.0), (4, 1.0), (5, 2.0)]));
    }

    #[test]
    fn a_fault_moves_buckets_all_the_time() {
        let count = |events: Vec<Scheduled>| {
            events
                .iter()
                .filter(|scheduled| matches!(scheduled.event, Event::Weights(_)))
                .count()
        };
        assert_eq!(
            count(script(&["--join", "none", "--kill", "none"])),
            CHANGE_AFTER.len()
        );
        assert_eq!(
            count(script(&[
                "--join", "none", "--kill", "none", "--fault", "no-chain"
            ])),
            PARTS as usize - 1
        );
    }

    #[test]
    fn equal_weights_still_make_buckets_move() {
        let events = script(&["--weights", "1,1,1,1", "--join", "none", "--kill", "none"]);
        assert!(events.iter().any(|scheduled| scheduled.event
            == Event::Weights(vec![(1, 3.0), (2, 1.0), (3, 3.0), (4, 1.0)])));
    }
}
