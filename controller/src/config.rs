//! `group.toml`: what a controller must be told about its group.

mod check;
mod computers;
mod error;
mod fields;
mod reload;

pub use error::ConfigError;
pub(crate) use fields::parse_mac;

use crate::core::{
    Affinity, Group, HostSpec, Location, NextHop, Protocol, RouterSpec, Service, Spray, Ways,
};
use crate::criteria::{ClientClass, MapCriteria};
use dpr_p4::address;
use dpr_runtime::Lpm;
use fields::{AffinityName, MacAddress, Ports, ProtocolName, RewritingName, SprayMode};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use toml::Spanned;

/// The smallest MTU that IPv6 knows (RFC 8200, section 5).
pub(crate) const MIN_MTU: u16 = 1280;

/// The configuration of a controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The group's name.
    group: String,
    /// Buckets per map: a power of two up to 65,536.
    #[serde(default = "usual_buckets")]
    buckets: Spanned<u32>,
    /// Where operators' changes are kept; nowhere if it is not given.
    pub state_file: Option<PathBuf>,
    #[serde(default)]
    listen: Listen,
    services: Vec<Spanned<ServiceConfig>>,
    #[serde(default)]
    maps: Vec<Spanned<MapConfig>>,
    #[serde(default)]
    classes: Vec<Spanned<ClassConfig>>,
    /// What hosts cost the clients of regions.
    #[serde(default)]
    regions: BTreeMap<String, Spanned<BTreeMap<String, f64>>>,
    #[serde(default)]
    hosts: Vec<Spanned<HostConfig>>,
    router: Option<Spanned<RouterConfig>>,
    #[serde(default)]
    rewriting: RewritingConfig,
    #[serde(default)]
    computers: Vec<Spanned<computers::ComputerConfig>>,
    /// The configuration bits of QUIC connection ids.
    #[serde(default)]
    connection_id_config: Option<Spanned<u8>>,
    #[serde(default)]
    protocol: ProtocolConfig,
}

/// How packets get from host to host.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RewritingConfig {
    /// Of one LAN.
    within: Option<RewritingName>,
    /// Of different LANs.
    between: Option<RewritingName>,
    #[serde(default)]
    pairs: Vec<Spanned<PairConfig>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairConfig {
    from: String,
    to: String,
    by: RewritingName,
}

