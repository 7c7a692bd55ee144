//! The decision rule over IPv6, and what IPv6 has that IPv4 has not.

use super::group::{
    CLIENT_PORT, CLIENT6, DNS, Family, MAP, PEER, PUBLISHED6, SELF, THIRD, WEB, arriving, bucket,
    service_of,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Extension, Packet, SYN};
use dpr_p4::host_stage::{
    Affinity, Arrival, DropReason, NO_HOST, Outcome, PORT_NETWORK, PROTOCOL_DESTINATION,
    PROTOCOL_HOP_BY_HOP, PROTOCOL_ROUTING, PROTOCOL_TCP, buckets,
};
use dpr_runtime::hash;
use std::net::Ipv6Addr;

const FAMILY: Family = Family::Ipv6;

pub(super) fn state_decides_before_the_bucket(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let (syn, ack) = (FAMILY.syn(Arrival::Router), FAMILY.ack(Arrival::Router));
    stage.reroutes(&syn, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
    stage.serves(&FAMILY.syn(Arrival::Final), Outcome::ServedFinal);
    stage.pin(&ack, SELF);
    stage.serves(&ack, Outcome::ServedByState);
    let datagram = FAMILY.datagram(b"query", Arrival::Router);
    stage.pin(&datagram, THIRD);
    stage.reroutes(&datagram, THIRD, Arrival::Final, Outcome::ReroutedByState);
}

pub(super) fn a_set_up_is_remembered(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&FAMILY.syn(Arrival::Router), Outcome::ServedAsOwner);
    let datagram = |arrival| FAMILY.datagram(b"query", arrival);
    stage.serves(&datagram(Arrival::Router), Outcome::ServedAsOwner);
    stage.move_bucket(PEER, NO_HOST, 0);
    stage.serves(&FAMILY.ack(Arrival::Chain), Outcome::ServedByChain);
    stage.serves(&datagram(Arrival::Chain), Outcome::ServedByChain);
    let other = datagram(Arrival::Chain).with(|packet| packet.src = FAMILY.host(9));
    stage.reroutes(&other, PEER, Arrival::Final, Outcome::ReroutedByChain);
}

/// Buckets with owners in turn; the owner of a hash's bucket.
fn owners(stage: &mut Stage, mask: u16) -> impl Fn(u32) -> u16 + use<> {
    let owner = |bucket: u16| [SELF, PEER, THIRD][usize::from(bucket) % 3];
    let entry = |number: u16| {
        let mut entry = bucket(owner(number), NO_HOST, 0);
        entry.key = buckets::Key {
            map: MAP,
            bucket: number,
        };
        entry.insert()
    };
    stage.write(&(0..=mask).map(entry).collect::<Vec<_>>());
    move |hash| owner(hash as u16 & mask)
}

pub(super) fn a_bucket_is_chosen_by_the_flows_hash(platform: Platform<'_>) {
    const MASK: u16 = 0x0f;
    let mut stage = Stage::start(platform);
    let action = dpr_p4::in_map(MAP, MASK, Affinity::Connection);
    stage.write(&[service_of(PUBLISHED6, PROTOCOL_TCP, WEB, action).modify()]);
    let owner = owners(&mut stage, MASK);
    for src_port in 1000..1024 {
        let (from, to) = ((FAMILY.client(), src_port), (FAMILY.published(), WEB));
        let frame = arriving(Packet::tcp(from, to, SYN), Arrival::Router);
        // CRC-32 of the five-tuple in the order of its fields.
        let mut tuple = CLIENT6.octets().to_vec();
        tuple.extend(PUBLISHED6.octets());
        tuple.push(PROTOCOL_TCP);
        tuple.extend(src_port.to_be_bytes());
        tuple.extend(WEB.to_be_bytes());
        match owner(hash::crc32(&tuple)) {
            SELF => stage.serves(&frame, Outcome::ServedAsOwner),
            other => stage.reroutes(&frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
        }
    }
}

pub(super) fn a_client_keeps_to_one_bucket(platform: Platform<'_>) {
    const MASK: u16 = 0x07;
    let mut stage = Stage::start(platform);
    let action = dpr_p4::in_map(MAP, MASK, Affinity::Client);
    stage.write(&[service_of(PUBLISHED6, PROTOCOL_TCP, WEB, action).modify()]);
    let owner = owners(&mut stage, MASK);
    for client in 1..=8 {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, client);
        for src_port in [40_000, 40_001] {
            let (from, to) = ((address.into(), src_port), (FAMILY.published(), WEB));
            let frame = arriving(Packet::tcp(from, to, SYN), Arrival::Router);
            match owner(hash::crc32(&address.octets())) {
                SELF => stage.serves(&frame, Outcome::ServedAsOwner),
                other => stage.reroutes(&frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
            }
        }
    }
}

/// A header of a kind, with so many units of eight bytes after its first.
fn extension(kind: u8, units: usize) -> Extension {
    Extension {
        kind,
        data: vec![1; 6 + 8 * units],
    }
}

pub(super) fn ports_are_found_behind_extension_headers(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.pin(&FAMILY.ack(Arrival::Router), SELF);
    let chains = [
        vec![extension(PROTOCOL_HOP_BY_HOP, 0)],
        vec![extension(PROTOCOL_DESTINATION, 7)],
        vec![
            extension(PROTOCOL_HOP_BY_HOP, 1),
            extension(PROTOCOL_DESTINATION, 0),
            extension(PROTOCOL_ROUTING, 2),
            extension(PROTOCOL_DESTINATION, 1),
        ],
        // A fragment that is all of its datagram.
        vec![Extension::fragment(5, 0, false)],
    ];
    for chain in chains {
        let frame = FAMILY
            .ack(Arrival::Router)
            .with(|packet| packet.extensions = chain.clone());
        stage.serves(&frame, Outcome::ServedByState);
        let other = FAMILY
            .segment(SYN, Arrival::Router)
            .with(|packet| packet.extensions = chain)
            .with(|packet| packet.src = FAMILY.host(9));
        stage.reroutes(&other, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
    }
    // Behind one too many there are no ports to be seen, and one that is too long is not read.
    for (chain, reason) in [
        (
            vec![extension(PROTOCOL_DESTINATION, 0); 5],
            DropReason::NoService,
        ),
        (
            vec![extension(PROTOCOL_DESTINATION, 8)],
            DropReason::ParserError,
        ),
    ] {
        let frame = FAMILY
            .ack(Arrival::Router)
            .with(|packet| packet.extensions = chain);
        stage.drops(PORT_NETWORK, &frame.bytes(), reason);
    }
}

pub(super) fn an_echo_request_is_answered_here(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let echo = Packet::echo(FAMILY.client(), FAMILY.published(), b"ping");
    stage.serves(&arriving(echo, Arrival::Router), Outcome::AnsweredHere);
}

pub(super) fn what_is_link_local_is_the_hosts_own(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let from = (FAMILY.client(), CLIENT_PORT);
    for address in ["fe80::1", "febf::1"] {
        let address: Ipv6Addr = address.parse().expect("an address");
        let packet = Packet::udp(from, (address.into(), DNS), b"query");
        stage.serves(&arriving(packet, Arrival::Router), Outcome::OwnTraffic);
    }
    let beyond: Ipv6Addr = "fec0::1".parse().expect("an address");
    let packet = Packet::udp(from, (beyond.into(), DNS), b"query");
    let frame = arriving(packet, Arrival::Router).bytes();
    stage.drops(PORT_NETWORK, &frame, DropReason::NoService);
}
