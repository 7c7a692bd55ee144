//! Who is where in the demo: addresses from the ranges that are kept for documentation and benchmarks (RFC 5737, RFC 2544,
//! RFC 3849), and locally administered MACs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::ValueEnum;

use super::clients::{ClientNetwork, PATIENCE_US};
use super::host::HostAddresses;
use super::net::{Conditions, Endpoint, mac};
use super::observer::HostId;

/// The published address and port.
pub const PUBLISHED: Endpoint = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80);
/// Where the clients are.
pub const CLIENT_PREFIX: (Ipv4Addr, u8) = (Ipv4Addr::new(198, 18, 0, 0), 15);
/// The same of IPv6.
pub const CLIENT_PREFIX6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2001, 0xdb8, 0xc, 0, 0, 0, 0, 0), 64);
/// The front router's address to the clients.
pub const ROUTER_OUTSIDE_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// The same of IPv6.
pub const ROUTER_OUTSIDE_ADDRESS6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xc, 0, 0, 0, 0, 1);
/// The MAC that all clients are behind.
pub const CLIENTS_MAC: u64 = 0x0200_0000_ff01;
/// The front router's MAC to the clients.
pub const ROUTER_OUTSIDE_MAC: u64 = 0x0200_0000_0001;

const FIRST_CLIENT: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 0);
const FIRST_CLIENT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xc, 0, 0, 0, 1, 0);
/// Who sends to a destination that is several hosts.
const PUBLISHER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 9);
const PUBLISHER6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xc, 0, 0, 0, 0, 9);
/// That destination.
const SEVERAL: Ipv4Addr = Ipv4Addr::new(239, 192, 0, 1);
const SEVERAL6: Ipv6Addr = Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0x10, 1);
const LAN_PREFIX: u8 = 24;
const LAN_PREFIX6: u8 = 64;
/// Published addresses where each is at home with a host: a host's network stack has room for so many beside its own.
const MOST_HOMES: usize = 4;

/// How the group is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TopologyKind {
    /// One LAN behind a front router that sprays.
    #[default]
    Lan,
    /// Two LANs that the front router joins, with tunnels between them.
    TwoLans,
    /// One LAN of hosts that have only their own addresses: the stages write them in place of the published one.
    Nat,
    /// No front router but an ordinary one: several published addresses, each of which leads to one host.
    NoRouter,
    /// Clients speak to single computers of the LAN, and to several at once; the hosts' stages forward to them.
    L3,
}

/// The group's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// What it looks like.
    pub kind: TopologyKind,
    /// The clients speak IPv6.
    pub ipv6: bool,
}

impl Topology {
    /// How many LANs there are.
    pub fn lans(self) -> usize {
        match self.kind {
            TopologyKind::TwoLans => 2,
            _ => 1,
        }
    }

    /// The LAN that a host is in.
    pub fn lan_of(self, host: HostId) -> usize {
        (usize::from(host) - 1) % self.lans()
    }

    /// Whether the front router sprays.
    pub fn has_front_router(self) -> bool {
        self.kind != TopologyKind::NoRouter
    }

    /// Whether an address dies with a host.
    pub fn has_homes(self) -> bool {
        matches!(self.kind, TopologyKind::NoRouter | TopologyKind::L3)
    }

    /// The published addresses, of a group that starts with so many hosts.
    pub fn published(self, hosts: usize) -> Vec<Endpoint> {
        let count = match self.kind {
            TopologyKind::NoRouter => hosts.min(MOST_HOMES),
            _ => 1,
        };
        (1..=count as u8)
            .map(|number| match self.ipv6 {
                false => (Ipv4Addr::new(192, 0, 2, number).into(), PUBLISHED.1),
                true => {
                    let address = Ipv6Addr::new(0x2001, 0xdb8, 0xd, 0, 0, 0, 0, number.into());
                    (address.into(), PUBLISHED.1)
                }
            })
            .collect()
    }

    /// Whom clients speak to.
    pub fn targets(self, hosts: usize) -> Vec<Endpoint> {
        match self.kind {
            TopologyKind::L3 => (1..=hosts as HostId)
                .map(|host| (self.own(host), PUBLISHED.1))
                .collect(),
            _ => self.published(hosts),
        }
    }

