//! Damaged, short and random packets: no panic, and what does not parse is dropped and counted as that.

use dpr_bmv2_tests::describe;
use dpr_bmv2_tests::frame::{
    Extension, Frame, Layer4, Packet as IpPacket, arp_request, ethernet, neighbor_solicitation,
    quic_long, quic_short,
};
use dpr_bmv2_tests::random::world::{
    Family, GATEWAY_MAC, HOST_MAC, ROUTER_MAC, STAGE_MAC, Who, ipv4, ipv6,
};
use dpr_bmv2_tests::random::{Frames, Kinds};
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{CounterValue, Entity, Entry, Ingress, Packet, Pipeline, Query, Verdict, Worker};
use fastrand::Rng;
use std::net::{Ipv4Addr, Ipv6Addr};

fn counter(pipeline: &dyn Pipeline, counter: u32, index: u64) -> CounterValue {
    let mut found = None;
    let query = Query::Counters {
        counter: Some(counter),
        index: Some(index),
    };
    pipeline.read(&query, &mut |entity| {
        if let Entity::Counter { value, .. } = entity {
            found = Some(value);
        }
    });
    found.expect("the counter has this cell")
}

/// A pipeline and the cells that count its parser errors and its drops.
struct Subject {
    pipeline: Box<dyn Pipeline>,
    parser_errors: (u32, u64),
    dropped: (u32, u64),
}

impl Subject {
    fn stage() -> Self {
        let pipeline = host_stage::HostStage::new();
        let be = host_stage::identity::Action::Be {
            host: 1,
            host_mac: HOST_MAC,
            stage_mac: STAGE_MAC,
            gateway_mac: GATEWAY_MAC,
            address: ipv4(Who::Own),
            address6: ipv6(Who::Own),
            nat_address: ipv4(Who::Published(0)),
            nat_address6: ipv6(Who::Published(0)),
        };
        pipeline
            .write(&Entry::<host_stage::identity::Identity>::default_entry(&be))
            .expect("a valid update");
        Subject {
            pipeline: Box::new(pipeline),
            parser_errors: (
                host_stage::drops::ID,
                host_stage::DropReason::ParserError as u64,
            ),
            dropped: (
                host_stage::outcomes::ID,
                host_stage::Outcome::Dropped as u64,
            ),
        }
    }

    fn router() -> Self {
        use front_router::ports::{Action, Entry, Key};
        let pipeline = front_router::FrontRouter::new();
        let port = Entry::new(
            Key { port: 1 },
            Action::UsePort {
                mac: ROUTER_MAC,
                outside: 1,
            },
        );
        pipeline.write(&port.insert()).expect("a valid update");
        Subject {
            pipeline: Box::new(pipeline),
            parser_errors: (
                front_router::drops::ID,
                front_router::DropReason::ParserError as u64,
            ),
            dropped: (
                front_router::outcomes::ID,
                front_router::Outcome::Dropped as u64,
            ),
        }
    }

    fn errors(&self) -> u64 {
        counter(&*self.pipeline, self.parser_errors.0, self.parser_errors.1).packets
    }

    fn drops(&self) -> u64 {
        counter(&*self.pipeline, self.dropped.0, self.dropped.1).packets
    }
}

/// A frame and the bytes that it needs for its headers to be whole, at a stage and at a router.
struct Template {
    bytes: Vec<u8>,
    at_stage: usize,
    at_router: usize,
}

/// How many bytes of a packet a stage and a router want to see, after its header with options or extensions.
fn template(packet: IpPacket, at_stage: usize, at_router: usize) -> Template {
    let frame = Frame::new(packet).between(ROUTER_MAC, STAGE_MAC);
    let layer_4 = frame
        .packet
        .layer_4
        .bytes(frame.packet.src, frame.packet.dst);
    let bytes = frame.bytes();
    let header = bytes.len() - layer_4.len();
    Template {
        bytes,
        at_stage: header + at_stage,
        at_router: header + at_router,
    }
}

/// Packets of every kind, of a family.
fn packets(family: Family) -> Vec<Template> {
    let client = family.address(Who::Client(0));
    let published = family.address(Who::Published(0));
    let own = family.address(Who::Own);
    let (peer, transit) = (family.address(Who::Peer(0)), family.address(Who::Transit));
    let header = if family == Family::Ipv4 { 20 } else { 40 };
    let segment = IpPacket::tcp((client, 1024), (published, 80), 2);
    let datagram = |payload: &[u8]| IpPacket::udp((client, 1024), (published, 443), payload);
    let reply = IpPacket::udp((published, 443), (client, 1024), &[0; 20]);
    let tunnelled = segment.tunnelled(own, peer);
    let other = Layer4::Other {
        protocol: 47,
        bytes: vec![0; 20],
    };
    vec![
        template(segment.clone(), 20, 20),
        template(datagram(&[]), 8, 8),
        template(datagram(&[0x40; 3]), 8, 8),
        template(datagram(&[0x40; 4]), 8 + 4, 8),
        template(datagram(&[0xc0; 8]), 8 + 4, 8),
        template(datagram(&quic_short(0, 1)), 8 + 4, 8),
        template(datagram(&quic_long(0, 1)), 8 + 9, 8),
        template(IpPacket::echo(client, published, &[0; 11]), 8, 8),
        template(IpPacket::new(client, published, other), 0, 0),
        template(reply.time_exceeded(transit, 200), 8 + header + 8, 8),
        template(reply.time_exceeded(transit, header), 8, 8),
        template(tunnelled.too_big(transit, 1400, 200), 8 + 2 * header + 8, 8),
        template(datagram(&[0; 24]).fragments(1, 16).remove(1), 0, 0),
        template(segment.tunnelled(transit, own), header + 20, 0),
        template(segment.tunnelled(peer, own), header + 20, 0),
    ]
}

