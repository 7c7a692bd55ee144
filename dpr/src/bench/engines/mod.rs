//! `dpr bench engines`: packets per second of generated Rust and of the engine for BMv2's JSON, in memory and as a switch process
//! between interfaces.

mod load;
mod namespace;
mod report;
mod target;
mod wire;

use anyhow::{Context, ensure};
use clap::Args;
use dpr_p4::host_stage::{self, HostStage};
use dpr_runtime::Pipeline;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

use super::throughput::{self, Effort};
use load::Load;
use namespace::Place;
use target::{Kind, Target};
use wire::{Rates, Wire};

/// How much to measure.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    effort: Effort,
    /// Flows that the packets belong to
    #[arg(long, default_value_t = 1_000)]
    flows: u32,
    /// Seconds of each trial between interfaces
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    time: f64,
    /// The share of packets that may be lost between interfaces
    #[arg(long, default_value_t = 0.001, value_name = "SHARE")]
    loss: f64,
    /// A simple_switch_grpc, to be measured in the same run
    #[arg(long, value_name = "PATH")]
    bmv2: Option<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Without ports.
    memory: Vec<InMemory>,
    /// Between interfaces.
    veth: Vec<OnVeth>,
    /// Why not between interfaces.
    skipped: Option<String>,
}

/// One program in memory.
#[derive(Debug, Serialize)]
struct InMemory {
    program: &'static str,
    engine: &'static str,
    /// Time per packet on one core.
    packet_ns: f64,
    packets_per_s: f64,
}

/// One program between interfaces.
#[derive(Debug, Serialize)]
struct OnVeth {
    program: &'static str,
    engine: &'static str,
    #[serde(flatten)]
    rates: Rates,
    /// How many times what BMv2 forwards, if it was measured.
    times_bmv2: Option<f64>,
}

/// Measures and prints.
pub fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(options.time > 0.0, "--time must be more than 0");
    let mut report = match namespace::enter()? {
        Place::Done(ended) => {
            ensure!(ended.success(), "the measurement in a namespace: {ended}");
            return Ok(());
        }
        Place::Inside => measure(options, true)?,
        Place::Outside(why) => {
            eprintln!("SKIPPED between interfaces: {why}");
            Report {
                skipped: Some(why),
                ..measure(options, false)?
            }
        }
    };
    report.compare();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn measure(options: &Options, with_interfaces: bool) -> anyhow::Result<Report> {
    let loads = Load::all(options.flows)?;
    let mut report = Report {
        memory: Vec::new(),
        veth: Vec::new(),
        skipped: None,
    };
    for load in &loads {
        report.memory.extend(in_memory(load, options)?);
    }
    if with_interfaces {
        let mut wire = Wire::new().context("links of veth")?;
        for load in &loads {
            for kind in kinds(load, options) {
                report.veth.push(on_veth(&mut wire, load, &kind, options)?);
            }
        }
    }
    Ok(report)
}

/// The generated pipeline of the same program.
fn generated(load: &Load) -> anyhow::Result<Option<HostStage>> {
    if !has_generated(load) {
        return Ok(None);
    }
    let stage = HostStage::new();
    load.fill(&stage as &dyn Pipeline)?;
    load.scenario.check(&stage)?;
    Ok(Some(stage))
}

fn has_generated(load: &Load) -> bool {
    host_stage::PROGRAM.name == load.name
}

fn kinds(load: &Load, options: &Options) -> Vec<Kind> {
    let generated = has_generated(load).then_some(Kind::Generated);
    let bmv2 = options.bmv2.clone().map(Kind::Bmv2);
    generated
        .into_iter()
        .chain([Kind::Json])
        .chain(bmv2)
        .collect()
}

fn in_memory(load: &Load, options: &Options) -> anyhow::Result<Vec<InMemory>> {
    let (stage, engine) = (generated(load)?, load.engine()?);
    let mut pipelines: Vec<(&'static str, &dyn Pipeline)> = Vec::new();
    if let Some(stage) = &stage {
        pipelines.push((Kind::Generated.name(), stage));
    }
    pipelines.push((Kind::Json.name(), &engine));
    let alone = pipelines
        .iter()
        .map(|(_, pipeline)| *pipeline)
        .collect::<Vec<_>>();
    let times = throughput::times(&alone, &load.scenario, options.effort);
    let measured = pipelines.iter().zip(times);
    Ok(measured
        .map(|((engine, _), packet_ns)| InMemory {
            program: load.name,
            engine,
            packet_ns,
            packets_per_s: 1e9 / packet_ns,
        })
        .collect())
}

fn on_veth(wire: &mut Wire, load: &Load, kind: &Kind, options: &Options) -> anyhow::Result<OnVeth> {
    let context = || format!("{} on {}", load.name, kind.name());
    // Nobody else is in the namespace; the last target's connections may still be about to end.
    let port = 20_000 + fastrand::u16(..20_000);
    let target = Target::start(kind, load, &format!("127.0.0.1:{port}")).with_context(context)?;
    wire.check(load).with_context(context)?;
    let time = Duration::from_secs_f64(options.time);
    Ok(OnVeth {
        program: load.name,
        engine: kind.name(),
        rates: wire.measure(load, &target, time, options.loss)?,
        times_bmv2: None,
    })
}

impl Report {
    /// Says how the engines do beside BMv2, if that was measured.
    fn compare(&mut self) {
        let theirs: Vec<_> = self
            .veth
            .iter()
            .filter(|it| it.engine == "BMv2")
            .map(|it| (it.program, it.rates.forwarded_pps))
            .collect();
        for ours in &mut self.veth {
            let found = theirs.iter().find(|(program, _)| *program == ours.program);
            ours.times_bmv2 = found.map(|(_, theirs)| ours.rates.forwarded_pps / theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_measurement_in_memory_has_all_its_parts() {
        let options = Options {
            effort: Effort {
                rounds: 1,
                packets: 1_000,
            },
            flows: 50,
            time: 0.1,
            loss: 0.01,
            bmv2: None,
            json: false,
        };
        let report = measure(&options, false).expect("every case passes its check");
        let measured: Vec<_> = report
            .memory
            .iter()
            .map(|it| (it.program, it.engine))
            .collect();
        let expected = [
            ("lpm_router", "JSON engine"),
            ("host_stage", "generated Rust"),
            ("host_stage", "JSON engine"),
        ];
        assert_eq!(measured, expected);
        assert!(report.memory.iter().all(|it| it.packet_ns > 0.0));
        let text = report.to_string();
        assert!(text.contains("host_stage"), "{text}");
    }
}
