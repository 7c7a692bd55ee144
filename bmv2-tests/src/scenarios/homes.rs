//! Groups without a front router: published addresses that are at home with a host, or that are a host's own.

use super::group::{
    CLIENT, CLIENT_PORT, Family, Identity, PEER, PUBLISHED, PUBLISHED6, ROUTER_MAC, SELF, THIRD,
    WEB, arriving, host_address6, host_mac, in_map, published, service_of,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{ACK, Packet, SYN, arp_request, neighbor_solicitation};
use dpr_p4::host_stage::{
    Arrival, DropReason, NO_HOST, Outcome, PORT_HOST, PORT_NETWORK, PROTOCOL_TCP,
};
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn the_host_answers_arp_for_what_is_at_home_with_it(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    let router = Ipv4Addr::new(10, 0, 0, 254);
    let request = arp_request(ROUTER_MAC, router, PUBLISHED);
    stage.drops(PORT_NETWORK, &request, DropReason::ArpForAnother);
    stage.write(&[published(PUBLISHED, true).modify()]);
    let passes = ((PORT_NETWORK, &*request), (PORT_HOST, &*request));
    stage.passes(passes.0, passes.1, Outcome::OwnTraffic);
    // Another published address is at home with another host.
    let other = Ipv4Addr::new(203, 0, 113, 11);
    stage.write(&[published(other, false).insert()]);
    let request = arp_request(ROUTER_MAC, router, other);
    stage.drops(PORT_NETWORK, &request, DropReason::ArpForAnother);
}

pub(super) fn the_host_answers_solicitations_but_for_what_is_elsewhere(platform: Platform<'_>) {
    let mut stage = Stage::start(platform);
    let router: Ipv6Addr = "fe80::1".parse().expect("an address");
    let solicits = |target| neighbor_solicitation(ROUTER_MAC, router, target).bytes();
    let detects = |target| neighbor_solicitation(ROUTER_MAC, Ipv6Addr::UNSPECIFIED, target).bytes();
    // The host's own, one that it has for itself, and, where it is at home, the published one.
    let link_local: Ipv6Addr = "fe80::2".parse().expect("an address");
    let dropped = DropReason::ArpForAnother;
    stage.drops(PORT_NETWORK, &solicits(PUBLISHED6), dropped);
    stage.drops(PORT_NETWORK, &detects(PUBLISHED6), dropped);
    stage.write(&[published(PUBLISHED6, true).modify()]);
    for target in [host_address6(SELF), link_local, PUBLISHED6] {
        for frame in [solicits(target), detects(target)] {
            let outcome = Outcome::OwnTraffic;
            stage.passes((PORT_NETWORK, &frame), (PORT_HOST, &frame), outcome);
        }
    }
    // Who the host is must be known first.
    let mut stage = Stage::empty(platform);
    stage.counts_drop(PORT_NETWORK, &solicits(PUBLISHED6), dropped);
}

pub(super) fn a_hosts_own_address_can_be_a_service(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        let own = family.host(SELF);
        stage.write(&[service_of(own, PROTOCOL_TCP, WEB, in_map()).insert()]);
        let to = |port, flags| {
            let packet = Packet::tcp((family.client(), CLIENT_PORT), (own, port), flags);
            arriving(packet, Arrival::Router).between(ROUTER_MAC, host_mac(SELF))
        };
        // By the decision rule, although it is for the host by its MAC and its address.
        let syn = to(WEB, SYN);
        stage.reroutes(&syn, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.pin(&to(WEB, ACK), THIRD);
        stage.reroutes(
            &to(WEB, ACK),
            THIRD,
            Arrival::Final,
            Outcome::ReroutedByState,
        );
        stage.move_bucket(SELF, NO_HOST, 0);
        let other = syn.with(|packet| packet.src = family.host(9));
        stage.serves(&other, Outcome::ServedAsOwner);
        // Its other ports are the host's.
        stage.serves(&to(22, SYN), Outcome::OwnTraffic);
    }
}

pub(super) fn another_hosts_own_address_can_be_a_service(platform: Platform<'_>) {
    // A peer that does not own a bucket of its own address sends here.
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let address = family.host(PEER);
        stage.write(&[service_of(address, PROTOCOL_TCP, WEB, in_map()).insert()]);
        let packet = Packet::tcp((family.client(), CLIENT_PORT), (address, WEB), SYN);
        let frame = arriving(packet, Arrival::Peer);
        stage.serves(&frame, Outcome::ServedAsOwner);
    }
}

pub(super) fn a_host_may_have_only_a_published_address(platform: Platform<'_>) {
    // One address for all: what is a service goes by the rule, the rest is the host's, and ARP finds it.
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let identity = Identity {
        address: PUBLISHED,
        address6: PUBLISHED6,
        ..Identity::default()
    };
    stage.write(&[identity.update()]);
    let request = arp_request(ROUTER_MAC, CLIENT, PUBLISHED);
    let outcome = Outcome::OwnTraffic;
    stage.passes((PORT_NETWORK, &request), (PORT_HOST, &request), outcome);
    for family in Family::BOTH {
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
        let (from, to) = ((family.client(), CLIENT_PORT), (family.published(), 22));
        let own = arriving(Packet::tcp(from, to, SYN), Arrival::Router);
        stage.serves(&own, Outcome::OwnTraffic);
        let echo = Packet::echo(family.client(), family.published(), b"ping");
        stage.serves(&arriving(echo, Arrival::Router), Outcome::OwnTraffic);
    }
}
