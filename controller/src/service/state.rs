//! What operators changed, in a file: the hosts with their weights, whether they have joined or drain, and the criteria of maps; and
//! what the configuration said of these at that time, so that the later change wins, wherever it was made.

use super::text;
use crate::{
    core::{Affinity, Core, Group, HostId, HostSpec, Location, Service},
    criteria::{Distance, LoadMeasure, MapCriteria},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file cannot be read or written, or is not what this controller writes.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Reading or writing.
    #[error("{}: {source}", file.display())]
    Io {
        /// Which file.
        file: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Not a state file.
    #[error("{}: not a state file of a controller: {message}", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    #[serde(default)]
    hosts: Vec<HostState>,
    #[serde(default)]
    maps: Vec<MapState>,
    /// By service.
    #[serde(default)]
    affinities: BTreeMap<String, String>,
    /// What the configuration said.
    #[serde(default)]
    configured: Configured,
}

#[derive(Debug, Serialize, Deserialize)]
struct HostState {
    id: u16,
    name: String,
    address: String,
    mac: String,
    stage_mac: String,
    p4runtime: String,
    device_id: u64,
    router_port: u16,
    weight: f64,
    joined: bool,
    draining: bool,
    #[serde(default)]
    held: bool,
    #[serde(default)]
    lan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address6: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway_mac: Option<String>,
    #[serde(default = "usual_mtu")]
    mtu: u16,
    #[serde(default)]
    at_home: Vec<String>,
}

fn usual_mtu() -> u16 {
    Location::default().mtu
}

/// A map's criteria, with hosts by their numbers.
#[derive(Debug, Serialize, Deserialize)]
struct MapState {
    map: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_timeout_ms: Option<u64>,
    #[serde(default)]
    weights: BTreeMap<String, f64>,
    /// By QoS class.
    #[serde(default)]
    qos: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Configured {
    #[serde(default)]
    weights: BTreeMap<String, f64>,
    #[serde(default)]
    maps: Vec<MapState>,
    #[serde(default)]
    affinities: BTreeMap<String, String>,
}

impl MapState {
    fn new(map: u16, criteria: &MapCriteria) -> Self {
        MapState {
            map,
            data: criteria
                .data
                .as_ref()
                .map(|data| data.iter().copied().collect()),
            load: criteria.load.map(|load| load.name().to_owned()),
            distance: criteria.distance.map(|distance| distance.name().to_owned()),
            session_timeout_ms: Some(criteria.session_timeout.as_millis() as u64),
            weights: written(&criteria.weights),
            qos: criteria
                .qos
                .iter()
                .map(|(class, weights)| (class.clone(), written(weights)))
                .collect(),
        }
    }

    fn criteria(&self) -> Option<MapCriteria> {
        let load = match &self.load {
            Some(name) => Some(LoadMeasure::from_name(name)?),
            None => None,
        };
        let distance = match &self.distance {
            Some(name) => Some(Distance::from_name(name)?),
            None => None,
        };
        let usual = MapCriteria::default();
        let timeout = self.session_timeout_ms.map(Duration::from_millis);
        let qos = self.qos.iter();
        Some(MapCriteria {
            weights: read_weights(&self.weights)?,
            qos: qos
                .map(|(class, weights)| Some((class.clone(), read_weights(weights)?)))
                .collect::<Option<_>>()?,
            distance,
            session_timeout: timeout.unwrap_or(usual.session_timeout),
            data: self
                .data
                .as_ref()
                .map(|data| data.iter().copied().collect()),
            load,
            ..usual
        })
    }
}

/// Weights by the hosts' numbers, which are text as the keys of a table.
fn written(weights: &BTreeMap<HostId, f64>) -> BTreeMap<String, f64> {
    let weights = weights.iter();
    weights
        .map(|(host, weight)| (host.to_string(), *weight))
        .collect()
}

fn read_weights(weights: &BTreeMap<String, f64>) -> Option<BTreeMap<HostId, f64>> {
    let weights = weights.iter();
    weights
        .map(|(host, weight)| Some((host.parse().ok()?, *weight)))
        .collect()
}

/// Lets what was kept replace what is configured, but where the configuration has changed since; hosts that the configuration does
/// not have are added. Where a host is and what it is called, the configuration says.
pub(super) fn overlay(file: &Path, group: &mut Group) -> Result<(), StateError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(StateError::Io {
                file: file.to_owned(),
                source,
            });
        }
    };
    let malformed = |message: String| StateError::Malformed {
        file: file.to_owned(),
        message,
    };
    let state: State =
        toml::from_str(&text).map_err(|error| malformed(error.message().to_owned()))?;
    for kept in state.hosts {
        match group.hosts.iter_mut().find(|host| host.id == kept.id) {
            Some(host) => {
                let was = state.configured.weights.get(&host.id.to_string());
                if was.is_none_or(|was| *was == host.weight) {
                    host.weight = kept.weight;
                }
                host.joined = kept.joined;
                host.draining = kept.draining;
                host.held = kept.held;
            }
            None => {
                let name = kept.name.clone();
                group.hosts.push(
                    to_spec(kept)
                        .ok_or_else(|| malformed(format!("the addresses of host {name}")))?,
                );
            }
        }
    }
    for service in &mut group.services {
        let name = service_name(service);
        let was = state.configured.affinities.get(&name).map(String::as_str);
        if was.is_none_or(|was| was == service.affinity.name())
            && let Some(kept) = state.affinities.get(&name)
        {
            service.affinity = Affinity::from_name(kept)
                .ok_or_else(|| malformed(format!("the affinity of {name}")))?;
        }
    }
    let of = |map: &MapState| {
        map.criteria()
            .ok_or_else(|| malformed(format!("the criteria of map {}", map.map)))
    };
    for kept in &state.maps {
        let asked = group.criteria.get(&kept.map).cloned().unwrap_or_default();
        let was = state
            .configured
            .maps
            .iter()
            .find(|was| was.map == kept.map)
            .map(of);
        let is_as_it_was = was.transpose()?.unwrap_or_default() == asked;
        if is_as_it_was && group.base_maps().contains(&kept.map) {
            group.criteria.insert(kept.map, of(kept)?);
        }
    }
    Ok(())
}

