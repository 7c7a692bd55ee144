//! The addresses and ports that there are.

use super::{Kinds, one_of};
use fastrand::Rng;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Each stage owns four MACs from here on.
pub const STAGE_MAC: u64 = 0x0200_0000_0010;
/// The host's.
pub const HOST_MAC: u64 = 0x0200_0000_0100;
/// Of all of a router's ports.
pub const ROUTER_MAC: u64 = 0x0200_0000_0200;
/// Where a stage's own messages go.
pub const GATEWAY_MAC: u64 = 0x0200_0000_0500;

/// The ports of services, and one of none.
pub const SERVICE_PORTS: [u16; 5] = [80, 81, 443, 1000, 5000];

/// Who an address is of, by number.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Services'.
    Published(u16),
    /// The host behind the stage.
    Own,
    /// The other hosts.
    Peer(u16),
    /// Clients.
    Client(u16),
    /// Other computers of the LAN.
    Computer(u16),
    /// Several of them at once: a multicast address.
    Several,
    /// Somebody on the way.
    Transit,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// One that these kinds allow.
    pub fn any(rng: &mut Rng, kinds: Kinds) -> Self {
        if kinds.others && rng.bool() {
            Family::Ipv6
        } else {
            Family::Ipv4
        }
    }

    fn multicast(self) -> IpAddr {
        match self {
            Family::Ipv4 => Ipv4Addr::new(239, 129, 4, 9).into(),
            Family::Ipv6 => Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 4, 9).into(),
        }
    }

    /// Somebody's address.
    pub fn address(self, who: Who) -> IpAddr {
        let (network, number) = match who {
            Who::Published(number) => (1, number + 1),
            Who::Own => (2, 101),
            Who::Peer(number) => (2, 102 + number),
            Who::Client(number) => (3, number + 1),
            Who::Computer(number) => (4, number + 1),
            Who::Transit => (5, 1),
            Who::Several => return self.multicast(),
        };
        match self {
            Family::Ipv4 => Ipv4Addr::new(198, 51, network, number as u8).into(),
            Family::Ipv6 => {
                Ipv6Addr::new(0x2001, 0xdb8, network.into(), 0, 0, 0, 0xffff, number).into()
            }
        }
    }
}

/// Somebody's IPv4 address as tables have it that know no other.
pub fn ipv4(who: Who) -> u32 {
    match Family::Ipv4.address(who) {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(_) => 0,
    }
}

/// Somebody's IPv6 address.
pub fn ipv6(who: Who) -> u128 {
    match Family::Ipv6.address(who) {
        IpAddr::V6(address) => address.into(),
        IpAddr::V4(_) => 0,
    }
}

/// Where packets go.
pub fn destination(rng: &mut Rng, family: Family) -> IpAddr {
    match rng.u8(0..17) {
        0 | 1 => family.address(Who::Own),
        2 => match family {
            Family::Ipv4 => Ipv4Addr::from(rng.u32(..)).into(),
            Family::Ipv6 => Ipv6Addr::from(0xfe80 << 112 | rng.u128(0..9)).into(),
        },
        3 => family.address(Who::Computer(rng.u16(0..3))),
        4 => family.address(Who::Peer(rng.u16(0..2))),
        5 => family.address(Who::Several),
        _ => family.address(Who::Published(rng.u16(0..3))),
    }
}

/// The MAC that a multicast address has (RFC 1112, RFC 2464).
pub fn multicast_mac(address: IpAddr) -> Option<u64> {
    match address {
        _ if !address.is_multicast() => None,
        IpAddr::V4(address) => Some(0x0100_5e00_0000 | u64::from(u32::from(address) & 0x7f_ffff)),
        IpAddr::V6(address) => Some(0x3333_0000_0000 | u64::from(u128::from(address) as u32)),
    }
}

/// One of the clients' addresses.
pub fn client(rng: &mut Rng, family: Family) -> IpAddr {
    family.address(Who::Client(rng.u16(0..4)))
}

/// One of the clients' ports.
pub fn client_port(rng: &mut Rng) -> u16 {
    rng.u16(1024..1032)
}

/// A port of a service, or of none.
pub fn service_port(rng: &mut Rng) -> u16 {
    one_of(rng, &SERVICE_PORTS)
}
