//! Which map, and which of its buckets, each flow is in: by its service, and by the class of its client.

use super::types::{Affinity, BucketId, FlowKey, Group, Service};
use dpr_p4::address;
use dpr_p4::host_stage::{clients, services};
use dpr_runtime::{Lpm, Range};
use std::collections::BTreeMap;

/// Where the flows of a service are, those of clients with a class of their own aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub map: u16,
    pub affinity: Affinity,
}

/// The maps of clients' prefixes, in place of the services': by map, length of the prefix, and prefix.
type ClassMaps = BTreeMap<(u16, u32), BTreeMap<u128, u16>>;

/// All that decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub services: BTreeMap<services::Key, Placement>,
    clients: ClassMaps,
}

/// The key of a service in the stages' table.
pub(crate) fn service_key(service: &Service) -> services::Key {
    services::Key {
        address: service.address,
        protocol: service.protocol,
        port: Range {
            low: service.port_low,
            high: service.port_high,
        },
    }
}

/// The addresses of a prefix.
pub(super) fn masked(address: u128, prefix: u32) -> u128 {
    address & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)
}

impl Rules {
    /// As they are configured.
    pub fn of(group: &Group) -> Self {
        let mut rules = Rules::default();
        for service in &group.services {
            let placement = Placement {
                map: service.map,
                affinity: service.affinity,
            };
            rules.services.insert(service_key(service), placement);
        }
        for map in group.base_maps() {
            for class in &group.classes {
                let Some(class_map) = group.map_of_class(map, class) else {
                    continue;
                };
                for prefix in &class.prefixes {
                    rules.set_client(
                        clients::Key {
                            map,
                            client: *prefix,
                        },
                        class_map,
                    );
                }
            }
            rules.part_families(map);
        }
        rules
    }

    /// These services with the classes of clients as they are here.
    pub fn with_services_of(&self, other: &Rules) -> Rules {
        Rules {
            services: other.services.clone(),
            clients: self.clients.clone(),
        }
    }

    /// A short prefix of IPv6 addresses does not speak of IPv4 ones, which are kept among them.
    fn part_families(&mut self, map: u16) {
        let ipv4 = clients::Key {
            map,
            client: Lpm {
                value: address::mapped(0),
                prefix: 96,
            },
        };
        if self.map_within(map, ipv4.client.value, 95) != map && !self.has_client(&ipv4) {
            self.set_client(ipv4, map);
        }
    }

    pub fn set_client(&mut self, key: clients::Key, map: u16) {
        let prefixes = self.clients.entry((key.map, key.client.prefix));
        prefixes.or_default().insert(key.client.value, map);
    }

    /// All prefixes with maps of their own.
    pub fn clients(&self) -> impl Iterator<Item = (clients::Key, u16)> {
        self.clients.iter().flat_map(|((map, prefix), maps)| {
            maps.iter().map(move |(value, class_map)| {
                let client = Lpm {
                    value: *value,
                    prefix: *prefix,
                };
                (clients::Key { map: *map, client }, *class_map)
            })
        })
    }

    /// Services that come are as they are configured, and those that go are forgotten; what others' flows are by stays.
    pub fn keep_services(&mut self, services: &[Service]) {
        let configured = services.iter().map(|service| {
            let placement = Placement {
                map: service.map,
                affinity: service.affinity,
            };
            (service_key(service), placement)
        });
        let known = std::mem::take(&mut self.services);
        self.services = configured
            .map(|(key, placement)| (key, known.get(&key).copied().unwrap_or(placement)))
            .collect();
    }

    /// Whether a prefix has a map of its own.
    pub fn has_client(&self, key: &clients::Key) -> bool {
        let prefixes = self.clients.get(&(key.map, key.client.prefix));
        prefixes.is_some_and(|maps| maps.contains_key(&key.client.value))
    }

    /// The map of a client's flows on a service's map, by its longest prefix of at most so many bits.
    pub fn map_within(&self, map: u16, client: u128, longest: u32) -> u16 {
        let lengths = self.clients.range((map, 0)..=(map, longest)).rev();
        let mut found =
            lengths.filter_map(|((_, prefix), maps)| maps.get(&masked(client, *prefix)).copied());
        found.next().unwrap_or(map)
    }

    /// The prefix that a client has a map by.
    pub fn client_of(&self, map: u16, client: u128) -> Option<clients::Key> {
        let mut lengths = self.clients.range((map, 0)..=(map, 128)).rev();
        let ((_, prefix), _) =
            lengths.find(|((_, prefix), maps)| maps.contains_key(&masked(client, *prefix)))?;
        let client = Lpm {
            value: masked(client, *prefix),
            prefix: *prefix,
        };
        Some(clients::Key { map, client })
    }

    /// Whether a map leaves some clients to others.
    pub fn has_classes(&self, map: u16) -> bool {
        self.clients.range((map, 0)..=(map, 128)).next().is_some()
    }

    /// The maps that flows are on, by their numbers.
    pub fn maps(&self) -> Vec<u16> {
        let of_services = self.services.values().map(|placement| placement.map);
        let of_classes = self.clients.values().flat_map(BTreeMap::values).copied();
        let mut maps: Vec<u16> = of_services.chain(of_classes).collect();
        maps.sort_unstable();
        maps.dedup();
        maps
    }

    pub fn placement_of(&self, flow: &FlowKey) -> Option<Placement> {
        let mut services = self.services.iter();
        let (_, placement) = services.find(|(key, _)| {
            (key.address, key.protocol) == (flow.dst, flow.protocol)
                && (key.port.low..=key.port.high).contains(&flow.dst_port)
        })?;
        Some(*placement)
    }

    /// The bucket of a flow, or of a session.
    pub fn bucket_of(&self, flow: &FlowKey, mask: u16) -> Option<BucketId> {
        let placement = match flow.session_map() {
            Some(map) => Placement {
                map,
                affinity: Affinity::Session,
            },
            None => self.placement_of(flow)?,
        };
        if flow.is_session() && !self.services.values().any(|other| *other == placement) {
            return None;
        }
        Some(BucketId {
            map: self.map_within(placement.map, flow.src, 128),
            bucket: placement.affinity.hash(flow) as u16 & mask,
        })
    }

    /// The session that a flow is part of.
    pub fn session_of(&self, flow: &FlowKey) -> Option<FlowKey> {
        let placement = self.placement_of(flow)?;
        (placement.affinity == Affinity::Session).then(|| FlowKey::session(placement.map, flow.src))
    }
}
