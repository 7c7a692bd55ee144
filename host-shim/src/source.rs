//! Where the frames of a host's link come from.

mod interface;
mod memory;

use std::future::Future;
use std::io;

pub use self::interface::InterfaceSource;
pub use self::memory::{LinkTap, MemorySource, memory_link};
use crate::Direction;

/// A frame that crossed the host's link, or as much of its beginning as the shim reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Which way it went.
    pub direction: Direction,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

/// Both directions of a host's link.
pub trait PacketSource: Send + 'static {
    /// Waits for the next frame; absent when the link is gone. May be dropped while it waits without losing one.
    fn recv(&mut self) -> impl Future<Output = Option<Captured>> + Send;

    /// The next frame, if one is there.
    fn try_recv(&mut self) -> Option<Captured>;

    /// Sends a frame from the host to its stage.
    fn send(&mut self, frame: &[u8]) -> io::Result<()>;
}
