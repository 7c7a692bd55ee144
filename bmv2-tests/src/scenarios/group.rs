//! The group that the scenarios of a host stage are about: three hosts, a client and a published address of each family. Its
//! services have one bucket, so that the scenario chooses who owns it.

use crate::frame::{ACK, Frame, Layer4, Packet, SYN};
use dpr_p4::address::to_bits;
use dpr_p4::host_stage::{
    Affinity, Arrival, NO_HOST, PORT_HOST, PORT_NETWORK, PROTOCOL_TCP, PROTOCOL_UDP, buckets,
    clients, computers, flow_state, flow_state6, former_buckets, gatherers, hosts, identity,
    published_addresses, server_ids, services, sessions, tunnel_peers,
};
use dpr_runtime::{Entity, Entry, Lpm, Operation, Range, Replica, Update, hash};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The host whose stage is under test.
pub const SELF: u16 = 1;
pub const PEER: u16 = 2;
pub const THIRD: u16 = 3;
pub const PUBLISHED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
pub const PUBLISHED6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x113, 0, 0, 0, 0, 0x10);
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub const CLIENT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 7);
/// Somebody on the way between the client and the group.
pub const TRANSIT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 99);
pub const TRANSIT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, 1);
pub const ROUTER_MAC: u64 = 0x0200_5e00_0001;
/// Where a stage's own messages and its tunnels' packets go.
pub const GATEWAY_MAC: u64 = 0x0200_5e00_0002;
pub const MAP: u16 = 5;
/// Ports of the services over TCP and UDP.
pub const WEB: u16 = 80;
pub const DNS: u16 = 53;
/// The client's port.
pub const CLIENT_PORT: u16 = 40_000;

pub fn stage_mac(host: u16) -> u64 {
    0x0200_0001_0000 | u64::from(host) << 2
}

pub fn stage_mac_for(host: u16, arrival: Arrival) -> u64 {
    stage_mac(host) | u64::from(arrival as u8)
}

pub fn host_mac(host: u16) -> u64 {
    0x0200_0002_0000 | u64::from(host)
}

pub fn host_address(host: u16) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, host as u8)
}

pub fn host_address6(host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host)
}

/// A family of addresses: the same scenario holds for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub const BOTH: [Family; 2] = [Family::Ipv4, Family::Ipv6];

    pub fn client(self) -> IpAddr {
        match self {
            Family::Ipv4 => CLIENT.into(),
            Family::Ipv6 => CLIENT6.into(),
        }
    }

    pub fn published(self) -> IpAddr {
        match self {
            Family::Ipv4 => PUBLISHED.into(),
            Family::Ipv6 => PUBLISHED6.into(),
        }
    }

    pub fn transit(self) -> IpAddr {
        match self {
            Family::Ipv4 => TRANSIT.into(),
            Family::Ipv6 => TRANSIT6.into(),
        }
    }

    pub fn host(self, host: u16) -> IpAddr {
        match self {
            Family::Ipv4 => host_address(host).into(),
            Family::Ipv6 => host_address6(host).into(),
        }
    }

    /// Bytes of a header without options or extensions.
    pub fn header(self) -> u16 {
        match self {
            Family::Ipv4 => 20,
            Family::Ipv6 => 40,
        }
    }

    /// A segment of the client's connection to the web service.
    pub fn segment(self, flags: u8, arrival: Arrival) -> Frame {
        let (from, to) = ((self.client(), CLIENT_PORT), (self.published(), WEB));
        arriving(Packet::tcp(from, to, flags), arrival)
    }

    pub fn syn(self, arrival: Arrival) -> Frame {
        self.segment(SYN, arrival)
    }

    pub fn ack(self, arrival: Arrival) -> Frame {
        self.segment(ACK, arrival)
    }

    /// The client's datagram to the other service.
    pub fn datagram(self, payload: &[u8], arrival: Arrival) -> Frame {
        let (from, to) = ((self.client(), CLIENT_PORT), (self.published(), DNS));
        arriving(Packet::udp(from, to, payload), arrival)
    }
}

/// A packet as it comes to the stage under test.
pub fn arriving(packet: Packet, arrival: Arrival) -> Frame {
    Frame::new(packet).between(ROUTER_MAC, stage_mac_for(SELF, arrival))
}

/// What the stage under test knows of itself, beyond its MACs.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub address: Ipv4Addr,
    pub address6: Ipv6Addr,
    pub gateway_mac: u64,
    /// What the host's own addresses stand for.
    pub nat_address: Ipv4Addr,
    pub nat_address6: Ipv6Addr,
}

impl Default for Identity {
    /// A host that has all addresses and tells nobody anything.
    fn default() -> Self {
        Identity {
            address: host_address(SELF),
            address6: host_address6(SELF),
            gateway_mac: 0,
            nat_address: Ipv4Addr::UNSPECIFIED,
            nat_address6: Ipv6Addr::UNSPECIFIED,
        }
    }
}

