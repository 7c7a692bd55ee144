//! Every program with random entries and packets, as generated Rust and on the engine for BMv2's JSON: the same packets leave, the
//! same digests are sent, and the same is counted and kept.

#[path = "../common/mod.rs"]
mod common;
mod updates;

use std::path::Path;

use dpr_runtime::{Entity, EntryFilter, Ingress, Output, Packet, Pipeline, Query, Verdict, Worker};
use dpr_stf::{Command, Script};
use dpr_stf_programs::{FOLDER, PROGRAMS};
use fastrand::Rng;

/// Runs of each program; each begins without entries but the program's own.
const RUNS: u64 = 12;

/// `DPR_SEED` tries others.
fn first_seed() -> u64 {
    let given = std::env::var("DPR_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or(0)
}

/// Writes and packets of one run.
const STEPS: u64 = 150;

/// The packets of a program's test, and the ports that they come by.
fn packets(name: &str) -> Vec<(u16, Vec<u8>)> {
    let path = Path::new(FOLDER).join(name).with_extension("stf");
    let text = std::fs::read_to_string(path).expect("the test beside the program");
    let script = Script::parse(&text).expect("a test in STF");
    let packets = script.commands.into_iter().filter_map(|it| match it.node {
        Command::Packet { port, bytes } => Some((port, bytes)),
        _ => None,
    });
    packets.collect()
}

/// One of the packets, as it is or with a few bytes changed, cut off or added.
fn packet(known: &[(u16, Vec<u8>)], rng: &mut Rng) -> (u16, Vec<u8>) {
    let (mut port, mut bytes) = rng.choice(known).cloned().unwrap_or_default();
    for _ in 0..rng.u8(0..3) {
        match rng.u8(0..8) {
            0 => bytes.truncate(rng.usize(0..=bytes.len())),
            1 => bytes.extend((0..rng.usize(0..12)).map(|_| rng.u8(..))),
            2 => port = rng.u16(0..6),
            3 => {
                if let Some(byte) = rng.choice(&mut bytes) {
                    *byte = rng.u8(0..6);
                }
            }
            _ => {
                if let Some(byte) = rng.choice(&mut bytes) {
                    *byte ^= 1 << rng.u8(0..8);
                }
            }
        }
    }
    (port, bytes)
}

/// What leaves.
fn leaving(verdict: Verdict, packet: &Packet, worker: &mut Worker) -> Vec<(u16, Vec<u8>)> {
    let outputs = worker.outputs.drain(..);
    match verdict {
        Verdict::Drop => Vec::new(),
        Verdict::Send { port } => vec![(port, packet.bytes().to_vec())],
        Verdict::Several => outputs
            .map(|Output { port, packet }| (port, packet.bytes().to_vec()))
            .collect(),
    }
}

/// All that a pipeline holds.
fn state(pipeline: &dyn Pipeline) -> Vec<String> {
    let mut state = Vec::new();
    let tables = |filter| Query::Tables {
        table: None,
        filter,
    };
    for query in [
        tables(EntryFilter::All),
        tables(EntryFilter::Default),
        Query::Counters {
            counter: None,
            index: None,
        },
        Query::Registers {
            register: None,
            index: None,
        },
        Query::Members {
            profile: None,
            id: None,
        },
        Query::Groups {
            profile: None,
            id: None,
        },
        Query::ValueSets { id: None },
    ] {
        pipeline.read(&query, &mut |mut entity| {
            // When an entry was hit is a matter of the clock.
            if let Entity::Table(entry) = &mut entity {
                entry.since_hit_ns = None;
            }
            state.push(format!("{entity:?}"));
        });
    }
    state.sort();
    state
}

/// Runs a program on both. Gives back how many packets left.
fn compare(name: &str, generated: &dyn Pipeline, engine: &dyn Pipeline, seed: u64) -> usize {
    let known = packets(name);
    let mut rng = Rng::with_seed(seed);
    let (mut worker, mut other_worker) = (Worker::seeded(seed), Worker::seeded(seed));
    let mut left = 0;
    for step in 0..STEPS {
        if step < STEPS / 5 || rng.u8(0..4) == 0 {
            let update = updates::update(generated.program(), &mut rng);
            let outcome = generated.write(&update);
            let context = || format!("{name}, seed {seed}, step {step}: {update:?}");
            assert_eq!(outcome, engine.write(&update), "{}", context());
            continue;
        }
        let (port, bytes) = packet(&known, &mut rng);
        let ingress = Ingress {
            port,
            now_us: step * 1_000,
        };
        let mut packet = Packet::from_bytes(&bytes);
        let mut other_packet = packet.clone();
        let verdict = generated.process(&mut worker, ingress, &mut packet);
        let other_verdict = engine.process(&mut other_worker, ingress, &mut other_packet);
        let leaves = leaving(verdict, &packet, &mut worker);
        let other_leaves = leaving(other_verdict, &other_packet, &mut other_worker);
        let context = || format!("{name}, seed {seed}, step {step}: port {port} {bytes:02x?}");
        assert_eq!(leaves, other_leaves, "{}", context());
        assert_eq!(worker.digests, other_worker.digests, "{}", context());
        worker.digests.clear();
        other_worker.digests.clear();
        left += leaves.len();
    }
    assert_eq!(state(generated), state(engine), "{name}, seed {seed}");
    left
}

#[test]
fn generated_rust_and_json_do_the_same() {
    for (name, pipeline) in PROGRAMS {
        let (engine, ..) = common::engine(name);
        let mut left = 0;
        for seed in first_seed()..first_seed() + RUNS {
            let generated = pipeline();
            left += compare(name, generated.as_ref(), &engine, seed);
            engine.clear();
        }
        assert!(left > 0, "no packet left {name}");
    }
}
