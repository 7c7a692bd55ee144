//! Five-tuples that are used again, and set-ups that never are completed.

use super::group::{CLIENT_PORT, Family, MAP, PEER, SELF, THIRD, arriving, host_mac};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{Packet, SYN};
use dpr_p4::host_stage::{
    Affinity, Arrival, NO_HOST, Outcome, PORT_HOST, PORT_NETWORK, flow_state, flow_state6, outcomes,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn a_set_up_on_a_used_five_tuple_goes_to_the_old_server(platform: Platform<'_>) {
    for family in Family::BOTH {
        // Here, as the owner that has state of a connection elsewhere.
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        let syn = family.syn(Arrival::Router);
        stage.pin(&syn, PEER);
        stage.reroutes(&syn, PEER, Arrival::Final, Outcome::ReroutedByState);
        // There, as the old server: whether it still has its state or not, and whoever owns the bucket.
        let mut stage = Stage::with_bucket(platform, THIRD, NO_HOST, 0);
        let came = family.syn(Arrival::Final);
        stage.serves(&came, Outcome::ServedFinal);
        stage.pin(&came, SELF);
        stage.serves(&came, Outcome::ServedFinal);
        // It is remembered there, so that all finds it until its state is written.
        stage.serves(&family.ack(Arrival::Chain), Outcome::ServedByState);
        let unpinned = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        served_by_chain_after_final(unpinned, family);
    }
}

/// A set-up that was delivered as final is found when this stage is asked as the previous owner.
fn served_by_chain_after_final(mut stage: Stage, family: Family) {
    stage.serves(&family.syn(Arrival::Final), Outcome::ServedFinal);
    stage.move_bucket(PEER, NO_HOST, 0);
    stage.serves(&family.ack(Arrival::Chain), Outcome::ServedByChain);
}

/// A client of a flood.
fn flooding(family: Family, number: u32) -> IpAddr {
    match family {
        Family::Ipv4 => {
            Ipv4Addr::from(0x0b00_0000 + number.wrapping_mul(0x9e37_79b9) % 0x00ff_ffff).into()
        }
        Family::Ipv6 => Ipv6Addr::from((0x2001_0db8_00f1u128 << 80) + u128::from(number)).into(),
    }
}

pub(super) fn a_flood_of_set_ups_leaves_no_state(platform: Platform<'_>) {
    const SYNS: u32 = 1_500;
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    for family in Family::BOTH {
        stage.pin(&family.ack(Arrival::Router), SELF);
    }
    let served = |stage: &mut Stage| {
        stage.target.client.counters(outcomes::ID)[Outcome::ServedAsOwner as usize].packets
    };
    let before = served(&mut stage);
    for family in Family::BOTH {
        for number in 0..SYNS {
            let from = (flooding(family, number), 1024 + (number % 60_000) as u16);
            let packet = Packet::tcp(from, (family.published(), super::group::WEB), SYN);
            let mut frame = arriving(packet, Arrival::Router);
            stage.target.port(PORT_NETWORK).inject(&frame.bytes());
            frame.dst_mac = host_mac(SELF);
            stage.target.port(PORT_HOST).expect(&frame.bytes());
            if number % 500 == 0 {
                stage.serves(&family.ack(Arrival::Router), Outcome::ServedByState);
            }
        }
    }
    assert_eq!(served(&mut stage), before + u64::from(2 * SYNS));
    assert_eq!(stage.target.client.entries(flow_state::ID).len(), 1);
    assert_eq!(stage.target.client.entries(flow_state6::ID).len(), 1);
    for family in Family::BOTH {
        stage.serves(&family.ack(Arrival::Router), Outcome::ServedByState);
    }
}

pub(super) fn connections_of_both_families_have_their_own_state(platform: Platform<'_>) {
    // An IPv6 address that ends like the IPv4 one, with the same ports.
    let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
    stage.pin(&Family::Ipv4.ack(Arrival::Router), PEER);
    let like = |address: Ipv4Addr| Ipv6Addr::from(0x64_ff9b << 96 | u128::from(address.to_bits()));
    let service = super::group::service_of(
        like(super::group::PUBLISHED),
        dpr_p4::host_stage::PROTOCOL_TCP,
        super::group::WEB,
        dpr_p4::in_map(MAP, 0, Affinity::Connection),
    );
    stage.write(&[service.insert()]);
    let from = (like(super::group::CLIENT).into(), CLIENT_PORT);
    let to = (like(super::group::PUBLISHED).into(), super::group::WEB);
    let other = arriving(Packet::tcp(from, to, SYN), Arrival::Router);
    stage.serves(&other, Outcome::ServedAsOwner);
}
