//! Who has which address.

use dpr_controller::core::{FlowKey as Flow, Location};
use dpr_p4::address;
use dpr_p4::host_stage::{PROTOCOL_TCP, PROTOCOL_UDP};
use dpr_runtime::Lpm;

use super::dice::Dice;
use super::scenario::Topology;

/// The published address of IPv4, and the port.
pub const PUBLISHED: u128 = address::mapped(0xc633_6401);
/// The published address of IPv6.
pub const PUBLISHED6: u128 = 0x2001_0db8_0113_0000_0000_0000_0000_0001;
/// See [`PUBLISHED`].
pub const PORT: u16 = 80;
/// The front router's port to the clients.
pub const CLIENT_PORT: u16 = 1;
/// Where the clients' frames come from.
pub const CLIENT_MAC: u64 = 0x0200_0000_0001;

const STAGE_MACS: u64 = 0x0200_0001_0000;
const HOST_MACS: u64 = 0x0200_0002_0000;
const ROUTER_MACS: u64 = 0x0200_0003_0000;
const ROUTER_MACS_END: u64 = 0x0200_0004_0000;

/// The first MAC of a host's stage.
pub fn stage_mac(host: u16) -> u64 {
    STAGE_MACS + 4 * u64::from(host)
}

/// A host's own MAC.
pub fn host_mac(host: u16) -> u64 {
    HOST_MACS + u64::from(host)
}

/// A host's own address.
pub fn host_address(host: u16) -> u32 {
    0x0a00_0000 + u32::from(host)
}

/// A host's own IPv6 address.
pub fn host_address6(host: u16) -> u128 {
    0x2001_0db8_0001_0000_0000_0000_0000_0000 + u128::from(host)
}

/// A host's name.
pub fn host_name(host: u16) -> String {
    format!("h{host}")
}

/// The front router's port that leads to a host.
pub fn router_port(host: u16) -> u16 {
    100 + host
}

/// The MAC of a port of the front router.
pub fn router_mac(port: u16) -> u64 {
    ROUTER_MACS + u64::from(port)
}

/// The front router's port with this MAC.
pub fn router_port_of_mac(mac: u64) -> Option<u16> {
    (ROUTER_MACS..ROUTER_MACS_END)
        .contains(&mac)
        .then(|| (mac - ROUTER_MACS) as u16)
}

/// The host whose stage takes frames to this MAC.
pub fn host_of_mac(mac: u64, hosts: u16) -> Option<u16> {
    let host = match mac {
        STAGE_MACS..HOST_MACS => (mac - STAGE_MACS) / 4,
        HOST_MACS..ROUTER_MACS => mac - HOST_MACS,
        _ => return None,
    };
    u16::try_from(host)
        .ok()
        .filter(|host| (1..=hosts).contains(host))
}

/// The number of a host's LAN.
pub fn lan(host: u16, topology: &Topology) -> u16 {
    (host - 1) % topology.lans
}

/// Where a host is.
pub fn location(host: u16, topology: &Topology) -> Location {
    Location {
        lan: format!("lan{}", lan(host, topology)),
        address6: host_address6(host),
        ..Location::default()
    }
}

/// The networks that clients are in.
const CLIENTS: u128 = address::mapped(0x6440_0000);
const CLIENTS6: u128 = 0x2001_0db8_0200_0000_0000_0000_0000_0000;

/// The five-tuple of the client with this number. Only topologies with several kinds of them draw lots.
pub fn client_flow(number: u64, topology: &Topology, dice: &mut Dice) -> Flow {
    // Spread over 65,536 addresses, with ports that are not used twice.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let is_ipv6 = topology.ipv6 > 0.0 && dice.chance(topology.ipv6);
    let is_udp = topology.udp > 0.0 && dice.chance(topology.udp);
    let (network, dst) = if is_ipv6 {
        (CLIENTS6, PUBLISHED6)
    } else {
        (CLIENTS, PUBLISHED)
    };
    Flow {
        src: network + u128::from(((mixed >> 48) * u64::from(topology.clients)) >> 16),
        dst,
        protocol: if is_udp { PROTOCOL_UDP } else { PROTOCOL_TCP },
        src_port: 1_024 + (number % 60_000) as u16,
        dst_port: PORT,
    }
}

/// The sixteenths of the networks that clients are in, of both families.
pub fn client_prefixes() -> impl Iterator<Item = [Lpm<u128>; 2]> {
    (0..16u128).map(|sixteenth| {
        [(CLIENTS, 96 + 20), (CLIENTS6, 96 + 20)].map(|(network, prefix)| Lpm {
            value: network + (sixteenth << 12),
            prefix,
        })
    })
}

/// Multicast addresses that stand for several hosts.
pub const SEVERAL: [u128; 2] = [
    address::mapped(0xef81_0203),
    0xff0e_0000_0000_0000_0000_0000_0010_0203,
];

/// The five-tuple of datagrams to one of them.
pub fn several_flow(dst: u128) -> Flow {
    let src = match address::ipv4(dst) {
        Some(_) => address::mapped(0x6441_0001),
        None => 0x2001_0db8_0201_0000_0000_0000_0000_0001,
    };
    Flow {
        src,
        dst,
        protocol: PROTOCOL_UDP,
        src_port: 5_004,
        dst_port: 5_004,
    }
}

/// The MAC of a multicast address (RFC 1112, RFC 2464).
pub fn multicast_mac(dst: u128) -> u64 {
    match address::ipv4(dst) {
        Some(dst) => 0x0100_5e00_0000 | u64::from(dst & 0x7f_ffff),
        None => 0x3333_0000_0000 | u64::from(dst as u32),
    }
}

/// The networks that floods come from.
const FLOOD: u128 = address::mapped(0x1200_0000);
const FLOOD_PREFIX: u32 = 7;

/// A five-tuple of a flood.
pub fn flood_flow(client: u32, port: u32) -> Flow {
    Flow {
        src: FLOOD + u128::from(client >> FLOOD_PREFIX),
        dst: PUBLISHED,
        protocol: PROTOCOL_TCP,
        src_port: port as u16,
        dst_port: PORT,
    }
}

/// Whether a five-tuple is of a flood.
pub fn is_flood(flow: &Flow) -> bool {
    let low = 32 - FLOOD_PREFIX;
    flow.src >> low == FLOOD >> low
}
