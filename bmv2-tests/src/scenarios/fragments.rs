//! Fragments: those of a datagram meet at one stage, where the first is decided by its ports, and the rest go after it.

use super::group::{
    Family, Identity, PEER, ROUTER_MAC, SELF, THIRD, arriving, gathered_at, host_mac, stage_mac_for,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, Layer4, Packet};
use dpr_p4::host_stage::{Arrival, DropReason, NO_HOST, Outcome, PORT_NETWORK};

/// A datagram in three fragments, to the published address.
fn fragments(family: Family, identification: u32, arrival: Arrival) -> Vec<Frame> {
    let datagram = family.datagram(&[0x5a; 60], arrival).packet;
    let pieces = datagram.fragments(identification, 32).into_iter();
    pieces.map(|piece| arriving(piece, arrival)).collect()
}

pub(super) fn the_rest_is_served_where_the_first_was(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let pieces = fragments(family, 1, Arrival::Router);
        stage.serves(&pieces[0], Outcome::ServedAsOwner);
        // Whatever changes in between, and in any order.
        stage.move_bucket(PEER, NO_HOST, 0);
        stage.serves(&pieces[2], Outcome::ServedAsFirst);
        stage.serves(&pieces[1], Outcome::ServedAsFirst);
        // Those that came as final are, too.
        let pieces = fragments(family, 2, Arrival::Final);
        stage.serves(&pieces[0], Outcome::ServedFinal);
        stage.serves(&pieces[1], Outcome::ServedAsFirst);
    }
}

pub(super) fn the_rest_goes_where_the_first_went(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        let pieces = fragments(family, 1, Arrival::Router);
        stage.reroutes(&pieces[0], PEER, Arrival::Peer, Outcome::ReroutedToOwner);
        for piece in &pieces[1..] {
            stage.reroutes(piece, PEER, Arrival::Peer, Outcome::ReroutedAsFirst);
        }
        stage.pin(&family.datagram(&[], Arrival::Router), THIRD);
        let pieces = fragments(family, 2, Arrival::Peer);
        stage.reroutes(&pieces[0], THIRD, Arrival::Final, Outcome::ReroutedByState);
        for piece in &pieces[1..] {
            stage.reroutes(piece, THIRD, Arrival::Final, Outcome::ReroutedAsFirst);
        }
    }
}

pub(super) fn a_rest_without_its_first_is_dropped(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let pieces = fragments(family, 1, Arrival::Router);
        stage.drops(PORT_NETWORK, &pieces[1].bytes(), DropReason::Fragment);
        stage.serves(&pieces[0], Outcome::ServedAsOwner);
        stage.serves(&pieces[1], Outcome::ServedAsFirst);
        // Another datagram's, and another client's.
        let other = &fragments(family, 2, Arrival::Router)[1];
        stage.drops(PORT_NETWORK, &other.bytes(), DropReason::Fragment);
        let other = pieces[1].clone().with(|packet| packet.src = family.host(9));
        stage.drops(PORT_NETWORK, &other.bytes(), DropReason::Fragment);
        // A first one whose service is none.
        let mut unknown = family.datagram(&[0; 60], Arrival::Router).packet;
        if let Layer4::Udp { dst_port, .. } = &mut unknown.layer_4 {
            *dst_port += 1;
        }
        let pieces = unknown.fragments(3, 32);
        for (piece, reason) in [
            (&pieces[0], DropReason::NoService),
            (&pieces[1], DropReason::Fragment),
        ] {
            let frame = arriving(piece.clone(), Arrival::Router);
            stage.drops(PORT_NETWORK, &frame.bytes(), reason);
        }
    }
}

pub(super) fn fragments_from_the_router_meet_at_one_stage(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let gatherers = |host| gathered_at(host).map(|entry| entry.insert());
        stage.write(&gatherers(PEER).collect::<Vec<_>>());
        let pieces = fragments(family, 1, Arrival::Router);
        for piece in [&pieces[2], &pieces[0], &pieces[1]] {
            stage.reroutes(piece, PEER, Arrival::Router, Outcome::Gathered);
        }
        // What comes from another stage has met there.
        let pieces = fragments(family, 1, Arrival::Peer);
        stage.serves(&pieces[0], Outcome::ServedAsOwner);
        stage.serves(&pieces[1], Outcome::ServedAsFirst);
        // Whole packets need not meet.
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        // Here they meet.
        let here = gathered_at(SELF).map(|entry| entry.modify());
        stage.write(&here.collect::<Vec<_>>());
        stage.move_bucket(THIRD, NO_HOST, 0);
        let pieces = fragments(family, 2, Arrival::Router);
        stage.reroutes(&pieces[0], THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.reroutes(&pieces[1], THIRD, Arrival::Peer, Outcome::ReroutedAsFirst);
    }
}

