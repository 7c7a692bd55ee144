//! Meters with two rates and three colours (RFC 2698), colour-blind, as BMv2 computes them: whole tokens since a common start.

use crate::{CounterUnit, Entity, Invalid, Operation, Query, WriteError, error::check_cell};
use std::sync::{Mutex, PoisonError};

/// What a meter says of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Color {
    /// Within the committed rate.
    #[default]
    Green = 0,
    /// Beyond the committed rate, within the peak rate.
    Yellow = 1,
    /// Beyond the peak rate.
    Red = 2,
}

/// The rates of a meter, in bytes or packets per second, and its bursts, in bytes or packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MeterConfig {
    /// Committed information rate.
    pub cir: u64,
    /// Committed burst size.
    pub cburst: u64,
    /// Peak information rate.
    pub pir: u64,
    /// Peak burst size.
    pub pburst: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: u64,
    burst: u64,
    tokens: u64,
    /// Tokens since the start that have been added.
    added: u64,
}

impl Bucket {
    fn new(rate: u64, burst: u64, elapsed_us: u64) -> Self {
        let mut bucket = Bucket {
            rate,
            burst,
            tokens: burst,
            added: 0,
        };
        bucket.added = bucket.until(elapsed_us);
        bucket
    }

    fn until(&self, elapsed_us: u64) -> u64 {
        let tokens = u128::from(self.rate) * u128::from(elapsed_us) / 1_000_000;
        u64::try_from(tokens).unwrap_or(u64::MAX)
    }

    /// Takes so many tokens; whether they were there.
    fn take(&mut self, amount: u64, elapsed_us: u64) -> bool {
        let until = self.until(elapsed_us);
        let fresh = until.saturating_sub(self.added);
        self.added = self.added.max(until);
        self.tokens = self.tokens.saturating_add(fresh).min(self.burst);
        let enough = self.tokens >= amount;
        if enough {
            self.tokens -= amount;
        }
        enough
    }
}

#[derive(Clone, Copy, Debug)]
struct Rates {
    config: MeterConfig,
    /// Peak first: what exceeds it does not touch the committed bucket.
    buckets: Option<[Bucket; 2]>,
}

#[derive(Debug, Default)]
struct Cell(Mutex<Option<Rates>>);

impl Cell {
    fn rates(&self) -> std::sync::MutexGuard<'_, Option<Rates>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An array of meters.
#[derive(Debug)]
pub struct Meters {
    counts_bytes: bool,
    cells: Box<[Cell]>,
}

impl Meters {
    /// With so many cells, all green.
    pub fn new(size: u64, unit: CounterUnit) -> Self {
        Meters {
            counts_bytes: unit == CounterUnit::Bytes,
            cells: (0..size).map(|_| Cell::default()).collect(),
        }
    }

    /// The colour of a packet of `bytes` bytes. Green beyond the end.
    pub fn execute(&self, index: u64, bytes: usize, now_us: u64) -> Color {
        let Some(cell) = self.cell(index) else {
            return Color::Green;
        };
        let mut rates = cell.rates();
        let Some(rates) = rates.as_mut() else {
            return Color::Green;
        };
        let config = rates.config;
        let [peak, committed] = rates.buckets.get_or_insert_with(|| {
            [
                Bucket::new(config.pir, config.pburst, now_us),
                Bucket::new(config.cir, config.cburst, now_us),
            ]
        });
        let amount = if self.counts_bytes { bytes as u64 } else { 1 };
        if !peak.take(amount, now_us) {
            Color::Red
        } else if !committed.take(amount, now_us) {
            Color::Yellow
        } else {
            Color::Green
        }
    }

    /// A cell's configuration; `None` beyond the end and where everything is green.
    pub fn config(&self, index: u64) -> Option<MeterConfig> {
        self.cell(index)?.rates().map(|rates| rates.config)
    }

