//! VLAN tags: a frame keeps its own, whatever becomes of what it carries.

use super::group::{
    Family, GATEWAY_MAC, Identity, PEER, ROUTER_MAC, SELF, arriving, by_nat, by_tunnel, host,
    host_mac, told, tunnel_peer,
};
use super::stage::Stage;
use crate::Platform;
use crate::frame::{ACK, Frame, Packet, Tag, tagged_ethernet};
use dpr_p4::host_stage::{
    Arrival, DropReason, ETHERTYPE_SERVICE_VLAN, HOPS, NO_HOST, Outcome, PORT_HOST, PORT_NETWORK,
};

/// One tag, and a customer's in a provider's.
fn tags() -> [Vec<Tag>; 2] {
    let provider = Tag {
        ether_type: ETHERTYPE_SERVICE_VLAN,
        priority: 3,
        id: 100,
    };
    let customer = Tag {
        priority: 5,
        ..Tag::new(7)
    };
    [vec![customer], vec![provider, customer]]
}

pub(super) fn tags_are_kept(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
        for tags in tags() {
            let frame = family.syn(Arrival::Router).tagged(&tags);
            stage.serves(&frame, Outcome::ServedAsOwner);
            stage.move_bucket(PEER, NO_HOST, 0);
            stage.reroutes(&frame, PEER, Arrival::Peer, Outcome::ReroutedToOwner);
            stage.move_bucket(SELF, NO_HOST, 0);
            let (from, to) = ((family.published(), 80), (family.client(), 9));
            let reply = Frame::new(Packet::tcp(from, to, ACK))
                .between(host_mac(SELF), ROUTER_MAC)
                .tagged(&tags);
            stage.sends_as(&reply, &reply.packet);
        }
    }
}

pub(super) fn tags_are_kept_around_tunnels_and_translations(platform: Platform<'_>) {
    for tags in tags() {
        for (outer, inner) in [(Family::Ipv4, Family::Ipv6), (Family::Ipv6, Family::Ipv4)] {
            let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
            stage.write(&[
                host(PEER, by_tunnel(outer, PEER, 1500)).modify(),
                tunnel_peer(outer.host(PEER)).insert(),
            ]);
            let frame = inner.syn(Arrival::Router).tagged(&tags);
            let mut sent = frame.packet.clone();
            sent.ttl -= 1;
            let tag = (HOPS - 1) << 2 | Arrival::Peer as u8;
            let mut expected = sent.tunnelled(outer.host(SELF), outer.host(PEER));
            (expected.identification, expected.flow_label) = (tag.into(), tag.into());
            let outcome = Outcome::ReroutedToOwner;
            stage.reroutes_as(&frame, (GATEWAY_MAC, &expected), PEER, outcome);

            let mut arrived = sent.tunnelled(outer.host(PEER), outer.host(SELF));
            let tag = Arrival::Final as u8;
            (arrived.identification, arrived.flow_label) = (tag.into(), tag.into());
            let arrived = arriving(arrived, Arrival::Router).tagged(&tags);
            stage.serves_as(&arrived, &sent, Outcome::ServedFinal);
        }
        for family in Family::BOTH {
            let mut stage = Stage::with_bucket(platform, SELF, NO_HOST, 0);
            stage.write(&[
                Identity::translating().update(),
                host(PEER, by_nat(PEER)).modify(),
            ]);
            let frame = family.syn(Arrival::Router).tagged(&tags);
            let mut expected = frame.packet.clone();
            expected.dst = family.host(SELF);
            stage.serves_as(&frame, &expected, Outcome::ServedAsOwner);
        }
    }
}

pub(super) fn what_a_stage_says_has_the_tags_of_what_it_is_about(platform: Platform<'_>) {
    for family in Family::BOTH {
        let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
        stage.write(&[Identity::with_gateway().update()]);
        for tags in tags() {
            let frame = family.ack(Arrival::Router).tagged(&tags).with_ttl(1);
            let quoted = usize::from(family.header()) + 8;
            let message = frame.packet.time_exceeded(family.published(), quoted);
            stage.tells(&frame, &told(message), DropReason::TtlExpired);
        }
    }
}

pub(super) fn a_third_tag_is_the_hosts_own_affair(platform: Platform<'_>) {
    let mut stage = Stage::with_bucket(platform, PEER, NO_HOST, 0);
    let tags = [Tag::new(1), Tag::new(2), Tag::new(3)];
    let frame = Family::Ipv4.syn(Arrival::Router).tagged(&tags);
    stage.serves(&frame, Outcome::OwnTraffic);
    // A frame that ends within its tags.
    let cut = tagged_ethernet(host_mac(SELF), ROUTER_MAC, &tags[..2], 0);
    for length in 14..cut.len() {
        stage.drops(PORT_NETWORK, &cut[..length], DropReason::ParserError);
    }
    stage.passes((PORT_NETWORK, &cut), (PORT_HOST, &cut), Outcome::OwnTraffic);
}
