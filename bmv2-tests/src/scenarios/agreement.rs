//! Random frames and entries of all kinds: a target does with them what generated Rust does in this process.

use crate::random::{Frames, Kinds, one_of, router_update, stage_update};
use crate::target::TargetKind;
use crate::{Launch, Platform, Target, describe, eventually};
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{Entity, Ingress, Packet, Pipeline, Query, Update, Verdict, Worker};
use fastrand::Rng;
use std::collections::{BTreeMap, VecDeque};

/// Before each round of frames there are writes; before the first, more.
const ROUNDS: usize = 12;
const FIRST_WRITES: usize = 400;
const WRITES: usize = 60;
const FRAMES: usize = 800;

/// How many frames that were dropped a failure shows.
const SHOWN: usize = 8;

/// The ports that frames come in by; the last is unknown to both programs until an entry says otherwise.
const PORTS: [u16; 6] = [1, 1, 1, 1, 2, 3];

/// What packets are counted by.
#[derive(Clone, Copy)]
struct Counted {
    outcomes: u32,
    drops: u32,
}

/// A target beside a pipeline in this process.
struct Pair {
    target: Target,
    pipeline: Box<dyn Pipeline>,
    counted: Counted,
    worker: Worker,
    packet: Packet,
    /// What was dropped last in this process.
    dropped: VecDeque<(u16, Vec<u8>)>,
}

impl Pair {
    fn write(&mut self, update: &Update) {
        if self.pipeline.write(update).is_ok() {
            self.target.client.write(std::slice::from_ref(update));
        }
    }

    /// Puts a frame into both, and expects the same from both.
    fn process(&mut self, port: u16, frame: &[u8]) {
        self.packet.set_bytes(frame);
        let ingress = Ingress { port, now_us: 0 };
        let verdict = self
            .pipeline
            .process(&mut self.worker, ingress, &mut self.packet);
        self.target.port(port).inject(frame);
        let mut sent: BTreeMap<u16, Vec<Vec<u8>>> = BTreeMap::new();
        match verdict {
            Verdict::Send { port } => _ = sent.insert(port, vec![self.packet.bytes().to_vec()]),
            Verdict::Several => {
                for copy in self.worker.outputs.drain(..) {
                    let copies = sent.entry(copy.port).or_default();
                    copies.push(copy.packet.bytes().to_vec());
                }
            }
            Verdict::Drop => {}
        }
        sent.retain(|to, _| PORTS.contains(to));
        if sent.is_empty() {
            self.dropped.push_back((port, frame.to_vec()));
            if self.dropped.len() > SHOWN {
                self.dropped.pop_front();
            }
        }
        for (to, expected) in sent {
            self.expect((port, frame), to, expected);
        }
    }

    /// Expects what comes of a frame at a port of the target.
    fn expect(&self, (port, frame): (u16, &[u8]), to: u16, expected: Vec<Vec<u8>>) {
        if let Err(difference) = self.target.port(to).receive_all(expected) {
            let dropped = self.dropped.iter();
            let dropped: String = dropped
                .map(|(port, frame)| format!("\nby port {port}: {}", describe(frame)))
                .collect();
            panic!(
                "port {to}: {difference}\nof what came by port {port}: {}\nthese were to be dropped before:{dropped}",
                describe(frame)
            );
        }
    }

    /// Waits until the target has counted all packets, and as this process has.
    fn counted(&mut self) {
        for counter in [self.counted.outcomes, self.counted.drops] {
            let mut expected = Vec::new();
            let query = Query::Counters {
                counter: Some(counter),
                index: None,
            };
            self.pipeline.read(&query, &mut |entity| {
                if let Entity::Counter { value, .. } = entity {
                    expected.push(value);
                }
            });
            let name = format!("counter {counter:#x}");
            eventually(&name, expected, || self.target.client.counters(counter));
        }
    }
}

fn compare(
    platform: Platform<'_>,
    pipeline: Box<dyn Pipeline>,
    counted: Counted,
    program: &'static dpr_runtime::ProgramInfo,
    update: fn(&mut Rng, Kinds) -> Update,
) {
    let launch = Launch {
        platform,
        program,
        ports: &[1, 2, 3],
        interfaces: &[],
        cpu_port: None,
    };
    let mut pair = Pair {
        target: launch.start(),
        pipeline,
        counted,
        worker: Worker::seeded(1),
        packet: Packet::new(),
        dropped: VecDeque::new(),
    };
    // Each kind of target has its own frames, so that they are more.
    let seed = TargetKind::ALL
        .iter()
        .position(|kind| *kind == platform.kind);
    let mut rng = Rng::with_seed(seed.unwrap_or_default() as u64);
    let kinds = Kinds {
        chance: false,
        ..Kinds::ALL
    };
    let mut frames = Frames::new(kinds);
    for round in 0..ROUNDS {
        for _ in 0..if round == 0 { FIRST_WRITES } else { WRITES } {
            pair.write(&update(&mut rng, kinds));
        }
        for _ in 0..FRAMES {
            let frame = frames.next(&mut rng);
            // BMv2 ignores those without bytes.
            if !frame.is_empty() {
                pair.process(one_of(&mut rng, &PORTS), &frame);
            }
        }
        pair.counted();
    }
}

pub(super) fn of_host_stages(platform: Platform<'_>) {
    let counted = Counted {
        outcomes: host_stage::outcomes::ID,
        drops: host_stage::drops::ID,
    };
    let pipeline = Box::new(host_stage::HostStage::new());
    let program = &host_stage::PROGRAM;
    compare(platform, pipeline, counted, program, stage_update);
}

pub(super) fn of_front_routers(platform: Platform<'_>) {
    let counted = Counted {
        outcomes: front_router::outcomes::ID,
        drops: front_router::drops::ID,
    };
    let pipeline = Box::new(front_router::FrontRouter::new());
    let program = &front_router::PROGRAM;
    compare(platform, pipeline, counted, program, router_update);
}
