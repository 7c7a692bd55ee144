//! Numbers and names that the core's inputs and outputs are made of, and what it is configured with.

use super::rules::Rules;
use crate::criteria::{ClientClass, Costs, MapCriteria};
use dpr_p4::{
    address,
    host_stage::{self, buckets, flow_state, flow_state6, sessions},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Time in microseconds since any origin that stays the same for one [`Core`](super::Core).
pub type Micros = u64;

/// A host of the group, from 1; 0 is nobody.
pub type HostId = u16;

/// A connection's five-tuple: `dst` is the published address. Addresses are as [`address`] has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowKey {
    /// The client's address.
    pub src: u128,
    /// The published address.
    pub dst: u128,
    /// IP protocol.
    pub protocol: u8,
    /// The client's port.
    pub src_port: u16,
    /// The service's port.
    pub dst_port: u16,
}

impl FlowKey {
    /// A client's session on the services of a map, which is kept as its connections are: no protocol, no ports, and the map in
    /// place of the client's.
    pub const fn session(map: u16, client: u128) -> Self {
        FlowKey {
            src: client,
            dst: 0,
            protocol: 0,
            src_port: map,
            dst_port: 0,
        }
    }

    /// Whether it is a session, and no connection.
    pub const fn is_session(&self) -> bool {
        self.protocol == 0 && self.dst == 0
    }

    /// Of a session: its services' map.
    pub fn session_map(&self) -> Option<u16> {
        self.is_session().then_some(self.src_port)
    }
}

/// A connection's key in the stages' tables of flow state, of which there is one for each family, and one for sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowStateKey {
    /// In `flow_state`.
    Ipv4(flow_state::Key),
    /// In `flow_state6`.
    Ipv6(flow_state6::Key),
    /// In `sessions`.
    Session(sessions::Key),
}

impl From<FlowKey> for FlowStateKey {
    fn from(flow: FlowKey) -> Self {
        if let Some(map) = flow.session_map() {
            let client = flow.src;
            return FlowStateKey::Session(sessions::Key { map, client });
        }
        let FlowKey {
            src,
            dst,
            protocol,
            src_port,
            dst_port,
        } = flow;
        match (address::ipv4(src), address::ipv4(dst)) {
            (Some(src), Some(dst)) => FlowStateKey::Ipv4(flow_state::Key {
                src,
                dst,
                protocol,
                src_port,
                dst_port,
            }),
            _ => FlowStateKey::Ipv6(flow_state6::Key {
                src,
                dst,
                protocol,
                src_port,
                dst_port,
            }),
        }
    }
}

impl From<FlowStateKey> for FlowKey {
    fn from(key: FlowStateKey) -> Self {
        match key {
            FlowStateKey::Ipv4(key) => FlowKey {
                src: address::mapped(key.src),
                dst: address::mapped(key.dst),
                protocol: key.protocol,
                src_port: key.src_port,
                dst_port: key.dst_port,
            },
            FlowStateKey::Ipv6(key) => FlowKey {
                src: key.src,
                dst: key.dst,
                protocol: key.protocol,
                src_port: key.src_port,
                dst_port: key.dst_port,
            },
            FlowStateKey::Session(key) => FlowKey::session(key.map, key.client),
        }
    }
}

/// A bucket of a map.
pub type BucketId = buckets::Key;

/// A P4Runtime server that the controller writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The stage in front of a host.
    Stage(HostId),
    /// The front router.
    Router,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Stage(host) => write!(f, "stage of host {host}"),
            Target::Router => f.write_str("front router"),
        }
    }
}

/// What the controller controls, and how.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Buckets per map: a power of two up to 65,536.
    pub buckets: u32,
    /// What is published.
    pub services: Vec<Service>,
    /// All hosts, those that have not joined included.
    pub hosts: Vec<HostSpec>,
    /// The front router, if this controller has one to write to.
    pub router: Option<RouterSpec>,
    /// How packets get from one host to another.
    pub ways: Ways,
    /// Destinations that are no services, by address: packets to them are sprayed too.
    pub computers: BTreeMap<u128, Computer>,
    /// The configuration bits (0 to 6) of the QUIC connection ids in which servers name themselves.
    pub id_config: u8,
    /// What operators ask for the buckets of maps; of those that are not named, the hosts' weights alone.
    pub criteria: BTreeMap<u16, MapCriteria>,
    /// What clients' addresses say of them.
    pub classes: Vec<ClientClass>,
    /// What hosts cost clients, by the clients' region.
    pub regions: BTreeMap<String, Costs>,
    /// The protocol's timers and pace.
    pub protocol: Protocol,
}

