//! ICMP errors: they go where the packet that they quote came from; and those that stages send themselves.

use super::group::{
    CLIENT_PORT, DNS, Family, GATEWAY_MAC, Identity, PEER, SELF, THIRD, WEB, arriving, told,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{ACK, Packet};
use dpr_p4::host_stage::{
    Arrival, DropReason, ICMP_PARAMETER_PROBLEM, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE,
    ICMPV6_PARAMETER_PROBLEM, ICMPV6_TIME_EXCEEDED, ICMPV6_TOO_BIG, ICMPV6_UNREACHABLE, NO_HOST,
    Outcome, PORT_NETWORK,
};

/// Types and codes of errors.
fn errors(family: Family) -> [(u8, u8); 4] {
    match family {
        Family::Ipv4 => [
            (ICMP_UNREACHABLE, 4),
            (ICMP_UNREACHABLE, 1),
            (ICMP_TIME_EXCEEDED, 0),
            (ICMP_PARAMETER_PROBLEM, 0),
        ],
        Family::Ipv6 => [
            (ICMPV6_TOO_BIG, 0),
            (ICMPV6_UNREACHABLE, 1),
            (ICMPV6_TIME_EXCEEDED, 0),
            (ICMPV6_PARAMETER_PROBLEM, 0),
        ],
    }
}

/// What the server of the client's connection sends.
fn reply(family: Family) -> Packet {
    let (from, to) = ((family.published(), WEB), (family.client(), CLIENT_PORT));
    Packet::tcp(from, to, ACK)
}

/// What a server of datagrams sends.
fn answer(family: Family) -> Packet {
    let (from, to) = ((family.published(), DNS), (family.client(), CLIENT_PORT));
    Packet::udp(from, to, b"an answer of some length")
}

/// As little as an error quotes.
fn least(family: Family) -> usize {
    usize::from(family.header()) + 8
}

pub(super) fn errors_go_where_what_they_quote_came_from(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        stage.pin(&family.ack(Arrival::Router), THIRD);
        stage.pin(&family.datagram(&[], Arrival::Router), SELF);
        for kind in errors(family) {
            for quoted in [least(family), 500] {
                let error = reply(family).error(family.transit(), kind, 1300, quoted);
                let error = arriving(error, Arrival::Router);
                stage.reroutes(&error, THIRD, Arrival::Final, Outcome::ReroutedByState);
                let error = answer(family).error(family.transit(), kind, 1300, quoted);
                stage.serves(&arriving(error, Arrival::Router), Outcome::ServedByState);
            }
        }
        // Another connection's, of which there is no state.
        let mut other = reply(family);
        if let crate::frame::Layer4::Tcp { dst_port, .. } = &mut other.layer_4 {
            *dst_port += 1;
        }
        let error = other.time_exceeded(family.transit(), least(family));
        let error = arriving(error, Arrival::Router);
        stage.reroutes(&error, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
    }
}

pub(super) fn quoted_options_are_passed_over(platform: Platform<'_>) {
    let family = Family::Ipv4;
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.pin(&family.ack(Arrival::Router), THIRD);
    for words in [1, 10] {
        let mut quoted = reply(family);
        quoted.options = vec![1; 4 * words];
        let length = least(family) + quoted.options.len();
        let error = arriving(
            quoted.time_exceeded(family.transit(), length),
            Arrival::Router,
        );
        stage.reroutes(&error, THIRD, Arrival::Final, Outcome::ReroutedByState);
    }
}

pub(super) fn a_quoted_first_fragment_has_ports(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        stage.pin(&family.datagram(&[], Arrival::Router), THIRD);
        let (from, to) = ((family.published(), DNS), (family.client(), CLIENT_PORT));
        let mut fragments = Packet::udp(from, to, &[0x5a; 400]).fragments(77, 200);
        let (rest, first) = (fragments.remove(1), fragments.remove(0));
        let error = |quoted: &Packet| {
            let error = quoted.too_big(family.transit(), 1280, 500);
            arriving(error, Arrival::Router)
        };
        stage.reroutes(
            &error(&first),
            THIRD,
            Arrival::Final,
            Outcome::ReroutedByState,
        );
        // Of another nobody knows whose it was.
        let error = error(&rest).bytes();
        stage.drops(PORT_NETWORK, &error, DropReason::NoService);
    }
}

