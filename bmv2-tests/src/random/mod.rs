//! Random packets and table entries from a small world, so that they meet one another.

mod frames;
mod packets;
mod router_entries;
mod stage_entries;
pub mod world;

pub use frames::Frames;
pub use packets::{packet, transport};
pub use router_entries::router_update;
pub use stage_entries::stage_update;

use dpr_runtime::{Entry, Operation, Table, Update};
use fastrand::Rng;

/// What packets and entries to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// IPv4 packets that are tunnels by their protocol.
    pub tunnels: bool,
    /// All that the pipelines written by hand do not know: VLAN tags, IPv6, tunnels with packets in them, ICMP errors, QUIC, and
    /// all tables.
    pub others: bool,
    /// Entries that leave to chance what becomes of a packet.
    pub chance: bool,
}

impl Kinds {
    /// What the host stage written by hand knows.
    pub const PLAIN: Kinds = Kinds {
        tunnels: false,
        others: false,
        chance: true,
    };
    /// What the front router written by hand knows.
    pub const PLAIN_AND_TUNNELS: Kinds = Kinds {
        tunnels: true,
        others: false,
        chance: true,
    };
    /// All but what only claims to be a tunnel.
    pub const WELL_FORMED: Kinds = Kinds {
        tunnels: false,
        others: true,
        chance: true,
    };
    /// Everything.
    pub const ALL: Kinds = Kinds {
        tunnels: true,
        others: true,
        chance: true,
    };
}

/// One of these.
pub fn one_of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())]
}

/// Mostly insertions.
fn operation(rng: &mut Rng) -> Operation {
    match rng.u8(0..10) {
        0 => Operation::Delete,
        1 | 2 => Operation::Modify,
        _ => Operation::Insert,
    }
}

/// Some operation on an entry.
fn any<T: Table>(rng: &mut Rng, entry: Entry<T>) -> Update {
    match operation(rng) {
        Operation::Insert => entry.insert(),
        Operation::Modify => entry.modify(),
        Operation::Delete => entry.delete(),
    }
}