/// A published address with a protocol and ports, and the map of its buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Published address, as [`address`] has it.
    pub address: u128,
    /// IP protocol.
    pub protocol: u8,
    /// First port.
    pub port_low: u16,
    /// Last port.
    pub port_high: u16,
    /// Its bucket map; services that must stay together share one.
    pub map: u16,
    /// What of a connection chooses its bucket.
    pub affinity: Affinity,
}

impl Service {
    /// Whether a five-tuple is of it.
    pub fn includes(&self, flow: &FlowKey) -> bool {
        self.address == flow.dst
            && self.protocol == flow.protocol
            && (self.port_low..=self.port_high).contains(&flow.dst_port)
    }

    /// Whether some connections are of both.
    pub fn overlaps(&self, other: &Service) -> bool {
        (self.address, self.protocol) == (other.address, other.protocol)
            && self.port_low <= other.port_high
            && other.port_low <= self.port_high
    }
}

/// Whom packets to an address that is no service are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Computer {
    /// A computer behind this host, or the host.
    At(HostId),
    /// Several: one behind each of these hosts. Each gets a copy.
    AtSeveral(BTreeSet<HostId>),
}

/// What of a connection chooses its bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    /// All of its five-tuple: each connection by itself.
    #[default]
    Connection,
    /// The client's address alone: all that a client does on the services of a map comes to one host.
    Client,
    /// The server that a QUIC connection id names, wherever its client comes from; without one, the five-tuple.
    ConnectionId,
    /// The host where the client's session on the services of a map is; without one, the client's address.
    Session,
}

/// How a packet gets from one host to another: what a stage writes into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewriting {
    /// The peer's MAC; in one LAN, where all hosts have the published addresses.
    Mac,
    /// The peer's MAC and its own address; in one LAN, where hosts have only their own address, and one is published.
    Nat,
    /// An IPv4 header around it.
    Ipip,
    /// An IPv6 header around it.
    Ipip6,
}

/// Which kind of rewriting is for which pair of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    /// Of one LAN.
    pub within: Rewriting,
    /// Of different LANs.
    pub between: Rewriting,
    /// From one host to another, whatever their LANs.
    pub pairs: BTreeMap<(HostId, HostId), Rewriting>,
}

impl Default for Ways {
    fn default() -> Self {
        Ways {
            within: Rewriting::Mac,
            between: Rewriting::Ipip,
            pairs: BTreeMap::new(),
        }
    }
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its LAN's name.
    pub lan: String,
    /// Its own IPv6 address; 0 if it has none.
    pub address6: u128,
    /// The MAC of its LAN's router to everywhere else; that of the front router's port if it is not given.
    pub gateway_mac: Option<u64>,
    /// Bytes of the largest packet that gets from here to other LANs.
    pub mtu: u16,
    /// Published addresses that it answers ARP and NDP for: where routers that know nothing of the group send them.
    pub at_home: Vec<u128>,
}

impl Default for Location {
    fn default() -> Self {
        Location {
            lan: String::new(),
            address6: 0,
            gateway_mac: None,
            mtu: 1500,
            at_home: Vec::new(),
        }
    }
}

/// A host as the configuration describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSpec {
    /// From 1.
    pub id: HostId,
    /// What operators call it.
    pub name: String,
    /// Its own IPv4 address.
    pub address: u32,
    /// Its own MAC.
    pub mac: u64,
    /// Where it is.
    pub location: Location,
    /// The first of its stage's four MACs (the low two bits are 0).
    pub stage_mac: u64,
    /// The address of its stage's P4Runtime server, as `192.0.2.1:9559`.
    pub p4runtime: String,
    /// The device id there.
    pub device_id: u64,
    /// The front router's port that leads to it.
    pub router_port: u16,
    /// Its share of the buckets, relative to the others'.
    pub weight: f64,
    /// Whether it is in the group.
    pub joined: bool,
    /// Whether it is out of the router's set and its buckets move away.
    pub draining: bool,
    /// Whether it is out of the router's set and keeps its buckets and connections: its stage is being replaced.
    pub held: bool,
}

