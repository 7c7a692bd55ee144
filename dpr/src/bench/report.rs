//! What a person reads of the measurements.

use super::{
    memory::Memory,
    pipeline::Report,
    visibility::{Quantiles, Visibility},
};
use std::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:>12} {:>12} {:>14} {:>7}",
            "one core, per packet", "generated", "by hand", "generated", "ratio"
        )?;
        for case in &self.throughput {
            writeln!(
                f,
                "{:<32} {:>9.1} ns {:>9.1} ns {:>9.2} Mpps {:>7.2}",
                case.name,
                case.generated_ns,
                case.by_hand_ns,
                case.generated_packets_per_s / 1e6,
                case.ratio
            )?;
        }
        writeln!(f)?;
        let Memory {
            entries,
            bytes_per_entry,
            write_ns,
        } = &self.memory;
        writeln!(
            f,
            "flow state                       {bytes_per_entry:.1} bytes per entry at {entries} entries, {write_ns:.0} ns per write"
        )?;
        let Visibility {
            writes,
            visible_us,
            packet_idle_us,
            packet_under_writes_us,
            batch,
            batch_ms,
        } = &self.visibility;
        writeln!(
            f,
            "a write is seen by packets after {visible_us} ({writes} writes)"
        )?;
        writeln!(f, "a packet takes, without writes   {packet_idle_us}")?;
        writeln!(
            f,
            "a packet takes, under writes     {packet_under_writes_us} ({batch} entries in {batch_ms:.1} ms)"
        )
    }
}

impl Display for Quantiles {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Quantiles {
            p50,
            p99,
            p9999,
            max,
        } = self;
        write!(
            f,
            "p50 {p50:.2}, p99 {p99:.2}, p99.99 {p9999:.2}, max {max:.1} us"
        )
    }
}
