//! Predetermined distribution: weights, of a host or of a host for the services of a map (service type).

use super::{Candidate, MapCriteria, Shares};

/// The map's weight for a host, else the host's own. A host that drains has none.
pub(super) fn shares(hosts: &[Candidate], map: &MapCriteria) -> Shares {
    let weight = |host: &Candidate| {
        if host.draining {
            0.0
        } else {
            map.weights.get(&host.id).copied().unwrap_or(host.weight)
        }
    };
    hosts.iter().map(|host| (host.id, weight(host))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maps_weight_is_in_place_of_the_hosts_own() {
        let host = |id, draining| Candidate {
            id,
            weight: 2.0,
            draining,
        };
        let map = MapCriteria {
            weights: [(2, 0.5), (3, 7.0)].into(),
            ..MapCriteria::default()
        };
        assert_eq!(
            shares(&[host(1, false), host(2, false), host(3, true)], &map),
            [(1, 2.0), (2, 0.5), (3, 0.0)].into()
        );
    }
}
