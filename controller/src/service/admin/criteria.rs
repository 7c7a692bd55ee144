//! Services, and the criteria of their maps.

use super::{host_id, host_name};
use crate::{
    core::{Affinity, Core, CriteriaChange, MapHostInfo, MapInfo, Service},
    criteria::LoadMeasure,
    service::text,
};
use dpr_protocol::admin::v1 as wire;
use std::collections::BTreeSet;
use tonic::Status;

pub(super) fn service_message(service: &Service) -> wire::ServiceStatus {
    wire::ServiceStatus {
        address: text::address(service.address),
        protocol: text::protocol(service.protocol),
        port_low: service.port_low.into(),
        port_high: service.port_high.into(),
        map: service.map.into(),
        by_client: service.affinity == Affinity::Client,
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
    }
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
            .filter(|service| service.map == info.map)
            .map(service_message)
            .collect(),
        weights: info
            .criteria
            .weights
            .iter()
            .map(|(host, weight)| wire::HostWeight {
                host: host_name(core, *host),
                weight: Some(*weight),
            })
            .collect(),
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
    }
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
    Ok(CriteriaChange {
        weights: weights.collect::<Result<_, Status>>()?,
        data,
        load,
    })
}
