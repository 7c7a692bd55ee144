//! Sessions: a client's new connections come to the host where its session is, whoever owns its bucket by now.

use super::group::{
    CLIENT_PORT, Family, MAP, PEER, SELF, THIRD, WEB, arriving, service_of, session,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Packet, SYN};
use dpr_p4::host_stage::{Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_TCP, services};

fn start(platform: Platform<'_>, owner: u16, affinity: Affinity) -> Stage {
    let mut stage = Stage::with_bucket(platform, owner, NO_HOST, 0);
    let action = dpr_p4::in_map(MAP, 0, affinity);
    for family in Family::BOTH {
        stage.write(&[service_of(family.published(), PROTOCOL_TCP, WEB, action).modify()]);
    }
    stage
}

pub(super) fn a_new_connection_goes_to_its_clients_session(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD, Affinity::Session);
        let next_port = arriving(
            Packet::tcp(
                (family.client(), CLIENT_PORT + 1),
                (family.published(), WEB),
                SYN,
            ),
            Arrival::Router,
        );
        stage.reroutes(&next_port, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.write(&[session(family.client(), PEER).insert()]);
        for frame in [&family.syn(Arrival::Router), &next_port] {
            stage.reroutes(frame, PEER, Arrival::Final, Outcome::ReroutedBySession);
        }
        let other = next_port
            .clone()
            .with(|packet| packet.src = family.transit());
        stage.reroutes(&other, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.write(&[session(family.client(), SELF).modify()]);
        stage.serves(&next_port, Outcome::ServedBySession);
        // The host that is asked as the previous owner keeps its sessions.
        stage.serves(&family.syn(Arrival::Chain), Outcome::ServedBySession);
    }
}

pub(super) fn a_connections_own_state_comes_first(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD, Affinity::Session);
        stage.write(&[session(family.client(), PEER).insert()]);
        let ack = family.ack(Arrival::Router);
        stage.pin(&ack, SELF);
        stage.serves(&ack, Outcome::ServedByState);
    }
}

pub(super) fn services_without_sessions_do_not_look_for_any(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD, Affinity::Client);
        stage.write(&[session(family.client(), PEER).insert()]);
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
    }
}

pub(super) fn before_a_change_is_committed_the_former_affinity_counts(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF, Affinity::Client);
        stage.write(&[session(family.client(), PEER).insert()]);
        for (committed, affinities) in [
            (0, [Affinity::Session, Affinity::Connection]),
            (1, [Affinity::Connection, Affinity::Session]),
        ] {
            let action = services::Action::ChangesMap {
                map_id: MAP,
                mask: 0,
                affinity: affinities[0] as u8,
                by_class: 0,
                former_map_id: MAP,
                former_affinity: affinities[1] as u8,
                committed,
            };
            stage.write(&[service_of(family.published(), PROTOCOL_TCP, WEB, action).modify()]);
            stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        }
    }
}
