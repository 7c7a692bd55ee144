//! Services, and the criteria of their maps.

use super::{host_id, host_name};
use crate::{
    core::{Affinity, Computer, Core, CriteriaChange, HostId, MapHostInfo, MapInfo, Service},
    criteria::{ClientClass, Distance, LoadMeasure},
    service::text,
};
use dpr_protocol::admin::v1 as wire;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tonic::Status;

pub(super) fn service_message(service: &Service) -> wire::ServiceStatus {
    wire::ServiceStatus {
        address: text::address(service.address),
        protocol: text::protocol(service.protocol),
        port_low: service.port_low.into(),
        port_high: service.port_high.into(),
        map: service.map.into(),
        affinity: service.affinity.name().to_owned(),
        connections: 0,
        hosts: Vec::new(),
        without_data: Vec::new(),
    }
}

/// All services, with their connections and the hosts that should get new ones.
pub(super) fn services(core: &Core) -> wire::ServicesReply {
    let maps = core.maps();
    let hosts = |map: u16, are_wanted: fn(&MapHostInfo) -> bool| -> Vec<String> {
        let info = maps.iter().find(|info| info.map == map);
        info.into_iter()
            .flat_map(|info| &info.hosts)
            .filter(|host| are_wanted(host))
            .map(|host| host_name(core, host.host))
            .collect()
    };
    let services = core.group().services.iter().zip(core.service_connections());
    wire::ServicesReply {
        services: services
            .map(|(service, connections)| wire::ServiceStatus {
                connections,
                hosts: hosts(service.map, |host| host.target_share > 0.0),
                without_data: hosts(service.map, |host| host.is_member && !host.holds_data),
                ..service_message(service)
            })
            .collect(),
        computers: computers(core),
    }
}

/// The destinations that are no services.
fn computers(core: &Core) -> Vec<wire::ComputerStatus> {
    let names = |hosts: &mut dyn Iterator<Item = HostId>| -> Vec<String> {
        hosts.map(|host| host_name(core, host)).collect()
    };
    let status = |(bits, computer): (&u128, &Computer)| {
        let address = text::address(*bits);
        match computer {
            Computer::At(host) => wire::ComputerStatus {
                address,
                several: false,
                hosts: names(&mut std::iter::once(*host)),
                away: Vec::new(),
            },
            Computer::AtSeveral(hosts) => {
                let mut away = hosts
                    .iter()
                    .copied()
                    .filter(|host| !core.takes_copies(*host));
                wire::ComputerStatus {
                    address,
                    several: true,
                    hosts: names(&mut hosts.iter().copied()),
                    away: names(&mut away),
                }
            }
        }
    };
    core.group().computers.iter().map(status).collect()
}

pub(super) fn criteria(core: &Core, map: Option<u32>) -> Result<wire::CriteriaReply, Status> {
    let maps: Vec<wire::MapStatus> = core
        .maps()
        .iter()
        .filter(|info| map.is_none_or(|map| map == u32::from(info.map)))
        .map(|info| map_message(core, info))
        .collect();
    match map {
        Some(map) if maps.is_empty() => {
            Err(Status::not_found(format!("no service is on map {map}")))
        }
        _ => Ok(wire::CriteriaReply { maps }),
    }
}

fn map_message(core: &Core, info: &MapInfo) -> wire::MapStatus {
    let services = core.group().services.iter();
    wire::MapStatus {
        map: info.map.into(),
        services: services
            .filter(|service| service.map == info.base)
            .map(service_message)
            .collect(),
        weights: host_weights(core, &info.criteria.weights),
        data: info.criteria.data.as_ref().map(|data| wire::Holders {
            hosts: data.iter().map(|host| host_name(core, *host)).collect(),
        }),
        load: info
            .criteria
            .load
            .map(|load| load.name().to_owned())
            .unwrap_or_default(),
        hosts: info
            .hosts
            .iter()
            .map(|host| host_message(core, host))
            .collect(),
        base: info.base.into(),
        class: info.class.as_ref().map(class_message),
        qos: info
            .criteria
            .qos
            .iter()
            .map(|(name, weights)| wire::QosClass {
                name: name.clone(),
                hosts: host_weights(core, weights),
            })
            .collect(),
        distance: info
            .criteria
            .distance
            .map(|distance| distance.name().to_owned())
            .unwrap_or_default(),
        session_timeout_ms: info.criteria.session_timeout.as_millis() as u64,
    }
}

