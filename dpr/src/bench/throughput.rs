//! Time per packet on one core: the thread's processor time, so that other work on the machine counts as little as possible.

use super::scenario::Scenario;
use dpr_runtime::{Ingress, Packet, Pipeline, Worker};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::hint::black_box;

/// How much is measured in memory.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Effort {
    /// Rounds of each case in memory; the median counts
    #[arg(long, default_value_t = 21)]
    pub rounds: usize,
    /// Packets of each round
    #[arg(long, default_value_t = 200_000)]
    pub packets: usize,
}

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

/// Sends packets through both pipelines in turn, and gives the medians of the rounds. The time that it takes to put
/// a packet into its buffer is measured the same way and left out.
pub fn measure<G: Pipeline, H: Pipeline>(
    generated: &G,
    by_hand: &H,
    scenario: &Scenario,
    effort: Effort,
) -> Throughput {
    let times = medians(
        scenario,
        effort,
        [
            &mut |worker, ingress, packet| {
                black_box(generated.process(worker, ingress, packet));
            },
            &mut |worker, ingress, packet| {
                black_box(by_hand.process(worker, ingress, packet));
            },
        ],
    );
    let [generated_ns, by_hand_ns] = times;
    Throughput {
        name: scenario.name,
        generated_ns,
        by_hand_ns,
        ratio: generated_ns / by_hand_ns,
        generated_packets_per_s: 1e9 / generated_ns,
        by_hand_packets_per_s: 1e9 / by_hand_ns,
    }
}

/// The same for any pipelines: nanoseconds per packet of each.
pub fn times(pipelines: &[&dyn Pipeline], scenario: &Scenario, effort: Effort) -> Vec<f64> {
    let alone = pipelines.iter().map(|pipeline| {
        let [median] = medians(
            scenario,
            effort,
            [&mut |worker, ingress, packet| {
                black_box(pipeline.process(worker, ingress, packet));
            }],
        );
        median
    });
    alone.collect()
}

/// What is done with a packet.
type Process<'p> = &'p mut dyn FnMut(&mut Worker, Ingress, &mut Packet);

/// Nanoseconds per packet of each, without what it takes to put a packet into its buffer.
fn medians<const N: usize>(
    scenario: &Scenario,
    effort: Effort,
    mut processes: [Process<'_>; N],
) -> [f64; N] {
    let mut filling = Vec::new();
    let mut times = [const { Vec::new() }; N];
    // The first round warms caches and is not counted.
    for round in 0..=effort.rounds {
        let fill = time(scenario, effort.packets, &mut |_, _, _| {});
        for (times, process) in times.iter_mut().zip(&mut processes) {
            let time = time(scenario, effort.packets, process);
            if round > 0 {
                times.push(time);
            }
        }
        if round > 0 {
            filling.push(fill);
        }
    }
    let filling = median(filling);
    times.map(|times| median(times) - filling)
}

/// Nanoseconds per packet.
fn time(scenario: &Scenario, count: usize, process: Process<'_>) -> f64 {
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