    /// A destination that is several hosts, and which, in a group that starts with so many: all but the last, or both of two.
    pub fn several(self, hosts: usize) -> Option<(IpAddr, std::ops::RangeInclusive<HostId>)> {
        let last = (hosts as HostId - 1).max(2);
        let destination = match self.ipv6 {
            false => SEVERAL.into(),
            true => SEVERAL6.into(),
        };
        (self.kind == TopologyKind::L3).then_some((destination, 1..=last))
    }

    /// The client that sends to it.
    pub fn publisher(self) -> IpAddr {
        match self.ipv6 {
            false => PUBLISHER.into(),
            true => PUBLISHER6.into(),
        }
    }

    /// A host's own address, of the family that the clients speak.
    pub fn own(self, host: HostId) -> IpAddr {
        match self.ipv6 {
            false => self.address(host).into(),
            true => self.address6(host).into(),
        }
    }

    /// A host's own IPv4 address.
    pub fn address(self, host: HostId) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, self.lan_of(host) as u8, host as u8)
    }

    /// A host's own IPv6 address.
    pub fn address6(self, host: HostId) -> Ipv6Addr {
        Ipv6Addr::new(
            0x2001,
            0xdb8,
            1 + self.lan_of(host) as u16,
            0,
            0,
            0,
            0,
            host,
        )
    }

    /// The endpoint that the observer knows a host's own by: with `nat` that of the group.
    pub fn as_clients_see(self, host: HostId, end: Endpoint) -> Endpoint {
        match self.kind {
            TopologyKind::Nat if end.0 == self.own(host) => (self.published(1)[0].0, end.1),
            _ => end,
        }
    }

    /// All of a host's addresses, in a group that starts with so many hosts.
    pub fn host_addresses(self, host: HostId, hosts: usize) -> HostAddresses {
        let lan = self.lan_of(host);
        let mut addresses: Vec<(IpAddr, u8)> = vec![(self.address(host).into(), LAN_PREFIX)];
        let mut gateways = vec![IpAddr::V4(router_inside_address(lan))];
        if self.ipv6 {
            addresses.push((self.address6(host).into(), LAN_PREFIX6));
            gateways.push(router_inside_address6(lan).into());
        }
        let serves = match self.kind {
            TopologyKind::Nat | TopologyKind::L3 => vec![(self.own(host), PUBLISHED.1)],
            _ => self.published(hosts),
        };
        for (address, _) in &serves {
            if !addresses.iter().any(|(own, _)| own == address) {
                addresses.push((*address, if address.is_ipv4() { 32 } else { 128 }));
            }
        }
        HostAddresses {
            mac: mac(host_mac(host)),
            own: self.address(host),
            addresses,
            serves,
            gateways,
        }
    }

    /// The clients' network, of a group that starts with so many hosts.
    pub fn client_network(self, hosts: usize, conditions: Conditions) -> ClientNetwork {
        let (first, prefix, gateway) = match self.ipv6 {
            false => (
                IpAddr::V4(FIRST_CLIENT),
                CLIENT_PREFIX.1,
                IpAddr::V4(ROUTER_OUTSIDE_ADDRESS),
            ),
            true => (
                FIRST_CLIENT6.into(),
                CLIENT_PREFIX6.1,
                ROUTER_OUTSIDE_ADDRESS6.into(),
            ),
        };
        ClientNetwork {
            mac: mac(CLIENTS_MAC),
            first,
            prefix,
            gateway,
            targets: self.targets(hosts),
            patience_us: PATIENCE_US * u64::from(conditions.slowness()),
        }
    }
}

/// The front router's address in a LAN.
pub fn router_inside_address(lan: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, lan as u8, 254)
}

/// The same of IPv6.
pub fn router_inside_address6(lan: usize) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 1 + lan as u16, 0, 0, 0, 0, 0xfe)
}

/// The front router's MAC in a LAN.
pub fn router_inside_mac(lan: usize) -> u64 {
    0x0200_0000_0002 + lan as u64
}

/// A host's name.
pub fn host_name(host: HostId) -> String {
    format!("h{host}")
}

/// A host's MAC.
pub fn host_mac(host: HostId) -> u64 {
    0x0200_0001_0000 | u64::from(host)
}

/// The first of the four MACs of a host's stage.
pub fn stage_mac(host: HostId) -> u64 {
    0x0200_0002_0000 | u64::from(host) << 2
}
