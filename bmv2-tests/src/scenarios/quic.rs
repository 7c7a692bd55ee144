//! QUIC: a connection id names its server, wherever the client is by now.

use super::group::{Family, MAP, PEER, SELF, THIRD, in_map, server_id, service_of};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, Packet, quic_long, quic_short};
use dpr_p4::host_stage::{Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_UDP};

/// Numbers of the servers in connection ids, by their configuration.
const CONFIG: u8 = 2;
const OTHER_CONFIG: u8 = 3;
const HERE: u16 = 0x0a01;
const THERE: u16 = 0x0a02;
const NOWHERE: u16 = 0x0a03;

fn start(platform: Platform<'_>, owner: u16) -> Stage {
    let mut stage = Stage::with_bucket(platform, owner, NO_HOST, 0);
    let by_id = dpr_p4::in_map(MAP, 0, Affinity::ConnectionId);
    for family in Family::BOTH {
        let service = service_of(family.published(), PROTOCOL_UDP, super::group::DNS, by_id);
        stage.write(&[service.modify()]);
    }
    stage.write(&[
        server_id(CONFIG, HERE, SELF).insert(),
        server_id(CONFIG, THERE, PEER).insert(),
    ]);
    stage
}

pub(super) fn a_connection_id_names_its_server(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD);
        for packet in [quic_long, quic_short] {
            let here = family.datagram(&packet(CONFIG, HERE), Arrival::Router);
            stage.serves(&here, Outcome::ServedById);
            let there = family.datagram(&packet(CONFIG, THERE), Arrival::Router);
            stage.reroutes(&there, PEER, Arrival::Final, Outcome::ReroutedById);
            // The client is elsewhere.
            let moved = |frame: &Frame| frame.clone().with(|packet| packet.src = family.host(99));
            stage.serves(&moved(&here), Outcome::ServedById);
            stage.reroutes(&moved(&there), PEER, Arrival::Final, Outcome::ReroutedById);
        }
        // What is final is.
        let there = family.datagram(&quic_short(CONFIG, THERE), Arrival::Final);
        stage.serves(&there, Outcome::ServedFinal);
    }
}

pub(super) fn without_a_known_id_the_flow_decides(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD);
        let mut unnamed = vec![
            quic_long(CONFIG, NOWHERE),
            quic_short(CONFIG, NOWHERE),
            quic_short(OTHER_CONFIG, HERE),
            quic_long(OTHER_CONFIG, HERE),
            // Too short for an id, and nothing at all.
            quic_short(CONFIG, HERE)[..3].to_vec(),
            quic_long(CONFIG, HERE)[..8].to_vec(),
            Vec::new(),
        ];
        // A long header with an id of two bytes.
        let mut short_id = quic_long(CONFIG, HERE);
        short_id[5] = 2;
        unnamed.push(short_id);
        for payload in &unnamed {
            let frame = family.datagram(payload, Arrival::Router);
            stage.reroutes(&frame, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        }
        stage.pin(&family.datagram(&[], Arrival::Router), SELF);
        for payload in &unnamed {
            let frame = family.datagram(payload, Arrival::Router);
            stage.serves(&frame, Outcome::ServedByState);
        }
        // An id counts before the state.
        let there = family.datagram(&quic_short(CONFIG, THERE), Arrival::Router);
        stage.reroutes(&there, PEER, Arrival::Final, Outcome::ReroutedById);
    }
}

pub(super) fn other_services_have_no_ids(platform: Platform<'_>) {
    let mut stage = start(platform, SELF);
    let family = Family::Ipv4;
    let address = family.published();
    let dns = service_of(address, PROTOCOL_UDP, super::group::DNS, in_map());
    stage.write(&[dns.modify()]);
    for packet in [quic_long, quic_short] {
        let frame = family.datagram(&packet(CONFIG, THERE), Arrival::Router);
        stage.serves(&frame, Outcome::ServedAsOwner);
    }
    // An ICMP error quotes no id.
    let client = (family.client(), super::group::CLIENT_PORT);
    let answer = Packet::udp(
        (address, super::group::DNS),
        client,
        &quic_short(CONFIG, THERE),
    );
    let error = answer.time_exceeded(family.transit(), 500);
    let error = super::group::arriving(error, Arrival::Router);
    stage.serves(&error, Outcome::ServedAsOwner);
}
