//! Whatever a stage does to a packet, its lengths fit and its checksums are those that a library computes anew.

mod common;

use common::whole::{fault, packet_fault};
use dpr_bmv2_tests::describe;
use dpr_bmv2_tests::frame::{Frame, Layer4, Packet as IpPacket, Tag, internet_checksum};
use dpr_bmv2_tests::random::world::{
    Family, GATEWAY_MAC, HOST_MAC, ROUTER_MAC, STAGE_MAC, Who, ipv4, ipv6,
};
use dpr_bmv2_tests::random::{Kinds, one_of, packet, transport};
use dpr_p4::address::to_bits;
use dpr_p4::host_stage::{
    Affinity, HostStage, PORT_HOST, PORT_NETWORK, buckets, hosts, identity, published_addresses,
    services, tunnel_peers,
};
use dpr_runtime::{Entry, Ingress, Packet, Pipeline, Range, Update, Verdict, Worker};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::net::IpAddr;

const SELF: u16 = 1;
const PEER: u16 = 2;
const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

/// A stage whose services have one bucket.
struct Stage {
    pipeline: HostStage,
    worker: Worker,
    packet: Packet,
}

impl Stage {
    /// Its host's own addresses stand for the first published ones, or it has them.
    fn new(translates: bool) -> Self {
        let stage = Stage {
            pipeline: HostStage::new(),
            worker: Worker::seeded(1),
            packet: Packet::new(),
        };
        let nat = Who::Published(0);
        stage.write(Entry::<identity::Identity>::default_entry(
            &identity::Action::Be {
                host: SELF,
                host_mac: HOST_MAC,
                stage_mac: STAGE_MAC,
                gateway_mac: GATEWAY_MAC,
                address: ipv4(Who::Own),
                address6: ipv6(Who::Own),
                nat_address: if translates { ipv4(nat) } else { 0 },
                nat_address6: if translates { ipv6(nat) } else { 0 },
            },
        ));
        for family in FAMILIES {
            for protocol in [6, 17, 1, 58] {
                let key = services::Key {
                    address: to_bits(family.address(nat)),
                    protocol,
                    port: Range {
                        low: 0,
                        high: u16::MAX,
                    },
                };
                let action = match protocol {
                    6 | 17 => dpr_p4::in_map(0, 0, Affinity::Connection),
                    _ => services::Action::AnswerHere,
                };
                stage.write(services::Entry::with_priority(key, 1, action).insert());
            }
            let key = published_addresses::Key {
                address: to_bits(family.address(nat)),
            };
            let published = published_addresses::Action::Published { at_home: 0 };
            stage.write(published_addresses::Entry::new(key, published).insert());
            for peer in 0..2 {
                let key = tunnel_peers::Key {
                    address: to_bits(family.address(Who::Peer(peer))),
                };
                let action = tunnel_peers::Action::NoAction;
                stage.write(tunnel_peers::Entry::new(key, action).insert());
            }
        }
        stage.write(owned_by(SELF).insert());
        stage.write(peer(hosts::Action::ByMac { stage_mac: 0 }).insert());
        stage
    }

    fn write(&self, update: Update) {
        self.pipeline.write(&update).expect("a valid update");
    }

    /// Gives the bucket to this host or to its peer, and chooses how that is reached.
    fn change(&self, rng: &mut Rng) {
        let owner = one_of(rng, &[SELF, PEER]);
        self.write(owned_by(owner).modify());
        let stage_mac = STAGE_MAC + 4;
        let (peer_address, peer_address6) = (ipv4(Who::Peer(0)), ipv6(Who::Peer(0)));
        let path_mtu = one_of(rng, &[70, 110, 1500, 1500]);
        self.write(
            peer(match rng.u8(0..4) {
                0 => hosts::Action::ByMac { stage_mac },
                1 => hosts::Action::ByNat {
                    stage_mac,
                    peer_address,
                    peer_address6,
                },
                2 => hosts::Action::ByIpip {
                    next_hop_mac: GATEWAY_MAC,
                    peer_address,
                    path_mtu,
                },
                _ => hosts::Action::ByIpip6 {
                    next_hop_mac: GATEWAY_MAC,
                    peer_address6,
                    path_mtu,
                },
            })
            .modify(),
        );
    }

    /// What comes out, and by which port.
    fn process(&mut self, port: u16, frame: &[u8]) -> Option<(u16, &[u8])> {
        self.packet.set_bytes(frame);
        let ingress = Ingress { port, now_us: 0 };
        let verdict = self
            .pipeline
            .process(&mut self.worker, ingress, &mut self.packet);
        match verdict {
            Verdict::Send { port } => Some((port, self.packet.bytes())),
            Verdict::Drop | Verdict::Several => None,
        }
    }
}

