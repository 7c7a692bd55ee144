//! Hosts that reach each other through tunnels: `ipip`, over IPv4 and IPv6, of IPv4 and IPv6.

use super::group::{
    Family, GATEWAY_MAC, Identity, PEER, ROUTER_MAC, SELF, THIRD, arriving, by_tunnel, host,
    host_mac, stage_mac, told, tunnel_peer,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, Packet};
use dpr_p4::host_stage::{Arrival, DropReason, HOPS, NO_HOST, Outcome, PORT_NETWORK};

const MTU: u16 = 1400;

/// The families of tunnels and of what is in them.
fn families() -> impl Iterator<Item = (Family, Family)> {
    let both = Family::BOTH.into_iter();
    both.flat_map(|outer| Family::BOTH.map(|inner| (outer, inner)))
}

/// A packet in a tunnel between hosts, with the class and the hops that it may still go.
fn tunnelled(
    family: Family,
    packet: &Packet,
    from: u16,
    to: u16,
    arrival: Arrival,
    hops: u8,
) -> Packet {
    let mut outer = packet.tunnelled(family.host(from), family.host(to));
    let tag = hops << 2 | arrival as u8;
    outer.identification = tag.into();
    outer.flow_label = tag.into();
    outer.traffic_class = packet.traffic_class;
    outer
}

/// A packet as it comes out of the network in a peer's tunnel: to the host's MAC.
fn from_peer(family: Family, packet: &Packet, arrival: Arrival, hops: u8) -> Frame {
    let outer = tunnelled(family, packet, PEER, SELF, arrival, hops);
    Frame::new(outer).between(ROUTER_MAC, host_mac(SELF))
}

/// A stage that reaches its peer through a tunnel over a family.
fn start(platform: Platform<'_>, family: Family, owner: u16) -> Stage {
    let mut stage = Stage::with_bucket(platform, owner, NO_HOST, 0);
    stage.write(&[
        Identity::with_gateway().update(),
        host(PEER, by_tunnel(family, PEER, MTU)).modify(),
        tunnel_peer(family.host(PEER)).insert(),
    ]);
    stage
}

/// A segment with so many bytes in all.
fn of_length(family: Family, length: u16) -> Packet {
    let mut packet = family.datagram(&[], Arrival::Router).packet;
    if let crate::frame::Layer4::Udp { payload, .. } = &mut packet.layer_4 {
        *payload = vec![0xa5; usize::from(length - family.header() - 8)];
    }
    packet
}

pub(super) fn a_packet_goes_in_a_tunnel_with_its_arrival_and_hops(platform: Platform<'_>) {
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, PEER);
        // DSCP and ECN are copied.
        let frame = inner
            .syn(Arrival::Router)
            .with(|packet| packet.traffic_class = 0xb9);
        let mut sent = frame.packet.clone();
        sent.ttl -= 1;
        let hops = HOPS - 1;
        let expected = tunnelled(outer, &sent, SELF, PEER, Arrival::Peer, hops);
        let outcome = Outcome::ReroutedToOwner;
        stage.reroutes_as(&frame, (GATEWAY_MAC, &expected), PEER, outcome);
        stage.pin(&frame, PEER);
        let expected = tunnelled(outer, &sent, SELF, PEER, Arrival::Final, hops);
        let outcome = Outcome::ReroutedByState;
        stage.reroutes_as(&frame, (GATEWAY_MAC, &expected), PEER, outcome);
    }
}

pub(super) fn a_peers_tunnel_ends_here(platform: Platform<'_>) {
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, THIRD);
        let packet = inner.syn(Arrival::Router).packet;
        let mut serves = |arrival, outcome| {
            let frame = from_peer(outer, &packet, arrival, 0);
            let expected = Frame::new(packet.clone()).between(ROUTER_MAC, host_mac(SELF));
            stage.passes(
                (PORT_NETWORK, &frame.bytes()),
                (dpr_p4::host_stage::PORT_HOST, &expected.bytes()),
                outcome,
            );
        };
        // Whoever owns the bucket: this one is to be delivered.
        serves(Arrival::Final, Outcome::ServedFinal);
        // It was a SYN, and is remembered where the previous owner is asked.
        serves(Arrival::Chain, Outcome::ServedByChain);
        stage.move_bucket(THIRD, NO_HOST, 1);
        let frame = from_peer(outer, &packet, Arrival::Peer, 0);
        let expected = Frame::new(packet.clone()).between(ROUTER_MAC, host_mac(SELF));
        stage.passes(
            (PORT_NETWORK, &frame.bytes()),
            (dpr_p4::host_stage::PORT_HOST, &expected.bytes()),
            Outcome::ServedAsOwner,
        );
    }
}

