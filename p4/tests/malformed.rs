//! Damaged, short and random packets: no panic, and what does not parse is dropped and counted as that.

mod common;

use common::{HOST_MAC, ROUTER_MAC, STAGE_MAC, frame};
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{CounterValue, Entity, Entry, Ingress, Packet, Pipeline, Query, Verdict, Worker};
use fastrand::Rng;

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
            address: 1,
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

/// Bytes that a frame needs so that its headers are whole.
fn needed(template: &[u8], takes_probes: bool) -> usize {
    match template[12..14] {
        [8, 6] => 14 + 28,
        [8, 0] => {
            let layer_4 = 14 + usize::from(template[14] & 15) * 4;
            match template[23] {
                6 => layer_4 + 20,
                17 => layer_4 + 8,
                1 if takes_probes && template[layer_4] == 8 && template[16..18] == [0, 40] => {
                    layer_4 + 8 + 12
                }
                1 => layer_4 + 8,
                _ => layer_4,
            }
        }
        _ => 14,
    }
}

/// Frames of every kind whose headers are sound: ARP, TCP, UDP, ICMP, probes, another protocol, options of every length.
fn templates() -> Vec<Vec<u8>> {
    let mut templates = Vec::new();
    let mut ethernet = vec![2, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 3, 0];
    let arp = [&ethernet[..], &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
    templates.push(arp);
    templates.push([&ethernet[..], &[0x86, 0xdd]].concat());
    ethernet.extend([8, 0]);
    for words in 5..=15u8 {
        for (protocol, first) in [(6, 0), (17, 0), (1, 8), (1, 0), (47, 0)] {
            for total in [40u8, 100] {
                let mut template = ethernet.clone();
                template.extend([
                    0x40 | words,
                    0,
                    0,
                    total.max(words * 4),
                    0,
                    0,
                    0,
                    0,
                    64,
                    protocol,
                ]);
                template.resize(14 + usize::from(words) * 4, 0);
                template.push(first);
                templates.push(template);
            }
        }
    }
    for template in &mut templates {
        template.resize(128, 0);
    }
    templates
}

#[test]
fn every_length_from_0_to_128() {
    for (subject, takes_probes) in [(Subject::stage(), true), (Subject::router(), false)] {
        let mut worker = Worker::seeded(1);
        let mut packet = Packet::new();
        for template in templates() {
            let needed = needed(&template, takes_probes);
            for length in 0..=128 {
                let (errors, drops) = (subject.errors(), subject.drops());
                packet.set_bytes(&template[..length]);
                let verdict = subject.pipeline.process(
                    &mut worker,
                    Ingress { port: 1, now_us: 0 },
                    &mut packet,
                );
                let is_error = length < needed;
                assert_eq!(
                    subject.errors() - errors,
                    u64::from(is_error),
                    "{length} bytes of {needed} of {template:02x?}"
                );
                if is_error {
                    assert_eq!(
                        (verdict, subject.drops() - drops),
                        (Verdict::Drop, 1),
                        "{length} bytes of {template:02x?}"
                    );
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
        for number in 0..1_000_000u32 {
            let length = rng.usize(0..=128);
            match number % 4 {
                // Damaged frames, or noise of which most is taken for IPv4 or ARP.
                0 => {
                    let mut frame = frame(&mut rng);
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
                    if kind > 1 {
                        bytes[12..14].copy_from_slice(if kind == 2 { &[8, 0] } else { &[8, 6] });
                        bytes[14] = 0x40 | bytes[14] & 15;
                    }
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
