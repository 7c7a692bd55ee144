//! Packet I/O. A port is polled by the one thread that owns it, so that no packet takes a lock.

mod config;
pub mod memory;
mod packet_socket;
mod unix;

pub use config::{PortConfig, PortConfigError};
pub use memory::MemoryPort;
pub use packet_socket::PacketSocket;
pub use unix::UnixPort;

use dpr_runtime::Packet;
use std::io;
use std::task::{Context, Poll};

/// The longest frame that a port takes.
pub const MAX_FRAME_BYTES: usize = 65_535;

/// Where packets come in and go out.
pub trait Port: Send {
    /// The next packet, into `packet`. While there is none the caller's task is woken when one comes.
    ///
    /// # Errors
    /// What is wrong with the port; the next call may be good again.
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        packet: &mut Packet,
    ) -> Poll<io::Result<()>>;

    /// Sends a frame, without waiting longer than the kind of port says, or keeps it until [`Port::flush`].
    ///
    /// # Errors
    /// The frame is dropped: a full queue, no peer, a link that is down.
    fn send(&mut self, frame: &[u8]) -> io::Result<Sent>;

    /// Sends the frames that were kept, and says what became of all such since this was asked last.
    fn flush(&mut self) -> Flushed {
        Flushed::default()
    }
}

/// What a port did with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is gone.
    Now,
    /// It waits for [`Port::flush`].
    Queued,
}

/// What became of frames that were kept.
#[derive(Debug, Default)]
pub struct Flushed {
    /// Frames that were sent.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Frames that were dropped.
    pub failed: u64,
    /// Why the last of them was.
    pub error: Option<io::Error>,
}

impl Flushed {
    /// Counts frames that were sent.
    pub fn count_sent(&mut self, frames: u64, bytes: u64) {
        self.sent += frames;
        self.sent_bytes += bytes;
    }

    /// Counts a frame that was dropped.
    pub fn count_failed(&mut self, error: io::Error) {
        self.failed += 1;
        self.error = Some(error);
    }
}
