//! What a configuration must be beyond its syntax.

use super::{Config, HostConfig, MIN_MTU, computers};
use crate::core::{Faults, Rewriting, Rules, UnknownFault};
use crate::criteria::{is_cost, is_weight};
use std::{collections::BTreeMap, net::IpAddr, ops::Range};
use toml::Spanned;

/// The largest of v1model's ports that leads somewhere.
const MAX_PORT: u16 = 510;

/// The most bucket entries that a stage has room for.
const MAX_BUCKETS: u64 = dpr_p4::host_stage::BUCKETS_SIZE as u64;

/// Configuration bits of a QUIC connection id; seven says that it names no server.
const MAX_ID_CONFIG: u8 = 6;

pub(super) struct Problem {
    pub span: Range<usize>,
    pub field: Option<String>,
    pub message: String,
}

pub(super) fn problem<T>(
    span: Range<usize>,
    field: &str,
    message: impl Into<String>,
) -> Result<T, Problem> {
    Err(Problem {
        span,
        field: Some(field.to_owned()),
        message: message.into(),
    })
}

pub(super) fn faults(names: &[Spanned<String>]) -> Result<Faults, UnknownFault> {
    Faults::from_names(names.iter().map(|name| name.get_ref().as_str()))
}

pub(super) fn check(config: &Config) -> Result<(), Problem> {
    let buckets = *config.buckets.get_ref();
    if !buckets.is_power_of_two() || buckets > 65_536 {
        return problem(
            config.buckets.span(),
            "buckets",
            format!("{buckets} is not a power of two up to 65536"),
        );
    }
    check_services(config, buckets)?;
    check_hosts(config)?;
    check_maps(config)?;
    check_classes(config)?;
    check_router(config)?;
    check_protocol(config)
}

fn check_services(config: &Config, buckets: u32) -> Result<(), Problem> {
    let mut maps: Vec<u16> = Vec::new();
    for (index, spanned) in config.services.iter().enumerate() {
        let service = spanned.get_ref();
        let (low, high) = service.ports.range();
        if low == 0 {
            return problem(spanned.span(), "ports", "0 is no port of a service");
        }
        let overlaps = config.services[..index].iter().any(|other| {
            let other = other.get_ref();
            let (other_low, other_high) = other.ports.range();
            (other.address, other.protocol) == (service.address, service.protocol)
                && low <= other_high
                && other_low <= high
        });
        if overlaps {
            return problem(
                spanned.span(),
                "ports",
                "another service has some of these ports",
            );
        }
        if !maps.contains(&service.map) {
            maps.push(service.map);
        }
        if maps.len() as u64 * u64::from(buckets) > MAX_BUCKETS {
            return problem(
                spanned.span(),
                "map",
                format!("a stage has room for {MAX_BUCKETS} buckets of all maps"),
            );
        }
    }
    match config.services.first() {
        Some(_) => Ok(()),
        None => problem(0..0, "services", "nothing is published"),
    }
}

fn check_hosts(config: &Config) -> Result<(), Problem> {
    type Value = fn(&HostConfig) -> String;
    let unique: [(&str, Value); 5] = [
        ("id", |host| host.id.to_string()),
        ("name", |host| host.name.clone()),
        ("address", |host| host.address.to_string()),
        ("mac", |host| format!("{:012x}", host.mac.0)),
        ("stage_mac", |host| format!("{:012x}", host.stage_mac.0)),
    ];
    for (field, value) in unique {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for spanned in &config.hosts {
            let host = spanned.get_ref();
            if let Some(other) = seen.insert(value(host), &host.name) {
                return problem(
                    spanned.span(),
                    field,
                    format!("the host {other} has the same"),
                );
            }
        }
    }
    for spanned in &config.hosts {
        let (span, host) = (spanned.span(), spanned.get_ref());
        if host.id == 0 || u32::from(host.id) >= dpr_p4::host_stage::MAX_HOSTS {
            return problem(
                span,
                "id",
                format!("must be 1 to {}", dpr_p4::host_stage::MAX_HOSTS - 1),
            );
        }
        if host.stage_mac.0 & 3 != 0 {
            return problem(
                span,
                "stage_mac",
                "the low two bits say how a packet arrives, and must be 0 here",
            );
        }
        if (host.stage_mac.0 | host.mac.0) >> 40 & 1 == 1 {
            return problem(span, "mac", "a group address is nobody's");
        }
        if !is_weight(host.weight) {
            return problem(span, "weight", "must be 0 or more");
        }
        if let Err(error) = endpoint(&host.p4runtime) {
            return problem(span, "p4runtime", error);
        }
        if host.mtu.is_some_and(|mtu| mtu < MIN_MTU) {
            return problem(span, "mtu", format!("must be at least {MIN_MTU}"));
        }
        let is_published = |address: &IpAddr| {
            let mut services = config.services.iter();
            services.any(|service| service.get_ref().address == *address)
        };
        if let Some(address) = host.at_home.iter().find(|address| !is_published(address)) {
            return problem(span, "at_home", format!("{address} is not published"));
        }
    }
    check_locations(config)
}