fn owned_by(owner_id: u16) -> buckets::Entry {
    let action = buckets::Action::OwnedBy {
        owner_id,
        previous_id: 0,
        accept: 0,
    };
    buckets::Entry::new(buckets::Key { map: 0, bucket: 0 }, action)
}

fn peer(action: hosts::Action) -> hosts::Entry {
    hosts::Entry::new(hosts::Key { host: PEER }, action)
}

/// Makes the checksum all zeros (UDP: all ones) that the packet has between other addresses, by its first two bytes of data.
fn tune(packet: &mut IpPacket, src: IpAddr, dst: IpAddr) {
    let with_zeros = packet.layer_4.clone();
    let (Layer4::Tcp { payload, .. } | Layer4::Udp { payload, .. }) = &mut packet.layer_4 else {
        return;
    };
    if payload.len() < 2 {
        return;
    }
    payload[..2].fill(0);
    let mut zeroed = with_zeros;
    if let Layer4::Tcp { payload, .. } | Layer4::Udp { payload, .. } = &mut zeroed {
        payload[..2].fill(0);
    }
    let protocol = zeroed.protocol(src);
    let mut bytes = zeroed.bytes(src, dst);
    let at = if protocol == 6 { 16 } else { 6 };
    bytes[at..at + 2].fill(0);
    let sum = internet_checksum(src, dst, protocol, &bytes);
    payload[..2].copy_from_slice(&sum.to_be_bytes());
}

/// A packet of any kind, or one whose checksum is special before or after its translation.
fn any_packet(rng: &mut Rng) -> IpPacket {
    let kinds = Kinds::WELL_FORMED;
    if rng.u8(0..4) != 0 {
        return packet(rng, kinds);
    }
    let family = one_of(rng, &FAMILIES);
    let client = (family.address(Who::Client(0)), rng.u16(1024..));
    let published = family.address(Who::Published(0));
    let own = family.address(Who::Own);
    if rng.bool() {
        let mut packet = transport(rng, [client, (published, 80)], kinds);
        let other = one_of(rng, &[published, own, family.address(Who::Peer(0))]);
        tune(&mut packet, client.0, other);
        packet
    } else {
        let mut packet = transport(rng, [(own, 80), client], kinds);
        tune(&mut packet, one_of(rng, &[own, published]), client.0);
        packet
    }
}

/// What a stage made of a packet, as far as checksums are concerned.
fn what_became(ports: [u16; 2], sent: &[u8], received: &[u8]) -> &'static str {
    let protocol = |packet: &[u8]| match packet.first().map(|byte| byte >> 4) {
        Some(4) => (packet[9], 20),
        _ => (packet[6], 40),
    };
    let addresses = |packet: &[u8]| match packet.first().map(|byte| byte >> 4) {
        Some(4) => (packet[12..16].to_vec(), packet[16..20].to_vec()),
        _ => (packet[8..24].to_vec(), packet[24..40].to_vec()),
    };
    let (before, after) = (addresses(sent), addresses(received));
    let ((sent_protocol, _), (received_protocol, header)) = (protocol(sent), protocol(received));
    match ports {
        [PORT_HOST, PORT_NETWORK] if before.0 != after.0 => "source translated",
        [PORT_NETWORK, PORT_HOST] if received.len() < sent.len() => "tunnel ended",
        [PORT_NETWORK, PORT_HOST] if before.1 != after.1 => "destination translated",
        [PORT_NETWORK, PORT_NETWORK] if received.len() == sent.len() + 20 => {
            "in a tunnel over IPv4"
        }
        [PORT_NETWORK, PORT_NETWORK] if received.len() == sent.len() + 40 => {
            "in a tunnel over IPv6"
        }
        [PORT_NETWORK, PORT_NETWORK] if before.0 == after.1 && before.1 == after.0 => {
            match (received_protocol, received[header]) {
                (1, 0) | (58, 129) => "echo answered",
                (1, 3) | (58, 2) => "told that it is too big",
                (1, 11) | (58, 3) => "told that it took too long",
                _ => "turned round",
            }
        }
        [PORT_NETWORK, PORT_NETWORK]
            if matches!(received_protocol, 1 | 58)
                && received_protocol == sent_protocol
                && received.len() < sent.len() =>
        {
            "passed on to the client"
        }
        [PORT_NETWORK, PORT_NETWORK] if before.1 != after.1 => "translated for a peer",
        [PORT_NETWORK, PORT_NETWORK] => "rerouted",
        _ => "passed",
    }
}

