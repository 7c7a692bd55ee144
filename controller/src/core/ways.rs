//! How packets get from host to host, and what every stage must know about the others for it.

use super::{
    Core, Host, Membership,
    entry::{Key, Value},
    types::{Affinity, Group, HostId, HostSpec, Rewriting, Service},
};
use dpr_p4::{
    address,
    host_stage::{
        GATHERERS_SIZE, gatherers, hosts, identity, published_addresses, server_ids, services,
        tunnel_peers,
    },
};
use dpr_runtime::Range;
use std::collections::BTreeMap;

const PROTOCOL_ICMP: u8 = dpr_p4::host_stage::PROTOCOL_ICMP;
const PROTOCOL_ICMPV6: u8 = dpr_p4::host_stage::PROTOCOL_ICMPV6;

/// The hosts that every stage names for what is not a flow's.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbors {
    /// Where fragments meet: hosts that take part in all that is sprayed.
    gather: Vec<HostId>,
    /// Whom QUIC connection ids may name.
    serve: Vec<HostId>,
}

impl Group {
    /// The kind of rewriting from one host to another.
    pub fn rewriting(&self, from: &HostSpec, to: &HostSpec) -> Rewriting {
        let named = self.ways.pairs.get(&(from.id, to.id)).copied();
        named.unwrap_or(if from.location.lan == to.location.lan {
            self.ways.within
        } else {
            self.ways.between
        })
    }

    /// What the stage of one host does to packets for another.
    pub(super) fn way(&self, from: &HostSpec, to: &HostSpec) -> hosts::Action {
        let next_hop_mac = self.next_hop_mac(from, to);
        let path_mtu = from.location.mtu.min(to.location.mtu);
        match self.rewriting(from, to) {
            Rewriting::Mac => hosts::Action::ByMac {
                stage_mac: to.stage_mac,
            },
            Rewriting::Nat => hosts::Action::ByNat {
                stage_mac: to.stage_mac,
                peer_address: to.address,
                peer_address6: to.location.address6,
            },
            Rewriting::Ipip => hosts::Action::ByIpip {
                next_hop_mac,
                peer_address: to.address,
                path_mtu,
            },
            Rewriting::Ipip6 => hosts::Action::ByIpip6 {
                next_hop_mac,
                peer_address6: to.location.address6,
                path_mtu,
            },
        }
    }

    /// Where packets from one host to another's own address go first.
    pub(super) fn next_hop_mac(&self, from: &HostSpec, to: &HostSpec) -> u64 {
        if from.location.lan == to.location.lan {
            to.stage_mac
        } else {
            self.gateway_mac(from)
        }
    }

    /// The MAC of a host's way out; 0 if it has none.
    pub fn gateway_mac(&self, host: &HostSpec) -> u64 {
        let ports = self.router.iter().flat_map(|router| &router.ports);
        let mut to_host = ports.filter(|(port, ..)| *port == host.router_port);
        let of_port = to_host.next().map(|(_, mac, _)| *mac);
        host.location.gateway_mac.or(of_port).unwrap_or(0)
    }

    /// Whether other hosts send it packets by its own addresses, which stand for the published ones.
    pub fn is_translated(&self, host: &HostSpec) -> bool {
        let mut others = self.hosts.iter().filter(|other| other.id != host.id);
        self.ways.within == Rewriting::Nat
            || others.any(|other| self.rewriting(other, host) == Rewriting::Nat)
    }

    /// The published addresses, of IPv4 and IPv6, that a host's own stand for; 0 where it has the published ones.
    pub fn translated(&self, host: &HostSpec) -> (u32, u128) {
        if !self.is_translated(host) {
            return (0, 0);
        }
        let published = |is_ipv4: bool| {
            let mut addresses = self.services.iter().map(|service| service.address);
            addresses.find(|bits| address::ipv4(*bits).is_some() == is_ipv4)
        };
        let ipv6 = published(false).filter(|_| host.location.address6 != 0);
        (
            published(true).and_then(address::ipv4).unwrap_or(0),
            ipv6.unwrap_or(0),
        )
    }

    /// All that a stage holds because of how the group is configured: who it is and what is published.
    pub(super) fn fixed_entries(&self, host: &HostSpec) -> BTreeMap<Key, Value> {
        let (nat_address, nat_address6) = self.translated(host);
        let identity = identity::Action::Be {
            host: host.id,
            host_mac: host.mac,
            stage_mac: host.stage_mac,
            gateway_mac: self.gateway_mac(host),
            address: host.address,
            address6: host.location.address6,
            nat_address,
            nat_address6,
        };
        let mut entries = BTreeMap::from([(Key::Identity, Value::Identity(identity))]);
        for service in &self.services {
            let at_home = host.location.at_home.contains(&service.address)
                || service.address == address::mapped(host.address)
                || service.address == host.location.address6;
            let key = published_addresses::Key {
                address: service.address,
            };
            let action = published_addresses::Action::Published {
                at_home: at_home.into(),
            };
            entries.insert(Key::Published(key), Value::Published(action));
            entries.insert(
                Key::Service(echo_key(service)),
                Value::Service(services::Action::AnswerHere),
            );
        }
        entries
    }

