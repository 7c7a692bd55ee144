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

    /// Sends a frame, without waiting longer than the kind of port says.
    ///
    /// # Errors
    /// The frame is dropped: a full queue, no peer, a link that is down.
    fn send(&mut self, frame: &[u8]) -> io::Result<()>;
}
