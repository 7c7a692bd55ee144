//! What writes to tables and packets do to one another.

use super::{
    packets::Flow,
    scenario::{OTHER_HOST, at_stage, flow_state, stage_entries},
    throughput::median,
};
use anyhow::ensure;
use dpr_p4::host_stage::{self, HostStage};
use dpr_runtime::{Ingress, Packet, Pipeline, Verdict, Worker};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Visibility {
    /// Single writes whose effect on packets was timed.
    pub writes: u32,
    /// From before the write to the first packet that took it into account.
    pub visible_us: Quantiles,
    /// Time of one packet while nothing is written.
    pub packet_idle_us: Quantiles,
    /// Time of one packet while batches are written.
    pub packet_under_writes_us: Quantiles,
    /// Entries of a batch.
    pub batch: u32,
    /// Time that a batch takes in process, in the middle of several.
    pub batch_ms: f64,
}

/// Microseconds of wall-clock time: on a machine with other work, the slowest are the scheduler's.
#[derive(Debug, Serialize)]
pub struct Quantiles {
    /// Half were faster.
    pub p50: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 9,999 of 10,000 were faster.
    pub p9999: f64,
    /// The slowest.
    pub max: f64,
}

impl Quantiles {
    fn of(nanoseconds: &Histogram<u64>) -> Self {
        let at = |quantile| nanoseconds.value_at_quantile(quantile) as f64 / 1e3;
        Quantiles {
            p50: at(0.5),
            p99: at(0.99),
            p9999: at(0.9999),
            max: nanoseconds.max() as f64 / 1e3,
        }
    }
}

/// When a write that no packet sees is an error.
const GIVE_UP: Duration = Duration::from_secs(30);

/// No flow is asked for.
const NONE: u32 = u32::MAX;

/// Batches that are written at least.
const BATCHES: usize = 5;

/// What the packet thread and the writing one share.
struct Stand {
    stage: HostStage,
    /// The flow whose packets are to be sent, or [`NONE`] for any.
    asked: AtomicU32,
    /// The last asked flow of which a packet took the flow state into account.
    seen: AtomicU32,
    /// Packets sent while no flow was asked for.
    packets: AtomicU64,
    is_writing: AtomicBool,
    is_done: AtomicBool,
}

/// One thread sends packets, another writes: first one entry at a time, each waiting until packets show it; then batches, while
/// `packets` packets are sent.
pub fn measure(writes: u32, batch: u32, packets: u64) -> anyhow::Result<Visibility> {
    let stand = Stand {
        stage: HostStage::new(),
        asked: AtomicU32::new(NONE),
        seen: AtomicU32::new(NONE),
        packets: AtomicU64::new(0),
        is_writing: AtomicBool::new(false),
        is_done: AtomicBool::new(false),
    };
    for update in stage_entries() {
        stand.stage.write(&update)?;
    }
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| stand.send_packets());
        let written = stand.write(writes, batch, packets);
        stand.is_done.store(true, Ordering::Release);
        let sent = sender.join();
        let (idle, busy) = sent.map_err(|_| anyhow::anyhow!("the packet thread panicked"))??;
        let (visible, batch_ms) = written?;
        Ok(Visibility {
            writes,
            visible_us: Quantiles::of(&visible),
            packet_idle_us: Quantiles::of(&idle),
            packet_under_writes_us: Quantiles::of(&busy),
            batch,
            batch_ms,
        })
    })
}

impl Stand {
    /// Times until writes are seen, and the time of a batch in ms.
    fn write(
        &self,
        writes: u32,
        batch: u32,
        packets: u64,
    ) -> anyhow::Result<(Histogram<u64>, f64)> {
        let mut visible = histogram()?;
        for number in 0..writes {
            let update = flow_state(Flow::numbered(number), OTHER_HOST).insert();
            self.asked.store(number, Ordering::Release);
            let start = Instant::now();
            self.stage.write(&update)?;
            while self.seen.load(Ordering::Acquire) != number {
                ensure!(
                    start.elapsed() < GIVE_UP,
                    "no packet saw a write within {GIVE_UP:?}"
                );
                std::hint::spin_loop();
            }
            visible.saturating_record(start.elapsed().as_nanos() as u64);
        }
        self.asked.store(NONE, Ordering::Release);
        let start = Instant::now();
        let enough = self.packets.load(Ordering::Acquire) + packets;
        while self.packets.load(Ordering::Acquire) < enough {
            ensure!(start.elapsed() < GIVE_UP, "packets do not pass");
            std::thread::yield_now();
        }
        let batch_ms = self.write_batches(writes..writes + batch, enough + packets)?;
        Ok((visible, batch_ms))
    }

    /// Writes batches until `enough` packets were sent: one can be done before the other thread has run at all.
    fn write_batches(&self, flows: std::ops::Range<u32>, enough: u64) -> anyhow::Result<f64> {
        let entries = flows.map(|number| flow_state(Flow::numbered(number), OTHER_HOST));
        let (inserts, deletes): (Vec<_>, Vec<_>) = entries
            .map(|entry| (entry.insert(), entry.delete()))
            .unzip();
        let mut times = Vec::new();
        let begin = Instant::now();
        self.is_writing.store(true, Ordering::Release);
        while times.len() < BATCHES || self.packets.load(Ordering::Acquire) < enough {
            ensure!(
                begin.elapsed() < GIVE_UP,
                "packets do not pass beside writes"
            );
            let start = Instant::now();
            for update in &inserts {
                self.stage.write(update)?;
            }
            times.push(start.elapsed().as_secs_f64() * 1e3);
            for update in &deletes {
                self.stage.write(update)?;
            }
        }
        self.is_writing.store(false, Ordering::Release);
        Ok(median(times))
    }

    /// Times of packets, without writes and beside them.
    fn send_packets(&self) -> anyhow::Result<(Histogram<u64>, Histogram<u64>)> {
        let mut worker = Worker::seeded(1);
        let mut packet = Packet::new();
        let ingress = Ingress {
            port: host_stage::PORT_NETWORK,
            now_us: 1,
        };
        let rerouted = Verdict::Send {
            port: host_stage::PORT_NETWORK,
        };
        let (mut idle, mut busy) = (histogram()?, histogram()?);
        let mut number = 0;
        while !self.is_done.load(Ordering::Acquire) {
            let asked = self.asked.load(Ordering::Acquire);
            number = if asked == NONE {
                (number + 1) % 100_000
            } else {
                asked
            };
            packet.set_bytes(&at_stage(Flow::numbered(number)));
            let is_beside_writes = self.is_writing.load(Ordering::Acquire);
            let start = Instant::now();
            let verdict = self.stage.process(&mut worker, ingress, &mut packet);
            let took = start.elapsed().as_nanos() as u64;
            if asked == NONE {
                let times = if is_beside_writes {
                    &mut busy
                } else {
                    &mut idle
                };
                times.saturating_record(took);
                self.packets.fetch_add(1, Ordering::AcqRel);
            } else if verdict == rerouted {
                self.seen.store(asked, Ordering::Release);
            }
        }
        Ok((idle, busy))
    }
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000_000, 3)?)
}