fn to_spec(kept: HostState) -> Option<HostSpec> {
    Some(HostSpec {
        id: kept.id,
        address: kept.address.parse::<std::net::Ipv4Addr>().ok()?.to_bits(),
        mac: text::parse_mac(&kept.mac)?,
        stage_mac: text::parse_mac(&kept.stage_mac)?,
        location: Location {
            address6: match &kept.address6 {
                Some(text) => text::parse_address(text)?,
                None => 0,
            },
            gateway_mac: match &kept.gateway_mac {
                Some(mac) => Some(text::parse_mac(mac)?),
                None => None,
            },
            mtu: kept.mtu,
            at_home: kept
                .at_home
                .iter()
                .map(|address| text::parse_address(address))
                .collect::<Option<_>>()?,
            lan: kept.lan,
        },
        name: kept.name,
        p4runtime: kept.p4runtime,
        device_id: kept.device_id,
        router_port: kept.router_port,
        weight: kept.weight,
        joined: kept.joined,
        draining: kept.draining,
        held: kept.held,
    })
}

fn host_state(host: &HostSpec) -> HostState {
    HostState {
        id: host.id,
        name: host.name.clone(),
        address: text::ipv4(host.address),
        lan: host.location.lan.clone(),
        address6: (host.location.address6 != 0).then(|| text::address(host.location.address6)),
        gateway_mac: host.location.gateway_mac.map(text::mac),
        mtu: host.location.mtu,
        at_home: host
            .location
            .at_home
            .iter()
            .copied()
            .map(text::address)
            .collect(),
        mac: text::mac(host.mac),
        stage_mac: text::mac(host.stage_mac),
        p4runtime: host.p4runtime.clone(),
        device_id: host.device_id,
        router_port: host.router_port,
        weight: host.weight,
        joined: host.joined,
        draining: host.draining,
        held: host.held,
    }
}

