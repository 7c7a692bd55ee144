//! Hosts without the published addresses: their own stand for them (`nat`).

use super::group::{
    CLIENT_PORT, DNS, Family, GATEWAY_MAC, Identity, PEER, ROUTER_MAC, SELF, THIRD, WEB, arriving,
    by_nat, host, host_mac, stage_mac_for, told,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{ACK, Frame, Layer4, Packet, SYN};
use dpr_p4::host_stage::{
    Arrival, DropReason, ICMP_ECHO_REPLY, ICMP_UNREACHABLE, ICMPV6_ECHO_REPLY, ICMPV6_UNREACHABLE,
    NO_HOST, Outcome, PORT_NETWORK,
};

fn start(platform: Platform<'_>, owner: u16) -> Stage {
    let mut stage = Stage::with_bucket(platform, owner, NO_HOST, 0);
    stage.write(&[
        Identity::translating().update(),
        host(PEER, by_nat(PEER)).modify(),
    ]);
    stage
}

/// The same packet for a host's own address.
fn to_host(packet: &Packet, family: Family, host: u16) -> Packet {
    Packet {
        dst: family.host(host),
        ..packet.clone()
    }
}

/// What the host sends.
fn from_host(packet: Packet) -> Frame {
    Frame::new(packet).between(host_mac(SELF), ROUTER_MAC)
}

/// A datagram of this many bytes, with a checksum or without.
fn datagram(family: Family, is_summed: bool) -> Packet {
    let mut packet = family.datagram(b"a question", Arrival::Router).packet;
    if let Layer4::Udp {
        is_summed: flag, ..
    } = &mut packet.layer_4
    {
        *flag = is_summed;
    }
    packet
}

pub(super) fn a_published_address_becomes_the_hosts_own_and_back(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF);
        let mut packets = vec![family.syn(Arrival::Router).packet, datagram(family, true)];
        if family == Family::Ipv4 {
            packets.push(datagram(family, false));
            let mut with_options = family.ack(Arrival::Router).packet;
            with_options.options = vec![1; 8];
            packets.push(with_options);
        }
        for packet in packets {
            let frame = arriving(packet.clone(), Arrival::Router);
            stage.serves_as(
                &frame,
                &to_host(&packet, family, SELF),
                Outcome::ServedAsOwner,
            );
            let mut reply = Packet {
                src: family.host(SELF),
                dst: packet.src,
                ..packet
            };
            match &mut reply.layer_4 {
                Layer4::Tcp {
                    src_port, dst_port, ..
                }
                | Layer4::Udp {
                    src_port, dst_port, ..
                } => std::mem::swap(src_port, dst_port),
                other => panic!("no ports: {other:?}"),
            }
            let expected = Packet {
                src: family.published(),
                ..reply.clone()
            };
            stage.sends_as(&from_host(reply), &expected);
        }
    }
}

pub(super) fn a_udp_checksum_that_comes_out_as_none_is_written_as_ones(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF);
        // With the host's address, the sum of all is 0xffff: the first word of data is what is missing to that.
        let mut packet = datagram(family, true);
        let mut translated = to_host(&packet, family, SELF);
        let set = |packet: &mut Packet, word: [u8; 2]| {
            if let Layer4::Udp { payload, .. } = &mut packet.layer_4 {
                payload[..2].copy_from_slice(&word);
            }
        };
        set(&mut translated, [0, 0]);
        let bytes = translated.layer_4.bytes(translated.src, translated.dst);
        set(&mut packet, [bytes[6], bytes[7]]);
        set(&mut translated, [bytes[6], bytes[7]]);
        let bytes = translated.layer_4.bytes(translated.src, translated.dst);
        assert_eq!(bytes[6..8], [0xff, 0xff]);
        let frame = arriving(packet, Arrival::Router);
        stage.serves_as(&frame, &translated, Outcome::ServedAsOwner);
    }
}