pub(super) fn the_hosts_own_fragments_are_its_own(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        let gatherers = gathered_at(PEER).map(|entry| entry.insert());
        stage.write(&gatherers.collect::<Vec<_>>());
        for piece in fragments(family, 1, Arrival::Router) {
            let own = piece.with(|packet| packet.dst = family.host(SELF));
            stage.serves(&own, Outcome::OwnTraffic);
        }
    }
}

pub(super) fn all_fragments_are_translated(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        stage.write(&[Identity::translating().update()]);
        // The checksum is that of the whole, with the other address.
        let whole = family.datagram(&[0x5a; 60], Arrival::Router).packet;
        let translated = Packet {
            dst: family.host(SELF),
            ..whole.clone()
        };
        let pieces = whole.fragments(9, 32).into_iter();
        let expected = translated.fragments(9, 32);
        for (number, (piece, expected)) in pieces.zip(&expected).enumerate() {
            let outcome = if number == 0 {
                Outcome::ServedAsOwner
            } else {
                Outcome::ServedAsFirst
            };
            stage.serves_as(&arriving(piece, Arrival::Router), expected, outcome);
        }
        // By a peer's translation they come with the host's own address.
        for (number, piece) in translated.fragments(10, 32).into_iter().enumerate() {
            let outcome = if number == 0 {
                Outcome::ServedFinal
            } else {
                Outcome::ServedAsFirst
            };
            stage.serves(&arriving(piece, Arrival::Final), outcome);
        }
        let answer = |src| {
            let to = (family.client(), super::group::CLIENT_PORT);
            Packet::udp((src, super::group::DNS), to, &[0xa5; 60])
        };
        let sent = answer(family.host(SELF)).fragments(11, 32).into_iter();
        for (piece, expected) in sent.zip(answer(family.published()).fragments(11, 32)) {
            let frame = Frame::new(piece).between(host_mac(SELF), ROUTER_MAC);
            stage.sends_as(&frame, &expected);
        }
        // What is no service's stays the host's.
        let mut own = answer(family.host(SELF));
        if let Layer4::Udp { src_port, .. } = &mut own.layer_4 {
            *src_port += 1;
        }
        for piece in own.fragments(12, 32) {
            let frame = Frame::new(piece.clone()).between(host_mac(SELF), ROUTER_MAC);
            stage.sends_as(&frame, &piece);
        }
    }
}

pub(super) fn fragments_to_a_peer_keep_to_its_tunnel(platform: Platform<'_>) {
    use super::group::{GATEWAY_MAC, by_tunnel, host};
    let family = Family::Ipv4;
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.write(&[host(PEER, by_tunnel(family, PEER, 1500)).modify()]);
    let pieces = fragments(family, 1, Arrival::Router);
    let outcomes = [Outcome::ReroutedToOwner, Outcome::ReroutedAsFirst];
    for (piece, outcome) in pieces.iter().zip(outcomes) {
        let mut sent = piece.packet.clone();
        sent.ttl -= 1;
        let mut expected = sent.tunnelled(family.host(SELF), family.host(PEER));
        expected.identification =
            u16::from((dpr_p4::host_stage::HOPS - 1) << 2 | Arrival::Peer as u8);
        stage.reroutes_as(piece, (GATEWAY_MAC, &expected), PEER, outcome);
    }
    // And back to MACs, for the next.
    stage.write(&[host(PEER, super::group::by_mac(PEER)).modify()]);
    let mut expected = pieces[2].packet.clone();
    expected.ttl -= 1;
    let to_mac = stage_mac_for(PEER, Arrival::Peer);
    stage.reroutes_as(
        &pieces[2],
        (to_mac, &expected),
        PEER,
        Outcome::ReroutedAsFirst,
    );
}
