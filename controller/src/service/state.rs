//! What operators changed, in a file: the hosts with their weights, and whether they have joined or drain.

use super::text;
use crate::core::HostSpec;
use serde::{Deserialize, Serialize};
use std::{
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
}

/// Lets the kept weights and standings replace the configured ones; hosts that the configuration does not have are added. Where
/// a host is and what it is called, the configuration says.
pub(super) fn overlay(file: &Path, hosts: &mut Vec<HostSpec>) -> Result<(), StateError> {
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
        match hosts.iter_mut().find(|host| host.id == kept.id) {
            Some(host) => {
                host.weight = kept.weight;
                host.joined = kept.joined;
                host.draining = kept.draining;
            }
            None => {
                let name = kept.name.clone();
                hosts.push(
                    to_spec(kept)
                        .ok_or_else(|| malformed(format!("the addresses of host {name}")))?,
                );
            }
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
        name: kept.name,
        p4runtime: kept.p4runtime,
        device_id: kept.device_id,
        router_port: kept.router_port,
        weight: kept.weight,
        joined: kept.joined,
        draining: kept.draining,
    })
}

/// Replaces the file at once: whoever reads it sees all of the old or all of the new.
pub(super) fn save<'a>(
    file: &Path,
    hosts: impl Iterator<Item = &'a HostSpec>,
) -> Result<(), StateError> {
    let hosts = hosts.map(|host| HostState {
        id: host.id,
        name: host.name.clone(),
        address: text::address(host.address),
        mac: text::mac(host.mac),
        stage_mac: text::mac(host.stage_mac),
        p4runtime: host.p4runtime.clone(),
        device_id: host.device_id,
        router_port: host.router_port,
        weight: host.weight,
        joined: host.joined,
        draining: host.draining,
    });
    let malformed = |error: toml::ser::Error| StateError::Malformed {
        file: file.to_owned(),
        message: error.to_string(),
    };
    let body = toml::to_string(&State {
        hosts: hosts.collect(),
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