impl Identity {
    /// One that tells clients by the gateway.
    pub fn with_gateway() -> Self {
        Identity {
            gateway_mac: GATEWAY_MAC,
            ..Identity::default()
        }
    }

    /// One whose own addresses stand for the published ones.
    pub fn translating() -> Self {
        Identity {
            nat_address: PUBLISHED,
            nat_address6: PUBLISHED6,
            ..Identity::with_gateway()
        }
    }

    pub fn update(&self) -> Update {
        identity::Entry::default_entry(&identity::Action::Be {
            host: SELF,
            host_mac: host_mac(SELF),
            stage_mac: stage_mac(SELF),
            gateway_mac: self.gateway_mac,
            address: self.address.into(),
            address6: self.address6.into(),
            nat_address: self.nat_address.into(),
            nat_address6: self.nat_address6.into(),
        })
    }
}

/// How another host is reached: by its stage's MAC, until the scenario says otherwise.
pub fn by_mac(host: u16) -> hosts::Action {
    hosts::Action::ByMac {
        stage_mac: stage_mac(host),
    }
}

/// How another host is reached, by its addresses on the same LAN.
pub fn by_nat(host: u16) -> hosts::Action {
    hosts::Action::ByNat {
        stage_mac: stage_mac(host),
        peer_address: host_address(host).into(),
        peer_address6: host_address6(host).into(),
    }
}

/// How another host is reached, through a tunnel between addresses of a family.
pub fn by_tunnel(family: Family, host: u16, path_mtu: u16) -> hosts::Action {
    let next_hop_mac = GATEWAY_MAC;
    match family {
        Family::Ipv4 => hosts::Action::ByIpip {
            next_hop_mac,
            peer_address: host_address(host).into(),
            path_mtu,
        },
        Family::Ipv6 => hosts::Action::ByIpip6 {
            next_hop_mac,
            peer_address6: host_address6(host).into(),
            path_mtu,
        },
    }
}

pub fn host(host: u16, action: hosts::Action) -> hosts::Entry {
    hosts::Entry::new(hosts::Key { host }, action)
}

/// An address from which tunnels may come.
pub fn tunnel_peer(address: impl Into<IpAddr>) -> tunnel_peers::Entry {
    let key = tunnel_peers::Key {
        address: to_bits(address.into()),
    };
    tunnel_peers::Entry::new(key, tunnel_peers::Action::NoAction)
}

/// A service of an address.
pub fn service_of(
    address: impl Into<IpAddr>,
    protocol: u8,
    port: u16,
    action: services::Action,
) -> services::Entry {
    let key = services::Key {
        address: to_bits(address.into()),
        protocol,
        port: Range::exactly(port),
    };
    services::Entry::with_priority(key, 1, action)
}

/// A service of the published IPv4 address.
pub fn service(protocol: u8, port: u16, action: services::Action) -> services::Entry {
    service_of(PUBLISHED, protocol, port, action)
}

/// The map with the one bucket.
pub fn in_map() -> services::Action {
    dpr_p4::in_map(MAP, 0, Affinity::Connection)
}

/// A published address, and whether it is the one at home with the host.
pub fn published(address: impl Into<IpAddr>, at_home: bool) -> published_addresses::Entry {
    let key = published_addresses::Key {
        address: to_bits(address.into()),
    };
    let at_home = at_home.into();
    published_addresses::Entry::new(key, published_addresses::Action::Published { at_home })
}

/// All fragments meet at a host.
pub fn gathered_at(host: u16) -> impl Iterator<Item = Entry<gatherers::Gatherers>> {
    let action = gatherers::Action::GatheredAt { host };
    (0..=u8::MAX).map(move |slot| gatherers::Entry::new(gatherers::Key { slot }, action))
}

/// Another computer, behind a host.
pub fn computer(address: impl Into<IpAddr>, host: u16) -> computers::Entry {
    let key = computers::Key {
        address: to_bits(address.into()),
    };
    computers::Entry::new(key, computers::Action::At { host })
}

/// Several computers, by the group of hosts that they are behind.
pub fn computers(address: impl Into<IpAddr>, group: u16) -> computers::Entry {
    let key = computers::Key {
        address: to_bits(address.into()),
    };
    computers::Entry::new(key, computers::Action::AtSeveral { group })
}

/// A multicast group of hosts, as the stage under test has it.
pub fn replicas(group: u16, hosts: &[u16]) -> Group {
    let replica = |host: &u16| Replica {
        port: if *host == SELF {
            PORT_HOST
        } else {
            PORT_NETWORK
        },
        instance: *host,
    };
    Group(Entity::MulticastGroup {
        id: group.into(),
        replicas: hosts.iter().map(replica).collect(),
    })
}

/// A multicast group.
pub struct Group(Entity);

impl Group {
    pub fn insert(self) -> Update {
        self.by(Operation::Insert)
    }

    pub fn modify(self) -> Update {
        self.by(Operation::Modify)
    }

