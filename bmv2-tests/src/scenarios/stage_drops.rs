//! What a host stage drops, and why.

use super::group::{
    CLIENT, PEER, PUBLISHED, ROUTER_MAC, SELF, ack, host_address, pin, segment, stage_mac,
    stage_mac_for, syn,
};
use super::stage::{STRAY_PORT, Stage};
use crate::frame::{Frame, SYN};
use crate::{Capability, Platform};
use dpr_p4::host_stage::{Arrival, DropReason, NO_HOST, Outcome, PORT_NETWORK};

pub(super) fn packets_to_nothing_here_are_dropped(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let flooded = syn(Arrival::Router).between(ROUTER_MAC, stage_mac(PEER));
    stage.drops(PORT_NETWORK, &flooded.bytes(), DropReason::NotToMe);
    stage.drops(
        STRAY_PORT,
        &syn(Arrival::Router).bytes(),
        DropReason::UnknownPort,
    );
    let to = |address, port| {
        Frame::tcp((CLIENT, 9), (address, port), SYN)
            .between(ROUTER_MAC, stage_mac_for(SELF, Arrival::Router))
            .bytes()
    };
    stage.drops(PORT_NETWORK, &to(PUBLISHED, 81), DropReason::NoService);
    stage.drops(
        PORT_NETWORK,
        &to(host_address(PEER), 80),
        DropReason::NoService,
    );
}

pub(super) fn what_tables_do_not_know_is_dropped(platform: Platform<'_>) {
    // A service without buckets, a bucket of a host that is not there, flow state at such a one.
    let mut stage = Stage::start(platform);
    let unknown = 77;
    stage.drops(
        PORT_NETWORK,
        &syn(Arrival::Router).bytes(),
        DropReason::NoBucket,
    );
    let mut stage = Stage::with_bucket(platform, unknown, NO_HOST, 0);
    stage.drops(
        PORT_NETWORK,
        &syn(Arrival::Router).bytes(),
        DropReason::UnknownHost,
    );
    stage.move_bucket(SELF, unknown, 0);
    stage.drops(
        PORT_NETWORK,
        &syn(Arrival::Router).bytes(),
        DropReason::UnknownHost,
    );
    stage
        .target
        .client
        .write(&[pin(&ack(Arrival::Router), unknown).insert()]);
    stage.drops(
        PORT_NETWORK,
        &ack(Arrival::Router).bytes(),
        DropReason::UnknownHost,
    );
}

pub(super) fn a_reroute_ends_when_the_ttl_does(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let with_ttl = |ttl| syn(Arrival::Router).with_ttl(ttl);
    stage.reroutes(&with_ttl(2), PEER, Arrival::Peer, Outcome::ReroutedToOwner);
    for ttl in [1, 0] {
        stage.drops(PORT_NETWORK, &with_ttl(ttl).bytes(), DropReason::TtlExpired);
    }
}

pub(super) fn malformed_packets_are_dropped(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    for (frame, is_bad_checksum) in malformed(&syn(Arrival::Router)) {
        let reason = if is_bad_checksum {
            DropReason::BadChecksum
        } else {
            DropReason::ParserError
        };
        stage.drops(PORT_NETWORK, &frame, reason);
    }
}

/// A frame with an IPv4 header that is bad in each way that there is, and whether it is the checksum that is bad.
pub(super) fn malformed(good: &Frame) -> Vec<(Vec<u8>, bool)> {
    let broken = |offset: usize, value: u8| {
        let mut frame = good.bytes();
        frame[offset] = value;
        frame
    };
    vec![
        // Version 6 and 0, a header of 4 words, a total length below the header's.
        (broken(14, 0x65), false),
        (broken(14, 0x05), false),
        (broken(14, 0x44), false),
        (broken(17, 19), false),
        (broken(24, good.bytes()[24] ^ 1), true),
        (broken(22, good.packet.ttl + 1), true),
    ]
}

/// The length of the shortest frame that a target takes.
pub(super) fn shortest(platform: Platform<'_>) -> usize {
    usize::from(platform.lacks(Capability::EmptyFrames).is_some())
}

pub(super) fn truncated_packets_are_dropped(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    let whole = segment(1, SYN, Arrival::Router).bytes();
    for length in shortest(platform)..whole.len() {
        stage.drops(PORT_NETWORK, &whole[..length], DropReason::ParserError);
    }
    let with_options = syn(Arrival::Router)
        .with(|packet| packet.options = vec![1; 40])
        .bytes();
    for length in 34..with_options.len() {
        stage.drops(
            PORT_NETWORK,
            &with_options[..length],
            DropReason::ParserError,
        );
    }
}

pub(super) fn an_empty_stage_serves_nothing(platform: Platform<'_>) {
    let stage = Stage::empty(platform);
    stage
        .target
        .port(PORT_NETWORK)
        .inject(&syn(Arrival::Router).bytes());
    // It does not know that the frame is for it.
    let mut stage = stage;
    crate::eventually("drops[not_to_me]", 1, || {
        stage.target.client.counters(dpr_p4::host_stage::drops::ID)[DropReason::NotToMe as usize]
            .packets
    });
}
