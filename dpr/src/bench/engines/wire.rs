//! Packets through a switch process by veth: a generator in front of it, and behind it what the kernel counts.

use anyhow::{Context, bail, ensure};
use dpr_runtime::Packet;
use dpr_switch::Port;
use dpr_switch::port::PacketSocket;
use serde::Serialize;
use std::fs;
use std::future::poll_fn;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

use super::load::Load;
use super::target::Target;

/// The switch's ends of the two links.
pub const FROM_GENERATOR: &str = "switch1";
pub const TO_SINK: &str = "switch2";
const GENERATOR: &str = "generator";
const SINK: &str = "sink";

/// Packets that are sent one by one first, and compared.
const EXAMPLES: usize = 16;

/// Packets of one system call.
const BURST: u64 = 32;

/// Trials of the search after the first.
const TRIALS: usize = 7;

/// How much one packet, or the last of many, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a switch does on the wire.
#[derive(Clone, Debug, Serialize)]
pub struct Rates {
    /// The highest rate that was tried at which no more than the stated share was lost, per second.
    pub forwarded_pps: f64,
    /// As much as the generator sent when nothing held it back, per second.
    pub offered_pps: f64,
    /// What was forwarded of that, per second.
    pub saturated_pps: f64,
    /// Processor time of the switch process for each packet that it forwarded then.
    pub processor_ns: f64,
}

/// Two links, between which the switch is.
pub struct Wire {
    runtime: Runtime,
    generator: PacketSocket,
}

/// One trial.
struct Trial {
    offered_pps: f64,
    forwarded_pps: f64,
    forwarded: u64,
    loss: f64,
}

fn run(command: &str) -> anyhow::Result<()> {
    let mut words = command.split_whitespace();
    let program = words.next().context("a command")?;
    let output = Command::new(program).args(words).output();
    let output = output.with_context(|| command.to_owned())?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command}: {errors}");
    Ok(())
}

/// Packets that an interface has received.
fn received(interface: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/dev")?;
    let line = text.lines().find_map(|line| {
        let (name, counters) = line.split_once(':')?;
        (name.trim() == interface).then_some(counters)
    });
    let packets = line.and_then(|counters| counters.split_whitespace().nth(1));
    Ok(packets
        .with_context(|| format!("/proc/net/dev does not have {interface}"))?
        .parse()?)
}

impl Wire {
    /// Makes the links, in the network namespace of the process.
    pub fn new() -> anyhow::Result<Self> {
        // Neighbour discovery would be counted too.
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").or_else(|error| {
            match error.kind() {
                // There is no IPv6.
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }
        })?;
        run("ip link set lo up")?;
        for (end, other) in [(GENERATOR, FROM_GENERATOR), (SINK, TO_SINK)] {
            run(&format!("ip link add {end} type veth peer name {other}"))?;
            for interface in [end, other] {
                run(&format!("ip link set {interface} arp off up"))?;
            }
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let generator = {
            let _inside = runtime.enter();
            PacketSocket::open(GENERATOR)?
        };
        Ok(Wire { runtime, generator })
    }

    /// Sends some packets one by one and compares what leaves.
    pub fn check(&mut self, load: &Load) -> anyhow::Result<()> {
        let mut sink = {
            let _inside = self.runtime.enter();
            PacketSocket::open(SINK)?
        };
        for (sent, expected) in load.examples(EXAMPLES)? {
            self.generator.send(&sent)?;
            self.generator.flush();
            let mut packet = Packet::new();
            let received = self.runtime.block_on(async {
                let next = poll_fn(|context| sink.poll_receive(context, &mut packet));
                tokio::time::timeout(PATIENCE, next).await
            });
            received.context("a packet does not leave the switch")??;
            ensure!(
                packet.bytes() == expected,
                "{sent:02x?} leaves as {:02x?}, not as {expected:02x?}",
                packet.bytes()
            );
        }
        Ok(())
    }

    /// Searches the highest rate at which at most a share of `most_loss` is lost in `time`.
    pub fn measure(
        &mut self,
        load: &Load,
        target: &Target,
        time: Duration,
        most_loss: f64,
    ) -> anyhow::Result<Rates> {
        let before = target.processor_time()?;
        let full = self.trial(load, f64::INFINITY, time)?;
        let taken = target.processor_time()?.saturating_sub(before);
        let (mut low, mut high) = (0.0, full.offered_pps);
        if full.loss <= most_loss {
            low = full.forwarded_pps;
        } else {
            let mut next = full.forwarded_pps;
            for _ in 0..TRIALS {
                let trial = self.trial(load, next, time)?;
                match trial.loss <= most_loss {
                    true => low = f64::max(low, trial.forwarded_pps),
                    false => high = f64::min(high, next),
                }
                // Most that are loaded lightly do a little better than those that are flooded.
                next = match low > 0.0 && high > low * 1.5 {
                    true => low * 1.2,
                    false => (low + high) / 2.0,
                };
                if high - low < high * 0.02 {
                    break;
                }
            }
        }
        Ok(Rates {
            forwarded_pps: low,
            offered_pps: full.offered_pps,
            saturated_pps: full.forwarded_pps,
            processor_ns: taken.as_nanos() as f64 / full.forwarded.max(1) as f64,
        })
    }

    /// Sends at a rate for some time, and waits until nothing comes any more.
    fn trial(&mut self, load: &Load, rate: f64, time: Duration) -> anyhow::Result<Trial> {
        let before = received(SINK)?;
        let (sent, taken) = self.send(load, rate, time)?;
        let forwarded = settled()? - before;
        let loss = 1.0 - forwarded as f64 / sent as f64;
        Ok(Trial {
            offered_pps: sent as f64 / taken.as_secs_f64(),
            forwarded_pps: forwarded as f64 / taken.as_secs_f64(),
            forwarded,
            loss,
        })
    }

    fn send(&mut self, load: &Load, rate: f64, time: Duration) -> anyhow::Result<(u64, Duration)> {
        let mut packets = load.scenario.packets.iter().cycle();
        let (mut sent, start) = (0, Instant::now());
        loop {
            let elapsed = start.elapsed();
            if elapsed >= time {
                ensure!(sent > 0, "nothing can be sent");
                return Ok((sent, elapsed));
            }
            let due = (elapsed.as_secs_f64() * rate).min(u64::MAX as f64) as u64;
            let burst = due.saturating_sub(sent).min(BURST);
            if burst == 0 {
                std::hint::spin_loop();
                continue;
            }
            for packet in packets.by_ref().take(burst as usize) {
                self.generator.send(packet)?;
            }
            sent += self.generator.flush().sent;
        }
    }
}

/// What the sink has received when nothing comes any more.
fn settled() -> anyhow::Result<u64> {
    let deadline = Instant::now() + PATIENCE;
    let mut count = received(SINK)?;
    while Instant::now() < deadline {
        thread::sleep(Duration::from_millis(100));
        let now = received(SINK)?;
        if now == count {
            return Ok(count);
        }
        count = now;
    }
    bail!("packets leave the switch long after the last one came")
}