/// What the kinds of rewriting ask of the hosts.
fn check_locations(config: &Config) -> Result<(), Problem> {
    let is_host = |name: &String| config.host_number(name).is_some();
    for spanned in &config.rewriting.pairs {
        let pair = spanned.get_ref();
        for (field, name) in [("from", &pair.from), ("to", &pair.to)] {
            if !is_host(name) {
                return problem(spanned.span(), field, format!("there is no host {name}"));
            }
        }
    }
    computers::check(config)?;
    if let Some(bits) = config
        .connection_id_config
        .as_ref()
        .filter(|bits| *bits.get_ref() > MAX_ID_CONFIG)
    {
        let message = format!("must be 0 to {MAX_ID_CONFIG}");
        return problem(bits.span(), "connection_id_config", message);
    }
    let group = config.to_group();
    for to in &group.hosts {
        let Some(spanned) = config.hosts.iter().find(|host| host.get_ref().id == to.id) else {
            continue;
        };
        for from in group.hosts.iter().filter(|from| from.id != to.id) {
            let rewriting = group.rewriting(from, to);
            let is_far = from.location.lan != to.location.lan;
            if is_far && matches!(rewriting, Rewriting::Mac | Rewriting::Nat) {
                let message = format!("{} is in another LAN and needs a tunnel", from.name);
                return problem(spanned.span(), "lan", message);
            }
            if is_far && group.gateway_mac(from) == 0 {
                let message = format!("{} has no way to here without it", from.name);
                return problem(spanned.span(), "gateway_mac", message);
            }
            let has_no_address6 = from.location.address6 == 0 || to.location.address6 == 0;
            if rewriting == Rewriting::Ipip6 && has_no_address6 {
                let message = format!("the tunnel from {} needs one at both ends", from.name);
                return problem(spanned.span(), "address6", message);
            }
        }
        if !group.is_translated(to) {
            continue;
        }
        for is_ipv4 in [true, false] {
            let services = config.services.iter();
            let mut family =
                services.filter(|service| service.get_ref().address.is_ipv4() == is_ipv4);
            let Some(first) = family.next() else {
                continue;
            };
            if let Some(other) =
                family.find(|other| other.get_ref().address != first.get_ref().address)
            {
                let address = other.get_ref().address;
                let message = format!("`nat` leaves room for one published address, not {address}");
                return problem(other.span(), "address", message);
            }
            if !is_ipv4 && to.location.address6 == 0 {
                let message = "`nat` needs one to stand for the published address";
                return problem(spanned.span(), "address6", message);
            }
        }
    }
    Ok(())
}

fn check_maps(config: &Config) -> Result<(), Problem> {
    for (index, spanned) in config.maps.iter().enumerate() {
        let (span, map) = (spanned.span(), spanned.get_ref());
        let number = map.map;
        if !config
            .services
            .iter()
            .any(|service| service.get_ref().map == number)
        {
            return problem(span, "map", format!("no service is on map {number}"));
        }
        if config.maps[..index]
            .iter()
            .any(|other| other.get_ref().map == number)
        {
            return problem(span, "map", format!("map {number} is described already"));
        }
        if map.data.as_ref().is_some_and(Vec::is_empty) {
            return problem(span, "data", "somebody must hold the data");
        }
        let is_host = |name: &&String| {
            config
                .hosts
                .iter()
                .any(|host| host.get_ref().name == **name)
        };
        if let Some(name) = map.data.iter().flatten().find(|name| !is_host(name)) {
            return problem(span, "data", format!("there is no host {name}"));
        }
        if let Some(name) = map.weights.keys().find(|name| !is_host(name)) {
            return problem(span, "weights", format!("there is no host {name}"));
        }
        if map.weights.values().any(|weight| !is_weight(*weight)) {
            return problem(span, "weights", "must be 0 or more");
        }
        for (class, weights) in &map.qos {
            if let Some(name) = weights.keys().find(|name| !is_host(name)) {
                return problem(span, "qos", format!("{class}: there is no host {name}"));
            }
            if weights.is_empty() || weights.values().any(|weight| !is_weight(*weight)) {
                let message = format!("{class}: hosts with weights of 0 or more");
                return problem(span, "qos", message);
            }
        }
        if map.session_timeout_s == Some(0) {
            return problem(span, "session_timeout_s", "must be more than 0");
        }
    }
    Ok(())
}