pub(super) fn a_tunnels_hops_run_out(platform: Platform<'_>) {
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, PEER);
        let packet = inner.ack(Arrival::Router).packet;
        let frame = from_peer(outer, &packet, Arrival::Router, 5);
        let mut sent = packet.clone();
        sent.ttl -= 1;
        let expected = Frame::new(tunnelled(outer, &sent, SELF, PEER, Arrival::Peer, 4))
            .between(stage_mac(SELF), GATEWAY_MAC);
        stage.passes(
            (PORT_NETWORK, &frame.bytes()),
            (PORT_NETWORK, &expected.bytes()),
            Outcome::ReroutedToOwner,
        );
        stage.write(&[Identity::default().update()]);
        let frame = from_peer(outer, &packet, Arrival::Router, 0);
        stage.drops(PORT_NETWORK, &frame.bytes(), DropReason::TtlExpired);
    }
}

pub(super) fn congestion_in_a_tunnel_is_congestion_on_the_way(platform: Platform<'_>) {
    // RFC 6040: what may be marked, and what becomes of it when the tunnel's packet was.
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, SELF);
        for (class, after) in [(0b10, 0b11), (0b01, 0b11), (0b11, 0b11), (0b00, 0b00)] {
            let mut packet = inner.ack(Arrival::Router).packet;
            packet.traffic_class = 0x28 | class;
            let mut frame = from_peer(outer, &packet, Arrival::Router, 3);
            frame.packet.traffic_class = 0x2b;
            packet.traffic_class = 0x28 | after;
            let expected = Frame::new(packet).between(ROUTER_MAC, host_mac(SELF));
            stage.passes(
                (PORT_NETWORK, &frame.bytes()),
                (dpr_p4::host_stage::PORT_HOST, &expected.bytes()),
                Outcome::ServedAsOwner,
            );
        }
    }
}

pub(super) fn tunnels_that_no_peer_sent_stay_closed(platform: Platform<'_>) {
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, SELF);
        let packet = inner.syn(Arrival::Router).packet;
        // The host's own affair.
        let own = arriving(
            packet.tunnelled(outer.transit(), outer.host(SELF)),
            Arrival::Router,
        );
        stage.serves(&own, Outcome::OwnTraffic);
        for address in [outer.published(), outer.host(PEER)] {
            let stray = arriving(packet.tunnelled(outer.transit(), address), Arrival::Router);
            stage.drops(PORT_NETWORK, &stray.bytes(), DropReason::StrayTunnel);
        }
        // A peer's, but for another host.
        let other = arriving(
            packet.tunnelled(outer.host(PEER), outer.host(THIRD)),
            Arrival::Router,
        );
        stage.drops(PORT_NETWORK, &other.bytes(), DropReason::StrayTunnel);
    }
}

pub(super) fn a_client_is_told_what_is_too_big_for_a_tunnel(platform: Platform<'_>) {
    for (outer, inner) in families() {
        let mut stage = start(platform, outer, PEER);
        let most = MTU - outer.header();
        let fits = arriving(of_length(inner, most), Arrival::Router);
        let mut sent = fits.packet.clone();
        sent.ttl -= 1;
        let expected = tunnelled(outer, &sent, SELF, PEER, Arrival::Peer, HOPS - 1);
        let outcome = Outcome::ReroutedToOwner;
        stage.reroutes_as(&fits, (GATEWAY_MAC, &expected), PEER, outcome);

        let frame = arriving(of_length(inner, most + 1), Arrival::Router);
        let quoted = usize::from(inner.header()) + 8;
        let message = frame.packet.too_big(inner.published(), most, quoted);
        stage.tells(&frame, &told(message), DropReason::TooBig);
        if inner == Family::Ipv4 {
            // With options, all of them are quoted.
            let frame = frame.with(|packet| packet.options = vec![1; 12]);
            let message = frame.packet.too_big(inner.published(), most, quoted + 12);
            stage.tells(&frame, &told(message), DropReason::TooBig);
            // Who allows fragments is not told; the packet is counted.
            let frame = frame.with(|packet| packet.flags = 0);
            stage.drops(PORT_NETWORK, &frame.bytes(), DropReason::TooBig);
        }
    }
}
