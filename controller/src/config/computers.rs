//! `[[computers]]`: destinations that are no services.

use super::Config;
use super::check::{Problem, problem};
use crate::core::Computer;
use dpr_p4::address;
use serde::Deserialize;
use std::{collections::BTreeMap, net::IpAddr, ops::Range};
use toml::Spanned;

/// Destinations that a stage has room for.
const MAX_COMPUTERS: usize = dpr_p4::host_stage::COMPUTERS_SIZE as usize;

/// Multicast groups, by number; 0 is none.
const MAX_GROUPS: usize = u16::MAX as usize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComputerConfig {
    address: IpAddr,
    /// The one that it is behind.
    host: Option<String>,
    /// Those that it is behind, if it is several.
    hosts: Option<Vec<String>>,
}

/// All that is configured, by address.
pub(super) fn computers(config: &Config) -> BTreeMap<u128, Computer> {
    let computers = config.computers.iter().map(Spanned::get_ref);
    computers
        .filter_map(|computer| {
            let number = |name: &String| config.host_number(name);
            let place = match (&computer.host, &computer.hosts) {
                (Some(host), _) => Computer::At(number(host)?),
                (None, hosts) => {
                    Computer::AtSeveral(hosts.iter().flatten().filter_map(number).collect())
                }
            };
            Some((address::to_bits(computer.address), place))
        })
        .collect()
}

pub(super) fn check(config: &Config) -> Result<(), Problem> {
    let mut seen = BTreeMap::new();
    let mut groups = 0;
    for spanned in &config.computers {
        let (span, computer) = (spanned.span(), spanned.get_ref());
        check_hosts(config, span.clone(), computer)?;
        check_address(config, span.clone(), computer.address)?;
        if seen.insert(computer.address, ()).is_some() {
            let message = format!("{} is configured twice", computer.address);
            return problem(span, "address", message);
        }
        groups += usize::from(computer.hosts.is_some());
        if seen.len() > MAX_COMPUTERS || groups > MAX_GROUPS {
            let message = format!(
                "a stage has room for {MAX_COMPUTERS}, of which {MAX_GROUPS} may be several"
            );
            return problem(span, "computers", message);
        }
    }
    Ok(())
}

fn check_hosts(
    config: &Config,
    span: Range<usize>,
    computer: &ComputerConfig,
) -> Result<(), Problem> {
    let (field, names) = match (&computer.host, &computer.hosts) {
        (Some(host), None) => ("host", std::slice::from_ref(host)),
        (None, Some(hosts)) => ("hosts", hosts.as_slice()),
        (Some(_), Some(_)) => {
            let message = "either `host`, for one, or `hosts`, for several";
            return problem(span, "hosts", message);
        }
        (None, None) => {
            let message = "`host` (one) or `hosts` (several) must say where it is";
            return problem(span, "host", message);
        }
    };
    if names.is_empty() {
        return problem(span, field, "names nobody");
    }
    for (index, name) in names.iter().enumerate() {
        if config.host_number(name).is_none() {
            return problem(span, field, format!("there is no host {name}"));
        }
        if names[..index].contains(name) {
            return problem(span, field, format!("names {name} twice"));
        }
    }
    Ok(())
}

fn check_address(config: &Config, span: Range<usize>, address: IpAddr) -> Result<(), Problem> {
    let mut services = config.services.iter();
    if services.any(|service| service.get_ref().address == address) {
        return problem(span, "address", format!("{address} is published"));
    }
    // RFC 5771, section 4; RFC 7346.
    let stays_on_link = match address {
        IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        IpAddr::V6(address) => address.is_multicast() && address.segments()[0] & 0xf <= 2,
    };
    if stays_on_link {
        let message = format!("no router passes on what is for {address}");
        return problem(span, "address", message);
    }
    Ok(())
}
