//! A host stage in a [`group`](super::group) of three, and what it is expected to do with a packet: it is host 1.

use super::group::{
    CLIENT, DNS, Family, GATEWAY_MAC, Identity, PEER, PUBLISHED, PUBLISHED6, ROUTER_MAC, SELF,
    THIRD, WEB, bucket, by_mac, host, host_address, host_mac, in_map, pin, pin6, published,
    service_of, stage_mac, stage_mac_for,
};
use crate::frame::{ACK, Frame, Packet};
use crate::{Launch, Platform, Target, eventually};
use dpr_p4::host_stage::{
    self, Arrival, DropReason, Outcome, PORT_HOST, PORT_NETWORK, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
    PROTOCOL_TCP, PROTOCOL_UDP, drops, outcomes, rerouted_to, services,
};
use dpr_runtime::{CounterValue, Update};

/// A port that the program has no use for.
pub const STRAY_PORT: u16 = 7;

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
        stage.write(&[
            Identity::default().update(),
            host(PEER, by_mac(PEER)).insert(),
            host(THIRD, by_mac(THIRD)).insert(),
            published(PUBLISHED, false).insert(),
            published(PUBLISHED6, false).insert(),
        ]);
        for (family, echo) in [
            (Family::Ipv4, PROTOCOL_ICMP),
            (Family::Ipv6, PROTOCOL_ICMPV6),
        ] {
            let address = family.published();
            stage.write(&[
                service_of(address, PROTOCOL_TCP, WEB, in_map()).insert(),
                service_of(address, PROTOCOL_UDP, DNS, in_map()).insert(),
                service_of(address, echo, 0, services::Action::AnswerHere).insert(),
            ]);
        }
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
        stage.write(&[bucket(owner_id, previous_id, accept).insert()]);
        stage
    }

    /// Writes a batch.
    pub fn write(&mut self, updates: &[Update]) {
        self.target.client.write(updates);
    }

    /// Changes the bucket.
    pub fn move_bucket(&mut self, owner_id: u16, previous_id: u16, accept: u8) {
        self.write(&[bucket(owner_id, previous_id, accept).modify()]);
    }

    /// Gives the frame's connection to a host.
    pub fn pin(&mut self, frame: &Frame, host: u16) {
        let update = if frame.packet.src.is_ipv4() {
            pin(frame, host).insert()
        } else {
            pin6(frame, host).insert()
        };
        self.write(&[update]);
    }

    /// Puts a frame into a port, and expects another at another port, or the same.
    pub fn passes(
        &mut self,
        (from, frame): (u16, &[u8]),
        (to, expected): (u16, &[u8]),
        outcome: Outcome,
    ) {
        let before = self.outcomes();
        self.target.port(from).inject(frame);
        self.target.port(to).expect(expected);
        self.counted(&before, outcome, frame.len());
    }

    /// Puts the frame in from the network, and expects it at the host: for the host's MAC, otherwise untouched.
    pub fn serves(&mut self, frame: &Frame, outcome: Outcome) {
        self.serves_as(frame, &frame.packet.clone(), outcome);
    }

    /// Puts the frame in from the network, and expects it at the host with another packet.
    pub fn serves_as(&mut self, frame: &Frame, expected: &Packet, outcome: Outcome) {
        let mut expected = frame.clone().carrying(expected.clone());
        expected.dst_mac = host_mac(SELF);
        self.passes(
            (PORT_NETWORK, &frame.bytes()),
            (PORT_HOST, &expected.bytes()),
            outcome,
        );
    }

    /// Puts the frame in from the network, and expects it back there for another host's stage.
    pub fn reroutes(&mut self, frame: &Frame, host: u16, arrival: Arrival, outcome: Outcome) {
        let mut expected = frame.packet.clone();
        expected.ttl -= 1;
        let to_mac = stage_mac_for(host, arrival);
        self.reroutes_as(frame, (to_mac, &expected), host, outcome);
    }

    /// Puts the frame in from the network, and expects it back there to this MAC with another packet, for another host.
    pub fn reroutes_as(
        &mut self,
        frame: &Frame,
        (to_mac, expected): (u64, &Packet),
        host: u16,
        outcome: Outcome,
    ) {
        let to_host = |stage: &mut Self| stage.counter(rerouted_to::ID, host.into()).packets;
        let rerouted = to_host(self);
        self.returns(frame, (to_mac, expected), outcome);
        assert_eq!(to_host(self), rerouted + 1, "rerouted_to[{host}]");
    }

    /// Puts the frame in from the network, and expects these and nothing else at the ports, and that so many copies came to these
    /// outcomes.
    pub fn replicates(
        &mut self,
        frame: &Frame,
        copies: &[(u16, Frame)],
        counts: &[(Outcome, u64)],
    ) {
        let before = self.outcomes();
        let bytes = frame.bytes();
        self.target.port(PORT_NETWORK).inject(&bytes);
        for port in [PORT_HOST, PORT_NETWORK] {
            let expected = copies.iter().filter(|(to, _)| *to == port);
            let expected = expected.map(|(_, copy)| copy.bytes()).collect();
            self.target.port(port).expect_all(expected);
        }
        let all: u64 = counts.iter().map(|(_, packets)| packets).sum();
        let packets = |values: &[CounterValue]| values.iter().map(|value| value.packets).sum();
        let so_far: u64 = packets(&before);
        eventually("outcomes of copies", so_far + all, || {
            packets(&self.outcomes())
        });
        self.all_counted(&before, counts, bytes.len());
        self.expect_no_more();
    }

    /// Puts the frame in from the network, and expects a packet there from this stage.
    pub fn returns(&mut self, frame: &Frame, (to_mac, expected): (u64, &Packet), outcome: Outcome) {
        let expected = frame
            .clone()
            .carrying(expected.clone())
            .between(stage_mac(SELF), to_mac);
        self.passes(
            (PORT_NETWORK, &frame.bytes()),
            (PORT_NETWORK, &expected.bytes()),
            outcome,
        );
    }

    /// Puts the frame in from the network, and expects that it is dropped for this reason and that somebody is told by the
    /// gateway.
    pub fn tells(&mut self, frame: &Frame, expected: &Packet, reason: DropReason) {
        let dropped = self.counter(drops::ID, reason as u64).packets;
        self.returns(frame, (GATEWAY_MAC, expected), Outcome::Dropped);
        let dropped_now = self.counter(drops::ID, reason as u64).packets;
        assert_eq!(dropped_now, dropped + 1, "drops[{}]", reason.name());
    }

    /// Puts a frame in from the host, and expects it in the network with another packet.
    pub fn sends_as(&mut self, frame: &Frame, expected: &Packet) {
        let expected = frame.clone().carrying(expected.clone());
        self.passes(
            (PORT_HOST, &frame.bytes()),
            (PORT_NETWORK, &expected.bytes()),
            Outcome::FromHost,
        );
    }

    /// Puts a frame into a port, and expects that it is counted as dropped for this reason.
    pub fn counts_drop(&mut self, port: u16, frame: &[u8], reason: DropReason) {
        let before = self.outcomes();
        let dropped = self.counter(drops::ID, reason as u64).packets;
        self.target.port(port).inject(frame);
        let what = format!("drops[{}]", reason.name());
        eventually(&what, dropped + 1, || {
            self.counter(drops::ID, reason as u64).packets
        });
        self.counted(&before, Outcome::Dropped, frame.len());
    }

    /// The same, and that nothing comes out.
    pub fn drops(&mut self, port: u16, frame: &[u8], reason: DropReason) {
        self.counts_drop(port, frame, reason);
        self.expect_no_more();
    }

    fn expect_no_more(&mut self) {
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
        self.all_counted(before, &[(outcome, 1)], bytes);
    }

    /// So many packets more of these outcomes, none of any other.
    fn all_counted(&mut self, before: &[CounterValue], counts: &[(Outcome, u64)], bytes: usize) {
        let after = self.outcomes();
        for other in Outcome::ALL {
            let index = *other as usize;
            let more = CounterValue {
                packets: after[index].packets - before[index].packets,
                bytes: after[index].bytes - before[index].bytes,
            };
            let packets = counts.iter().find(|(outcome, _)| outcome == other);
            let packets = packets.map_or(0, |(_, packets)| *packets);
            let expected = CounterValue {
                packets,
                bytes: packets * bytes as u64,
            };
            assert_eq!(more, expected, "outcomes[{}]", other.name());
        }
    }
}

/// What the host sends itself.
fn from_host() -> Vec<u8> {
    Frame::tcp((PUBLISHED, WEB), (CLIENT, 40_001), ACK)
        .between(host_mac(SELF), ROUTER_MAC)
        .bytes()
}

/// What is for the host itself.
fn to_host() -> Vec<u8> {
    Frame::tcp((CLIENT, 40_001), (host_address(SELF), 22), ACK)
        .between(ROUTER_MAC, host_mac(SELF))
        .bytes()
}