pub(super) fn an_error_begins_nothing(platform: Platform<'_>) {
    // What is delivered because of a quoted SYN-ACK is no set-up to remember.
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let error = reply(family).time_exceeded(family.transit(), least(family));
        let router = arriving(error.clone(), Arrival::Router);
        stage.serves(&router, Outcome::ServedAsOwner);
        stage.move_bucket(PEER, NO_HOST, 0);
        let chain = arriving(error, Arrival::Chain);
        stage.reroutes(&chain, PEER, Arrival::Final, Outcome::ReroutedByChain);
    }
}

pub(super) fn an_error_to_another_than_it_concerns_is_dropped(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let mut error = reply(family).time_exceeded(family.transit(), least(family));
        error.dst = family.host(PEER);
        let frame = arriving(error.clone(), Arrival::Router);
        stage.drops(PORT_NETWORK, &frame.bytes(), DropReason::NoService);
        // The host itself may make of it what it likes.
        error.dst = family.host(SELF);
        stage.serves(&arriving(error, Arrival::Router), Outcome::OwnTraffic);
    }
}

pub(super) fn a_client_is_told_when_its_packet_has_come_too_far(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        stage.write(&[Identity::with_gateway().update()]);
        for frame in [
            family.ack(Arrival::Router),
            family.datagram(b"some more", Arrival::Router),
        ] {
            let frame = frame.with_ttl(1);
            let message = frame
                .packet
                .time_exceeded(family.published(), least(family));
            stage.tells(&frame, &told(message), DropReason::TtlExpired);
        }
        // Of an error nobody is told.
        let error = reply(family).time_exceeded(family.transit(), least(family));
        let error = arriving(error, Arrival::Router).with_ttl(1);
        stage.drops(PORT_NETWORK, &error.bytes(), DropReason::TtlExpired);
    }
}

/// What the network says of a tunnel from this host, and which packet was in it.
fn of_tunnel(family: Family, kind: (u8, u8), mtu: u32) -> (Packet, Packet) {
    let inner = family.datagram(&[7; 200], Arrival::Router).packet;
    let outer = inner.tunnelled(family.host(SELF), family.host(PEER));
    (outer.error(family.transit(), kind, mtu, 150), inner)
}

pub(super) fn a_tunnels_too_big_message_is_passed_on_to_the_client(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        stage.write(&[Identity::with_gateway().update()]);
        let too_big = errors(family)[0];
        let (error, inner) = of_tunnel(family, too_big, 1400);
        let quoted = 150 - usize::from(family.header());
        let mtu = 1400 - family.header();
        let expected = Packet {
            traffic_class: error.traffic_class,
            identification: error.identification,
            ..inner.too_big(family.published(), mtu, quoted)
        };
        let frame = arriving(error.clone(), Arrival::Router);
        stage.returns(&frame, (GATEWAY_MAC, &expected), Outcome::ToldClient);
        // Not about a tunnel of this host's.
        let mut other = error;
        if let crate::frame::Layer4::Icmp { payload, .. } = &mut other.layer_4 {
            let at = usize::from(family.header()) - 2 * if family == Family::Ipv4 { 4 } else { 16 };
            payload[at] ^= 1;
        }
        let other = arriving(other, Arrival::Router);
        stage.drops(PORT_NETWORK, &other.bytes(), DropReason::StrayTunnel);
        // An MTU that is none.
        let (error, _) = of_tunnel(family, too_big, 0);
        let error = arriving(error, Arrival::Router);
        stage.drops(PORT_NETWORK, &error.bytes(), DropReason::StrayTunnel);
    }
    // That a peer cannot be reached is of no use to a client.
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let (error, _) = of_tunnel(Family::Ipv4, (ICMP_UNREACHABLE, 1), 1400);
    let error = arriving(error, Arrival::Router);
    stage.drops(PORT_NETWORK, &error.bytes(), DropReason::StrayTunnel);
}
