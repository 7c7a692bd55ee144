//! Destinations that are several computers: whichever stage gets a packet for one sends a copy to each host that it is behind.

use super::group::{
    CLIENT_PORT, Family, GATEWAY_MAC, Identity, PEER, SELF, THIRD, arriving, by_nat, by_tunnel,
    computers, host, host_mac, replicas, stage_mac, stage_mac_for, told, tunnel_peer,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, Layer4, Packet, SYN};
use dpr_p4::host_stage::{
    Arrival, DropReason, HOPS, NO_HOST, Outcome, PORT_HOST, PORT_NETWORK, drops, rerouted_to,
};
use dpr_runtime::{Entity, Query, Replica};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const GROUP: u16 = 9;
const PORT: u16 = 5353;
/// Of the ways to other LANs.
const MTU: u16 = 1400;

/// A multicast address.
fn multicast(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(239, 1, 2, 3).into(),
        Family::Ipv6 => Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0x10, 0x203).into(),
    }
}

/// An address that stands for several computers and looks like any other.
fn unicast(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(10, 9, 1, 1).into(),
        Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 9, 1, 0, 0, 0, 1).into(),
    }
}

/// With destinations that are behind these hosts.
fn start(platform: Platform<'_>, members: &[u16]) -> Stage {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.write(&[replicas(GROUP, members).insert()]);
    for family in Family::BOTH {
        let addresses = [multicast(family), unicast(family)];
        stage.write(&addresses.map(|address| computers(address, GROUP).insert()));
    }
    stage
}

fn datagram(family: Family, to: IpAddr, length: usize) -> Packet {
    let from = (family.client(), CLIENT_PORT);
    Packet::udp(from, (to, PORT), &vec![7; length])
}

/// The copy for this host.
fn own(frame: &Frame) -> (u16, Frame) {
    let mut copy = frame.clone();
    copy.dst_mac = host_mac(SELF);
    (PORT_HOST, copy)
}

/// A frame from this stage.
fn sent(packet: Packet, to_mac: u64) -> (u16, Frame) {
    (
        PORT_NETWORK,
        Frame::new(packet).between(stage_mac(SELF), to_mac),
    )
}

/// What is left of a packet one hop on.
fn passed_on(frame: &Frame) -> Packet {
    let mut packet = frame.packet.clone();
    packet.ttl -= 1;
    packet
}

/// The copy for another host of the LAN.
fn by_mac(frame: &Frame, host: u16) -> (u16, Frame) {
    sent(passed_on(frame), stage_mac_for(host, Arrival::Final))
}

/// The copy for a host of another LAN.
fn by_tunnel_of(outer: Family, frame: &Frame, host: u16) -> (u16, Frame) {
    let tag = u16::from((HOPS - 1) << 2 | Arrival::Final as u8);
    let mut packet = passed_on(frame).tunnelled(outer.host(SELF), outer.host(host));
    packet.identification = tag;
    packet.flow_label = tag.into();
    sent(packet, GATEWAY_MAC)
}

/// How many were dropped for a reason.
fn dropped(stage: &mut Stage, reason: DropReason) -> u64 {
    stage.target.client.counters(drops::ID)[reason as usize].packets
}

pub(super) fn each_of_several_gets_a_copy(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, PEER, THIRD]);
    for family in Family::BOTH {
        for to in [multicast(family), unicast(family)] {
            let segment = Packet::tcp((family.client(), CLIENT_PORT), (to, PORT), SYN);
            let other = Layer4::Other {
                protocol: 47,
                bytes: vec![0; 12],
            };
            let large = datagram(family, to, 40);
            let mut packets = vec![segment, Packet::new(family.client(), to, other)];
            packets.extend(large.fragments(1, 16));
            packets.push(large);
            for packet in packets {
                let frame = arriving(packet, Arrival::Router);
                let copies = [own(&frame), by_mac(&frame, PEER), by_mac(&frame, THIRD)];
                stage.replicates(&frame, &copies, &[(Outcome::Forwarded, 3)]);
            }
        }
    }
    for peer in [PEER, THIRD] {
        let count = stage.target.client.counters(rerouted_to::ID)[usize::from(peer)];
        assert!(count.packets > 0, "rerouted_to[{peer}]");
    }
}

pub(super) fn members_come_and_go(platform: Platform<'_>) {
    let mut stage = start(platform, &[PEER]);
    let to = multicast(Family::Ipv4);
    let frame = arriving(datagram(Family::Ipv4, to, 8), Arrival::Router);
    let (own, peer, third) = (own(&frame), by_mac(&frame, PEER), by_mac(&frame, THIRD));
    let forwarded = |copies| [(Outcome::Forwarded, copies)];
    stage.replicates(&frame, &[peer], &forwarded(1));
    stage.write(&[replicas(GROUP, &[SELF, THIRD]).modify()]);
    stage.replicates(&frame, &[own.clone(), third], &forwarded(2));
    // Nobody is left.
    stage.write(&[replicas(GROUP, &[]).modify()]);
    stage.replicates(&frame, &[], &[]);
    stage.write(&[replicas(GROUP, &[SELF]).modify()]);
    stage.replicates(&frame, &[own], &forwarded(1));
    // One computer from now on.
    stage.write(&[super::group::computer(to, PEER).modify()]);
    stage.reroutes(&frame, PEER, Arrival::Final, Outcome::Forwarded);
    stage.write(&[replicas(GROUP, &[]).delete()]);
    // A destination whose group is not there.
    stage.write(&[computers(to, GROUP).modify()]);
    stage.replicates(&frame, &[], &[]);
}

