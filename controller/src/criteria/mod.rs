//! Criteria: which share of a map's buckets each host should own. One file per criterion, each a pure function of the hosts with
//! what is known of them and of what operators ask for a map; [`shares`] combines them, in this order:
//!
//! 1. `weights`: the map's weight for a host (service type), else the host's own; nothing for a host that drains.
//! 2. `data`: nothing for hosts that do not hold the data of the map's services.
//! 3. `distance`: by what hosts cost the clients of a region.
//! 4. `load`: times the factor that the feedback rule has arrived at.
//!
//! Clients of a class may have maps of their own (`classes`), for which the same holds.
//!
//! The placer turns shares into moves. Shares are relative to one another; only their ratios count.

mod classes;
mod data;
mod distance;
mod load;
mod weights;

pub use classes::ClientClass;
pub use distance::{Costs, Distance, is_cost};
pub use load::{LoadAverage, LoadMeasure, LoadSample, LoadState};

use crate::placer::HostId;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Shares by host, relative to one another. A host that is not named keeps what it has.
pub type Shares = BTreeMap<HostId, f64>;

/// A host, as the criteria see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub id: HostId,
    /// Its own weight.
    pub weight: f64,
    /// It is to get nothing.
    pub draining: bool,
}

/// What operators ask for the buckets of one map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapCriteria {
    /// Weights of hosts for this map's services, in place of the hosts' own.
    pub weights: BTreeMap<HostId, f64>,
    /// The hosts that hold the data of the map's services; all hosts, if it is not given.
    pub data: Option<BTreeSet<HostId>>,
    /// What the feedback rule evens out, if it is on.
    pub load: Option<LoadMeasure>,
    /// The hosts for QoS classes of clients, with their weights.
    pub qos: BTreeMap<String, BTreeMap<HostId, f64>>,
    /// What clients' regions count for, if for anything.
    pub distance: Option<Distance>,
    /// What hosts cost the clients; only a class's flows have any.
    pub costs: Costs,
    /// How long a session lives after its last connection.
    pub session_timeout: Duration,
}

/// What `session_timeout` is if nobody says otherwise.
const USUAL_SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

impl Default for MapCriteria {
    fn default() -> Self {
        MapCriteria {
            weights: BTreeMap::new(),
            data: None,
            load: None,
            qos: BTreeMap::new(),
            distance: None,
            costs: Costs::new(),
            session_timeout: USUAL_SESSION_TIMEOUT,
        }
    }
}

/// The shares without the load's factors: what the feedback rule starts from.
pub fn base_shares(hosts: &[Candidate], map: &MapCriteria) -> Shares {
    let held = data::shares(hosts, map);
    let mut shares = weights::shares(hosts, map);
    multiply(&mut shares, &held);
    if let Some(distance) = map.distance.filter(|_| !map.costs.is_empty()) {
        let factors = distance::shares(&shares, &map.costs, distance);
        multiply(&mut shares, &factors);
    }
    shares
}

/// The shares by all criteria.
pub fn shares(hosts: &[Candidate], map: &MapCriteria, load: &LoadState) -> Shares {
    let mut shares = base_shares(hosts, map);
    if map.load.is_some() {
        multiply(&mut shares, &load::shares(hosts, load));
    }
    shares
}

/// Whether a number can be a weight: finite, and 0 or more.
pub fn is_weight(weight: f64) -> bool {
    weight.is_finite() && weight >= 0.0
}

fn multiply(shares: &mut Shares, by: &Shares) {
    for (host, share) in shares {
        *share *= by.get(host).copied().unwrap_or(1.0);
    }
}

/// Shares as parts of one; all 0 if nobody has any.
pub fn normalized(shares: &Shares) -> Shares {
    let sum: f64 = shares.values().sum();
    let part = |share: f64| if sum > 0.0 { share / sum } else { 0.0 };
    shares
        .iter()
        .map(|(host, share)| (*host, part(*share)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: HostId, weight: f64) -> Candidate {
        Candidate {
            id,
            weight,
            draining: false,
        }
    }

    #[test]
    fn criteria_multiply_and_filter() {
        let hosts = [
            candidate(1, 1.0),
            candidate(2, 1.0),
            candidate(3, 5.0),
            Candidate {
                draining: true,
                ..candidate(4, 1.0)
            },
        ];
        let map = MapCriteria {
            weights: [(2, 3.0)].into(),
            data: Some([1, 2, 4].into()),
            load: Some(LoadMeasure::Cpu),
            ..MapCriteria::default()
        };
        let mut load = LoadState::default();
        let even = base_shares(&hosts, &map);
        assert_eq!(even, [(1, 1.0), (2, 3.0), (3, 0.0), (4, 0.0)].into());
        load.adopt(&even, &[(1, 50), (2, 50)].into());
        let shares = normalized(&shares(&hosts, &map, &load));
        assert_eq!(shares, [(1, 0.5), (2, 0.5), (3, 0.0), (4, 0.0)].into());
    }

    #[test]
    fn what_the_rule_found_counts_only_while_it_is_on() {
        let hosts = [candidate(1, 1.0), candidate(2, 1.0)];
        let mut load = LoadState::default();
        load.adopt(
            &base_shares(&hosts, &MapCriteria::default()),
            &[(1, 3), (2, 1)].into(),
        );
        assert_eq!(
            shares(&hosts, &MapCriteria::default(), &load),
            [(1, 1.0), (2, 1.0)].into()
        );
    }
}
