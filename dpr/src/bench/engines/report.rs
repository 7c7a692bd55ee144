//! What a person reads of the measurements.

use super::Report;
use std::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "in memory, one core")?;
        for it in &self.memory {
            writeln!(
                f,
                "  {:<12} {:<16} {:>9.1} ns {:>9.2} Mpps",
                it.program,
                it.engine,
                it.packet_ns,
                it.packets_per_s / 1e6
            )?;
        }
        if let Some(why) = &self.skipped {
            return writeln!(f, "between interfaces: skipped, {why}");
        }
        writeln!(
            f,
            "between interfaces {:>27} {:>14} {:>14} {:>12}",
            "forwarded", "of a flood", "flood", "processor"
        )?;
        for it in &self.veth {
            let rates = &it.rates;
            write!(
                f,
                "  {:<12} {:<16} {:>9.0} pps {:>10.0} pps {:>10.0} pps {:>9.0} ns",
                it.program,
                it.engine,
                rates.forwarded_pps,
                rates.saturated_pps,
                rates.offered_pps,
                rates.processor_ns
            )?;
            match it.times_bmv2 {
                Some(times) => writeln!(f, "  {times:.1} x BMv2")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
