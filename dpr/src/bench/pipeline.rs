//! `dpr bench pipeline`.

use super::{
    memory::{self, Memory},
    scenario,
    throughput::{self, Effort, Throughput},
    visibility::{self, Visibility},
};
use clap::Args;
use dpr_p4::{by_hand, front_router, host_stage};
use serde::Serialize;

/// How much to measure.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    effort: Effort,
    /// Flows that the packets belong to
    #[arg(long, default_value_t = 10_000)]
    flows: u32,
    /// Flow-state entries for the measurement of memory
    #[arg(long, default_value_t = 1_000_000)]
    entries: u32,
    /// Single writes whose effect on packets is timed
    #[arg(long, default_value_t = 1_000)]
    writes: u32,
    /// Entries of a batch that is written beside packets
    #[arg(long, default_value_t = 10_000)]
    batch: u32,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Time per packet.
    pub throughput: Vec<Throughput>,
    /// Memory per entry.
    pub memory: Memory,
    /// Writes beside packets.
    pub visibility: Visibility,
}

/// Measures and prints.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let report = measure(options)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn measure(options: &Options) -> anyhow::Result<Report> {
    let mut throughput = Vec::new();
    for case in scenario::host_stage(options.flows) {
        let (generated, by_hand) = (host_stage::HostStage::new(), by_hand::HostStage::new());
        case.install(&generated)?;
        case.install(&by_hand)?;
        case.check(&generated)?;
        case.check(&by_hand)?;
        throughput.push(throughput::measure(
            &generated,
            &by_hand,
            &case,
            options.effort,
        ));
    }
    let case = scenario::front_router(options.flows);
    let (generated, by_hand) = (
        front_router::FrontRouter::new(),
        by_hand::FrontRouter::new(),
    );
    case.install(&generated)?;
    case.install(&by_hand)?;
    case.check(&generated)?;
    case.check(&by_hand)?;
    throughput.push(throughput::measure(
        &generated,
        &by_hand,
        &case,
        options.effort,
    ));
    Ok(Report {
        throughput,
        memory: memory::measure(options.entries)?,
        visibility: visibility::measure(
            options.writes,
            options.batch,
            options.effort.packets as u64,
        )?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_measurement_has_all_its_parts() {
        let options = Options {
            effort: Effort {
                rounds: 1,
                packets: 1_000,
            },
            flows: 100,
            entries: 20_000,
            writes: 10,
            batch: 1_000,
            json: false,
        };
        let report = measure(&options).expect("every case passes its check");
        assert_eq!(report.throughput.len(), 4);
        assert!(report.memory.bytes_per_entry > 0.0 && report.visibility.batch_ms > 0.0);
        let text = report.to_string();
        assert!(
            report
                .throughput
                .iter()
                .all(|case| text.contains(case.name)),
            "{text}"
        );
    }
}
