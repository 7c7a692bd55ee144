//! Live flows that come onto another map, or are hashed otherwise: the former owner is asked as in a move.

use super::group::{Family, MAP, PEER, SELF, THIRD, WEB, bucket_of, former_bucket, service_of};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Frame, SYN};
use dpr_p4::host_stage::{
    Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_TCP, buckets, clients, services,
};
use dpr_runtime::{Lpm, hash};

const FORMER_MAP: u16 = 9;

/// On its way from the former map, where `former` owned the bucket, to the usual one, where `owner` does.
fn start(platform: Platform<'_>, former: u16, owner: u16) -> Stage {
    let mut stage = Stage::with_bucket(platform, owner, NO_HOST, 0);
    stage.write(&[former_bucket(FORMER_MAP, 0, former).insert()]);
    change(&mut stage, 0);
    stage
}

fn change(stage: &mut Stage, committed: u8) {
    let action = services::Action::ChangesMap {
        map_id: MAP,
        mask: 0,
        affinity: Affinity::Connection as u8,
        by_class: 0,
        former_map_id: FORMER_MAP,
        former_affinity: Affinity::Connection as u8,
        committed,
    };
    for family in Family::BOTH {
        stage.write(&[service_of(family.published(), PROTOCOL_TCP, WEB, action).modify()]);
    }
}

pub(super) fn until_the_commit_the_former_owner_counts(platform: Platform<'_>) {
    for family in Family::BOTH {
        // At the former owner.
        let mut stage = start(platform, SELF, PEER);
        for arrival in [Arrival::Router, Arrival::Peer] {
            stage.serves(&family.syn(arrival), Outcome::ServedAsOwner);
        }
        stage.serves(&family.ack(Arrival::Chain), Outcome::ServedByChain);
        // At a third one.
        let mut stage = start(platform, THIRD, PEER);
        for arrival in [Arrival::Router, Arrival::Peer] {
            let syn = family.syn(arrival);
            stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        }
        // At the new one, who asks for what comes from those who have committed.
        let mut stage = start(platform, THIRD, SELF);
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        let syn = family.syn(Arrival::Peer);
        stage.reroutes(&syn, THIRD, Arrival::Chain, Outcome::ReroutedToPrevious);
    }
}

pub(super) fn after_the_commit_the_new_owner_asks_the_former_one(platform: Platform<'_>) {
    for family in Family::BOTH {
        // At the new owner.
        let mut stage = start(platform, THIRD, SELF);
        change(&mut stage, 1);
        for arrival in [Arrival::Router, Arrival::Peer] {
            let syn = family.syn(arrival);
            stage.reroutes(&syn, THIRD, Arrival::Chain, Outcome::ReroutedToPrevious);
        }
        // At the former one, who saw one connection begin and others not.
        let mut stage = start(platform, SELF, PEER);
        let mut other = family.syn(Arrival::Chain);
        other = other.with(|packet| packet.src = family.transit());
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        change(&mut stage, 1);
        let ack = family.ack(Arrival::Router);
        stage.reroutes(&ack, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.serves(&family.ack(Arrival::Chain), Outcome::ServedByChain);
        stage.reroutes(&other, PEER, Arrival::Final, Outcome::ReroutedByChain);
    }
}

pub(super) fn an_owner_on_both_maps_asks_nobody(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, SELF, SELF);
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        change(&mut stage, 1);
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
    }
}

pub(super) fn without_a_former_owner_the_new_one_counts(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = start(platform, PEER, SELF);
        stage.write(&[former_bucket(FORMER_MAP, 0, PEER).delete()]);
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
        change(&mut stage, 1);
        stage.serves(&family.syn(Arrival::Router), Outcome::ServedAsOwner);
    }
}

pub(super) fn a_class_of_clients_changes_by_itself(platform: Platform<'_>) {
    const CLASS_MAP: u16 = 6;
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, THIRD, NO_HOST, 0);
        let by_class = services::Action::InMap {
            map_id: MAP,
            mask: 0,
            affinity: Affinity::Connection as u8,
            by_class: 1,
        };
        let client = clients::Key {
            map: MAP,
            client: Lpm {
                value: dpr_p4::address::to_bits(family.client()),
                prefix: 128,
            },
        };
        let change = |committed| clients::Action::ChangesClassMap {
            map_id: CLASS_MAP,
            former_map_id: MAP,
            committed,
        };
        stage.write(&[
            service_of(family.published(), PROTOCOL_TCP, WEB, by_class).modify(),
            bucket_of(CLASS_MAP, SELF).insert(),
            former_bucket(MAP, 0, THIRD).insert(),
            clients::Entry::new(client, change(0)).insert(),
        ]);
        let syn = family.syn(Arrival::Router);
        stage.reroutes(&syn, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
        stage.write(&[clients::Entry::new(client, change(1)).modify()]);
        stage.reroutes(&syn, THIRD, Arrival::Chain, Outcome::ReroutedToPrevious);
        let other = syn.with(|packet| packet.src = family.transit());
        stage.reroutes(&other, THIRD, Arrival::Peer, Outcome::ReroutedToOwner);
    }
}

/// From the hash over the five-tuple to that over the client's address, on one map.
pub(super) fn each_owner_is_found_by_its_own_hash(platform: Platform<'_>) {
    const MASK: u16 = 0x0f;
    let owner = |bucket: u16| [SELF, PEER, THIRD][usize::from(bucket) % 3];
    let mut stage = Stage::start(platform);
    let change = |committed| services::Action::ChangesMap {
        map_id: MAP,
        mask: MASK,
        affinity: Affinity::Client as u8,
        by_class: 0,
        former_map_id: MAP,
        former_affinity: Affinity::Connection as u8,
        committed,
    };
    let mut updates: Vec<_> = (0..=MASK)
        .flat_map(|bucket| {
            let action = buckets::Action::OwnedBy {
                owner_id: owner(bucket),
                previous_id: NO_HOST,
                accept: 0,
            };
            let key = buckets::Key { map: MAP, bucket };
            [
                buckets::Entry::new(key, action).insert(),
                former_bucket(MAP, bucket, owner(bucket)).insert(),
            ]
        })
        .collect();
    updates.push(super::group::service(PROTOCOL_TCP, WEB, change(0)).modify());
    stage.write(&updates);
    let clients: Vec<Frame> = (1..20)
        .map(|client| {
            let frame = super::group::segment(1000 + client, SYN, Arrival::Router);
            frame.with(|packet| packet.src = super::group::host_address(client as u8 as u16).into())
        })
        .collect();
    for frame in &clients {
        match owner(former_hash(frame) & MASK) {
            SELF => stage.serves(frame, Outcome::ServedAsOwner),
            other => stage.reroutes(frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
        }
    }
    stage.write(&[super::group::service(PROTOCOL_TCP, WEB, change(1)).modify()]);
    for frame in &clients {
        match (
            owner(new_hash(frame) & MASK),
            owner(former_hash(frame) & MASK),
        ) {
            (SELF, SELF) => stage.serves(frame, Outcome::ServedAsOwner),
            (SELF, former) => {
                stage.reroutes(frame, former, Arrival::Chain, Outcome::ReroutedToPrevious)
            }
            (other, _) => stage.reroutes(frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
        }
    }
}

fn former_hash(frame: &Frame) -> u16 {
    super::group::hash_of(frame) as u16
}

fn new_hash(frame: &Frame) -> u16 {
    match frame.packet.src {
        std::net::IpAddr::V4(address) => hash::crc32(&address.octets()) as u16,
        std::net::IpAddr::V6(address) => hash::crc32(&address.octets()) as u16,
    }
}
