//! Distance: what hosts cost clients of a region.

use super::Shares;
use crate::placer::HostId;
use std::collections::BTreeMap;

/// What hosts cost the clients of a region, in any unit; more than 0.
pub type Costs = BTreeMap<HostId, f64>;

/// What costs do to shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// Only the hosts that cost least, of those that would get anything, get all.
    Nearest,
    /// A host's share is divided by its cost.
    Shared,
}

impl Distance {
    /// What operators call it.
    pub fn name(self) -> &'static str {
        match self {
            Distance::Nearest => "nearest",
            Distance::Shared => "shared",
        }
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Distance::Nearest, Distance::Shared]
            .into_iter()
            .find(|distance| distance.name() == name)
    }
}

/// Whether a number can be a cost: finite, and more than 0.
pub fn is_cost(cost: f64) -> bool {
    cost.is_finite() && cost > 0.0
}

/// The factors of shares that are so without it. A host without a cost costs as much as the dearest that has one.
pub(super) fn shares(of: &Shares, costs: &Costs, distance: Distance) -> Shares {
    let dearest = costs.values().copied().fold(f64::MIN_POSITIVE, f64::max);
    let cost = |host: &HostId| costs.get(host).copied().unwrap_or(dearest);
    let serving = of.iter().filter(|(_, share)| **share > 0.0);
    let least = serving
        .map(|(host, _)| cost(host))
        .fold(f64::INFINITY, f64::min);
    let factor = |host: &HostId| match distance {
        Distance::Nearest => f64::from(u8::from(cost(host) <= least)),
        Distance::Shared => 1.0 / cost(host),
    };
    of.keys().map(|host| (*host, factor(host))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: [(HostId, f64); 3] = [(1, 10.0), (2, 10.0), (3, 40.0)];

    #[test]
    fn the_nearest_get_all_while_there_are_any() {
        let factors = |of: Shares| shares(&of, &COSTS.into(), Distance::Nearest);
        let all = [(1, 1.0), (2, 3.0), (3, 1.0), (4, 1.0)].into();
        assert_eq!(
            factors(all),
            [(1, 1.0), (2, 1.0), (3, 0.0), (4, 0.0)].into()
        );
        // The nearest two drain: the next is as far as one that nobody has measured.
        let left = [(1, 0.0), (2, 0.0), (3, 1.0), (4, 1.0)].into();
        let factors = factors(left);
        assert_eq!((factors[&3], factors[&4]), (1.0, 1.0));
    }

    #[test]
    fn shares_are_divided_by_costs() {
        let of = [(1, 1.0), (3, 1.0), (4, 1.0)].into();
        let factors = shares(&of, &COSTS.into(), Distance::Shared);
        assert_eq!(factors, [(1, 0.1), (3, 0.025), (4, 0.025)].into());
    }
}
