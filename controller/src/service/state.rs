//! What operators changed, in a file: the hosts with their weights, whether they have joined or drain, and the criteria of maps; and
//! what the configuration said of these at that time, so that the later change wins, wherever it was made.

use super::text;
use crate::{
    core::{Group, HostSpec, Location},
    criteria::{LoadMeasure, MapCriteria},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
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
    #[serde(default)]
    weights: BTreeMap<String, f64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Configured {
    #[serde(default)]
    weights: BTreeMap<String, f64>,
    #[serde(default)]
    maps: Vec<MapState>,
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
            weights: criteria
                .weights
                .iter()
                .map(|(host, weight)| (host.to_string(), *weight))
                .collect(),
        }
    }

    fn criteria(&self) -> Option<MapCriteria> {
        let load = match &self.load {
            Some(name) => Some(LoadMeasure::from_name(name)?),
            None => None,
        };
        let weights = self
            .weights
            .iter()
            .map(|(host, weight)| Some((host.parse().ok()?, *weight)));
        Some(MapCriteria {
            weights: weights.collect::<Option<_>>()?,
            data: self
                .data
                .as_ref()
                .map(|data| data.iter().copied().collect()),
            load,
        })
    }
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
        if is_as_it_was && group.maps().contains_key(&kept.map) {
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

fn map_states(criteria: &BTreeMap<u16, MapCriteria>) -> Vec<MapState> {
    criteria
        .iter()
        .map(|(map, criteria)| MapState::new(*map, criteria))
        .collect()
}

/// Replaces the file at once: whoever reads it sees all of the old or all of the new. `configured` is what the configuration says.
pub(super) fn save<'a>(
    file: &Path,
    hosts: impl Iterator<Item = &'a HostSpec>,
    criteria: &BTreeMap<u16, MapCriteria>,
    configured: &Group,
) -> Result<(), StateError> {
    let malformed = |error: toml::ser::Error| StateError::Malformed {
        file: file.to_owned(),
        message: error.to_string(),
    };
    let weights = configured.hosts.iter();
    let body = toml::to_string(&State {
        hosts: hosts.map(host_state).collect(),
        maps: map_states(criteria),
        configured: Configured {
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
        save(&file, changed.hosts.iter(), &changed.criteria, &before).expect("saved");
        let mut same = before.clone();
        overlay(&file, &mut same).expect("read");
        assert_eq!(
            (&same.hosts, &same.criteria),
            (&changed.hosts, &changed.criteria)
        );
        // Then the file changes one of each.
        let mut later = configured(
            &TEXT
                .replace("weight = 2.5", "weight = 4.0")
                .replace("load = \"cpu\"", ""),
        );
        let of_map_1 = later.criteria[&1].clone();
        overlay(&file, &mut later).expect("read");
        let weights: Vec<f64> = later.hosts.iter().map(|host| host.weight).collect();
        assert_eq!(weights, [9.0, 4.0]);
        assert!(later.hosts[1].joined);
        assert_eq!(later.criteria, [(0, asked), (1, of_map_1)].into());
    }
}
