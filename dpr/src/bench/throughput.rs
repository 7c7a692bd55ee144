//! Time per packet on one core: the thread's processor time, so that other work on the machine counts as little as possible.

use super::scenario::Scenario;
use dpr_runtime::{Ingress, Packet, Pipeline, Worker};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::hint::black_box;

/// Time per packet of both pipelines in one case.
#[derive(Debug, Serialize)]
pub struct Throughput {
    /// The case.
    pub name: &'static str,
    /// Of the generated pipeline.
    pub generated_ns: f64,
    /// Of the one written by hand.
    pub by_hand_ns: f64,
    /// Generated over hand-written.
    pub ratio: f64,
    /// What the generated one makes of that in packets per second.
    pub generated_packets_per_s: f64,
    /// And the one written by hand.
    pub by_hand_packets_per_s: f64,
}

/// Sends `count` packets through both pipelines in turn, `rounds` times, and gives the medians. The time that it takes to put
/// a packet into its buffer is measured the same way and left out.
pub fn measure<G: Pipeline, H: Pipeline>(
    generated: &G,
    by_hand: &H,
    scenario: &Scenario,
    count: usize,
    rounds: usize,
) -> Throughput {
    let mut times = [const { Vec::new() }; 3];
    // The first round warms caches and is not counted.
    for round in 0..=rounds {
        let round_times = [
            time(scenario, count, |_, _, _| {}),
            time(scenario, count, |worker, ingress, packet| {
                black_box(generated.process(worker, ingress, packet));
            }),
            time(scenario, count, |worker, ingress, packet| {
                black_box(by_hand.process(worker, ingress, packet));
            }),
        ];
        if round > 0 {
            times
                .iter_mut()
                .zip(round_times)
                .for_each(|(times, time)| times.push(time));
        }
    }
    let [filling, generated, by_hand] = times.map(median);
    let (generated_ns, by_hand_ns) = (generated - filling, by_hand - filling);
    Throughput {
        name: scenario.name,
        generated_ns,
        by_hand_ns,
        ratio: generated_ns / by_hand_ns,
        generated_packets_per_s: 1e9 / generated_ns,
        by_hand_packets_per_s: 1e9 / by_hand_ns,
    }
}

/// Nanoseconds per packet.
fn time(
    scenario: &Scenario,
    count: usize,
    mut process: impl FnMut(&mut Worker, Ingress, &mut Packet),
) -> f64 {
    let mut worker = Worker::seeded(1);
    let mut packet = Packet::new();
    let ingress = Ingress {
        port: scenario.port,
        now_us: 1,
    };
    let start = processor_ns();
    for bytes in scenario.packets.iter().cycle().take(count) {
        packet.set_bytes(bytes);
        process(&mut worker, ingress, &mut packet);
        black_box(packet.bytes());
    }
    (processor_ns() - start) as f64 / count as f64
}

/// Nanoseconds that this thread has run.
fn processor_ns() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The middle of an odd number of values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
