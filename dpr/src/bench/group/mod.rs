//! `dpr bench group`: groups of several sizes in virtual time, under churn, beside what other ways would have done with the same
//! connections.

mod churn;
mod plot;
mod report;
mod rivals;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use dpr_simulator::{Outcome, SECOND, Scenario, run as simulate};
use serde::Serialize;

use churn::Timeline;

/// Buckets of the group's map.
const BUCKETS: u32 = 4_096;

/// How much to simulate.
#[derive(Debug, Args)]
pub struct Options {
    /// Hosts of each group; an eighth as many join it later
    #[arg(long, value_delimiter = ',', default_value = "4,16,64,256")]
    hosts: Vec<u16>,
    /// Connections of each group
    #[arg(long, default_value_t = 20_000)]
    connections: u32,
    /// Virtual seconds in which they begin
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// All chance follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Draw the figures into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    seed: u64,
    groups: Vec<Group>,
}

/// A group of one size.
#[derive(Debug, Serialize)]
struct Group {
    hosts: u16,
    connections: u64,
    /// The most that were open at once.
    open_connections: u64,
    /// dpr first.
    ways: Vec<Figures>,
}

/// What one way of finding a connection's host has cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Figures {
    way: Way,
    /// The most that a host's share of the buckets is away from what it should be, at the end: 0 to 1.
    share_error: f64,
    /// How often a packet is sent on from host to host, on average.
    reroutes_per_packet: f64,
    /// The share of all packets that the busiest box handles: a host's stage, or the one in the middle.
    busiest_box: f64,
    /// Connections that the fullest box remembers.
    entries: u64,
    /// Connections that broke, other than those of a host that died.
    broken: u64,
}

/// A way of finding a connection's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// Distributed routing.
    Dpr,
    /// The same spray over stages that hash and remember nothing.
    PlainHash,
    /// A router in the middle that remembers connections, and a consistent-hash table for those that it does not know.
    CentralRouter,
}

impl Way {
    const ALL: [Way; 3] = [Way::Dpr, Way::PlainHash, Way::CentralRouter];

    fn name(self) -> &'static str {
        match self {
            Way::Dpr => "dpr",
            Way::PlainHash => "plain hash",
            Way::CentralRouter => "central router",
        }
    }
}

/// Simulates and prints.
pub fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(options.seconds >= 10, "--seconds must be 10 at least");
    ensure!(options.connections > 0, "--connections must be 1 at least");
    for hosts in &options.hosts {
        ensure!(
            (4..=512).contains(hosts),
            "--hosts takes 4 to 512, not {hosts}"
        );
    }
    let mut groups = Vec::new();
    for &hosts in &options.hosts {
        eprintln!("{hosts} hosts ...");
        groups.push(group(hosts, options));
    }
    let report = Report {
        seed: options.seed,
        groups,
    };
    if let Some(path) = &options.svg {
        let drawing = plot::draw(&report);
        fs::write(path, drawing).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn group(hosts: u16, options: &Options) -> Group {
    let duration = options.seconds * SECOND;
    let joining = (hosts / 8).max(1);
    let script = churn::script(hosts, joining, duration);
    let scenario = Scenario {
        hosts: hosts + joining,
        waiting: joining,
        buckets: BUCKETS,
        connections_per_second: f64::from(options.connections) / options.seconds as f64,
        duration,
        drain: 90 * SECOND,
        bursts: 12,
        // Every host probes every other: larger groups do it less often.
        probe_interval: SECOND * u64::from(hosts.div_ceil(32)),
        script,
        ..Scenario::new(options.seed)
    };
    let outcome = simulate(&scenario);
    let timeline = Timeline::of(&scenario);
    let mut ways = vec![measured(&outcome)];
    ways.push(rivals::plain_hash(&timeline, &outcome.lifetimes));
    ways.push(rivals::central_router(&timeline, &outcome.lifetimes));
    Group {
        hosts,
        connections: outcome.accepted,
        open_connections: outcome.most_open,
        ways,
    }
}

fn measured(outcome: &Outcome) -> Figures {
    let delivered = outcome.delivered.max(1) as f64;
    let stages: u64 = outcome.stage_packets.iter().sum();
    let busiest = outcome.stage_packets.iter().max().copied().unwrap_or(0);
    let away = |(target, achieved): &(f64, f64)| (target - achieved).abs();
    Figures {
        way: Way::Dpr,
        share_error: outcome.shares.iter().map(away).fold(0.0, f64::max),
        reroutes_per_packet: stages.saturating_sub(outcome.delivered) as f64 / delivered,
        busiest_box: busiest as f64 / delivered,
        entries: outcome.most_entries.iter().max().copied().unwrap_or(0),
        broken: outcome.findings.len() as u64 + outcome.lost_with_register,
    }
}