    /// Configures a cell, its buckets full; whether there is such a cell.
    pub fn configure(&self, index: u64, config: Option<MeterConfig>) -> bool {
        let cell = self.cell(index);
        if let Some(cell) = cell {
            *cell.rates() = config.map(|config| Rates {
                config,
                buckets: None,
            });
        }
        cell.is_some()
    }

    fn cell(&self, index: u64) -> Option<&Cell> {
        self.cells.get(usize::try_from(index).ok()?)
    }

    /// Number of cells.
    pub fn size(&self) -> u64 {
        self.cells.len() as u64
    }

    /// What the control plane does to a cell.
    pub fn modify(
        &self,
        operation: Operation,
        index: u64,
        config: Option<MeterConfig>,
    ) -> Result<(), WriteError> {
        check_cell("a meter", operation, index, self.size())?;
        check_rates(config)?;
        self.configure(index, config);
        Ok(())
    }

    /// Shows this meter's part of a query; `id` is its P4Info id.
    pub fn answer(&self, id: u32, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::Meters { meter, index } = query
            && meter.is_none_or(|meter| meter == id)
        {
            let size = self.size();
            let cells = index.map_or(0..size, |index| index..index.saturating_add(1).min(size));
            for index in cells {
                visit(Entity::Meter {
                    meter: id,
                    index,
                    config: self.config(index),
                });
            }
        }
    }

    /// Makes all cells green.
    pub fn clear(&self) {
        self.cells.iter().for_each(|cell| *cell.rates() = None);
    }
}

/// RFC 2698: the peak rate is not less than the committed rate.
pub(crate) fn check_rates(config: Option<MeterConfig>) -> Result<(), Invalid> {
    match config {
        Some(config) if config.pir < config.cir => Err(Invalid::BadRates),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Color::{Green, Red, Yellow};

    const CONFIG: MeterConfig = MeterConfig {
        cir: 1_000,
        cburst: 1,
        pir: 2_000,
        pburst: 2,
    };

    #[test]
    fn packets_turn_yellow_and_red_and_green_again() {
        let meters = Meters::new(2, CounterUnit::Packets);
        assert_eq!(meters.execute(0, 60, 5), Green);
        assert_eq!(
            meters.modify(Operation::Modify, 0, Some(CONFIG)),
            Ok(()),
            "peak above committed"
        );
        let colors: Vec<Color> = [10, 10, 10, 510, 510, 1_010, 2_010]
            .into_iter()
            .map(|now| meters.execute(0, 60, now))
            .collect();
        assert_eq!(
            colors,
            [Green, Yellow, Red, Yellow, Red, Green, Green],
            "a token each 500 and 1000 microseconds"
        );
        assert_eq!(meters.execute(1, 60, 10), Green);
        assert_eq!(meters.execute(2, 60, 10), Green);
        meters.clear();
        assert_eq!(meters.config(0), None);
    }

    #[test]
    fn bytes_count_as_bytes() {
        let meters = Meters::new(1, CounterUnit::Bytes);
        let config = MeterConfig {
            cburst: 100,
            pburst: 150,
            ..CONFIG
        };
        meters.configure(0, Some(config));
        assert_eq!(
            [60, 60, 60].map(|bytes| meters.execute(0, bytes, 0)),
            [Green, Yellow, Red]
        );
    }

    #[test]
    fn bad_configurations_are_refused() {
        let meters = Meters::new(1, CounterUnit::Bytes);
        let config = MeterConfig {
            pir: CONFIG.cir - 1,
            ..CONFIG
        };
        assert_eq!(
            meters.modify(Operation::Modify, 0, Some(config)),
            Err(Invalid::BadRates.into())
        );
        assert_eq!(
            meters.modify(Operation::Modify, 1, None),
            Err(Invalid::IndexOutOfRange { index: 1, size: 1 }.into())
        );
        assert_eq!(
            meters.modify(Operation::Insert, 0, None),
            Err(Invalid::ModifyOnly { what: "a meter" }.into())
        );
    }
}
