//! The front router with IPv6 and VLAN tags.

use super::router::{
    CLIENT_MAC, FAR, INSIDE, OUTSIDE, PUBLISHED, Router, forwarded, port_mac, segment, set,
    stage_mac,
};
use crate::Platform;
use crate::frame::{
    Extension, Frame, Layer4, Packet, SYN, Tag, neighbor_advertisement, neighbor_solicitation,
};
use dpr_p4::front_router::{
    ALL_NODES, ALL_NODES_MAC, DropReason, NDP_ROUTER_OVERRIDE, NDP_ROUTER_SOLICITED_OVERRIDE,
    Outcome, PROTOCOL_DESTINATION, PROTOCOL_IPIP, PROTOCOL_IPV6, gateways6, routes, routes6,
};
use dpr_runtime::Lpm;
use std::net::Ipv6Addr;

const CLIENT6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 7);
const PUBLISHED6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x113, 0, 0, 0, 0, 0x10);
const GATEWAY6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 1);

pub(super) fn route(address: Ipv6Addr, prefix: u32, action: routes6::Action) -> routes6::Entry {
    let prefix = Lpm {
        value: address.into(),
        prefix,
    };
    routes6::Entry::new(routes6::Key { prefix }, action)
}

fn next_hop(port: u16, dst_mac: u64) -> routes6::Action {
    routes6::Action::NextHop {
        port,
        src_mac: port_mac(port),
        dst_mac,
    }
}

fn to(address: Ipv6Addr, src_port: u16) -> Frame {
    Frame::tcp((CLIENT6, src_port), (address, 80), SYN).between(CLIENT_MAC, port_mac(OUTSIDE))
}

/// With two hosts behind the published address.
fn spraying(platform: Platform<'_>, action: routes6::Action) -> Router {
    let mut router = Router::start(platform);
    router.target.client.write(&set(0, &[11, 12]));
    let published = route(PUBLISHED6, 128, action).insert();
    router.target.client.write(&[published]);
    router
}

pub(super) fn the_longest_prefix_wins(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    let prefix = |text: &str| text.parse::<Ipv6Addr>().expect("an address");
    router.target.client.write(&[
        route(Ipv6Addr::UNSPECIFIED, 0, next_hop(FAR, 1)).insert(),
        route(prefix("2001:db8::"), 32, next_hop(INSIDE, 32)).insert(),
        route(prefix("2001:db8:0:7::"), 64, next_hop(FAR, 64)).insert(),
        route(prefix("2001:db8:0:7::9"), 128, next_hop(INSIDE, 128)).insert(),
    ]);
    for (address, port, mac) in [
        ("2001:db8:0:7::9", INSIDE, 128),
        ("2001:db8:0:7::8", FAR, 64),
        ("2001:db8:0:8::9", INSIDE, 32),
        ("2001:db9::1", FAR, 1),
    ] {
        router.forwards(&to(prefix(address), 1), port, mac, Outcome::Routed);
    }
    // IPv4's routes are others.
    let other = segment(1, PUBLISHED);
    router.drops(OUTSIDE, &other.bytes(), DropReason::NoRoute);
}

pub(super) fn a_published_address_is_sprayed(platform: Platform<'_>) {
    let mut router = spraying(platform, routes6::Action::SprayRandomly { set: 0, last: 1 });
    let mut reached = [0; 2];
    let frame = to(PUBLISHED6, 1);
    for _ in 0..60 {
        router.target.port(OUTSIDE).inject(&frame.bytes());
        let received = router.target.port(INSIDE).receive();
        let expected = [11, 12].map(|host| forwarded(&frame, INSIDE, stage_mac(host)).bytes());
        let host = expected.iter().position(|bytes| *bytes == received);
        reached[host.expect("to one of the hosts")] += 1;
    }
    assert!(reached.iter().all(|count| *count > 5), "{reached:?}");
    // By the flow: each to one host, all to both.
    let by_flow = routes6::Action::SprayByFlow { set: 0, last: 1 };
    router
        .target
        .client
        .write(&[route(PUBLISHED6, 128, by_flow).modify()]);
    let mut reached = [0; 2];
    for src_port in (1024..65_000).step_by(1999) {
        let frame = to(PUBLISHED6, src_port);
        let expected = [11, 12].map(|host| forwarded(&frame, INSIDE, stage_mac(host)).bytes());
        let hosts = [(); 3].map(|()| {
            router.target.port(OUTSIDE).inject(&frame.bytes());
            let received = router.target.port(INSIDE).receive();
            let host = expected.iter().position(|bytes| *bytes == received);
            host.expect("to one of the hosts")
        });
        assert!(hosts.iter().all(|host| *host == hosts[0]), "{hosts:?}");
        reached[hosts[0]] += 1;
    }
    assert!(reached.iter().all(|count| *count > 0), "{reached:?}");
}