/// Frames of every kind whose headers are sound, with options, extensions and tags.
fn templates() -> Vec<Template> {
    let ipv4_packets = || packets(Family::Ipv4).into_iter();
    let ipv6_packets = || packets(Family::Ipv6).into_iter();
    let mut templates: Vec<_> = ipv4_packets().chain(ipv6_packets()).collect();
    let client = Family::Ipv4.address(Who::Client(0));
    let probe = IpPacket::echo(client, Family::Ipv4.address(Who::Own), &[0; 12]);
    templates.push(template(probe, 8 + 12, 8));
    let [client, client6] = [Family::Ipv4, Family::Ipv6].map(|it| it.address(Who::Client(0)));
    for words in 1..=10 {
        let mut packet = IpPacket::tcp((client, 1), (client, 80), 2);
        packet.options = vec![0; 4 * words];
        templates.push(template(packet, 20, 20));
    }
    for count in 1..=4 {
        let mut packet = IpPacket::tcp((client6, 1), (client6, 80), 2);
        packet.extensions = (0..count)
            .map(|number| Extension {
                kind: [0, 43, 60, 60][number],
                data: vec![0; 6 + 8 * number],
            })
            .collect();
        templates.push(template(packet, 20, 20));
    }
    for sender in [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST] {
        let frame = neighbor_solicitation(ROUTER_MAC, sender, Ipv6Addr::LOCALHOST).bytes();
        templates.push(Template {
            at_stage: 14 + 40 + 8 + 16,
            at_router: frame.len(),
            bytes: frame,
        });
    }
    let address = Ipv4Addr::new(192, 0, 2, 1);
    for (bytes, needed) in [
        (arp_request(ROUTER_MAC, address, address), 14 + 28),
        (ethernet(STAGE_MAC, ROUTER_MAC, 0x88cc), 14),
    ] {
        templates.push(Template {
            bytes,
            at_stage: needed,
            at_router: needed,
        });
    }
    let tagged = templates.iter().map(tag).collect::<Vec<_>>();
    let tagged_twice = tagged.iter().map(tag).collect::<Vec<_>>();
    templates.extend(tagged);
    templates.extend(tagged_twice);
    for template in &mut templates {
        template
            .bytes
            .resize(template.bytes.len().max(template.at_stage) + 8, 0);
    }
    templates
}

/// The same with a tag more.
fn tag(template: &Template) -> Template {
    let (macs, rest) = template.bytes.split_at(12);
    Template {
        bytes: [macs, &[0x81, 0, 0, 7], rest].concat(),
        at_stage: template.at_stage + 4,
        at_router: template.at_router + 4,
    }
}

#[test]
fn every_length() {
    for (subject, is_stage) in [(Subject::stage(), true), (Subject::router(), false)] {
        let mut worker = Worker::seeded(1);
        let mut packet = Packet::new();
        for template in templates() {
            let needed = if is_stage {
                template.at_stage
            } else {
                template.at_router
            };
            for length in 0..=template.bytes.len() {
                let (errors, drops) = (subject.errors(), subject.drops());
                packet.set_bytes(&template.bytes[..length]);
                let verdict = subject.pipeline.process(
                    &mut worker,
                    Ingress { port: 1, now_us: 0 },
                    &mut packet,
                );
                let is_error = length < needed;
                assert_eq!(
                    subject.errors() - errors,
                    u64::from(is_error),
                    "{length} bytes of {needed} of {}",
                    describe(&template.bytes)
                );
                if is_error {
                    assert_eq!((verdict, subject.drops() - drops), (Verdict::Drop, 1));
                }
            }
        }
    }
}

#[test]
fn a_million_random_packets() {
    for subject in [Subject::stage(), Subject::router()] {
        let mut rng = Rng::with_seed(1);
        let mut worker = Worker::seeded(1);
        let mut packet = Packet::new();
        let mut bytes = [0; 128];
        let mut dropped = 0;
        let mut frames = Frames::new(Kinds::ALL);
        for number in 0..1_000_000u32 {
            let length = rng.usize(0..=128);
            match number % 4 {
                // Damaged frames, or noise of which most is taken for IPv4, IPv6 or ARP.
                0 => {
                    let mut frame = frames.next(&mut rng);
                    for _ in 0..rng.u8(1..4) {
                        if !frame.is_empty() {
                            let at = rng.usize(0..frame.len());
                            frame[at] = rng.u8(..);
                        }
                    }
                    packet.set_bytes(&frame);
                }
                kind => {
                    rng.fill(&mut bytes);
                    let (ether_type, version) = match (kind, number % 8 < 4) {
                        (1, _) => ([bytes[12], bytes[13]], bytes[14] >> 4),
                        (2, _) => ([0x08, 0x00], 4),
                        (_, true) => ([0x86, 0xdd], 6),
                        (_, false) => ([0x08, 0x06], 0),
                    };
                    bytes[12..14].copy_from_slice(&ether_type);
                    bytes[14] = version << 4 | bytes[14] & 15;
                    packet.set_bytes(&bytes[..length]);
                }
            }
            let ingress = Ingress {
                port: rng.u16(..),
                now_us: rng.u64(..),
            };
            let verdict = subject.pipeline.process(&mut worker, ingress, &mut packet);
            dropped += u64::from(verdict == Verdict::Drop);
        }
        assert_eq!(subject.drops(), dropped);
        assert!(
            subject.errors() > 100_000,
            "{} parser errors",
            subject.errors()
        );
    }
}
