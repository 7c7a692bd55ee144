//! The decision rule, one scenario for each branch.

use super::group::{
    CLIENT, MAP, PEER, PUBLISHED, ROUTER_MAC, SELF, THIRD, ack, bucket, datagram, hash_of,
    host_address, pin, segment, service, stage_mac_for, syn,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{ACK, Frame, SYN};
use dpr_p4::host_stage::{Affinity, Arrival, NO_HOST, Outcome, PROTOCOL_TCP, buckets};
use dpr_runtime::{Range, hash};
use std::net::Ipv4Addr;

pub(super) fn step_1_a_final_arrival_is_served(platform: Platform<'_>) {
    // Neither flow state nor bucket is asked.
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.pin(&syn(Arrival::Final), THIRD);
    stage.serves(&syn(Arrival::Final), Outcome::ServedFinal);
    stage.serves(&ack(Arrival::Final), Outcome::ServedFinal);
}

pub(super) fn step_2_flow_state_here_serves(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.pin(&ack(Arrival::Router), SELF);
    for arrival in [Arrival::Router, Arrival::Peer, Arrival::Chain] {
        stage.serves(&ack(arrival), Outcome::ServedByState);
    }
    // Another connection is another matter.
    let other = segment(40_001, ACK, Arrival::Router);
    stage.reroutes(&other, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
}

pub(super) fn step_2_flow_state_elsewhere_reroutes_as_final(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.pin(&ack(Arrival::Router), PEER);
    for arrival in [Arrival::Router, Arrival::Peer, Arrival::Chain] {
        stage.reroutes(
            &ack(arrival),
            PEER,
            Arrival::Final,
            Outcome::ReroutedByState,
        );
    }
}

pub(super) fn step_3_the_previous_owner_serves_what_it_saw_begin(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&syn(Arrival::Router), Outcome::ServedAsOwner);
    stage.move_bucket(PEER, NO_HOST, 0);
    stage.serves(&ack(Arrival::Chain), Outcome::ServedByChain);
    stage.serves(&syn(Arrival::Chain), Outcome::ServedByChain);
}

pub(super) fn step_3_the_previous_owner_serves_what_it_owns_again(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, PEER, 0);
    stage.serves(&ack(Arrival::Chain), Outcome::ServedByChain);
}

pub(super) fn step_3_the_previous_owner_passes_on_what_it_does_not_know(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, THIRD, 1);
    stage.reroutes(
        &ack(Arrival::Chain),
        PEER,
        Arrival::Final,
        Outcome::ReroutedByChain,
    );
    stage.reroutes(
        &syn(Arrival::Chain),
        PEER,
        Arrival::Final,
        Outcome::ReroutedByChain,
    );
    // An acknowledgement that was delivered is no set-up to remember.
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&ack(Arrival::Router), Outcome::ServedAsOwner);
    stage.move_bucket(PEER, NO_HOST, 0);
    stage.reroutes(
        &ack(Arrival::Chain),
        PEER,
        Arrival::Final,
        Outcome::ReroutedByChain,
    );
}

pub(super) fn step_4_what_another_owns_goes_to_it_as_peer(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, THIRD, 1);
    stage.reroutes(
        &syn(Arrival::Router),
        PEER,
        Arrival::Peer,
        Outcome::ReroutedToOwner,
    );
    stage.reroutes(
        &ack(Arrival::Router),
        PEER,
        Arrival::Peer,
        Outcome::ReroutedToOwner,
    );
}

pub(super) fn step_4_a_peer_arrival_is_taken_only_if_accepted(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    stage.reroutes(
        &syn(Arrival::Peer),
        PEER,
        Arrival::Peer,
        Outcome::ReroutedToOwner,
    );
    stage.move_bucket(PEER, NO_HOST, 1);
    stage.serves(&syn(Arrival::Peer), Outcome::ServedAsOwner);
    stage.move_bucket(PEER, THIRD, 1);
    stage.reroutes(
        &syn(Arrival::Peer),
        THIRD,
        Arrival::Chain,
        Outcome::ReroutedToPrevious,
    );
}

pub(super) fn step_5_the_new_owner_asks_the_previous_one(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, PEER, 0);
    stage.reroutes(
        &syn(Arrival::Router),
        PEER,
        Arrival::Chain,
        Outcome::ReroutedToPrevious,
    );
    stage.reroutes(
        &ack(Arrival::Peer),
        PEER,
        Arrival::Chain,
        Outcome::ReroutedToPrevious,
    );
}

pub(super) fn step_6_the_owner_serves(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    for arrival in [Arrival::Router, Arrival::Peer] {
        stage.serves(&syn(arrival), Outcome::ServedAsOwner);
        stage.serves(&ack(arrival), Outcome::ServedAsOwner);
    }
    // One that need not be forwarded may have come to the end of its time.
    let last = syn(Arrival::Router).with_ttl(1);
    stage.serves(&last, Outcome::ServedAsOwner);
}

pub(super) fn datagrams_are_remembered_like_set_ups(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.serves(&datagram(Arrival::Router), Outcome::ServedAsOwner);
    stage.move_bucket(PEER, NO_HOST, 0);
    stage.serves(&datagram(Arrival::Chain), Outcome::ServedByChain);
    let other = datagram(Arrival::Chain).with(|packet| packet.src = host_address(9).into());
    stage.reroutes(&other, PEER, Arrival::Final, Outcome::ReroutedByChain);
}

