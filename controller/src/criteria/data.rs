//! Availability of data: only hosts that hold the data of a map's services own its buckets.

use super::{Candidate, MapCriteria, Shares};

/// 1 for hosts that hold it, 0 for the others.
pub(super) fn shares(hosts: &[Candidate], map: &MapCriteria) -> Shares {
    let holds = |host: &Candidate| {
        map.data
            .as_ref()
            .is_none_or(|holders| holders.contains(&host.id))
    };
    hosts
        .iter()
        .map(|host| (host.id, f64::from(u8::from(holds(host)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_hold_it() {
        let hosts = [1, 2, 3].map(|id| Candidate {
            id,
            weight: 1.0,
            draining: false,
        });
        let map = MapCriteria {
            data: Some([2, 9].into()),
            ..MapCriteria::default()
        };
        assert_eq!(shares(&hosts, &map), [(1, 0.0), (2, 1.0), (3, 0.0)].into());
        let everywhere = shares(&hosts, &MapCriteria::default());
        assert_eq!(everywhere, [(1, 1.0), (2, 1.0), (3, 1.0)].into());
    }
}
