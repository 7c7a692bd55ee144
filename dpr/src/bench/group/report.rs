//! What a person reads of the measurements.

use super::Report;
use std::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>5}  {:<15} {:>11} {:>9} {:>12} {:>8} {:>7}  of connections (most at once)",
            "hosts", "way", "share error", "reroutes", "busiest box", "entries", "broken"
        )?;
        for group in &self.groups {
            for way in &group.ways {
                writeln!(
                    f,
                    "{:>5}  {:<15} {:>10.2}% {:>9.2} {:>11.1}% {:>8} {:>7}  {} ({})",
                    group.hosts,
                    way.way.name(),
                    way.share_error * 100.0,
                    way.reroutes_per_packet,
                    way.busiest_box * 100.0,
                    way.entries,
                    way.broken,
                    group.connections,
                    group.open_connections
                )?;
            }
        }
        writeln!(
            f,
            "\nreroutes: per packet. busiest box: of all packets, a host's stage or the router in the middle. entries: of the fullest box.\n\
             broken: but for those of a host that died. Seed {}.",
            self.seed
        )
    }
}
