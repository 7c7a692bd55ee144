//! What a host stage lets pass although it is no service.

use super::group::{
    CLIENT, PEER, PUBLISHED, ROUTER_MAC, SELF, host_address, host_mac, stage_mac_for,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{self, ACK, BROADCAST, Frame, SYN, arp_reply, arp_request};
use dpr_p4::host_stage::{
    Arrival, DropReason, Outcome, PORT_HOST, PORT_NETWORK, PROBE_MAGIC, probes,
};
use std::net::Ipv4Addr;

/// In by one port, out by the other, untouched.
fn passes(stage: &mut Stage, from: u16, frame: &[u8]) {
    stage.target.port(from).inject(frame);
    let to = if from == PORT_NETWORK {
        PORT_HOST
    } else {
        PORT_NETWORK
    };
    stage.target.port(to).expect(frame);
}

pub(super) fn arp_for_the_host_passes_and_for_a_published_address_does_not(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    let router = Ipv4Addr::new(10, 0, 0, 254);
    passes(
        &mut stage,
        PORT_NETWORK,
        &arp_request(ROUTER_MAC, router, host_address(SELF)),
    );
    stage.drops(
        PORT_NETWORK,
        &arp_request(ROUTER_MAC, router, PUBLISHED),
        DropReason::ArpForAnother,
    );
    stage.drops(
        PORT_NETWORK,
        &arp_request(ROUTER_MAC, router, host_address(PEER)),
        DropReason::ArpForAnother,
    );
    // An announcement (RFC 5227) asks for its sender's own address.
    passes(
        &mut stage,
        PORT_NETWORK,
        &arp_request(ROUTER_MAC, router, router),
    );
    let reply = arp_reply((ROUTER_MAC, router), (host_mac(SELF), host_address(SELF)));
    passes(&mut stage, PORT_NETWORK, &reply);
    passes(
        &mut stage,
        PORT_HOST,
        &arp_request(host_mac(SELF), host_address(SELF), router),
    );
}

pub(super) fn echo_requests_to_a_published_address_are_answered_here(platform: Platform<'_>) {
    // Whoever owns the bucket.
    let mut stage = Stage::with_bucket(platform, PEER, 0, 0);
    let echo = Frame::echo(CLIENT, PUBLISHED, b"ping")
        .between(ROUTER_MAC, stage_mac_for(SELF, Arrival::Router));
    stage.serves(&echo, Outcome::AnsweredHere);
}

pub(super) fn the_hosts_own_packets_pass_both_ways(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    let to_self = Frame::tcp((CLIENT, 9), (host_address(SELF), 22), SYN);
    for dst_mac in [host_mac(SELF), stage_mac_for(SELF, Arrival::Router)] {
        stage.serves(
            &to_self.clone().between(ROUTER_MAC, dst_mac),
            Outcome::OwnTraffic,
        );
    }
    let broadcast = to_self.clone().between(ROUTER_MAC, BROADCAST).bytes();
    passes(&mut stage, PORT_NETWORK, &broadcast);
    // Neither IP nor ARP.
    let mut lldp = frame::ethernet(host_mac(SELF), ROUTER_MAC, 0x88cc);
    lldp.extend([0x60; 40]);
    passes(&mut stage, PORT_NETWORK, &lldp);
    // A reply goes straight to the client.
    let reply = Frame::tcp((PUBLISHED, 80), (CLIENT, 9), SYN | ACK);
    passes(
        &mut stage,
        PORT_HOST,
        &reply.between(host_mac(SELF), ROUTER_MAC).bytes(),
    );
}

pub(super) fn probes_are_counted_by_prober(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    let mut probe = Vec::new();
    probe.extend(PROBE_MAGIC.to_be_bytes());
    probe.extend(PEER.to_be_bytes());
    probe.extend(SELF.to_be_bytes());
    probe.extend(7u32.to_be_bytes());
    let echo = |payload: &[u8]| {
        Frame::echo(host_address(PEER), host_address(SELF), payload)
            .between(ROUTER_MAC, stage_mac_for(SELF, Arrival::Final))
    };
    stage.serves(&echo(&probe), Outcome::OwnTraffic);
    // Of the same length without the mark, and of another length with it.
    stage.serves(&echo(&[0; 12]), Outcome::OwnTraffic);
    probe.push(0);
    stage.serves(&echo(&probe), Outcome::OwnTraffic);
    let counted = stage.target.client.counters(probes::ID);
    let counted = counted
        .iter()
        .enumerate()
        .filter(|(_, value)| value.packets > 0);
    let counted: Vec<_> = counted
        .map(|(prober, value)| (prober, value.packets))
        .collect();
    assert_eq!(counted, [(usize::from(PEER), 1)]);
}