/// Where the controller listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Listen {
    shims: SocketAddr,
    admin: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            shims: SocketAddr::from(([127, 0, 0, 1], 9560)),
            admin: SocketAddr::from(([127, 0, 0, 1], 9561)),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceConfig {
    address: IpAddr,
    protocol: ProtocolName,
    ports: Ports,
    #[serde(default)]
    map: u16,
    #[serde(default)]
    affinity: AffinityName,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapConfig {
    map: u16,
    #[serde(default)]
    weights: BTreeMap<String, f64>,
    data: Option<Vec<String>>,
    load: Option<fields::LoadName>,
    /// Hosts of QoS classes, with their weights.
    #[serde(default)]
    qos: BTreeMap<String, BTreeMap<String, f64>>,
    distance: Option<fields::DistanceName>,
    session_timeout_s: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassConfig {
    class: u8,
    name: String,
    prefixes: Vec<fields::Prefix>,
    qos: Option<String>,
    region: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostConfig {
    id: u16,
    name: String,
    address: Ipv4Addr,
    mac: MacAddress,
    stage_mac: MacAddress,
    p4runtime: String,
    #[serde(default = "one")]
    device_id: u64,
    #[serde(default)]
    router_port: u16,
    #[serde(default = "usual_weight")]
    weight: f64,
    #[serde(default = "yes")]
    joined: bool,
    #[serde(default)]
    lan: String,
    address6: Option<Ipv6Addr>,
    gateway_mac: Option<MacAddress>,
    mtu: Option<u16>,
    #[serde(default)]
    at_home: Vec<IpAddr>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouterConfig {
    p4runtime: String,
    #[serde(default = "one")]
    device_id: u64,
    #[serde(default)]
    spray: SprayMode,
    ports: Vec<PortConfig>,
    #[serde(default)]
    gateways: Vec<GatewayConfig>,
    #[serde(default)]
    routes: Vec<RouteConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PortConfig {
    port: u16,
    mac: MacAddress,
    #[serde(default)]
    outside: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayConfig {
    port: u16,
    address: IpAddr,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteConfig {
    prefix: fields::Prefix,
    port: u16,
    mac: MacAddress,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProtocolConfig {
    settle_ms: Option<u64>,
    linger_ms: Option<u64>,
    linger_away_ms: Option<u64>,
    moves_per_second: Option<Spanned<f64>>,
    probe_interval_ms: Option<Spanned<u64>>,
    probe_timeout_ms: Option<Spanned<u64>>,
    probes_missed: Option<Spanned<u32>>,
    load_interval_ms: Option<Spanned<u64>>,
    startup_wait_ms: Option<u64>,
    #[serde(default)]
    faults: Vec<Spanned<String>>,
    seed: Option<u64>,
}

fn usual_buckets() -> Spanned<u32> {
    Spanned::new(0..0, 4096)
}

fn usual_weight() -> f64 {
    1.0
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

impl Config {
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        Config::parse(file, &read(file)?)
    }

    /// Reads and checks a text; `file` is for the errors.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Config = toml::from_str(text).map_err(|error| {
            ConfigError::at(
                file,
                text,
                error.span().unwrap_or(0..0),
                None,
                error.message(),
            )
        })?;
        check::check(&config).map_err(|problem| {
            ConfigError::at(file, text, problem.span, problem.field, &problem.message)
        })?;
        Ok(config)
    }

    /// Where the shims find the controller.
    pub fn shim_address(&self) -> SocketAddr {
        self.listen.shims
    }

    /// Where operators find it.
    pub fn admin_address(&self) -> SocketAddr {
        self.listen.admin
    }

    /// What the core is configured with.
    pub fn to_group(&self) -> Group {
        let services = self.services.iter().map(|service| {
            let service = service.get_ref();
            let (port_low, port_high) = service.ports.range();
            Service {
                address: address::to_bits(service.address),
                protocol: service.protocol.number(),
                port_low,
                port_high,
                map: service.map,
                affinity: match service.affinity {
                    AffinityName::Connection => Affinity::Connection,
                    AffinityName::Client => Affinity::Client,
                    AffinityName::ConnectionId => Affinity::ConnectionId,
                    AffinityName::Session => Affinity::Session,
                },
            }
        });
        Group {
            name: self.group.clone(),
            buckets: *self.buckets.get_ref(),
            services: services.collect(),
            hosts: self
                .hosts
                .iter()
                .map(|host| host_spec(host.get_ref()))
                .collect(),
            router: self
                .router
                .as_ref()
                .map(|router| router_spec(router.get_ref())),
            ways: self.ways(),
            computers: computers::computers(self),
            id_config: self
                .connection_id_config
                .as_ref()
                .map_or(0, |bits| *bits.get_ref()),
            criteria: self
                .maps
                .iter()
                .map(|map| (map.get_ref().map, self.map_criteria(map.get_ref())))
                .collect(),
            classes: self
                .classes
                .iter()
                .map(|class| client_class(class.get_ref()))
                .collect(),
            regions: self
                .regions
                .iter()
                .map(|(name, costs)| (name.clone(), self.by_host(costs.get_ref())))
                .collect(),
            protocol: self.protocol.to_protocol(),
        }
    }

    /// The number of a host; that there is such a host was checked when the configuration was read.
    fn host_number(&self, name: &str) -> Option<u16> {
        let mut hosts = self.hosts.iter().map(Spanned::get_ref);
        hosts.find(|host| host.name == name).map(|host| host.id)
    }

    fn ways(&self) -> Ways {
        let usual = Ways::default();
        let pairs = self.rewriting.pairs.iter().map(Spanned::get_ref);
        Ways {
            within: self.rewriting.within.map_or(usual.within, Into::into),
            between: self.rewriting.between.map_or(usual.between, Into::into),
            pairs: pairs
                .filter_map(|pair| {
                    let ends = (self.host_number(&pair.from)?, self.host_number(&pair.to)?);
                    Some((ends, pair.by.into()))
                })
                .collect(),
        }
    }

    fn map_criteria(&self, map: &MapConfig) -> MapCriteria {
        let id = |name: &String| self.host_number(name);
        let usual = MapCriteria::default();
        MapCriteria {
            weights: self.by_host(&map.weights),
            data: map
                .data
                .as_ref()
                .map(|names| names.iter().filter_map(id).collect()),
            load: map.load.map(|load| load.0),
            qos: map
                .qos
                .iter()
                .map(|(class, weights)| (class.clone(), self.by_host(weights)))
                .collect(),
            distance: map.distance.map(|distance| distance.0),
            session_timeout: map
                .session_timeout_s
                .map_or(usual.session_timeout, Duration::from_secs),
            ..usual
        }
    }

    /// Numbers by hosts' names, by the hosts' own numbers.
    fn by_host(&self, named: &BTreeMap<String, f64>) -> BTreeMap<u16, f64> {
        let numbers = named.iter();
        numbers
            .filter_map(|(name, number)| Some((self.host_number(name)?, *number)))
            .collect()
    }
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
        file: file.to_owned(),
        source,
    })
}

fn host_spec(host: &HostConfig) -> HostSpec {
    HostSpec {
        id: host.id,
        name: host.name.clone(),
        address: host.address.to_bits(),
        mac: host.mac.0,
        stage_mac: host.stage_mac.0,
        p4runtime: host.p4runtime.clone(),
        device_id: host.device_id,
        router_port: host.router_port,
        location: Location {
            lan: host.lan.clone(),
            address6: host.address6.map_or(0, |address| address.to_bits()),
            gateway_mac: host.gateway_mac.map(|mac| mac.0),
            mtu: host.mtu.unwrap_or(Location::default().mtu),
            at_home: host.at_home.iter().copied().map(address::to_bits).collect(),
        },
        weight: host.weight,
        joined: host.joined,
        draining: false,
        held: false,
    }
}

fn client_class(class: &ClassConfig) -> ClientClass {
    let prefixes = class.prefixes.iter();
    ClientClass {
        class: class.class,
        name: class.name.clone(),
        prefixes: prefixes
            .map(|prefix| Lpm {
                value: prefix.network,
                prefix: prefix.length,
            })
            .collect(),
        qos: class.qos.clone(),
        region: class.region.clone(),
    }
}

fn router_spec(router: &RouterConfig) -> RouterSpec {
    RouterSpec {
        p4runtime: router.p4runtime.clone(),
        device_id: router.device_id,
        ports: router
            .ports
            .iter()
            .map(|port| (port.port, port.mac.0, port.outside))
            .collect(),
        gateways: router
            .gateways
            .iter()
            .map(|gateway| (gateway.port, address::to_bits(gateway.address)))
            .collect(),
        routes: router
            .routes
            .iter()
            .map(|route| NextHop {
                network: route.prefix.network,
                prefix: route.prefix.length,
                port: route.port,
                mac: route.mac.0,
            })
            .collect(),
        spray: match router.spray {
            SprayMode::Random => Spray::Random,
            SprayMode::Flow => Spray::ByFlow,
        },
    }
}

impl ProtocolConfig {
    fn to_protocol(&self) -> Protocol {
        let usual = Protocol::default();
        let time = |field: Option<u64>, usual: Duration| field.map_or(usual, Duration::from_millis);
        let spanned = |field: &Option<Spanned<u64>>| field.as_ref().map(|field| *field.get_ref());
        Protocol {
            settle: time(self.settle_ms, usual.settle),
            linger: time(self.linger_ms, usual.linger),
            linger_away: time(self.linger_away_ms, usual.linger_away),
            moves_per_second: self
                .moves_per_second
                .as_ref()
                .map_or(usual.moves_per_second, |rate| *rate.get_ref()),
            probe_interval: time(spanned(&self.probe_interval_ms), usual.probe_interval),
            probe_timeout: time(spanned(&self.probe_timeout_ms), usual.probe_timeout),
            probes_missed: self
                .probes_missed
                .as_ref()
                .map_or(usual.probes_missed, |count| *count.get_ref()),
            load_interval: time(spanned(&self.load_interval_ms), usual.load_interval),
            startup_wait: time(self.startup_wait_ms, usual.startup_wait),
            // Checked when the configuration was read.
            faults: check::faults(&self.faults).unwrap_or_default(),
            seed: self.seed.unwrap_or(usual.seed),
        }
    }
}

#[cfg(test)]
mod tests;
