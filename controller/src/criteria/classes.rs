//! Client classes: what a client's prefix says of it - its QoS class, and the region that it is in - gives its flows a bucket map
//! of their own, with criteria made for it.

use super::{MapCriteria, distance::Costs};
use dpr_runtime::Lpm;
use std::collections::BTreeMap;

/// Clients that are treated alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientClass {
    /// From 1 to 255.
    pub class: u8,
    /// What operators call it.
    pub name: String,
    /// Whose addresses: IPv4 prefixes as those of IPv4-mapped addresses.
    pub prefixes: Vec<Lpm<u128>>,
    /// Its QoS class.
    pub qos: Option<String>,
    /// Where its clients are.
    pub region: Option<String>,
}

impl MapCriteria {
    /// Whether a class's flows are to be placed in another way than others.
    pub fn tells_apart(&self, class: &ClientClass, regions: &BTreeMap<String, Costs>) -> bool {
        let by_qos = class
            .qos
            .as_ref()
            .is_some_and(|qos| self.qos.contains_key(qos));
        let by_region = class
            .region
            .as_ref()
            .is_some_and(|region| regions.contains_key(region));
        by_qos || self.distance.is_some() && by_region
    }

    /// The criteria for a class: the hosts and weights of its QoS class in place of the map's, and what hosts cost from its region.
    pub fn for_class(mut self, class: &ClientClass, regions: &BTreeMap<String, Costs>) -> Self {
        if let Some(weights) = class.qos.as_ref().and_then(|qos| self.qos.get(qos)) {
            let hosts = weights.keys().copied();
            self.data = Some(match &self.data {
                Some(data) => hosts.filter(|host| data.contains(host)).collect(),
                None => hosts.collect(),
            });
            self.weights = weights.clone();
        }
        if let Some(costs) = class.region.as_ref().and_then(|region| regions.get(region)) {
            self.costs = costs.clone();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::{Candidate, Distance, base_shares};

    fn class(qos: Option<&str>, region: Option<&str>) -> ClientClass {
        ClientClass {
            class: 1,
            name: "some".to_owned(),
            prefixes: Vec::new(),
            qos: qos.map(str::to_owned),
            region: region.map(str::to_owned),
        }
    }

    #[test]
    fn a_qos_class_has_its_own_hosts_and_weights_among_those_with_the_data() {
        let hosts = [1, 2, 3].map(|id| Candidate {
            id,
            weight: 1.0,
            draining: false,
        });
        let map = MapCriteria {
            data: Some([1, 2].into()),
            qos: [("gold".to_owned(), [(2, 4.0), (3, 1.0)].into())].into(),
            ..MapCriteria::default()
        };
        let regions = BTreeMap::new();
        let gold = class(Some("gold"), None);
        assert!(map.tells_apart(&gold, &regions));
        let shares = base_shares(&hosts, &map.clone().for_class(&gold, &regions));
        assert_eq!(shares, [(1, 0.0), (2, 4.0), (3, 0.0)].into());
        // Another class is as everybody else.
        let bronze = class(Some("bronze"), None);
        assert!(!map.tells_apart(&bronze, &regions));
        assert_eq!(map.clone().for_class(&bronze, &regions), map);
    }

    #[test]
    fn a_region_counts_where_distance_does() {
        let regions = [("eu".to_owned(), [(1, 1.0), (2, 3.0)].into())].into();
        let eu = class(None, Some("eu"));
        let mut map = MapCriteria::default();
        assert!(!map.tells_apart(&eu, &regions));
        map.distance = Some(Distance::Nearest);
        assert!(map.tells_apart(&eu, &regions));
        assert!(!map.tells_apart(&class(None, Some("mars")), &regions));
        assert_eq!(map.for_class(&eu, &regions).costs, regions["eu"]);
    }
}