pub(super) fn a_bucket_is_chosen_by_the_flows_hash(platform: Platform<'_>) {
    const MASK: u16 = 0x0f;
    let mut stage = Stage::start(platform);
    let in_map = dpr_p4::in_map(MAP, MASK, Affinity::Connection);
    let owner = |bucket: u16| [SELF, PEER, THIRD][usize::from(bucket) % 3];
    let buckets = (0..=MASK).map(|bucket| {
        let action = buckets::Action::OwnedBy {
            owner_id: owner(bucket),
            previous_id: NO_HOST,
            accept: 0,
        };
        buckets::Entry::new(buckets::Key { map: MAP, bucket }, action).insert()
    });
    let mut updates: Vec<_> = buckets.collect();
    updates.push(service(PROTOCOL_TCP, 80, in_map).modify());
    stage.target.client.write(&updates);
    for src_port in 1000..1040 {
        let frame = segment(src_port, SYN, Arrival::Router);
        match owner(hash_of(&frame) as u16 & MASK) {
            SELF => stage.serves(&frame, Outcome::ServedAsOwner),
            other => stage.reroutes(&frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
        }
    }
}

pub(super) fn a_client_keeps_to_one_bucket_of_the_map_that_services_share(platform: Platform<'_>) {
    const MASK: u16 = 0x07;
    let mut stage = Stage::start(platform);
    let by_client = dpr_p4::in_map(MAP, MASK, Affinity::Client);
    let owner = |bucket: u16| [SELF, PEER, THIRD][usize::from(bucket) % 3];
    let mut passive = service(PROTOCOL_TCP, 0, by_client);
    passive.key.port = Range {
        low: 50_000,
        high: 50_099,
    };
    let mut updates = vec![
        service(PROTOCOL_TCP, 21, by_client).insert(),
        passive.insert(),
    ];
    updates.extend((0..=MASK).map(|bucket| {
        let action = buckets::Action::OwnedBy {
            owner_id: owner(bucket),
            previous_id: NO_HOST,
            accept: 0,
        };
        buckets::Entry::new(buckets::Key { map: MAP, bucket }, action).insert()
    }));
    stage.target.client.write(&updates);
    for client in 1..=8 {
        let address = Ipv4Addr::new(198, 51, 100, client);
        let server = owner(hash::crc32(&address.octets()) as u16 & MASK);
        for (src_port, dst_port) in [(40_000, 21), (40_001, 50_000), (40_002, 50_099)] {
            let frame = Frame::tcp((address, src_port), (PUBLISHED, dst_port), SYN)
                .between(ROUTER_MAC, stage_mac_for(SELF, Arrival::Router));
            match server {
                SELF => stage.serves(&frame, Outcome::ServedAsOwner),
                other => stage.reroutes(&frame, other, Arrival::Peer, Outcome::ReroutedToOwner),
            }
        }
    }
}

pub(super) fn services_are_port_ranges(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let mut range = service(
        PROTOCOL_TCP,
        0,
        dpr_p4::in_map(MAP + 1, 0, Affinity::Connection),
    );
    range.key.port = Range {
        low: 8000,
        high: 8999,
    };
    let mut within = service(
        PROTOCOL_TCP,
        8443,
        dpr_p4::in_map(MAP, 0, Affinity::Connection),
    );
    within.priority = 2;
    let action = buckets::Action::OwnedBy {
        owner_id: PEER,
        previous_id: NO_HOST,
        accept: 0,
    };
    let other_map = buckets::Entry::new(
        buckets::Key {
            map: MAP + 1,
            bucket: 0,
        },
        action,
    );
    stage
        .target
        .client
        .write(&[range.insert(), within.insert(), other_map.insert()]);
    let to = |port| {
        Frame::tcp((CLIENT, 5), (PUBLISHED, port), SYN)
            .between(ROUTER_MAC, stage_mac_for(SELF, Arrival::Router))
    };
    for port in [8000, 8999] {
        stage.reroutes(&to(port), PEER, Arrival::Peer, Outcome::ReroutedToOwner);
    }
    // The larger priority wins.
    stage.serves(&to(8443), Outcome::ServedAsOwner);
}

pub(super) fn a_changed_entry_holds_for_the_next_packet(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let frame = ack(Arrival::Router);
    for _ in 0..20 {
        stage.pin(&frame, PEER);
        stage.reroutes(&frame, PEER, Arrival::Final, Outcome::ReroutedByState);
        stage.target.client.write(&[pin(&frame, THIRD).modify()]);
        stage.reroutes(&frame, THIRD, Arrival::Final, Outcome::ReroutedByState);
        stage.target.client.write(&[pin(&frame, THIRD).delete()]);
        stage.serves(&frame, Outcome::ServedAsOwner);
        stage.target.client.write(&[bucket(SELF, PEER, 0).modify()]);
        stage.reroutes(&frame, PEER, Arrival::Chain, Outcome::ReroutedToPrevious);
        stage
            .target
            .client
            .write(&[bucket(SELF, NO_HOST, 0).modify()]);
    }
}
