//! What the front router forwards, and answers itself.

use super::group::CLIENT6;
use super::router::{
    CLIENT, CLIENT_MAC, FAR, INSIDE, NEXT_HOP_MAC, OUTSIDE, PUBLISHED, Router, forwarded, port_mac,
    route, segment, set, stage_mac,
};
use crate::Platform;
use crate::describe;
use crate::frame::Frame;
use dpr_p4::front_router::{DropReason, Outcome, routes, routes6, sprayed_to};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HOSTS: [u16; 4] = [11, 12, 13, 14];

/// Which of the hosts the router sent the frame to.
fn receive(router: &Router, sent: &Frame, hosts: &[u16]) -> u16 {
    let received = router.target.port(INSIDE).receive();
    let to = |host: &&u16| received == forwarded(sent, INSIDE, stage_mac(**host)).bytes();
    let found = hosts.iter().find(to);
    *found.unwrap_or_else(|| panic!("to none of {hosts:?}: {}", describe(&received)))
}

pub(super) fn a_random_spray_reaches_all_members(platform: Platform<'_>) {
    let random = routes::Action::SprayRandomly { set: 0, last: 3 };
    let mut router = Router::spraying(platform, &HOSTS, random);
    let mut reached = BTreeMap::<u16, u64>::new();
    let frame = segment(1, PUBLISHED);
    for _ in 0..400 {
        router.target.port(OUTSIDE).inject(&frame.bytes());
        *reached.entry(receive(&router, &frame, &HOSTS)).or_default() += 1;
    }
    // 100 each, with a standard deviation of 9.
    assert!(
        HOSTS.iter().all(|host| (50..150).contains(&reached[host])),
        "{reached:?}"
    );
    let counted = router.target.client.counters(sprayed_to::ID);
    for (host, packets) in reached {
        assert_eq!(
            counted[usize::from(host)].packets,
            packets,
            "sprayed_to[{host}]"
        );
    }
}

pub(super) fn a_spray_by_flow_keeps_each_flow_on_its_member(platform: Platform<'_>) {
    let by_flow = routes::Action::SprayByFlow { set: 0, last: 3 };
    let router = Router::spraying(platform, &HOSTS, by_flow);
    let mut reached = BTreeMap::<u16, u64>::new();
    // Ports that differ in few bits have much of a CRC in common.
    for src_port in (1024..=u16::MAX).step_by(641) {
        let frame = segment(src_port, PUBLISHED);
        let mut members = (0..3).map(|_| {
            router.target.port(OUTSIDE).inject(&frame.bytes());
            receive(&router, &frame, &HOSTS)
        });
        let first = members.next().expect("three of them");
        assert!(
            members.all(|member| member == first),
            "flow from port {src_port}"
        );
        *reached.entry(first).or_default() += 1;
    }
    assert!(
        HOSTS.iter().all(|host| reached.contains_key(host)),
        "{reached:?}"
    );
}

pub(super) fn a_member_set_changes_at_once(platform: Platform<'_>) {
    let random = |set| routes::Action::SprayRandomly { set, last: 1 };
    let (old, new) = (&HOSTS[..2], &HOSTS[2..]);
    let mut router = Router::spraying(platform, old, random(0));
    let frame = segment(1, PUBLISHED);
    let spray = |router: &Router, hosts: &[u16]| {
        for _ in 0..40 {
            router.target.port(OUTSIDE).inject(&frame.bytes());
            receive(router, &frame, hosts);
        }
    };
    spray(&router, old);
    router.target.client.write(&set(1, new));
    spray(&router, old);
    // While packets are on their way each goes to a member of one of the sets, and none is lost.
    for _ in 0..100 {
        router.target.port(OUTSIDE).inject(&frame.bytes());
    }
    router
        .target
        .client
        .write(&[route(PUBLISHED, 32, random(1)).modify()]);
    for _ in 0..100 {
        receive(&router, &frame, &HOSTS);
    }
    spray(&router, new);
    let deletions = set(0, old).into_iter().map(|mut update| {
        update.operation = dpr_runtime::Operation::Delete;
        update
    });
    router.target.client.write(&deletions.collect::<Vec<_>>());
    spray(&router, new);
}

/// A multicast address of each family, and the MAC that it has outside.
fn multicast() -> [(Frame, u64); 2] {
    let ipv4 = Frame::udp((CLIENT, 1), (Ipv4Addr::new(239, 129, 2, 3), 2), &[7; 20]);
    let group = Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0x10, 0x203);
    let ipv6 = Frame::udp((CLIENT6, 1), (group, 2), &[7; 20]);
    [(ipv4, 0x0100_5e01_0203), (ipv6, 0x3333_0010_0203)]
}

