//! How busy the host's processors are, from Linux's `/proc/stat`.

/// Remembers the last reading.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    last: Option<Times>,
    permille: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    idle: u64,
    total: u64,
}

/// Ticks (of 10 ms and of each processor) that a reading must cover.
const SHORTEST_READING: u64 = 100;

impl CpuMeter {
    /// The share of the processors' time that was not idle of late, in thousandths; 0 where it cannot be read.
    pub(super) fn permille(&mut self) -> u32 {
        let Some(now) = std::fs::read_to_string("/proc/stat")
            .ok()
            .as_deref()
            .and_then(parse)
        else {
            return 0;
        };
        match self.last {
            Some(last) if now.total.saturating_sub(last.total) >= SHORTEST_READING => {
                let total = now.total - last.total;
                let idle = now.idle.saturating_sub(last.idle).min(total);
                self.permille = ((total - idle) * 1_000 / total) as u32;
                self.last = Some(now);
            }
            Some(_) => {}
            None => self.last = Some(now),
        }
        self.permille
    }
}

/// The first line: `cpu user nice system idle iowait irq ...`.
fn parse(stat: &str) -> Option<Times> {
    let fields: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let idle = fields.get(3)? + fields.get(4).unwrap_or(&0);
    // Guests' time is in users' time already.
    Some(Times {
        idle,
        total: fields.iter().take(8).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_how_long_the_processors_idled() {
        let times = parse("cpu  100 0 50 800 40 5 5 0 7 0\ncpu0 1 2 3 4\n");
        assert_eq!(
            times,
            Some(Times {
                idle: 840,
                total: 1000
            })
        );
        assert_eq!(parse("intr 1 2 3"), None);
        assert_eq!(parse("cpu  1 2"), None);
    }
}
