//! Who is where in the demo: addresses from the ranges that are kept for documentation and benchmarks (RFC 5737, RFC 2544), and
//! locally administered MACs.

use std::net::Ipv4Addr;

use super::clients::{ClientNetwork, PATIENCE_US};
use super::host::HostAddresses;
use super::net::{Conditions, Endpoint, mac};
use super::observer::HostId;

/// The published address and port.
pub const PUBLISHED: Endpoint = (Ipv4Addr::new(192, 0, 2, 1), 80);
/// Where the clients are.
pub const CLIENT_PREFIX: (Ipv4Addr, u8) = (Ipv4Addr::new(198, 18, 0, 0), 15);
/// The front router's address to the clients.
pub const ROUTER_OUTSIDE_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// The front router's address in the LAN.
pub const ROUTER_INSIDE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
/// The MAC that all clients are behind.
pub const CLIENTS_MAC: u64 = 0x0200_0000_ff01;
/// The front router's MAC to the clients.
pub const ROUTER_OUTSIDE_MAC: u64 = 0x0200_0000_0001;
/// The front router's MAC in the LAN.
pub const ROUTER_INSIDE_MAC: u64 = 0x0200_0000_0002;

const FIRST_CLIENT: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 0);
const LAN_PREFIX: u8 = 24;

/// A host's name.
pub fn host_name(host: HostId) -> String {
    format!("h{host}")
}

/// A host's own address.
pub fn host_address(host: HostId) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, host as u8)
}

/// A host's MAC.
pub fn host_mac(host: HostId) -> u64 {
    0x0200_0001_0000 | u64::from(host)
}

/// The first of the four MACs of a host's stage.
pub fn stage_mac(host: HostId) -> u64 {
    0x0200_0002_0000 | u64::from(host) << 2
}

/// All of a host's addresses.
pub fn host_addresses(host: HostId) -> HostAddresses {
    HostAddresses {
        mac: mac(host_mac(host)),
        own: (host_address(host), LAN_PREFIX),
        published: PUBLISHED,
        gateway: ROUTER_INSIDE_ADDRESS,
    }
}

/// The clients' network.
pub fn client_network(conditions: Conditions) -> ClientNetwork {
    ClientNetwork {
        mac: mac(CLIENTS_MAC),
        first: FIRST_CLIENT,
        prefix: CLIENT_PREFIX.1,
        gateway: ROUTER_OUTSIDE_ADDRESS,
        published: PUBLISHED,
        patience_us: PATIENCE_US * u64::from(conditions.slowness()),
    }
}