fn class_message(class: &ClientClass) -> wire::ClientClass {
    let prefixes = class.prefixes.iter();
    wire::ClientClass {
        class: class.class.into(),
        name: class.name.clone(),
        prefixes: prefixes
            .map(|prefix| text::prefix(prefix.value, prefix.prefix))
            .collect(),
        qos: class.qos.clone().unwrap_or_default(),
        region: class.region.clone().unwrap_or_default(),
    }
}

fn host_weights(core: &Core, weights: &BTreeMap<HostId, f64>) -> Vec<wire::HostWeight> {
    let weights = weights.iter();
    weights
        .map(|(host, weight)| wire::HostWeight {
            host: host_name(core, *host),
            weight: Some(*weight),
        })
        .collect()
}

fn host_message(core: &Core, info: &MapHostInfo) -> wire::MapHost {
    wire::MapHost {
        host: host_name(core, info.host),
        weight: info.weight,
        holds_data: info.holds_data,
        data_configured: info.data_configured,
        data_reported: info.data_reported,
        load_factor: info.load_factor,
        load_deviation: info.load_deviation,
        target_share: info.target_share,
        achieved_share: info.achieved_share,
        buckets: info.buckets,
    }
}

/// What a request changes.
pub(super) fn change(
    core: &Core,
    request: &wire::SetCriteriaRequest,
) -> Result<CriteriaChange, Status> {
    let weights = request
        .weights
        .iter()
        .map(|weight| Ok((host_id(core, &weight.host)?, weight.weight)));
    let data = match &request.data {
        None => None,
        Some(holders) if holders.hosts.is_empty() => Some(None),
        Some(holders) => {
            let hosts = holders.hosts.iter().map(|host| host_id(core, host));
            Some(Some(hosts.collect::<Result<BTreeSet<_>, _>>()?))
        }
    };
    let load = match request.load.as_deref() {
        None => None,
        Some("off") => Some(None),
        Some(name) => Some(Some(LoadMeasure::from_name(name).ok_or_else(|| {
            Status::invalid_argument(format!(
                "`{name}` is none of connections, cpu, requests and off"
            ))
        })?)),
    };
    let distance = match request.distance.as_deref() {
        None => None,
        Some("off") => Some(None),
        Some(name) => Some(Some(Distance::from_name(name).ok_or_else(|| {
            Status::invalid_argument(format!("`{name}` is none of nearest, shared and off"))
        })?)),
    };
    let affinity = match request.affinity.as_deref() {
        None => None,
        Some(name) => Some(Affinity::from_name(name).ok_or_else(|| {
            Status::invalid_argument(format!(
                "`{name}` is none of connection, client, connection-id and session"
            ))
        })?),
    };
    let qos = request.qos.iter().map(|class| {
        let weights = class.hosts.iter();
        let weights = weights
            .map(|host| Ok((host_id(core, &host.host)?, host.weight.unwrap_or(1.0))))
            .collect::<Result<BTreeMap<_, _>, Status>>()?;
        Ok((class.name.clone(), weights))
    });
    Ok(CriteriaChange {
        qos: qos.collect::<Result<_, Status>>()?,
        distance,
        affinity,
        session_timeout: request.session_timeout_ms.map(Duration::from_millis),
        weights: weights.collect::<Result<_, Status>>()?,
        data,
        load,
    })
}