fn check_classes(config: &Config) -> Result<(), Problem> {
    let is_host = |name: &&String| config.host_number(name).is_some();
    for (region, costs) in &config.regions {
        let (span, costs) = (costs.span(), costs.get_ref());
        if let Some(name) = costs.keys().find(|name| !is_host(name)) {
            return problem(span, region, format!("there is no host {name}"));
        }
        if costs.values().any(|cost| !is_cost(*cost)) {
            return problem(span, region, "costs must be more than 0");
        }
    }
    let qos_classes = || config.maps.iter().flat_map(|map| map.get_ref().qos.keys());
    let mut prefixes: BTreeMap<(u128, u32), &str> = BTreeMap::new();
    for (index, spanned) in config.classes.iter().enumerate() {
        let (span, class) = (spanned.span(), spanned.get_ref());
        if class.class == 0 {
            return problem(span, "class", "must be 1 to 255");
        }
        let mut others = config.classes[..index].iter().map(Spanned::get_ref);
        if others.clone().any(|other| other.class == class.class) {
            return problem(span, "class", "another class has this number");
        }
        if others.any(|other| other.name == class.name) {
            return problem(span, "name", "another class has this name");
        }
        for prefix in &class.prefixes {
            let key = (prefix.network, prefix.length);
            if let Some(other) = prefixes.insert(key, &class.name) {
                let message = format!("the class {other} has one of them already");
                return problem(span, "prefixes", message);
            }
        }
        if let Some(region) = class
            .region
            .as_ref()
            .filter(|name| !config.regions.contains_key(*name))
        {
            return problem(span, "region", format!("there is no region {region}"));
        }
        if let Some(qos) = class
            .qos
            .as_ref()
            .filter(|qos| !qos_classes().any(|other| other == *qos))
        {
            let message = format!("no map has hosts for the QoS class {qos}");
            return problem(span, "qos", message);
        }
    }
    let far = |service: &&Spanned<super::ServiceConfig>| service.get_ref().map > 255;
    if let Some(service) = config
        .services
        .iter()
        .find(far)
        .filter(|_| !config.classes.is_empty())
    {
        return problem(
            service.span(),
            "map",
            "must be 0 to 255 in a group with client classes",
        );
    }
    let group = config.to_group();
    let maps = Rules::of(&group).maps().len() as u64;
    if maps * u64::from(group.buckets) > MAX_BUCKETS {
        let span = config.classes.first().map_or(0..0, Spanned::span);
        let message = format!("{maps} maps in all, and a stage has room for {MAX_BUCKETS} buckets");
        return problem(span, "class", message);
    }
    Ok(())
}

fn check_router(config: &Config) -> Result<(), Problem> {
    let Some(spanned) = &config.router else {
        return Ok(());
    };
    let (span, router) = (spanned.span(), spanned.get_ref());
    if let Err(error) = endpoint(&router.p4runtime) {
        return problem(span, "p4runtime", error);
    }
    let ports: Vec<u16> = router.ports.iter().map(|port| port.port).collect();
    if let Some(port) = ports.iter().find(|port| **port > MAX_PORT) {
        return problem(span, "ports", format!("{port} is more than {MAX_PORT}"));
    }
    let used = router
        .gateways
        .iter()
        .map(|gateway| gateway.port)
        .chain(router.routes.iter().map(|route| route.port));
    if let Some(port) = used.into_iter().find(|port| !ports.contains(port)) {
        return problem(
            span,
            "ports",
            format!("{port} is used and not among the router's ports"),
        );
    }
    for host in &config.hosts {
        let port = host.get_ref().router_port;
        if !ports.contains(&port) {
            return problem(
                host.span(),
                "router_port",
                format!("{port} is not among the router's ports"),
            );
        }
    }
    Ok(())
}

fn check_protocol(config: &Config) -> Result<(), Problem> {
    let protocol = &config.protocol;
    if let Some(rate) = protocol
        .moves_per_second
        .as_ref()
        .filter(|rate| !(rate.get_ref().is_finite() && *rate.get_ref() > 0.0))
    {
        return problem(rate.span(), "moves_per_second", "must be more than 0");
    }
    for (field, value) in [
        ("probe_interval_ms", &protocol.probe_interval_ms),
        ("probe_timeout_ms", &protocol.probe_timeout_ms),
        ("load_interval_ms", &protocol.load_interval_ms),
    ] {
        if let Some(value) = value.as_ref().filter(|value| *value.get_ref() == 0) {
            return problem(value.span(), field, "must be more than 0");
        }
    }
    if let Some(count) = protocol
        .probes_missed
        .as_ref()
        .filter(|count| *count.get_ref() == 0)
    {
        return problem(count.span(), "probes_missed", "must be at least 1");
    }
    if let Err(error) = faults(&protocol.faults) {
        let span = protocol
            .faults
            .iter()
            .find(|name| *name.get_ref() == error.0)
            .map_or(0..0, Spanned::span);
        return problem(span, "faults", error.to_string());
    }
    Ok(())
}

/// Whether a P4Runtime server's address can be dialled.
fn endpoint(address: &str) -> Result<(), String> {
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if has_port && tonic::transport::Endpoint::from_shared(format!("http://{address}")).is_ok() {
        Ok(())
    } else {
        Err(format!(
            "`{address}` is not an address with a port, like 192.0.2.1:9559"
        ))
    }
}