    /// The keys by which a stage takes tunnelled packets from a host.
    pub(super) fn tunnel_peers(&self, host: &HostSpec) -> Vec<Key> {
        let addresses = [address::mapped(host.address), host.location.address6];
        let known = addresses.into_iter().filter(|address| *address != 0);
        known
            .map(|address| Key::TunnelPeer(tunnel_peers::Key { address }))
            .collect()
    }

    fn has_connection_ids(&self) -> bool {
        let mut services = self.services.iter();
        services.any(|service| service.affinity == Affinity::ConnectionId)
    }
}

/// What answers an echo request to a service's address.
fn echo_key(service: &Service) -> services::Key {
    let is_ipv4 = address::ipv4(service.address).is_some();
    services::Key {
        address: service.address,
        protocol: if is_ipv4 {
            PROTOCOL_ICMP
        } else {
            PROTOCOL_ICMPV6
        },
        port: Range::exactly(0),
    }
}

impl Core {
    /// What the stage of one host holds about another.
    pub(super) fn acquaintance(&self, at: &HostSpec, of: &HostSpec) -> Vec<(Key, Value)> {
        let mut entries = vec![(Key::Host(of.id), Value::Host(self.group.way(at, of)))];
        let is_tunnelled = matches!(
            self.group.rewriting(of, at),
            Rewriting::Ipip | Rewriting::Ipip6
        );
        if is_tunnelled {
            let peers = self.group.tunnel_peers(of).into_iter();
            entries.extend(peers.map(|key| (key, Value::TunnelPeer)));
        }
        entries
    }

    /// Which hosts gather fragments now.
    fn gathering(&self) -> impl Iterator<Item = HostId> {
        let takes = |host: &&Host| {
            host.membership == Membership::In && !host.spec.draining && !host.spec.held
        };
        let hosts = self.hosts.values().filter(takes);
        hosts.map(|host| host.spec.id)
    }

    /// Which hosts serve by connection id now.
    fn serving(&self) -> impl Iterator<Item = HostId> {
        let has_ids = self.group.has_connection_ids();
        let hosts = self.hosts.values();
        let serving = hosts.filter(move |host| has_ids && host.is_member());
        serving.map(|host| host.spec.id)
    }

    /// The entries of all stages for them.
    pub(super) fn neighbor_entries(&self) -> BTreeMap<Key, Value> {
        let config = self.group.id_config;
        let slots = (0..GATHERERS_SIZE).filter_map(|slot| {
            // The host that ranks first of this slot: few slots change when a host comes or goes.
            let rank = |host: HostId| {
                dpr_runtime::hash::crc32(&[slot as u8, (host >> 8) as u8, host as u8, 0])
            };
            let hosts = self.neighbors.gather.iter().copied();
            let host = hosts.max_by_key(|host| (rank(*host), *host))?;
            let key = gatherers::Key { slot: slot as u8 };
            Some((Key::Gatherer(key), Value::At(host)))
        });
        let ids = self.neighbors.serve.iter().map(|host| {
            let key = server_ids::Key {
                config,
                server: *host,
            };
            (Key::ServerId(key), Value::At(*host))
        });
        slots.chain(ids).collect()
    }

    /// Tells all stages if other hosts gather or serve.
    pub(super) fn keep_neighbors(&mut self) {
        let told = &self.neighbors;
        let is_told = self.gathering().eq(told.gather.iter().copied())
            && self.serving().eq(told.serve.iter().copied());
        if is_told {
            return;
        }
        let before = self.neighbor_entries();
        self.neighbors = Neighbors {
            gather: self.gathering().collect(),
            serve: self.serving().collect(),
        };
        let after = self.neighbor_entries();
        let gone = before.keys().filter(|key| !after.contains_key(key));
        let changes: Vec<(Key, Option<Value>)> = gone
            .map(|key| (*key, None))
            .chain(
                after
                    .iter()
                    .filter(|(key, value)| before.get(key) != Some(value))
                    .map(|(key, value)| (*key, Some(value.clone()))),
            )
            .collect();
        let known = self.hosts.values().filter(|host| host.stage.known);
        for id in known.map(|host| host.spec.id).collect::<Vec<_>>() {
            for (key, value) in &changes {
                self.want(id, *key, value.clone(), None);
            }
        }
    }
}
