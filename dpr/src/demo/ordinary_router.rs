//! A router that knows nothing of the group: it has addresses, a route to the clients, and one to each published address, by the host
//! that answers ARP for it. The program is the front router's, with nothing that sprays.

use std::net::IpAddr;

use anyhow::Context;
use dpr_p4::{
    address,
    front_router::{gateways, gateways6, ports, routes, routes6},
};
use dpr_runtime::{Lpm, Pipeline, Update};

use super::topology::*;
use super::world::{ROUTER_INSIDE, ROUTER_OUTSIDE};

fn gateway(port: u16, address: IpAddr) -> Update {
    match address {
        IpAddr::V4(address) => {
            let address = address.to_bits();
            gateways::Entry::new(gateways::Key { port, address }, gateways::Action::Answer).insert()
        }
        IpAddr::V6(address) => {
            let address = address.to_bits();
            let key = gateways6::Key { port, address };
            gateways6::Entry::new(key, gateways6::Action::Advertise).insert()
        }
    }
}

fn route(network: IpAddr, prefix: u8, port: u16, macs: (u64, u64)) -> Update {
    let (src_mac, dst_mac) = macs;
    let prefix = u32::from(prefix);
    match address::ipv4(address::to_bits(network)) {
        Some(value) => {
            let key = routes::Key {
                prefix: Lpm { value, prefix },
            };
            let action = routes::Action::NextHop {
                port,
                src_mac,
                dst_mac,
            };
            routes::Entry::new(key, action).insert()
        }
        None => {
            let value = address::to_bits(network);
            let key = routes6::Key {
                prefix: Lpm { value, prefix },
            };
            let action = routes6::Action::NextHop {
                port,
                src_mac,
                dst_mac,
            };
            routes6::Entry::new(key, action).insert()
        }
    }
}

/// Writes its tables, for a group that starts with so many hosts.
pub fn set_up(router: &dyn Pipeline, topology: Topology, hosts: usize) -> anyhow::Result<()> {
    let inside_mac = router_inside_mac(0);
    let mut updates = vec![
        gateway(ROUTER_OUTSIDE, ROUTER_OUTSIDE_ADDRESS.into()),
        gateway(ROUTER_OUTSIDE, ROUTER_OUTSIDE_ADDRESS6.into()),
        gateway(ROUTER_INSIDE, router_inside_address(0).into()),
        gateway(ROUTER_INSIDE, router_inside_address6(0).into()),
    ];
    for (port, mac, outside) in [
        (ROUTER_OUTSIDE, ROUTER_OUTSIDE_MAC, 1),
        (ROUTER_INSIDE, inside_mac, 0),
    ] {
        let action = ports::Action::UsePort { mac, outside };
        updates.push(ports::Entry::new(ports::Key { port }, action).insert());
    }
    let to_clients = (ROUTER_OUTSIDE_MAC, CLIENTS_MAC);
    for (network, prefix) in [
        (IpAddr::from(CLIENT_PREFIX.0), CLIENT_PREFIX.1),
        (CLIENT_PREFIX6.0.into(), CLIENT_PREFIX6.1),
    ] {
        updates.push(route(network, prefix, ROUTER_OUTSIDE, to_clients));
    }
    for (host, (published, _)) in (1..).zip(topology.published(hosts)) {
        let prefix = if published.is_ipv4() { 32 } else { 128 };
        let macs = (inside_mac, host_mac(host));
        updates.push(route(published, prefix, ROUTER_INSIDE, macs));
    }
    for update in updates {
        router
            .write(&update)
            .context("the ordinary router\'s own tables")?;
    }
    Ok(())
}
