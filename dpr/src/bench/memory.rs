//! What flow state takes of memory.

use super::{packets::Flow, scenario::flow_state};
use anyhow::Context;
use dpr_p4::host_stage;
use dpr_runtime::{ExactTable, Operation, TableEntry};
use serde::Serialize;
use std::time::Instant;

/// Memory of `flow_state`.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Entries in the table.
    pub entries: u32,
    /// What its slots take, divided by them.
    pub bytes_per_entry: f64,
    /// Time to write one, on average.
    pub write_ns: f64,
}

/// Fills `flow_state`.
pub fn measure(entries: u32) -> anyhow::Result<Memory> {
    let schema = host_stage::PROGRAM
        .table(host_stage::flow_state::ID)
        .context("host_stage has a table flow_state")?;
    let table = ExactTable::<2, 1>::new(schema);
    let start = Instant::now();
    for number in 0..entries {
        let entry = TableEntry::from(flow_state(Flow::numbered(number), 1));
        table.write(Operation::Insert, &entry)?;
    }
    let write_ns = start.elapsed().as_nanos() as f64 / f64::from(entries);
    Ok(Memory {
        entries,
        bytes_per_entry: table.memory_bytes() as f64 / f64::from(entries),
        write_ns,
    })
}