pub(super) fn a_multicast_address_is_sprayed(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    let one_host = routes::Action::SprayRandomly { set: 0, last: 0 };
    let one_host6 = routes6::Action::SprayRandomly { set: 0, last: 0 };
    router.target.client.write(&set(0, &HOSTS[..1]));
    // The rest goes out again; what is for everybody on the link does not.
    let next_hop = routes::Action::NextHop {
        port: FAR,
        src_mac: port_mac(FAR),
        dst_mac: NEXT_HOP_MAC,
    };
    router.target.client.write(&[
        route(Ipv4Addr::new(239, 129, 2, 3), 32, one_host).insert(),
        super::router_ipv6::route(
            Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0x10, 0x203),
            128,
            one_host6,
        )
        .insert(),
        route(Ipv4Addr::UNSPECIFIED, 0, next_hop).insert(),
    ]);
    for (frame, mac) in multicast() {
        // By the MAC that multicast has, or the router's own.
        for to in [mac, port_mac(OUTSIDE)] {
            let frame = frame.clone().between(CLIENT_MAC, to);
            router.forwards(&frame, INSIDE, stage_mac(HOSTS[0]), Outcome::Sprayed);
        }
        let frame = frame.between(CLIENT_MAC, mac);
        let expired = frame.clone().with_ttl(1);
        router.drops(OUTSIDE, &expired.bytes(), DropReason::TtlExpired);
        // Inside, all have heard it, and another's MAC is not its own.
        router.drops(INSIDE, &frame.bytes(), DropReason::NotToMe);
        let other = frame.clone().between(CLIENT_MAC, mac + 1);
        router.drops(OUTSIDE, &other.bytes(), DropReason::NotToMe);
        let nobody = frame.with(|packet| {
            packet.dst = match packet.dst {
                IpAddr::V4(_) => Ipv4Addr::new(239, 1, 2, 3).into(),
                IpAddr::V6(_) => Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0x20, 0x203).into(),
            };
        });
        let mac = if nobody.packet.dst.is_ipv4() {
            mac
        } else {
            0x3333_0020_0203
        };
        let nobody = nobody.between(CLIENT_MAC, mac);
        router.drops(OUTSIDE, &nobody.bytes(), DropReason::NotToMe);
    }
}

pub(super) fn the_longest_prefix_wins(platform: Platform<'_>) {
    let mut router = Router::start(platform);
    let next_hop = |port, dst_mac| routes::Action::NextHop {
        port,
        src_mac: port_mac(port),
        dst_mac,
    };
    router.target.client.write(&[
        route(Ipv4Addr::UNSPECIFIED, 0, next_hop(FAR, 1)).insert(),
        route(Ipv4Addr::new(10, 0, 0, 0), 8, next_hop(INSIDE, 8)).insert(),
        route(Ipv4Addr::new(10, 1, 0, 0), 16, next_hop(FAR, 16)).insert(),
        route(Ipv4Addr::new(10, 1, 2, 3), 32, next_hop(INSIDE, 32)).insert(),
        route(
            Ipv4Addr::new(192, 0, 2, 0),
            24,
            next_hop(INSIDE, NEXT_HOP_MAC),
        )
        .insert(),
    ]);
    let routed = Outcome::Routed;
    for (address, port, mac) in [
        ([10, 1, 2, 3], INSIDE, 32),
        ([10, 1, 2, 4], FAR, 16),
        ([10, 2, 0, 0], INSIDE, 8),
        ([11, 0, 0, 0], FAR, 1),
        ([192, 0, 2, 255], INSIDE, NEXT_HOP_MAC),
    ] {
        router.forwards(&segment(1, address.into()), port, mac, routed);
    }
    let longest = route(Ipv4Addr::new(10, 1, 2, 3), 32, next_hop(INSIDE, 32));
    router.target.client.write(&[longest.delete()]);
    router.forwards(&segment(1, [10, 1, 2, 3].into()), FAR, 16, routed);
}

pub(super) fn the_router_answers_arp_for_its_gateways(platform: Platform<'_>) {
    let router = Router::start(platform);
    router.answers_arp();
}

pub(super) fn options_are_kept_and_summed(platform: Platform<'_>) {
    let random = routes::Action::SprayRandomly { set: 0, last: 0 };
    let mut router = Router::spraying(platform, &HOSTS[..1], random);
    for words in [1, 5, 10] {
        let options = (0..4 * words).collect();
        let frame = segment(1, PUBLISHED).with(|packet| packet.options = options);
        router.forwards(&frame, INSIDE, stage_mac(HOSTS[0]), Outcome::Sprayed);
    }
}
