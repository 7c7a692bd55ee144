//! A host stage in a group of three, for the scenarios: it is host 1; its client speaks to the published address 203.0.113.10,
//! whose services have one bucket, so that the scenario chooses who owns it.

use crate::frame::{ACK, Ipv4Frame, Layer4, SYN};
use crate::{Launch, Platform, Target, eventually};
use dpr_p4::host_stage::{
    self, Arrival, DropReason, Outcome, PORT_HOST, PORT_NETWORK, PROTOCOL_ICMP, PROTOCOL_TCP,
    PROTOCOL_UDP, buckets, drops, flow_state, hosts, identity, outcomes, rerouted_to, services,
};
use dpr_runtime::{CounterValue, Range};
use std::net::Ipv4Addr;

pub const SELF: u16 = 1;
pub const PEER: u16 = 2;
pub const THIRD: u16 = 3;
pub const PUBLISHED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub const ROUTER_MAC: u64 = 0x0200_5e00_0001;
pub const MAP: u16 = 5;
/// A port that the program has no use for.
pub const STRAY_PORT: u16 = 7;

pub fn stage_mac(host: u16) -> u64 {
    0x0200_0001_0000 | u64::from(host) << 2
}

pub fn stage_mac_for(host: u16, arrival: Arrival) -> u64 {
    stage_mac(host) | u64::from(arrival as u8)
}

pub fn host_mac(host: u16) -> u64 {
    0x0200_0002_0000 | u64::from(host)
}

pub fn host_address(host: u16) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, host as u8)
}

pub struct Stage {
    pub target: Target,
}

impl Stage {
    /// Without any entry.
    pub fn empty(platform: Platform<'_>) -> Self {
        let launch = Launch {
            platform,
            program: &host_stage::PROGRAM,
            ports: &[PORT_NETWORK, PORT_HOST, STRAY_PORT],
            interfaces: &[],
            cpu_port: None,
        };
        Stage {
            target: launch.start(),
        }
    }

    /// With identity, peers and services; nobody owns the bucket.
    pub fn start(platform: Platform<'_>) -> Self {
        Stage::around(Stage::empty(platform).target)
    }

    /// The same of a target that is there and runs the program.
    pub fn around(target: Target) -> Self {
        let mut stage = Stage { target };
        let be = identity::Action::Be {
            host: SELF,
            host_mac: host_mac(SELF),
            stage_mac: stage_mac(SELF),
            address: host_address(SELF).into(),
        };
        let peer = |host| {
            let by_mac = hosts::Action::ByMac {
                stage_mac: stage_mac(host),
            };
            hosts::Entry::new(hosts::Key { host }, by_mac).insert()
        };
        let in_map = services::Action::InMap {
            map_id: MAP,
            mask: 0,
        };
        stage.target.client.write(&[
            identity::Entry::default_entry(&be),
            peer(PEER),
            peer(THIRD),
            service(PROTOCOL_TCP, 80, in_map).insert(),
            service(PROTOCOL_UDP, 53, in_map).insert(),
            service(PROTOCOL_ICMP, 0, services::Action::AnswerHere).insert(),
        ]);
        stage
    }

    /// With a bucket as well.
    pub fn with_bucket(
        platform: Platform<'_>,
        owner_id: u16,
        previous_id: u16,
        accept: u8,
    ) -> Self {
        let mut stage = Stage::start(platform);
        stage
            .target
            .client
            .write(&[bucket(owner_id, previous_id, accept).insert()]);
        stage
    }

    /// Changes the bucket.
    pub fn move_bucket(&mut self, owner_id: u16, previous_id: u16, accept: u8) {
        self.target
            .client
            .write(&[bucket(owner_id, previous_id, accept).modify()]);
    }

    /// Gives the frame's connection to a host.
    pub fn pin(&mut self, frame: &Ipv4Frame, host: u16) {
        self.target.client.write(&[pin(frame, host).insert()]);
    }

    /// Puts the frame in from the network, and expects it at the host: for the host's MAC, otherwise untouched.
    pub fn serves(&mut self, frame: &Ipv4Frame, outcome: Outcome) {
        let before = self.outcomes();
        self.target.port(PORT_NETWORK).inject(&frame.bytes());
        let expected = Ipv4Frame {
            dst_mac: host_mac(SELF),
            ..frame.clone()
        };
        self.target.port(PORT_HOST).expect(&expected.bytes());
        self.counted(&before, outcome, frame.bytes().len());
    }

    /// Puts the frame in from the network, and expects it back there for another host's stage.
    pub fn reroutes(&mut self, frame: &Ipv4Frame, host: u16, arrival: Arrival, outcome: Outcome) {
        let before = self.outcomes();
        let to_host = |stage: &mut Self| stage.counter(rerouted_to::ID, host.into()).packets;
        let rerouted = to_host(self);
        self.target.port(PORT_NETWORK).inject(&frame.bytes());
        let expected = Ipv4Frame {
            dst_mac: stage_mac_for(host, arrival),
            src_mac: stage_mac(SELF),
            ttl: frame.ttl - 1,
            ..frame.clone()
        };
        self.target.port(PORT_NETWORK).expect(&expected.bytes());
        self.counted(&before, outcome, frame.bytes().len());
        assert_eq!(to_host(self), rerouted + 1, "rerouted_to[{host}]");
    }

