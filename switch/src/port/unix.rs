//! Ports over UNIX datagram sockets, one frame a datagram: whoever has no network interface to offer, a test without root or a
//! second switch, can still send and take packets. The port is bound to its own path and sends to its peer's.

use super::{MAX_FRAME_BYTES, Port, Sent};
use dpr_runtime::Packet;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram as BlockingDatagram;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::net::UnixDatagram;

/// How long a send waits for a peer that is slow to read, before the frame is dropped.
const SEND_TIMEOUT: Duration = Duration::from_millis(200);

/// A port over a UNIX datagram socket.
#[derive(Debug)]
pub struct UnixPort {
    socket: UnixDatagram,
    /// A socket of its own, so that sending may wait while receiving never does.
    sender: BlockingDatagram,
    path: PathBuf,
    peer: PathBuf,
    buffer: Vec<u8>,
}

impl UnixPort {
    /// Binds `path`, in place of a socket that an earlier process left there. Needs a tokio runtime.
    ///
    /// # Errors
    /// The path cannot be bound; for example, there is a file that is no socket.
    pub fn bind(path: &Path, peer: &Path) -> io::Result<Self> {
        let found = std::fs::symlink_metadata(path);
        if found.is_ok_and(|found| found.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        let sender = BlockingDatagram::unbound()?;
        sender.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(UnixPort {
            socket: UnixDatagram::bind(path)?,
            sender,
            path: path.to_owned(),
            peer: peer.to_owned(),
            buffer: vec![0; MAX_FRAME_BYTES],
        })
    }
}

impl Port for UnixPort {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        packet: &mut Packet,
    ) -> Poll<io::Result<()>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(self.socket.poll_recv(context, &mut buffer))?;
        packet.set_bytes(buffer.filled());
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<Sent> {
        self.sender.send_to(frame, &self.peer)?;
        Ok(Sent::Now)
    }
}

impl Drop for UnixPort {
    fn drop(&mut self) {
        // It may be gone already; nothing depends on it.
        let _ = std::fs::remove_file(&self.path);
    }
}
