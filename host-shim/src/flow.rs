//! What the parts of the shim speak about: connections, services, directions and events.

use dpr_protocol::{address, shim::v1 as wire};
use std::net::IpAddr;

/// A connection as its client sees it; `dst` is the published address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiveTuple {
    /// The client's address.
    pub src: IpAddr,
    /// The published address.
    pub dst: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// The client's port.
    pub src_port: u16,
    /// The service's port.
    pub dst_port: u16,
}

impl From<FiveTuple> for wire::FiveTuple {
    fn from(flow: FiveTuple) -> Self {
        wire::FiveTuple {
            src: address::to_bytes(flow.src),
            dst: address::to_bytes(flow.dst),
            protocol: u32::from(flow.protocol),
            src_port: u32::from(flow.src_port),
            dst_port: u32::from(flow.dst_port),
        }
    }
}

/// A published address with a protocol and a range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service {
    /// The published address.
    pub address: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Lowest port.
    pub port_low: u16,
    /// Highest port.
    pub port_high: u16,
}

impl Service {
    pub(crate) fn contains(&self, flow: &FiveTuple) -> bool {
        self.address == flow.dst
            && self.protocol == flow.protocol
            && (self.port_low..=self.port_high).contains(&flow.dst_port)
    }

    /// What the controller named; absent without an address. Numbers that no protocol or port has are cut to the largest.
    pub(crate) fn from_wire(service: &wire::Service) -> Option<Self> {
        let port = |port: u32| u16::try_from(port).unwrap_or(u16::MAX);
        Some(Service {
            address: address::from_bytes(&service.address)?,
            protocol: u8::try_from(service.protocol).unwrap_or(u8::MAX),
            port_low: port(service.port_low),
            port_high: port(service.port_high),
        })
    }
}

/// Which way a packet crosses the link between a host and its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the stage to the host.
    ToHost,
    /// From the host to its stage.
    FromHost,
}

/// What happened to a connection of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The handshake is complete, a datagram was answered, or a client that has not heard the host's answer tries again.
    SetUp,
    /// It was closed, and the linger time has passed without a new SYN of the same five-tuple.
    TearDown,
    /// A SYN of a five-tuple whose teardown was reported a short while ago; a set-up or a teardown follows.
    Reopened,
}

/// An [`EventKind`], whose, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To which connection.
    pub flow: FiveTuple,
    /// When, in microseconds of the caller's clock.
    pub at_us: u64,
}

impl Event {
    /// As it is told at `now_us`.
    pub(crate) fn to_wire(self, now_us: u64) -> wire::Event {
        let kind = match self.kind {
            EventKind::SetUp => wire::event::Kind::Setup,
            EventKind::TearDown => wire::event::Kind::Teardown,
            EventKind::Reopened => wire::event::Kind::Reopened,
        };
        wire::Event {
            kind: kind.into(),
            flow: Some(self.flow.into()),
            age_us: now_us.saturating_sub(self.at_us),
        }
    }
}