fn affinities(services: &[Service]) -> BTreeMap<String, String> {
    let services = services.iter();
    services
        .map(|service| (service_name(service), service.affinity.name().to_owned()))
        .collect()
}

/// As `203.0.113.10 tcp 80-80`.
fn service_name(service: &Service) -> String {
    let (address, protocol) = (
        text::address(service.address),
        text::protocol(service.protocol),
    );
    format!(
        "{address} {protocol} {}-{}",
        service.port_low, service.port_high
    )
}

fn map_states(criteria: &BTreeMap<u16, MapCriteria>) -> Vec<MapState> {
    criteria
        .iter()
        .map(|(map, criteria)| MapState::new(*map, criteria))
        .collect()
}

/// Replaces the file at once: whoever reads it sees all of the old or all of the new. `configured` is what the configuration says.
pub(super) fn save(file: &Path, core: &Core, configured: &Group) -> Result<(), StateError> {
    let malformed = |error: toml::ser::Error| StateError::Malformed {
        file: file.to_owned(),
        message: error.to_string(),
    };
    let weights = configured.hosts.iter();
    let body = toml::to_string(&State {
        hosts: core.hosts().map(host_state).collect(),
        maps: map_states(&core.criteria()),
        affinities: affinities(&core.group().services),
        configured: Configured {
            affinities: affinities(&configured.services),
            weights: weights
                .map(|host| (host.id.to_string(), host.weight))
                .collect(),
            maps: map_states(&configured.criteria),
        },
    })
    .map_err(malformed)?;
    let io = |source| StateError::Io {
        file: file.to_owned(),
        source,
    };
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut new = std::fs::File::create(&beside).map_err(io)?;
    new.write_all(
        b"# Written by dpr controller: what operators changed. The configuration says the rest.\n",
    )
    .map_err(io)?;
    new.write_all(body.as_bytes()).map_err(io)?;
    new.sync_all().map_err(io)?;
    std::fs::rename(&beside, file).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn configured(text: &str) -> Group {
        Config::parse(Path::new("group.toml"), text)
            .expect("a good configuration")
            .to_group()
    }

    #[test]
    fn the_later_change_wins_wherever_it_was_made() {
        const TEXT: &str = include_str!("../config/tests/group.toml");
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("state.toml");
        let before = configured(TEXT);
        // Operators change both weights, and the criteria of both maps.
        let mut changed = before.clone();
        for host in &mut changed.hosts {
            host.held = true;
            host.weight = 9.0;
            host.joined = true;
        }
        let asked = MapCriteria {
            weights: [(1, 7.0)].into(),
            ..MapCriteria::default()
        };
        changed.criteria = [(0, asked.clone()), (1, asked.clone())].into();
        changed.services[0].affinity = Affinity::Session;
        changed.services[1].affinity = Affinity::Client;
        save(&file, &Core::new(changed.clone(), 0), &before).expect("saved");
        let mut same = before.clone();
        overlay(&file, &mut same).expect("read");
        assert_eq!(
            (&same.hosts, &same.criteria, &same.services),
            (&changed.hosts, &changed.criteria, &changed.services)
        );
        // Then the file changes one of each.
        let mut later = configured(
            &TEXT
                .replace("weight = 2.5", "weight = 4.0")
                .replace("load = \"cpu\"", "")
                .replace("affinity = \"connection\"", "affinity = \"connection-id\""),
        );
        let of_map_1 = later.criteria[&1].clone();
        overlay(&file, &mut later).expect("read");
        let weights: Vec<f64> = later.hosts.iter().map(|host| host.weight).collect();
        assert_eq!(weights, [9.0, 4.0]);
        assert!(later.hosts[1].joined);
        assert_eq!(later.criteria, [(0, asked), (1, of_map_1)].into());
        let affinities = later.services.iter().map(|service| service.affinity);
        let expected = [Affinity::ConnectionId, Affinity::Client];
        assert_eq!(affinities.collect::<Vec<_>>(), expected);
    }
}
