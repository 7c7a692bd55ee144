//! Classes of clients: maps of their own, in place of the service's.

use super::group::{Family, MAP, PEER, SELF, THIRD, bucket_of, classed};
use super::stage::Stage;
use crate::Platform;
use crate::frame::Frame;
use dpr_p4::address;
use dpr_p4::host_stage::{Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_TCP, services};
use dpr_runtime::Lpm;
use std::net::IpAddr;

/// Maps of two classes.
const NEAR: u16 = 6;
const FAR: u16 = 7;

/// The service's own map is with the third host.
fn start(platform: Platform<'_>) -> Stage {
    let mut stage = Stage::with_bucket(platform, THIRD, NO_HOST, 0);
    for family in Family::BOTH {
        let by_class = services::Action::InMap {
            map_id: MAP,
            mask: 0,
            affinity: Affinity::Connection as u8,
            by_class: 1,
        };
        stage.write(&[super::group::service_of(
            family.published(),
            PROTOCOL_TCP,
            super::group::WEB,
            by_class,
        )
        .modify()]);
    }
    stage.write(&[
        bucket_of(NEAR, SELF).insert(),
        bucket_of(FAR, PEER).insert(),
    ]);
    stage
}

/// A prefix of the client's, without the stranger.
fn wide(family: Family) -> Lpm<u128> {
    match family {
        Family::Ipv4 => around_client(family, 96 + 16),
        Family::Ipv6 => around_client(family, 48),
    }
}

/// A longer one.
fn narrow(family: Family) -> Lpm<u128> {
    match family {
        Family::Ipv4 => around_client(family, 96 + 24),
        Family::Ipv6 => around_client(family, 64),
    }
}

fn around_client(family: Family, prefix: u32) -> Lpm<u128> {
    let value = address::to_bits(family.client()) & u128::MAX << (128 - prefix);
    Lpm { value, prefix }
}

fn from_another(frame: &Frame, src: IpAddr) -> Frame {
    frame.clone().with(|packet| packet.src = src)
}

pub(super) fn a_client_has_the_map_of_its_longest_prefix(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform);
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.write(&[classed(MAP, wide(family), FAR).insert()]);
        stage.reroutes(&syn, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.write(&[classed(MAP, narrow(family), NEAR).insert()]);
        stage.serves(&syn, Outcome::ServedAsOwner);
        let stranger = from_another(&syn, family.transit());
        stage.reroutes(&stranger, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
    }
}

pub(super) fn classes_are_of_one_map(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform);
        let syn = family.syn(Arrival::Router);
        stage.write(&[classed(MAP + 10, narrow(family), NEAR).insert()]);
        stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        // And of services that have any.
        stage.write(&[classed(MAP, narrow(family), NEAR).insert()]);
        let without = family.datagram(&[], Arrival::Router);
        stage.reroutes(&without, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
    }
}

pub(super) fn a_live_connection_stays_whatever_its_class(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform);
        let ack = family.ack(Arrival::Router);
        stage.write(&[classed(MAP, narrow(family), NEAR).insert()]);
        stage.pin(&ack, PEER);
        stage.reroutes(&ack, PEER, Arrival::Final, Outcome::ReroutedByState);
    }
}
