//! Random packets that are well-formed, with all checksums right.

use super::world::{Family, Who, client, client_port, destination, service_port};
use super::{Kinds, one_of};
use crate::frame::{Extension, Layer4, Packet, quic_long, quic_short};
use fastrand::Rng;
use std::net::IpAddr;

/// A packet of any kind. Few are in more than two tunnels.
pub fn packet(rng: &mut Rng, kinds: Kinds) -> Packet {
    let family = Family::any(rng, kinds);
    let mut packet = match rng.u8(0..24) {
        0..2 => echo(rng, family),
        2 => probe(rng),
        3 => other(rng, family, kinds),
        4..7 if kinds.others => tunnel(rng, family, kinds),
        7..11 if kinds.others => error(rng, family, kinds),
        _ => {
            let ends = ends(rng, family);
            transport(rng, ends, kinds)
        }
    };
    decorate(rng, &mut packet);
    if rng.u8(0..8) == 0 {
        let identification = rng.u32(0..3);
        let fragments = packet.fragments(identification, one_of(rng, &[8, 16, 24]));
        if !fragments.is_empty() {
            packet = fragments[rng.usize(..fragments.len())].clone();
        }
    }
    packet
}

/// Source and destination with their ports: mostly of what a client sends, else of what a host answers.
fn ends(rng: &mut Rng, family: Family) -> [(IpAddr, u16); 2] {
    let client = (client(rng, family), client_port(rng));
    let mut service = (destination(rng, family), service_port(rng));
    if rng.u8(0..6) == 0 {
        if rng.bool() {
            service.0 = family.address(Who::Own);
        }
        [service, client]
    } else {
        [client, service]
    }
}

/// A segment or a datagram.
pub fn transport(rng: &mut Rng, [from, to]: [(IpAddr, u16); 2], kinds: Kinds) -> Packet {
    let is_tcp = rng.u8(0..3) != 0;
    let length = rng.usize(0..if is_tcp || kinds.others { 40 } else { 4 });
    let payload: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
    let layer_4 = if is_tcp {
        Layer4::Tcp {
            src_port: from.1,
            dst_port: to.1,
            flags: one_of(rng, &[0x02, 0x10, 0x12, 0x18, 0x04]),
            payload,
        }
    } else {
        let id = (rng.u8(0..2), rng.u16(0..5));
        Layer4::Udp {
            src_port: from.1,
            dst_port: to.1,
            payload: match rng.u8(0..3) {
                0 if kinds.others => quic_long(id.0, id.1),
                1 if kinds.others => quic_short(id.0, id.1),
                _ => payload,
            },
            is_summed: from.0.is_ipv6() || rng.u8(0..4) != 0,
        }
    };
    Packet::new(from.0, to.0, layer_4)
}

fn echo(rng: &mut Rng, family: Family) -> Packet {
    let mut packet = Packet::echo(client(rng, family), destination(rng, family), b"abcdefgh");
    if rng.u8(0..4) == 0
        && let Layer4::Icmp { kind, .. } = &mut packet.layer_4
    {
        *kind = if family == Family::Ipv4 { 0 } else { 129 };
    }
    packet
}

fn probe(rng: &mut Rng) -> Packet {
    let mut payload = Vec::new();
    payload.extend(one_of(rng, &[0, 0x6470_7270u32]).to_be_bytes());
    payload.extend(rng.u16(0..1200).to_be_bytes());
    payload.extend([0; 6]);
    let family = Family::Ipv4;
    Packet::echo(client(rng, family), destination(rng, family), &payload)
}

/// A protocol without ports.
fn other(rng: &mut Rng, family: Family, kinds: Kinds) -> Packet {
    let tunnels: &[u8] = if kinds.tunnels { &[4, 41] } else { &[] };
    let protocols = [&[47, 132], tunnels].concat();
    let layer_4 = Layer4::Other {
        protocol: one_of(rng, &protocols),
        bytes: vec![0x45; rng.usize(0..40)],
    };
    Packet::new(client(rng, family), destination(rng, family), layer_4)
}

/// A packet in a tunnel, mostly of a peer's to this host.
fn tunnel(rng: &mut Rng, family: Family, kinds: Kinds) -> Packet {
    let inner = packet(rng, kinds);
    let src = match rng.u8(0..6) {
        0 => family.address(Who::Transit),
        _ => family.address(Who::Peer(rng.u16(0..2))),
    };
    let dst = match rng.u8(0..8) {
        0 => destination(rng, family),
        _ => family.address(Who::Own),
    };
    let mut outer = inner.tunnelled(src, dst);
    outer.identification = rng.u16(0..64);
    outer.flow_label = rng.u32(0..64);
    outer
}

/// What somebody says of a packet: of what a server sent, or of a tunnel of this host's.
fn error(rng: &mut Rng, family: Family, kinds: Kinds) -> Packet {
    let client = (client(rng, family), client_port(rng));
    let own = family.address(Who::Own);
    let service = match rng.u8(0..4) {
        0 => own,
        _ => family.address(Who::Published(rng.u16(0..3))),
    };
    let service = (service, service_port(rng));
    let quoted = if rng.bool() {
        let mut inner = transport(rng, [client, service], kinds);
        decorate(rng, &mut inner);
        let src = if rng.u8(0..4) == 0 { service.0 } else { own };
        inner.tunnelled(src, family.address(Who::Peer(0)))
    } else {
        let mut quoted = transport(rng, [service, client], kinds);
        decorate(rng, &mut quoted);
        if rng.u8(0..4) == 0 {
            let fragments = quoted.fragments(rng.u32(..), 16);
            quoted = fragments[rng.usize(..fragments.len())].clone();
        }
        quoted
    };
    let kind = match family {
        Family::Ipv4 => one_of(
            rng,
            &[(3, 4), (3, 4), (3, 4), (3, 1), (11, 0), (12, 0), (5, 1)],
        ),
        Family::Ipv6 => one_of(
            rng,
            &[(2, 0), (2, 0), (2, 0), (1, 4), (3, 0), (4, 1), (137, 0)],
        ),
    };
    let length = one_of(rng, &[28, 48, 56, 68, 88, 128, 500, 500]);
    let by = family.address(Who::Transit);
    let mut error = quoted.error(by, kind, rng.u32(0..1500), length);
    if rng.u8(0..8) == 0 {
        error.dst = destination(rng, family);
    }
    error
}

/// Options, extension headers and what else a header has.
fn decorate(rng: &mut Rng, packet: &mut Packet) {
    packet.traffic_class = rng.u8(..);
    packet.flags = one_of(rng, &[0, 0b010]);
    if rng.u8(0..8) == 0 {
        packet.ttl = rng.u8(0..3);
    }
    if rng.u8(0..4) != 0 {
        return;
    }
    match packet.src {
        IpAddr::V4(_) => {
            let length = 4 * rng.usize(0..=10);
            packet.options = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
        }
        IpAddr::V6(_) => {
            // In the order of RFC 8200, section 4.1.
            for kind in [0, 60, 43] {
                let length = 6 + 8 * rng.usize(0..4);
                if rng.bool() {
                    packet.extensions.push(Extension {
                        kind,
                        data: std::iter::repeat_with(|| rng.u8(..)).take(length).collect(),
                    });
                }
            }
        }
    }
}
