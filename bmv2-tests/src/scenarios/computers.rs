//! Other computers of the LAN, each behind one of the hosts: whichever stage gets a packet for one passes it on.

use super::group::{
    CLIENT_PORT, Family, GATEWAY_MAC, Identity, PEER, SELF, WEB, arriving, by_nat, by_tunnel,
    computer, host, stage_mac_for, tunnel_peer,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, Packet, SYN};
use dpr_p4::host_stage::{Arrival, DropReason, HOPS, NO_HOST, Outcome, PORT_NETWORK};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A computer that is behind a host.
fn address(family: Family, behind: u16) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(10, 9, 0, behind as u8).into(),
        Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 9, 0, 0, 0, 0, behind).into(),
    }
}

/// With a computer behind this host and one behind the peer.
fn start(platform: Platform<'_>) -> Stage {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    for family in Family::BOTH {
        for behind in [SELF, PEER] {
            stage.write(&[computer(address(family, behind), behind).insert()]);
        }
    }
    stage
}

fn to(family: Family, behind: u16, arrival: Arrival) -> Frame {
    let (from, to) = (
        (family.client(), CLIENT_PORT),
        (address(family, behind), WEB),
    );
    arriving(Packet::tcp(from, to, SYN), arrival)
}

/// Of a protocol that has no ports.
fn without_ports(family: Family, behind: u16) -> Frame {
    let layer_4 = crate::frame::Layer4::Other {
        protocol: 47,
        bytes: vec![0; 12],
    };
    let packet = Packet::new(family.client(), address(family, behind), layer_4);
    arriving(packet, Arrival::Router)
}

pub(super) fn a_computers_packets_go_to_the_host_that_it_is_behind(platform: Platform<'_>) {
    let mut stage = start(platform);
    for family in Family::BOTH {
        let (here, there) = (
            to(family, SELF, Arrival::Router),
            to(family, PEER, Arrival::Router),
        );
        stage.serves(&here, Outcome::Forwarded);
        stage.reroutes(&there, PEER, Arrival::Final, Outcome::Forwarded);
        stage.serves(&without_ports(family, SELF), Outcome::Forwarded);
        let other = without_ports(family, PEER);
        stage.reroutes(&other, PEER, Arrival::Final, Outcome::Forwarded);
        // Fragments go each by itself.
        let datagram = Packet::udp((family.client(), 1), (there.packet.dst, 2), &[0; 40]);
        for piece in datagram.fragments(1, 16) {
            let piece = arriving(piece, Arrival::Router);
            stage.reroutes(&piece, PEER, Arrival::Final, Outcome::Forwarded);
        }
        // What is final goes no further, whatever this stage thinks.
        stage.serves(&to(family, PEER, Arrival::Final), Outcome::Forwarded);
        // One that nobody knows.
        let unknown = to(family, 77, Arrival::Router).bytes();
        stage.drops(PORT_NETWORK, &unknown, DropReason::NoService);
        // One that is behind another host by now.
        stage.write(&[computer(address(family, SELF), PEER).modify()]);
        stage.reroutes(&here, PEER, Arrival::Final, Outcome::Forwarded);
    }
}

pub(super) fn a_computer_keeps_its_address(platform: Platform<'_>) {
    let mut stage = start(platform);
    stage.write(&[
        Identity::translating().update(),
        host(PEER, by_nat(PEER)).modify(),
    ]);
    for family in Family::BOTH {
        let frame = to(family, PEER, Arrival::Router);
        let mut expected = frame.packet.clone();
        expected.ttl -= 1;
        let to_mac = stage_mac_for(PEER, Arrival::Final);
        stage.reroutes_as(&frame, (to_mac, &expected), PEER, Outcome::Forwarded);
        stage.serves(&to(family, SELF, Arrival::Router), Outcome::Forwarded);
    }
}

pub(super) fn a_computer_on_another_lan_is_reached_through_a_tunnel(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform);
        stage.write(&[
            host(PEER, by_tunnel(family, PEER, 1500)).modify(),
            tunnel_peer(family.host(PEER)).insert(),
        ]);
        let frame = to(family, PEER, Arrival::Router);
        let mut sent = frame.packet.clone();
        sent.ttl -= 1;
        let tag = |hops: u8| u16::from(hops << 2 | Arrival::Final as u8);
        let mut expected = sent.tunnelled(family.host(SELF), family.host(PEER));
        expected.identification = tag(HOPS - 1);
        expected.flow_label = tag(HOPS - 1).into();
        stage.reroutes_as(&frame, (GATEWAY_MAC, &expected), PEER, Outcome::Forwarded);
        // And the other way round.
        let packet = to(family, SELF, Arrival::Router).packet;
        let mut arrived = packet.tunnelled(family.host(PEER), family.host(SELF));
        arrived.identification = tag(3);
        arrived.flow_label = tag(3).into();
        let arrived = arriving(arrived, Arrival::Router);
        stage.serves_as(&arrived, &packet, Outcome::Forwarded);
    }
}
