//! A link in memory, for hosts that are simulated in the same process.

use std::io;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Captured, PacketSource};
use crate::Direction;
use crate::wire::SNAP_LEN;

/// A shim's view of a link, and the end that is held by whoever moves the link's frames.
pub fn memory_link() -> (LinkTap, MemorySource) {
    let (to_shim, captured) = unbounded_channel();
    let (send, from_shim) = unbounded_channel();
    (
        LinkTap { to_shim, from_shim },
        MemorySource { captured, send },
    )
}

/// Shows a link's frames to a shim, and has the frames that the shim sends.
#[derive(Debug)]
pub struct LinkTap {
    to_shim: UnboundedSender<Captured>,
    from_shim: UnboundedReceiver<Vec<u8>>,
}

impl LinkTap {
    /// Shows a frame; only its beginning is copied. Without effect when the shim is gone.
    pub fn show(&self, direction: Direction, frame: &[u8]) {
        let bytes = frame.get(..SNAP_LEN).unwrap_or(frame).to_vec();
        // A shim that has ended sees nothing.
        let _ = self.to_shim.send(Captured { direction, bytes });
    }

    /// The next frame that the shim sends from the host to the stage.
    pub fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.from_shim.try_recv().ok()
    }

    /// Waits for the next frame that the shim sends; absent when the shim is gone.
    pub async fn frame(&mut self) -> Option<Vec<u8>> {
        self.from_shim.recv().await
    }
}

/// The shim's end of a [`memory_link`].
#[derive(Debug)]
pub struct MemorySource {
    captured: UnboundedReceiver<Captured>,
    send: UnboundedSender<Vec<u8>>,
}

impl PacketSource for MemorySource {
    async fn recv(&mut self) -> Option<Captured> {
        self.captured.recv().await
    }

    fn try_recv(&mut self) -> Option<Captured> {
        self.captured.try_recv().ok()
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.send
            .send(frame.to_vec())
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}