/// The front router as the configuration describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouterSpec {
    /// The address of its P4Runtime server, as `192.0.2.1:9559`.
    pub p4runtime: String,
    /// The device id there.
    pub device_id: u64,
    /// Number, MAC, and whether it leads out of the group.
    pub ports: Vec<(u16, u64, bool)>,
    /// Addresses that the router answers ARP and NDP for: port and address.
    pub gateways: Vec<(u16, u128)>,
    /// Other destinations.
    pub routes: Vec<NextHop>,
    /// Whether packets to published addresses are spread at random, or by flow.
    pub spray: Spray,
}

/// A route to a next hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextHop {
    /// Network address; bits beyond the prefix are 0.
    pub network: u128,
    /// Length in bits, of an IPv4 prefix with the 96 that map it.
    pub prefix: u32,
    /// The port out.
    pub port: u16,
    /// The next hop's MAC.
    pub mac: u64,
}

/// How the front router spreads packets over the hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spray {
    /// Each packet by itself.
    #[default]
    Random,
    /// All packets of a five-tuple to one host while the set stays the same.
    ByFlow,
}

/// The protocol's timers and pace.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Between a move's commit and its last step, and between two moves of a bucket.
    pub settle: Duration,
    /// How long after a close its teardown is reported.
    pub linger: Duration,
    /// How long after a close entries stay where the server does not own the bucket.
    pub linger_away: Duration,
    /// Moves that may begin in a second.
    pub moves_per_second: f64,
    /// Between two probes of a peer.
    pub probe_interval: Duration,
    /// After which a probe is missed.
    pub probe_timeout: Duration,
    /// Probes missed in a row after which a prober holds a host for dead.
    pub probes_missed: u32,
    /// Between two rounds of the load's feedback rule.
    pub load_interval: Duration,
    /// How long a controller that starts waits for all stages before it goes on with those it has.
    pub startup_wait: Duration,
    /// Parts of the protocol to leave out.
    pub faults: Faults,
    /// Seeds what is random: the order of writes under [`Faults::no_order`].
    pub seed: u64,
}

impl Default for Protocol {
    fn default() -> Self {
        Protocol {
            settle: Duration::from_secs(5),
            linger: Duration::from_secs(2),
            linger_away: Duration::from_secs(60),
            moves_per_second: 100.0,
            probe_interval: Duration::from_millis(1000),
            probe_timeout: Duration::from_millis(500),
            probes_missed: 3,
            load_interval: Duration::from_secs(10),
            startup_wait: Duration::from_secs(3),
            faults: Faults::default(),
            seed: 1,
        }
    }
}

/// Parts of the protocol that are left out, to show what each is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A bucket's new owner does not ask the previous one.
    pub no_chain: bool,
    /// A move's entries change in any order.
    pub no_order: bool,
    /// Moves do not wait for reports.
    pub no_flush: bool,
    /// Flow state goes the moment a connection closes.
    pub no_linger: bool,
    /// After a death, owners change before the entries of their flows are in place.
    pub no_entries_first: bool,
}

/// Names that no fault has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no fault: they are no-chain, no-order, no-flush, no-linger, no-entries-first, no-recent"
)]
pub struct UnknownFault(pub String);

impl Faults {
    /// From their names. `no-recent` is one of the data plane and changes nothing here.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Faults, UnknownFault> {
        let mut faults = Faults::default();
        for name in names {
            match name {
                "no-chain" => faults.no_chain = true,
                "no-order" => faults.no_order = true,
                "no-flush" => faults.no_flush = true,
                "no-linger" => faults.no_linger = true,
                "no-entries-first" => faults.no_entries_first = true,
                "no-recent" => {}
                other => return Err(UnknownFault(other.to_owned())),
            }
        }
        Ok(faults)
    }
}

impl Group {
    /// The bucket that a five-tuple falls into, as the host stage computes it.
    pub fn bucket_of(&self, flow: &FlowKey) -> Option<BucketId> {
        Rules::of(self).bucket_of(flow, self.mask())
    }

    /// The number of buckets of a map, less one.
    pub fn mask(&self) -> u16 {
        (self.buckets - 1) as u16
    }

