//! Ports of `dpr switch` that are UNIX datagram sockets.

use crate::eventually::PATIENCE;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

/// The far end of a socket. What comes out of it is read all the time, so that the target never waits.
#[derive(Debug)]
pub struct DatagramPort {
    target: PathBuf,
    socket: Arc<UnixDatagram>,
    is_over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl DatagramPort {
    /// Binds the peer of the target's socket `target`; the frames that come out.
    pub fn bind(target: &Path) -> (Self, Receiver<Vec<u8>>) {
        let peer = format!("{}.peer", target.display());
        let socket = UnixDatagram::bind(&peer).unwrap_or_else(|error| panic!("{peer}: {error}"));
        socket
            .set_write_timeout(Some(PATIENCE))
            .expect("a socket takes a time limit");
        let socket = Arc::new(socket);
        let is_over = Arc::new(AtomicBool::new(false));
        let (sender, received) = mpsc::channel();
        let reader = {
            let (socket, is_over) = (Arc::clone(&socket), Arc::clone(&is_over));
            thread::spawn(move || {
                let mut buffer = vec![0; 65_536];
                while let Ok(length) = socket.recv(&mut buffer) {
                    if is_over.load(Ordering::Relaxed)
                        || sender.send(buffer[..length].to_vec()).is_err()
                    {
                        break;
                    }
                }
            })
        };
        let port = DatagramPort {
            target: target.to_owned(),
            socket,
            is_over,
            reader: Some(reader),
        };
        (port, received)
    }

    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send_to(frame, &self.target).map(drop)
    }
}

impl Drop for DatagramPort {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the reader.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