#[test]
fn all_that_comes_out_is_whole() {
    let mut became = BTreeMap::<_, [u64; 2]>::new();
    for translates in [true, false] {
        let mut stage = Stage::new(translates);
        let mut rng = Rng::with_seed(translates.into());
        for _ in 0..100_000 {
            if rng.u8(0..20) == 0 {
                stage.change(&mut rng);
            }
            let mut frame =
                Frame::new(any_packet(&mut rng)).between(ROUTER_MAC, STAGE_MAC + rng.u64(0..4));
            let tags = [Tag::new(5), Tag::new(6)];
            frame.tags = tags[..one_of(&mut rng, &[0, 0, 0, 1, 2])].to_vec();
            let link = 14 + 4 * frame.tags.len();
            let sent = frame.bytes();
            assert_eq!(fault(&sent), None, "before: {}", describe(&sent));
            let port = one_of(&mut rng, &[PORT_NETWORK, PORT_NETWORK, PORT_HOST]);
            if let Some((to, received)) = stage.process(port, &sent) {
                let what = what_became([port, to], &sent[link..], &received[link..]);
                assert_eq!(
                    fault(received),
                    None,
                    "{what}, from port {port} to {to}: {}\nbefore: {}",
                    describe(received),
                    describe(&sent)
                );
                let is_ipv6 = frame.packet.src.is_ipv6();
                became.entry(what).or_default()[usize::from(is_ipv6)] += 1;
            }
        }
    }
    for what in [
        "source translated",
        "destination translated",
        "translated for a peer",
        "in a tunnel over IPv4",
        "in a tunnel over IPv6",
        "tunnel ended",
        "echo answered",
        "told that it is too big",
        "told that it took too long",
        "passed on to the client",
    ] {
        let counts = became.get(what).copied().unwrap_or_default();
        assert!(counts.iter().all(|count| *count > 50), "{what}: {became:?}");
    }
}

/// The packet that fragments make together, with its length but without a new checksum of layer 4.
fn reassembled(fragments: &[Vec<u8>]) -> Vec<u8> {
    let first = &fragments[0];
    let is_ipv4 = first[0] >> 4 == 4;
    let (header, data) = if is_ipv4 { (20, 20) } else { (40, 48) };
    let mut whole = first[..header].to_vec();
    for fragment in fragments {
        whole.extend_from_slice(&fragment[data..]);
    }
    let length = whole.len() as u16;
    if is_ipv4 {
        whole[2..4].copy_from_slice(&length.to_be_bytes());
        whole[6..8].fill(0);
        whole[10..12].fill(0);
        let sum = dpr_runtime::checksum::internet(&whole[..20]);
        whole[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        whole[4..6].copy_from_slice(&(length - 40).to_be_bytes());
        whole[6] = first[40];
    }
    whole
}

#[test]
fn fragments_of_what_is_translated_are_whole_together() {
    let mut rng = Rng::with_seed(3);
    let mut stage = Stage::new(true);
    for number in 0..2_000 {
        let family = FAMILIES[number % 2];
        let client = (family.address(Who::Client(1)), rng.u16(1024..));
        let (own, published) = (Who::Own, Who::Published(0));
        // From clients to the host and to a peer by its address, and back.
        let (port, from, to, expected) = match number / 2 % 3 {
            0 => (PORT_NETWORK, client, (published, 80), own),
            1 => (PORT_NETWORK, client, (published, 80), Who::Peer(0)),
            _ => (PORT_HOST, client, (own, 80), published),
        };
        let owner = if number / 2 % 3 == 1 { PEER } else { SELF };
        stage.write(owned_by(owner).modify());
        stage.write(
            peer(hosts::Action::ByNat {
                stage_mac: STAGE_MAC + 4,
                peer_address: ipv4(Who::Peer(0)),
                peer_address6: ipv6(Who::Peer(0)),
            })
            .modify(),
        );
        let service = (family.address(to.0), to.1);
        let ends = if port == PORT_HOST {
            [service, from]
        } else {
            [from, service]
        };
        let whole = transport(&mut rng, ends, Kinds::WELL_FORMED);
        let mut received = Vec::new();
        for fragment in whole.fragments(rng.u32(..), 24) {
            let frame = Frame::new(fragment).between(ROUTER_MAC, STAGE_MAC);
            let (_, bytes) = stage
                .process(port, &frame.bytes())
                .unwrap_or_else(|| panic!("dropped: {}", describe(&frame.bytes())));
            received.push(bytes[14..].to_vec());
        }
        // What fits into one is no fragment, but for its extension header.
        if received.len() < 2 {
            continue;
        }
        let packet = reassembled(&received);
        assert_eq!(packet_fault(&packet), None, "{packet:02x?}");
        let expected = family.address(expected);
        let bytes = match expected {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let at = match (family, port) {
            (Family::Ipv4, PORT_HOST) => 12,
            (Family::Ipv4, _) => 16,
            (Family::Ipv6, PORT_HOST) => 8,
            (Family::Ipv6, _) => 24,
        };
        assert_eq!(packet[at..at + bytes.len()], bytes, "to or from {expected}");
    }
}