    pub fn delete(self) -> Update {
        self.by(Operation::Delete)
    }

    fn by(self, operation: Operation) -> Update {
        Update {
            operation,
            entity: self.0,
        }
    }
}

/// The server that connection ids name so.
pub fn server_id(config: u8, server: u16, host: u16) -> server_ids::Entry {
    let key = server_ids::Key { config, server };
    server_ids::Entry::new(key, server_ids::Action::ServeAt { host })
}

/// The one bucket.
pub fn bucket(owner_id: u16, previous_id: u16, accept: u8) -> buckets::Entry {
    let owned_by = buckets::Action::OwnedBy {
        owner_id,
        previous_id,
        accept,
    };
    let key = buckets::Key {
        map: MAP,
        bucket: 0,
    };
    buckets::Entry::new(key, owned_by)
}

/// The one bucket of another map.
pub fn bucket_of(map: u16, owner_id: u16) -> buckets::Entry {
    let mut entry = bucket(owner_id, NO_HOST, 0);
    entry.key.map = map;
    entry
}

/// Who owned a bucket of a map that flows come from.
pub fn former_bucket(map: u16, bucket: u16, owner_id: u16) -> former_buckets::Entry {
    let key = former_buckets::Key { map, bucket };
    former_buckets::Entry::new(key, former_buckets::Action::FormerlyOwnedBy { owner_id })
}

/// The map of a class of clients, in place of the service's.
pub fn classed(map: u16, client: Lpm<u128>, map_id: u16) -> clients::Entry {
    let key = clients::Key { map, client };
    clients::Entry::new(key, clients::Action::InClassMap { map_id })
}

/// A client's session on the services.
pub fn session(client: IpAddr, host: u16) -> sessions::Entry {
    let key = sessions::Key {
        map: MAP,
        client: to_bits(client),
    };
    sessions::Entry::new(key, sessions::Action::ServeAt { host })
}

/// CRC-32 of a segment's five-tuple over IPv4 in the order of its fields.
pub fn hash_of(frame: &Frame) -> u32 {
    let key = pin(frame, NO_HOST).key;
    let mut tuple = Vec::new();
    tuple.extend(key.src.to_be_bytes());
    tuple.extend(key.dst.to_be_bytes());
    tuple.push(key.protocol);
    tuple.extend(key.src_port.to_be_bytes());
    tuple.extend(key.dst_port.to_be_bytes());
    hash::crc32(&tuple)
}

/// The flow state of the frame's connection over IPv4.
pub fn pin(frame: &Frame, host: u16) -> flow_state::Entry {
    let (IpAddr::V4(src), IpAddr::V4(dst)) = (frame.packet.src, frame.packet.dst) else {
        panic!("not over IPv4: {frame:?}");
    };
    let (protocol, src_port, dst_port) = ports(frame);
    let key = flow_state::Key {
        src: src.into(),
        dst: dst.into(),
        protocol,
        src_port,
        dst_port,
    };
    flow_state::Entry::new(key, flow_state::Action::ServeAt { host })
}

/// The flow state of the frame's connection over IPv6.
pub fn pin6(frame: &Frame, host: u16) -> flow_state6::Entry {
    let (protocol, src_port, dst_port) = ports(frame);
    let key = flow_state6::Key {
        src: to_bits(frame.packet.src),
        dst: to_bits(frame.packet.dst),
        protocol,
        src_port,
        dst_port,
    };
    flow_state6::Entry::new(key, flow_state6::Action::ServeAt { host })
}

fn ports(frame: &Frame) -> (u8, u16, u16) {
    match &frame.packet.layer_4 {
        Layer4::Tcp {
            src_port, dst_port, ..
        } => (PROTOCOL_TCP, *src_port, *dst_port),
        Layer4::Udp {
            src_port, dst_port, ..
        } => (PROTOCOL_UDP, *src_port, *dst_port),
        other => panic!("no connection: {other:?}"),
    }
}

/// A segment of the client's connection from a port, as it comes to this stage.
pub fn segment(src_port: u16, flags: u8, arrival: Arrival) -> Frame {
    arriving(
        Packet::tcp((CLIENT.into(), src_port), (PUBLISHED.into(), WEB), flags),
        arrival,
    )
}

/// A connection's first segment.
pub fn syn(arrival: Arrival) -> Frame {
    Family::Ipv4.syn(arrival)
}

/// A later segment of the same connection.
pub fn ack(arrival: Arrival) -> Frame {
    Family::Ipv4.ack(arrival)
}

/// A datagram to the UDP service.
pub fn datagram(arrival: Arrival) -> Frame {
    Family::Ipv4.datagram(b"query", arrival)
}

/// A stage's own message to a client, beside what it says (RFC 1812, section 4.3.2.5: precedence 6).
pub fn told(message: Packet) -> Packet {
    Packet {
        traffic_class: 6 << 5,
        identification: 0,
        ..message
    }
}
