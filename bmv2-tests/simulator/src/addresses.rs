//! Who has which address.

use dpr_p4::host_stage::PROTOCOL_TCP;
use dpr_p4::host_stage::flow_state::Key as Flow;

/// The published address and port.
pub const PUBLISHED: u32 = 0xc633_6401;
/// See [`PUBLISHED`].
pub const PORT: u16 = 80;
/// The front router's port to the clients.
pub const CLIENT_PORT: u16 = 1;
/// Where the clients' frames come from.
pub const CLIENT_MAC: u64 = 0x0200_0000_0001;

const STAGE_MACS: u64 = 0x0200_0001_0000;
const HOST_MACS: u64 = 0x0200_0002_0000;
const ROUTER_MACS: u64 = 0x0200_0003_0000;

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

/// The five-tuple of the client with this number.
pub fn client_flow(number: u64) -> Flow {
    // Spread over 65,536 addresses, with ports that are not used twice.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Flow {
        src: 0x6440_0000 + (mixed >> 48) as u32,
        dst: PUBLISHED,
        protocol: PROTOCOL_TCP,
        src_port: 1_024 + (number % 60_000) as u16,
        dst_port: PORT,
    }
}