    /// Puts a frame into a port, and expects that it is dropped for this reason and that nothing comes out.
    pub fn drops(&mut self, port: u16, frame: &[u8], reason: DropReason) {
        let before = self.outcomes();
        let dropped = self.counter(drops::ID, reason as u64).packets;
        self.target.port(port).inject(frame);
        let what = format!("drops[{}]", reason.name());
        eventually(&what, dropped + 1, || {
            self.counter(drops::ID, reason as u64).packets
        });
        self.counted(&before, Outcome::Dropped, frame.len());
        // Packets leave in the order in which they came: what comes out next is the next packet.
        let marker = from_host();
        self.target.port(PORT_HOST).inject(&marker);
        self.target.port(PORT_NETWORK).expect(&marker);
        let marker = to_host();
        self.target.port(PORT_NETWORK).inject(&marker);
        self.target.port(PORT_HOST).expect(&marker);
    }

    fn outcomes(&mut self) -> Vec<CounterValue> {
        self.target.client.counters(outcomes::ID)
    }

    fn counter(&mut self, counter: u32, index: u64) -> CounterValue {
        self.target.client.counters(counter)[index as usize]
    }

    /// One packet more of one outcome, none of any other.
    fn counted(&mut self, before: &[CounterValue], outcome: Outcome, bytes: usize) {
        let after = self.outcomes();
        for other in Outcome::ALL {
            let index = *other as usize;
            let more = CounterValue {
                packets: after[index].packets - before[index].packets,
                bytes: after[index].bytes - before[index].bytes,
            };
            let expected = if *other == outcome {
                CounterValue {
                    packets: 1,
                    bytes: bytes as u64,
                }
            } else {
                CounterValue::default()
            };
            assert_eq!(more, expected, "outcomes[{}]", other.name());
        }
    }
}

/// A service of the published address.
pub fn service(protocol: u8, port: u16, action: services::Action) -> services::Entry {
    let key = services::Key {
        address: PUBLISHED.into(),
        protocol,
        port: Range::exactly(port),
    };
    services::Entry::with_priority(key, 1, action)
}

/// The one bucket.
pub fn bucket(owner_id: u16, previous_id: u16, accept: u8) -> buckets::Entry {
    let owned_by = buckets::Action::OwnedBy {
        owner_id,
        previous_id,
        accept,
    };
    buckets::Entry::new(
        buckets::Key {
            map: MAP,
            bucket: 0,
        },
        owned_by,
    )
}

/// The flow state of the frame's connection.
pub fn pin(frame: &Ipv4Frame, host: u16) -> flow_state::Entry {
    let (protocol, src_port, dst_port) = match &frame.layer_4 {
        Layer4::Tcp {
            src_port, dst_port, ..
        } => (PROTOCOL_TCP, *src_port, *dst_port),
        Layer4::Udp {
            src_port, dst_port, ..
        } => (PROTOCOL_UDP, *src_port, *dst_port),
        other => panic!("no connection: {other:?}"),
    };
    let key = flow_state::Key {
        src: frame.src.into(),
        dst: frame.dst.into(),
        protocol,
        src_port,
        dst_port,
    };
    flow_state::Entry::new(key, flow_state::Action::ServeAt { host })
}

/// A segment of the client's connection from a port, to port 80, as it comes to this stage.
pub fn segment(src_port: u16, flags: u8, arrival: Arrival) -> Ipv4Frame {
    Ipv4Frame::tcp((CLIENT, src_port), (PUBLISHED, 80), flags)
        .between(ROUTER_MAC, stage_mac_for(SELF, arrival))
}

/// A connection's first segment.
pub fn syn(arrival: Arrival) -> Ipv4Frame {
    segment(40_000, SYN, arrival)
}

/// A later segment of the same connection.
pub fn ack(arrival: Arrival) -> Ipv4Frame {
    segment(40_000, ACK, arrival)
}

/// A datagram to the UDP service.
pub fn datagram(arrival: Arrival) -> Ipv4Frame {
    Ipv4Frame::udp((CLIENT, 40_000), (PUBLISHED, 53), b"query")
        .between(ROUTER_MAC, stage_mac_for(SELF, arrival))
}

/// What the host sends itself.
fn from_host() -> Vec<u8> {
    Ipv4Frame::tcp((PUBLISHED, 80), (CLIENT, 40_001), ACK)
        .between(host_mac(SELF), ROUTER_MAC)
        .bytes()
}

/// What is for the host itself.
fn to_host() -> Vec<u8> {
    Ipv4Frame::tcp((CLIENT, 40_001), (host_address(SELF), 22), ACK)
        .between(ROUTER_MAC, host_mac(SELF))
        .bytes()
}