    /// The maps that services name.
    pub fn base_maps(&self) -> BTreeSet<u16> {
        self.services.iter().map(|service| service.map).collect()
    }

    /// The map that the clients of a class have in place of a service's, if the service's criteria tell them from others.
    pub fn map_of_class(&self, map: u16, class: &ClientClass) -> Option<u16> {
        let criteria = self.criteria.get(&map)?;
        criteria
            .tells_apart(class, &self.regions)
            .then_some(u16::from(class.class) << 8 | map)
    }

    /// The service's map and the class that a map is of.
    pub fn class_of_map(&self, map: u16) -> (u16, Option<&ClientClass>) {
        let number = map >> 8;
        let class = self
            .classes
            .iter()
            .find(|class| u16::from(class.class) == number);
        match class {
            Some(class) => (map & 0xff, Some(class)),
            None => (map, None),
        }
    }

    /// What is asked for a map, of services or of a class of their clients.
    pub fn criteria_of(&self, map: u16) -> MapCriteria {
        let (map, class) = self.class_of_map(map);
        let asked = self.criteria.get(&map).cloned().unwrap_or_default();
        match class {
            Some(class) => asked.for_class(class, &self.regions),
            None => asked,
        }
    }
}

impl Affinity {
    /// As the host stage has it.
    pub(super) fn to_stage(self) -> u8 {
        let affinity = match self {
            Affinity::Connection => host_stage::Affinity::Connection,
            Affinity::Client => host_stage::Affinity::Client,
            Affinity::ConnectionId => host_stage::Affinity::ConnectionId,
            Affinity::Session => host_stage::Affinity::Session,
        };
        affinity as u8
    }

    /// From what a host stage has; `None` if that is none.
    pub(super) fn from_stage(number: u8) -> Option<Self> {
        Some(match host_stage::Affinity::try_from(number).ok()? {
            host_stage::Affinity::Connection => Affinity::Connection,
            host_stage::Affinity::Client => Affinity::Client,
            host_stage::Affinity::ConnectionId => Affinity::ConnectionId,
            host_stage::Affinity::Session => Affinity::Session,
        })
    }

    /// By what operators call it.
    pub fn from_name(name: &str) -> Option<Self> {
        use Affinity::{Client, Connection, ConnectionId, Session};
        let all = [Connection, Client, ConnectionId, Session];
        all.into_iter().find(|affinity| affinity.name() == name)
    }

    /// What operators call it.
    pub fn name(self) -> &'static str {
        match self {
            Affinity::Connection => "connection",
            Affinity::Client => "client",
            Affinity::ConnectionId => "connection-id",
            Affinity::Session => "session",
        }
    }

    /// The hash whose low bits are the bucket, as the host stage computes it.
    pub fn hash(self, flow: &FlowKey) -> u32 {
        match self {
            Affinity::Connection | Affinity::ConnectionId => hash_five_tuple(flow),
            Affinity::Client | Affinity::Session => match address::ipv4(flow.src) {
                Some(client) => dpr_runtime::hash::crc32(&client.to_be_bytes()),
                None => dpr_runtime::hash::crc32(&flow.src.to_be_bytes()),
            },
        }
    }
}

/// The host stage's hash of a five-tuple: CRC-32 over src, dst, protocol, src_port, dst_port in network order, addresses as they
/// are on the wire.
pub fn hash_five_tuple(flow: &FlowKey) -> u32 {
    let mut bytes = [0; 37];
    let mut length = 0;
    let mut push = |more: &[u8]| {
        bytes[length..length + more.len()].copy_from_slice(more);
        length += more.len();
    };
    for address in [flow.src, flow.dst] {
        match address::ipv4(address).filter(|_| address::ipv4(flow.dst).is_some()) {
            Some(ipv4) => push(&ipv4.to_be_bytes()),
            None => push(&address.to_be_bytes()),
        }
    }
    push(&[flow.protocol]);
    push(&flow.src_port.to_be_bytes());
    push(&flow.dst_port.to_be_bytes());
    dpr_runtime::hash::crc32(&bytes[..length])
}

/// A duration as the core counts it.
pub(super) fn micros(duration: Duration) -> Micros {
    duration.as_micros() as Micros
}