pub(super) fn a_peer_is_reached_by_its_own_address(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, PEER);
        let frame = family.syn(Arrival::Router);
        let mut expected = to_host(&frame.packet, family, PEER);
        expected.ttl -= 1;
        let to_mac = stage_mac_for(PEER, Arrival::Peer);
        let outcome = Outcome::ReroutedToOwner;
        stage.reroutes_as(&frame, (to_mac, &expected), PEER, outcome);
        // And so is this host by its peers: what comes so is of the published address.
        let came = |packet: &Packet, arrival| arriving(to_host(packet, family, SELF), arrival);
        stage.serves(&came(&frame.packet, Arrival::Final), Outcome::ServedFinal);
        let ack = family.ack(Arrival::Router);
        stage.pin(&ack, THIRD);
        let came = came(&ack.packet, Arrival::Router);
        // Who has the published address gets it back.
        let mut expected = ack.packet.clone();
        expected.ttl -= 1;
        let to_mac = stage_mac_for(THIRD, Arrival::Final);
        stage.reroutes_as(&came, (to_mac, &expected), THIRD, Outcome::ReroutedByState);
        // A client that is told of its packet knows that by the published address.
        let expired = came.with_ttl(1);
        let quoted = usize::from(family.header()) + 8;
        let known = ack.packet.clone();
        let known = Packet { ttl: 1, ..known };
        let message = known.time_exceeded(family.published(), quoted);
        stage.tells(&expired, &told(message), DropReason::TtlExpired);
    }
}

pub(super) fn what_errors_quote_is_translated(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF);
        let quoted = usize::from(family.header()) + 8;
        let port_unreachable = match family {
            Family::Ipv4 => (ICMP_UNREACHABLE, 3),
            Family::Ipv6 => (ICMPV6_UNREACHABLE, 4),
        };
        // Of what the host sent, as the network saw it and as the host knows it. What the quoted packet's checksum is of stays.
        let answer = |src| Packet::tcp((src, WEB), (family.client(), CLIENT_PORT), ACK);
        let seen = answer(family.published()).time_exceeded(family.transit(), quoted);
        let known = answer(family.host(SELF)).time_exceeded(family.transit(), quoted);
        let frame = arriving(seen, Arrival::Router);
        stage.serves_as(&frame, &known, Outcome::ServedAsOwner);
        // Of what the host got: no such port any more.
        let asked = |dst| {
            let (from, to) = ((family.client(), CLIENT_PORT), (dst, WEB));
            Packet::tcp(from, to, SYN).error(dst, port_unreachable, 0, quoted)
        };
        let frame = from_host(asked(family.host(SELF)));
        stage.sends_as(&frame, &asked(family.published()));
    }
}

pub(super) fn the_stage_answers_echo_requests_itself(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, PEER);
        let request = Packet::echo(family.client(), family.published(), b"are you there?");
        let kind = match family {
            Family::Ipv4 => ICMP_ECHO_REPLY,
            Family::Ipv6 => ICMPV6_ECHO_REPLY,
        };
        let Layer4::Icmp { rest, payload, .. } = request.layer_4.clone() else {
            panic!("an echo request is of ICMP");
        };
        let layer_4 = Layer4::Icmp {
            kind,
            code: 0,
            rest,
            payload,
        };
        let reply = Packet::new(family.published(), family.client(), layer_4.clone());
        let frame = arriving(request.clone(), Arrival::Router).with_ttl(9);
        stage.returns(&frame, (GATEWAY_MAC, &reply), Outcome::AnsweredHere);
        // Nothing else is an echo request.
        let other = Packet::new(family.client(), family.published(), layer_4);
        let other = arriving(other, Arrival::Router);
        stage.drops(PORT_NETWORK, &other.bytes(), DropReason::NoService);
        // The host's own requests and replies are its own.
        let own = Packet {
            src: family.host(SELF),
            ..request
        };
        stage.sends_as(&from_host(own.clone()), &own);
    }
}

pub(super) fn the_hosts_own_traffic_is_not_translated(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, PEER);
        let client = (family.client(), CLIENT_PORT);
        let own = (family.host(SELF), 22);
        let frame = arriving(Packet::tcp(client, own, SYN), Arrival::Router);
        stage.serves(&frame, Outcome::OwnTraffic);
        let reply = Packet::tcp(own, client, SYN | ACK);
        stage.sends_as(&from_host(reply.clone()), &reply);
        // What it sends with the published address is what it is.
        let published = Packet::udp((family.published(), DNS), client, b"an answer");
        stage.sends_as(&from_host(published.clone()), &published);
    }
}