pub(super) fn neighbors_find_the_gateways(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    let gateway = gateways6::Key {
        port: OUTSIDE,
        address: GATEWAY6.into(),
    };
    let gateway = gateways6::Entry::new(gateway, gateways6::Action::Advertise);
    router.target.client.write(&[gateway.insert()]);
    let advertised = |to, flags| {
        let gateway = (port_mac(OUTSIDE), GATEWAY6);
        neighbor_advertisement(gateway, to, flags).bytes()
    };
    let solicitation = neighbor_solicitation(CLIENT_MAC, CLIENT6, GATEWAY6);
    // Without the option, as the one of a neighbor that checks whether the router is still there.
    let mut checking = solicitation.clone();
    if let Layer4::Icmp { payload, .. } = &mut checking.packet.layer_4 {
        payload.truncate(16);
    }
    for frame in [&solicitation, &checking] {
        router.target.port(OUTSIDE).inject(&frame.bytes());
        let solicited = advertised((CLIENT_MAC, CLIENT6), NDP_ROUTER_SOLICITED_OVERRIDE);
        router.target.port(OUTSIDE).expect(&solicited);
    }
    // Who has no address yet is told with all.
    let unspecified = neighbor_solicitation(CLIENT_MAC, Ipv6Addr::UNSPECIFIED, GATEWAY6);
    router.target.port(OUTSIDE).inject(&unspecified.bytes());
    let all = (ALL_NODES_MAC, Ipv6Addr::from(ALL_NODES));
    let expected = advertised(all, NDP_ROUTER_OVERRIDE);
    router.target.port(OUTSIDE).expect(&expected);
    // With the request's tag.
    let tagged = solicitation.clone().tagged(&[Tag::new(9)]);
    router.target.port(OUTSIDE).inject(&tagged.bytes());
    let gateway = (port_mac(OUTSIDE), GATEWAY6);
    let to = (CLIENT_MAC, CLIENT6);
    let expected = neighbor_advertisement(gateway, to, NDP_ROUTER_SOLICITED_OVERRIDE);
    let expected = expected.tagged(&[Tag::new(9)]).bytes();
    router.target.port(OUTSIDE).expect(&expected);

    // Another address, another port, and what has come over a hop.
    let other = neighbor_solicitation(CLIENT_MAC, CLIENT6, PUBLISHED6);
    let forged = solicitation.clone().with_ttl(254);
    for (port, frame) in [(OUTSIDE, other), (INSIDE, solicitation), (OUTSIDE, forged)] {
        router.drops(port, &frame.bytes(), DropReason::NotToMe);
    }
}

pub(super) fn packets_that_are_not_routed_are_dropped(platform: Platform<'_>) {
    let mut router = spraying(platform, routes6::Action::SprayByFlow { set: 9, last: 0 });
    let good = to(PUBLISHED6, 1);
    router.drops(OUTSIDE, &good.bytes(), DropReason::NoMember);
    for ttl in [1, 0] {
        let expired = good.clone().with_ttl(ttl);
        router.drops(OUTSIDE, &expired.bytes(), DropReason::TtlExpired);
    }
    let flooded = good.clone().between(CLIENT_MAC, port_mac(INSIDE));
    router.drops(OUTSIDE, &flooded.bytes(), DropReason::NotToMe);
    let nowhere = to(CLIENT6, 1);
    router.drops(OUTSIDE, &nowhere.bytes(), DropReason::NoRoute);
    let mut version = good.bytes();
    version[14] = 0x40;
    router.drops(OUTSIDE, &version, DropReason::ParserError);
    for length in [14, 53, 54, 73] {
        router.drops(OUTSIDE, &good.bytes()[..length], DropReason::ParserError);
    }
}

pub(super) fn tunnels_come_from_inside_only(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    router
        .target
        .client
        .write(&[route(PUBLISHED6, 128, next_hop(FAR, 5)).insert()]);
    for protocol in [PROTOCOL_IPIP, PROTOCOL_IPV6] {
        let layer_4 = Layer4::Other {
            protocol,
            bytes: vec![0x45; 40],
        };
        let plain = Packet::new(CLIENT6.into(), PUBLISHED6.into(), layer_4);
        // Behind an extension header it is one, too.
        let mut hidden = plain.clone();
        hidden.extensions = vec![Extension {
            kind: PROTOCOL_DESTINATION,
            data: vec![0; 6],
        }];
        for packet in [plain, hidden] {
            let outside = Frame::new(packet.clone()).between(CLIENT_MAC, port_mac(OUTSIDE));
            router.drops(OUTSIDE, &outside.bytes(), DropReason::TunnelFromOutside);
            let inside = Frame::new(packet).between(CLIENT_MAC, port_mac(INSIDE));
            router.target.port(INSIDE).inject(&inside.bytes());
            let expected = forwarded(&inside, FAR, 5).bytes();
            router.target.port(FAR).expect(&expected);
        }
    }
}

pub(super) fn tags_are_kept(platform: Platform<'_>) {
    let mut router = spraying(platform, routes6::Action::SprayRandomly { set: 0, last: 0 });
    let to_set = routes::Action::SprayRandomly { set: 0, last: 0 };
    let ipv4 = super::router::route(PUBLISHED, 32, to_set).insert();
    router.target.client.write(&[ipv4]);
    for frame in [to(PUBLISHED6, 1), segment(1, PUBLISHED)] {
        for tags in [vec![Tag::new(5)], vec![Tag::new(5), Tag::new(6)]] {
            let frame = frame.clone().tagged(&tags);
            router.forwards(&frame, INSIDE, stage_mac(11), Outcome::Sprayed);
        }
    }
}
