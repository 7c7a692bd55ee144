//! Addresses and MACs as text.

use crate::core::Service;
use dpr_p4::address;
use std::net::{IpAddr, Ipv4Addr};

pub(super) use crate::config::parse_mac;

pub(super) fn ipv4(address: u32) -> String {
    Ipv4Addr::from_bits(address).to_string()
}

pub(super) fn address(bits: u128) -> String {
    address::from_bits(bits).to_string()
}

/// As `198.51.100.0/24`.
pub(super) fn prefix(network: u128, length: u32) -> String {
    let length = match address::ipv4(network) {
        Some(_) => length.saturating_sub(96),
        None => length,
    };
    format!("{}/{length}", address(network))
}

pub(super) fn parse_address(text: &str) -> Option<u128> {
    text.parse::<IpAddr>().ok().map(address::to_bits)
}

pub(super) fn mac(mac: u64) -> String {
    let bytes: Vec<String> = mac.to_be_bytes()[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    bytes.join(":")
}

pub(super) fn protocol(number: u8) -> String {
    match number {
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        other => other.to_string(),
    }
}

/// A service, as `203.0.113.10:6000-6099/udp`.
pub(super) fn service(service: &Service) -> String {
    let address = match address::from_bits(service.address) {
        IpAddr::V4(address) => address.to_string(),
        // As it stands before a port (RFC 3986, section 3.2.2).
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let ports = match (service.port_low, service.port_high) {
        (low, high) if low == high => low.to_string(),
        (low, high) => format!("{low}-{high}"),
    };
    format!("{address}:{ports}/{}", protocol(service.protocol))
}

pub(super) fn parse_protocol(text: &str) -> Option<u8> {
    match text {
        "tcp" | "" => Some(6),
        "udp" => Some(17),
        other => other.parse().ok(),
    }
}
