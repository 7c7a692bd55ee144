use crate::describe::{describe, difference};
use crate::eventually::PATIENCE;
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The far end of a target's port that is a UNIX datagram socket. What comes out of the port is read all the time, so that the
/// target never waits.
#[derive(Debug)]
pub struct TestPort {
    number: u16,
    target: PathBuf,
    socket: Arc<UnixDatagram>,
    received: Receiver<Vec<u8>>,
    is_over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl TestPort {
    /// Binds the peer of the target's socket `target`.
    pub fn bind(number: u16, target: &Path) -> Self {
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
        TestPort {
            number,
            target: target.to_owned(),
            socket,
            received,
            is_over,
            reader: Some(reader),
        }
    }

    /// Puts a frame into the port.
    pub fn inject(&self, frame: &[u8]) {
        let sent = self.socket.send_to(frame, &self.target);
        assert!(
            sent.is_ok(),
            "port {}: {sent:?} when injecting {}",
            self.number,
            describe(frame)
        );
    }

    /// The next frame that comes out of the port.
    pub fn receive(&self) -> Vec<u8> {
        self.receive_within(PATIENCE)
            .unwrap_or_else(|| panic!("port {}: nothing within {PATIENCE:?}", self.number))
    }

    /// The next frame that comes out of the port, if it comes in time.
    pub fn receive_within(&self, time: Duration) -> Option<Vec<u8>> {
        self.received.recv_timeout(time).ok()
    }

    /// Expects that the next frame that comes out of the port is this one.
    pub fn expect(&self, expected: &[u8]) {
        let received = self.received.recv_timeout(PATIENCE);
        let Ok(received) = received else {
            panic!(
                "port {}: nothing within {PATIENCE:?}, expected\n{}",
                self.number,
                describe(expected)
            );
        };
        if let Some(difference) = difference(expected, &received) {
            panic!("port {}: {difference}", self.number);
        }
    }
}

impl Drop for TestPort {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the reader.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
