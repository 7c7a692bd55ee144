//! Sessions: a client's new connections come to the host where its session is, whoever owns its bucket by now.

use super::group::{
    CLIENT_PORT, Family, MAP, PEER, SELF, THIRD, WEB, arriving, former_bucket, service_of, session,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Packet, SYN};
use dpr_p4::host_stage::{Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_TCP, services, sessions};

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
        let mut stage = start(platform, SELF, Affinity::Session);
        let next_port = arriving(
            Packet::tcp(
                (family.client(), CLIENT_PORT + 1),
                (family.published(), WEB),
                SYN,
            ),
            Arrival::Router,
        );
        stage.write(&[session(family.client(), PEER).insert()]);
        for frame in [&family.syn(Arrival::Router), &next_port] {
            stage.reroutes(frame, PEER, Arrival::Final, Outcome::ReroutedBySession);
        }
        let other = next_port
            .clone()
            .with(|packet| packet.src = family.transit());
        stage.serves(&other, Outcome::ServedAsOwner);
        stage.write(&[session(family.client(), SELF).modify()]);
        stage.serves(&next_port, Outcome::ServedBySession);
    }
}

pub(super) fn the_previous_owner_keeps_its_sessions(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, THIRD, Affinity::Session);
        let asked = family.syn(Arrival::Chain);
        stage.reroutes(&asked, THIRD, Arrival::Final, Outcome::ReroutedByChain);
        stage.write(&[session(family.client(), PEER).insert()]);
        stage.reroutes(&asked, PEER, Arrival::Final, Outcome::ReroutedBySession);
        stage.write(&[session(family.client(), SELF).modify()]);
        stage.serves(&asked, Outcome::ServedBySession);
        // What it saw begin is its own, wherever the session is.
        stage.write(&[session(family.client(), PEER).modify()]);
        stage.serves(&family.ack(Arrival::Chain), Outcome::ServedByChain);
    }
}

pub(super) fn the_host_of_a_session_that_ends_is_asked(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF, Affinity::Session);
        let mut ends = session(family.client(), PEER);
        ends.action = sessions::Action::Ask { host: PEER };
        stage.write(&[ends.insert()]);
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, PEER, Arrival::Chain, Outcome::ReroutedBySession);
        // What comes back is delivered, and remembered.
        stage.serves(&family.syn(Arrival::Final), Outcome::ServedFinal);
        stage.serves(&family.ack(Arrival::Router), Outcome::ServedAsOwner);
    }
}

pub(super) fn what_began_at_the_owner_stays_there(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF, Affinity::Session);
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        stage.write(&[session(family.client(), PEER).insert()]);
        stage.serves(&family.ack(Arrival::Router), Outcome::ServedAsOwner);
    }
}

pub(super) fn a_former_owner_passes_the_question_on_to_a_session(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, PEER, Affinity::Session);
        let action = services::Action::ChangesMap {
            map_id: MAP,
            mask: 0,
            affinity: Affinity::Connection as u8,
            by_class: 0,
            former_map_id: MAP,
            former_affinity: Affinity::Session as u8,
            committed: 1,
        };
        stage.write(&[
            former_bucket(MAP, 0, SELF).insert(),
            session(family.client(), THIRD).insert(),
            service_of(family.published(), PROTOCOL_TCP, WEB, action).modify(),
        ]);
        let asked = family.syn(Arrival::Chain);
        stage.reroutes(&asked, THIRD, Arrival::Chain, Outcome::ReroutedBySession);
        // Its own sessions take in nothing new.
        stage.write(&[session(family.client(), SELF).modify()]);
        stage.reroutes(&asked, PEER, Arrival::Final, Outcome::ReroutedByChain);
    }
}

pub(super) fn only_who_decides_looks_at_sessions(platform: Platform<'_>) {
    for family in Family::BOTH {
        // Another owns the bucket, and may know that this connection lives elsewhere.
        let mut stage = start(platform, THIRD, Affinity::Session);
        stage.write(&[session(family.client(), SELF).insert()]);
        let ack = family.ack(Arrival::Router);
        stage.reroutes(&ack, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        // The previous owner is to be asked.
        stage.move_bucket(SELF, PEER, 1);
        stage.reroutes(&ack, PEER, Arrival::Chain, Outcome::ReroutedToPrevious);
    }
}

pub(super) fn a_connections_own_state_comes_first(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF, Affinity::Session);
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
