//! What tables take of memory, and what writes to them do to packets.

use super::{
    packets::Flow,
    scenario::{OTHER_HOST, at_stage, flow_state, stage_entries},
};
use anyhow::{Context, ensure};
use dpr_p4::host_stage::{self, HostStage};
use dpr_runtime::{ExactTable, Ingress, Operation, Packet, Pipeline, TableEntry, Verdict, Worker};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Memory of `flow_state`.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Entries in the table.
    pub entries: u32,
    /// What its slots take, divided by them.
    pub bytes_per_entry: f64,
    /// Time to write one, on average.
    pub write_ns: f64,
}

/// Fills `flow_state`.
pub fn memory(entries: u32) -> anyhow::Result<Memory> {
    let schema = host_stage::PROGRAM
        .table(host_stage::flow_state::ID)
        .context("host_stage has a table flow_state")?;
    let table = ExactTable::<2, 1>::new(schema);
    let start = Instant::now();
    for number in 0..entries {
        table.write(
            Operation::Insert,
            &TableEntry::from(flow_state(Flow::numbered(number), 1)),
        )?;
    }
    let write_ns = start.elapsed().as_nanos() as f64 / f64::from(entries);
    Ok(Memory {
        entries,
        bytes_per_entry: table.memory_bytes() as f64 / f64::from(entries),
        write_ns,
    })
}

/// What writes and packets do to one another.
#[derive(Debug, Serialize)]
pub struct Visibility {
    /// Single writes whose effect on packets was timed.
    pub writes: u32,
    /// From before the write to the first packet that took it into account.
    pub visible_us: Quantiles,
    /// Time of one packet while nothing is written.
    pub packet_idle_us: Quantiles,
    /// Time of one packet while the batch is written.
    pub packet_under_writes_us: Quantiles,
    /// Entries of the batch.
    pub batch: u32,
    /// Time that the batch took in process.
    pub batch_ms: f64,
}

/// Microseconds.
#[derive(Debug, Serialize)]
pub struct Quantiles {
    /// Half were faster.
    pub p50: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 9,999 of 10,000 were faster.
    pub p9999: f64,
    /// The slowest. On a machine with other work this is the scheduler's.
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
const GIVE_UP: Duration = Duration::from_secs(10);

/// Nothing is asked for.
const IDLE: u32 = u32::MAX;

/// One thread sends packets, another writes: first one entry at a time, each waiting until packets show it; then a batch.
pub fn visibility(writes: u32, batch: u32) -> anyhow::Result<Visibility> {
    let stage = HostStage::new();
    for update in stage_entries() {
        stage.write(&update)?;
    }
    let probe = AtomicU32::new(IDLE);
    let seen = AtomicU32::new(IDLE);
    let (writing, done) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let packets = scope.spawn(|| send_packets(&stage, &probe, &seen, &writing, &done));
        let outcome = write(&stage, writes, batch, &probe, &seen, &writing);
        done.store(true, Ordering::Release);
        let (idle, busy) = packets
            .join()
            .map_err(|_| anyhow::anyhow!("the packet thread panicked"))??;
        let (visible, batch_time) = outcome?;
        Ok(Visibility {
            writes,
            visible_us: Quantiles::of(&visible),
            packet_idle_us: Quantiles::of(&idle),
            packet_under_writes_us: Quantiles::of(&busy),
            batch,
            batch_ms: batch_time.as_secs_f64() * 1e3,
        })
    })
}

fn write(
    stage: &HostStage,
    writes: u32,
    batch: u32,
    probe: &AtomicU32,
    seen: &AtomicU32,
    writing: &AtomicBool,
) -> anyhow::Result<(Histogram<u64>, Duration)> {
    let mut visible = histogram()?;
    for number in 0..writes {
        let update = flow_state(Flow::numbered(number), OTHER_HOST).insert();
        probe.store(number, Ordering::Release);
        let start = Instant::now();
        stage.write(&update)?;
        while seen.load(Ordering::Acquire) != number {
            ensure!(
                start.elapsed() < GIVE_UP,
                "no packet saw a write within {GIVE_UP:?}"
            );
            std::hint::spin_loop();
        }
        visible.saturating_record(start.elapsed().as_nanos() as u64);
    }
    probe.store(IDLE, Ordering::Release);
    // As much time of packets alone as the batch will about take.
    std::thread::sleep(Duration::from_millis(50));
    let updates: Vec<_> = (writes..writes + batch)
        .map(|number| flow_state(Flow::numbered(number), OTHER_HOST).insert())
        .collect();
    writing.store(true, Ordering::Release);
    let start = Instant::now();
    for update in &updates {
        stage.write(update)?;
    }
    let batch_time = start.elapsed();
    writing.store(false, Ordering::Release);
    Ok((visible, batch_time))
}

fn send_packets(
    stage: &HostStage,
    probe: &AtomicU32,
    seen: &AtomicU32,
    writing: &AtomicBool,
    done: &AtomicBool,
) -> anyhow::Result<(Histogram<u64>, Histogram<u64>)> {
    let mut worker = Worker::seeded(1);
    let mut packet = Packet::new();
    let ingress = Ingress {
        port: host_stage::PORT_NETWORK,
        now_us: 1,
    };
    let (mut idle, mut busy) = (histogram()?, histogram()?);
    let mut number = 0;
    while !done.load(Ordering::Acquire) {
        let asked = probe.load(Ordering::Acquire);
        number = if asked == IDLE {
            (number + 1) % 100_000
        } else {
            asked
        };
        packet.set_bytes(&at_stage(Flow::numbered(number)));
        let under_writes = writing.load(Ordering::Relaxed);
        let start = Instant::now();
        let verdict = stage.process(&mut worker, ingress, &mut packet);
        let took = start.elapsed().as_nanos() as u64;
        match (asked, under_writes) {
            (IDLE, true) => busy.saturating_record(took),
            (IDLE, false) => idle.saturating_record(took),
            _ if verdict
                == (Verdict::Send {
                    port: host_stage::PORT_NETWORK,
                }) =>
            {
                seen.store(asked, Ordering::Release)
            }
            _ => {}
        }
    }
    Ok((idle, busy))
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000_000, 3)?)
}
