//! Values that are written as text in the configuration.

use crate::core::Rewriting;
use crate::criteria::{Distance, LoadMeasure};
use dpr_p4::address;
use serde::{
    Deserialize,
    de::{self, Deserializer},
};
use std::{fmt, net::IpAddr};

/// Six bytes, as `02:00:00:00:01:01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MacAddress(pub u64);

/// A MAC from text.
pub fn parse_mac(text: &str) -> Option<u64> {
    let bytes: Vec<&str> = text.split(':').collect();
    if bytes.len() != 6 {
        return None;
    }
    bytes.iter().try_fold(0, |mac, byte| {
        let is_hex = byte.len() == 2 && byte.chars().all(|c| c.is_ascii_hexdigit());
        is_hex
            .then(|| u64::from_str_radix(byte, 16).ok())
            .flatten()
            .map(|byte| mac << 8 | byte)
    })
}

impl<'de> Deserialize<'de> for MacAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_mac(&text).map(MacAddress).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a MAC like 02:00:00:00:01:01"))
        })
    }
}

/// A prefix, as `198.51.100.0/24` or `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub network: u128,
    /// An IPv4 prefix with the bits that map its addresses.
    pub length: u32,
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = text.split_once('/').and_then(|(network, length)| {
            let network = network.parse::<IpAddr>().ok()?;
            let length = length.parse::<u32>().ok()?;
            let mapping = if network.is_ipv4() { 96 } else { 0 };
            let length = Some(length + mapping).filter(|length| *length <= 128)?;
            let network = address::to_bits(network);
            let beyond = network & u128::MAX.checked_shr(length).unwrap_or(0);
            (beyond == 0).then_some(Prefix { network, length })
        });
        parsed.ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a prefix like 198.51.100.0/24"))
        })
    }
}

/// A port or a range: `80`, or `"6000-6099"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    low: u16,
    high: u16,
}

impl Ports {
    pub fn range(self) -> (u16, u16) {
        (self.low, self.high)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortsVisitor)
    }
}

struct PortsVisitor;

impl de::Visitor<'_> for PortsVisitor {
    type Value = Ports;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port like 80, or a range like \"6000-6099\"")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Ports, E> {
        let port = u16::try_from(value)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))?;
        Ok(Ports {
            low: port,
            high: port,
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ports, E> {
        let range = text.split_once('-').and_then(|(low, high)| {
            let ports = Ports {
                low: low.trim().parse().ok()?,
                high: high.trim().parse().ok()?,
            };
            (ports.low <= ports.high).then_some(ports)
        });
        range.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// An IP protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProtocolName {
    Tcp,
    Udp,
}

impl ProtocolName {
    pub fn number(self) -> u8 {
        match self {
            ProtocolName::Tcp => 6,
            ProtocolName::Udp => 17,
        }
    }
}

/// What the load's feedback rule evens out.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadName(pub LoadMeasure);

impl<'de> Deserialize<'de> for LoadName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        LoadMeasure::from_name(&text).map(LoadName).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is none of connections, cpu and requests"))
        })
    }
}

/// What clients' regions count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DistanceName(pub Distance);

impl<'de> Deserialize<'de> for DistanceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Distance::from_name(&text)
            .map(DistanceName)
            .ok_or_else(|| de::Error::custom(format!("`{text}` is none of nearest and shared")))
    }
}

/// What of a connection chooses its bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AffinityName {
    #[default]
    Connection,
    Client,
    #[serde(rename = "connection-id")]
    ConnectionId,
    Session,
}

/// How packets get from host to host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RewritingName {
    Mac,
    Nat,
    Ipip,
    Ipip6,
}

impl From<RewritingName> for Rewriting {
    fn from(name: RewritingName) -> Self {
        match name {
            RewritingName::Mac => Rewriting::Mac,
            RewritingName::Nat => Rewriting::Nat,
            RewritingName::Ipip => Rewriting::Ipip,
            RewritingName::Ipip6 => Rewriting::Ipip6,
        }
    }
}

/// How the front router spreads packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SprayMode {
    #[default]
    Random,
    Flow,
}