pub(super) fn groups_are_read_as_written(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, PEER, THIRD]);
    stage.write(&[replicas(2, &[THIRD]).insert(), replicas(3, &[]).insert()]);
    let read = stage
        .target
        .client
        .read(&Query::MulticastGroups { id: None });
    let mut read: Vec<_> = read
        .into_iter()
        .filter_map(|entity| match entity {
            Entity::MulticastGroup { id, mut replicas } => {
                replicas.sort_by_key(|replica| replica.instance);
                Some((id, replicas))
            }
            _ => None,
        })
        .collect();
    read.sort_by_key(|(id, _)| *id);
    let replica = |port, instance| Replica { port, instance };
    let expected = [
        (2, vec![replica(PORT_NETWORK, THIRD)]),
        (3, vec![]),
        (
            GROUP.into(),
            vec![
                replica(PORT_HOST, SELF),
                replica(PORT_NETWORK, PEER),
                replica(PORT_NETWORK, THIRD),
            ],
        ),
    ];
    assert_eq!(read, expected);
}

pub(super) fn copies_go_each_host_its_way(platform: Platform<'_>) {
    for outer in Family::BOTH {
        let mut stage = start(platform, &[SELF, PEER, THIRD]);
        stage.write(&[
            Identity::translating().update(),
            host(PEER, by_nat(PEER)).modify(),
            host(THIRD, by_tunnel(outer, THIRD, MTU)).modify(),
        ]);
        for family in Family::BOTH {
            for to in [multicast(family), unicast(family)] {
                let frame = arriving(datagram(family, to, 100), Arrival::Router);
                let copies = [
                    own(&frame),
                    by_mac(&frame, PEER),
                    by_tunnel_of(outer, &frame, THIRD),
                ];
                stage.replicates(&frame, &copies, &[(Outcome::Forwarded, 3)]);
            }
        }
    }
}

pub(super) fn what_is_final_is_not_copied_again(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, PEER, THIRD]);
    for family in Family::BOTH {
        stage.write(&[tunnel_peer(family.host(PEER)).insert()]);
        let packet = datagram(family, multicast(family), 20);
        let frame = arriving(packet.clone(), Arrival::Final);
        stage.serves(&frame, Outcome::Forwarded);
        let mut outer = packet.tunnelled(family.host(PEER), family.host(SELF));
        let tag = 5 << 2 | Arrival::Final as u16;
        (outer.identification, outer.flow_label) = (tag, tag.into());
        let tunnelled = arriving(outer, Arrival::Router);
        stage.serves_as(&tunnelled, &packet, Outcome::Forwarded);
    }
}

pub(super) fn frames_to_multicast_macs_are_the_hosts_own(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, PEER, THIRD]);
    for (family, mac) in [
        (Family::Ipv4, 0x0100_5e01_0203),
        (Family::Ipv6, 0x3333_0010_0203),
    ] {
        let mut frame = arriving(datagram(family, multicast(family), 20), Arrival::Router);
        frame.dst_mac = mac;
        let bytes = frame.bytes();
        let (from, to) = ((PORT_NETWORK, &*bytes), (PORT_HOST, &*bytes));
        stage.passes(from, to, Outcome::OwnTraffic);
    }
}

pub(super) fn a_copy_ends_when_the_ttl_does(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, PEER]);
    stage.write(&[Identity::with_gateway().update()]);
    let counts = [(Outcome::Forwarded, 1), (Outcome::Dropped, 1)];
    for family in Family::BOTH {
        // This host's needs no hop more.
        let to = unicast(family);
        let frame = arriving(datagram(family, to, 20), Arrival::Router).with_ttl(1);
        let quoted = usize::from(family.header()) + 8;
        let message = told(frame.packet.time_exceeded(to, quoted));
        let copies = [own(&frame), sent(message, GATEWAY_MAC)];
        stage.replicates(&frame, &copies, &counts);
        // Of what is sent to a multicast address nobody is told.
        let frame = arriving(datagram(family, multicast(family), 20), Arrival::Router).with_ttl(1);
        stage.replicates(&frame, &[own(&frame)], &counts);
    }
    assert_eq!(dropped(&mut stage, DropReason::TtlExpired), 4);
}

pub(super) fn a_copy_may_be_too_big_for_its_tunnel(platform: Platform<'_>) {
    for outer in Family::BOTH {
        let mut stage = start(platform, &[PEER, THIRD]);
        stage.write(&[
            Identity::with_gateway().update(),
            host(THIRD, by_tunnel(outer, THIRD, MTU)).modify(),
        ]);
        let counts = [(Outcome::Forwarded, 1), (Outcome::Dropped, 1)];
        for family in Family::BOTH {
            let to = unicast(family);
            let frame = arriving(datagram(family, to, usize::from(MTU)), Arrival::Router);
            let quoted = usize::from(family.header()) + 8;
            let message = told(frame.packet.too_big(to, MTU - outer.header(), quoted));
            let copies = [by_mac(&frame, PEER), sent(message, GATEWAY_MAC)];
            stage.replicates(&frame, &copies, &counts);
            let frame = arriving(
                datagram(family, multicast(family), usize::from(MTU)),
                Arrival::Router,
            );
            stage.replicates(&frame, &[by_mac(&frame, PEER)], &counts);
        }
        assert_eq!(dropped(&mut stage, DropReason::TooBig), 4);
    }
}

pub(super) fn a_copy_for_nobody_is_counted(platform: Platform<'_>) {
    let mut stage = start(platform, &[SELF, 77]);
    let frame = arriving(
        datagram(Family::Ipv4, multicast(Family::Ipv4), 20),
        Arrival::Router,
    );
    let counts = [(Outcome::Forwarded, 1), (Outcome::Dropped, 1)];
    stage.replicates(&frame, &[own(&frame)], &counts);
    assert_eq!(dropped(&mut stage, DropReason::UnknownHost), 1);
}
