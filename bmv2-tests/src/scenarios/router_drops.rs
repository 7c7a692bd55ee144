//! What the front router drops, and why.

use super::router::{
    CLIENT, CLIENT_MAC, FAR, GATEWAY, INSIDE, OUTSIDE, PUBLISHED, Router, STRAY_PORT, forwarded,
    port_mac, route, segment,
};
use super::stage_drops::{malformed, shortest};
use crate::Platform;
use crate::frame::{Frame, Layer4, Packet, arp_reply, arp_request, ethernet};
use dpr_p4::front_router::{DropReason, PROTOCOL_IPIP, PROTOCOL_IPV6, routes};
use std::net::Ipv4Addr;

const ONE_HOST: routes::Action = routes::Action::SprayRandomly { set: 0, last: 0 };

pub(super) fn packets_that_are_not_routed_are_dropped(platform: Platform<'_>) {
    let mut router = Router::spraying(platform, &[11], ONE_HOST);
    let good = segment(1, PUBLISHED);
    router.drops(STRAY_PORT, &good.bytes(), DropReason::UnknownPort);
    // A flooded frame, what is neither IP nor ARP, ARP for somebody else, by the wrong port, and a reply.
    let flooded = good.clone().between(CLIENT_MAC, port_mac(INSIDE));
    let mut lldp = ethernet(port_mac(OUTSIDE), CLIENT_MAC, 0x88cc);
    lldp.extend([0x60; 40]);
    let not_to_me = [
        (OUTSIDE, flooded.bytes()),
        (OUTSIDE, lldp),
        (OUTSIDE, arp_request(CLIENT_MAC, CLIENT, PUBLISHED)),
        (INSIDE, arp_request(CLIENT_MAC, CLIENT, GATEWAY)),
        (
            OUTSIDE,
            arp_reply((CLIENT_MAC, CLIENT), (port_mac(OUTSIDE), GATEWAY)),
        ),
    ];
    for (port, frame) in not_to_me {
        router.drops(port, &frame, DropReason::NotToMe);
    }
    router.drops(
        OUTSIDE,
        &segment(1, [192, 0, 2, 1].into()).bytes(),
        DropReason::NoRoute,
    );
    for ttl in [1, 0] {
        let expired = good.clone().with_ttl(ttl);
        router.drops(OUTSIDE, &expired.bytes(), DropReason::TtlExpired);
    }
    let empty = route(
        [192, 0, 2, 1].into(),
        32,
        routes::Action::SprayByFlow { set: 9, last: 0 },
    );
    router.target.client.write(&[empty.insert()]);
    router.drops(
        OUTSIDE,
        &segment(1, [192, 0, 2, 1].into()).bytes(),
        DropReason::NoMember,
    );
}

pub(super) fn tunnels_come_from_inside_only(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    let next_hop = routes::Action::NextHop {
        port: FAR,
        src_mac: port_mac(FAR),
        dst_mac: 5,
    };
    let far = Ipv4Addr::new(192, 0, 2, 1);
    router
        .target
        .client
        .write(&[route(far, 32, next_hop).insert()]);
    for protocol in [PROTOCOL_IPIP, PROTOCOL_IPV6] {
        let layer_4 = Layer4::Other {
            protocol,
            bytes: vec![0x45; 40],
        };
        let tunnelled = Frame::new(Packet::new(CLIENT.into(), far.into(), layer_4));
        let outside = tunnelled.clone().between(CLIENT_MAC, port_mac(OUTSIDE));
        router.drops(OUTSIDE, &outside.bytes(), DropReason::TunnelFromOutside);
        let inside = tunnelled.between(CLIENT_MAC, port_mac(INSIDE));
        router.target.port(INSIDE).inject(&inside.bytes());
        router
            .target
            .port(FAR)
            .expect(&forwarded(&inside, FAR, 5).bytes());
    }
}

pub(super) fn malformed_packets_are_dropped(platform: Platform<'_>) {
    let mut router = Router::spraying(platform, &[11], ONE_HOST);
    for (frame, is_bad_checksum) in malformed(&segment(1, PUBLISHED)) {
        let reason = if is_bad_checksum {
            DropReason::BadChecksum
        } else {
            DropReason::ParserError
        };
        router.drops(OUTSIDE, &frame, reason);
    }
}

pub(super) fn truncated_packets_are_dropped(platform: Platform<'_>) {
    let mut router = Router::spraying(platform, &[11], ONE_HOST);
    let whole = segment(1, PUBLISHED).bytes();
    for length in shortest(platform)..whole.len() {
        router.drops(OUTSIDE, &whole[..length], DropReason::ParserError);
    }
    let request = arp_request(CLIENT_MAC, CLIENT, GATEWAY);
    for length in 14..request.len() {
        router.drops(OUTSIDE, &request[..length], DropReason::ParserError);
    }
}
