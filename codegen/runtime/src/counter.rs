//! Counters of packets and bytes.

use crate::{Entity, Operation, Query, WriteError, error::check_cell};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a cell counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CounterValue {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Cell {
    packets: AtomicU64,
    bytes: AtomicU64,
}

/// An array of counters. A cell's packets and bytes are each exact; between them a packet may be half counted while it is on its way.
#[derive(Debug)]
pub struct Counters {
    cells: Box<[Cell]>,
}

impl Counters {
    /// With so many cells.
    pub fn new(size: u64) -> Self {
        Counters {
            cells: (0..size).map(|_| Cell::default()).collect(),
        }
    }

    /// Counts a packet of `bytes` bytes. Beyond the end nothing is counted.
    #[inline]
    pub fn count(&self, index: u64, bytes: usize) {
        if let Some(cell) = self.cells.get(index as usize) {
            cell.packets.fetch_add(1, Relaxed);
            cell.bytes.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// What a cell counted; `None` beyond the end.
    pub fn get(&self, index: u64) -> Option<CounterValue> {
        let cell = self.cells.get(usize::try_from(index).ok()?)?;
        Some(CounterValue {
            packets: cell.packets.load(Relaxed),
            bytes: cell.bytes.load(Relaxed),
        })
    }

    /// Sets a cell; whether there is such a cell.
    pub fn set(&self, index: u64, value: CounterValue) -> bool {
        let Some(cell) = usize::try_from(index)
            .ok()
            .and_then(|index| self.cells.get(index))
        else {
            return false;
        };
        cell.packets.store(value.packets, Relaxed);
        cell.bytes.store(value.bytes, Relaxed);
        true
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
        value: CounterValue,
    ) -> Result<(), WriteError> {
        check_cell("a counter", operation, index, self.size())?;
        self.set(index, value);
        Ok(())
    }

    /// Shows this counter's part of a query; `id` is its P4Info id.
    pub fn answer(&self, id: u32, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::Counters { counter, index } = query
            && counter.is_none_or(|counter| counter == id)
        {
            let cells = index.map_or(0..self.size(), |index| index..index.saturating_add(1));
            for (index, value) in cells.filter_map(|index| Some((index, self.get(index)?))) {
                visit(Entity::Counter {
                    counter: id,
                    index,
                    value,
                });
            }
        }
    }

    /// Sets all cells to 0.
    pub fn clear(&self) {
        for index in 0..self.size() {
            self.set(index, CounterValue::default());
        }
    }
}
