//! What every packet pipeline is to a switch, whatever it was generated from.

use crate::{Entity, Packet, ProgramInfo, Query, TableEntry, Update, Worker, WriteError};

/// How a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Port number, 9 bits in v1model.
    pub port: u16,
    /// Microseconds since some start that the switch chooses.
    pub now_us: u64,
}

/// What became of a packet. The bytes of one that leaves are in the packet that was passed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It ends here.
    Drop,
    /// It leaves by a port.
    Send {
        /// Port number.
        port: u16,
    },
    /// Any number of packets leave: they are in [`Worker::outputs`], and what was passed in is of no further use.
    Several,
}

/// A packet pipeline with its tables. Many threads may call it at once; control-plane calls never hold up [`Pipeline::process`].
pub trait Pipeline: Send + Sync + 'static {
    /// What the pipeline was made from, and what its tables look like.
    fn program(&self) -> &ProgramInfo;

    /// Sends one packet through. Does not panic whatever the bytes. A program that neither copies packets nor measures them takes no
    /// lock, and allocates nothing once `packet` has grown.
    fn process(&self, worker: &mut Worker, ingress: Ingress, packet: &mut Packet) -> Verdict;

    /// Changes one entity. A packet that starts after the return sees the change.
    fn write(&self, update: &Update) -> Result<(), WriteError>;

    /// Shows what a query asks for, tables by id and their entries by key.
    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity));

    /// Says that it is `now_ns` nanoseconds after some start, which is how tables whose entries can be idle know the time: the
    /// entries that were hit since the last call were hit now. Shows the entries that have been idle for as long as they may be,
    /// each again after as long a time. A program without such tables has nothing to do.
    fn age(&self, now_ns: u64, idle: &mut dyn FnMut(TableEntry)) {
        let _ = (now_ns, idle);
    }

    /// Makes the pipeline as it was when new: initial entries and default actions only, counters and registers 0.
    fn clear(&self);
}
