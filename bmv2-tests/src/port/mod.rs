mod datagram;
pub(crate) mod packet_stream;

use crate::describe::{describe, difference};
use crate::eventually::PATIENCE;
use datagram::DatagramPort;
use packet_stream::StreamPort;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// The far end of a target's port.
#[derive(Debug)]
pub struct TestPort {
    number: u16,
    received: Receiver<Vec<u8>>,
    wire: Wire,
}

/// What leads to the target.
#[derive(Debug)]
enum Wire {
    Datagram(DatagramPort),
    Stream(StreamPort),
}

impl TestPort {
    /// Binds the peer of the target's UNIX datagram socket `target`.
    pub fn bind(number: u16, target: &Path) -> Self {
        let (port, received) = DatagramPort::bind(target);
        TestPort::new(number, received, Wire::Datagram(port))
    }

    fn new(number: u16, received: Receiver<Vec<u8>>, wire: Wire) -> Self {
        TestPort {
            number,
            received,
            wire,
        }
    }

    /// Puts a frame into the port.
    pub fn inject(&self, frame: &[u8]) {
        match &self.wire {
            Wire::Datagram(port) => {
                let sent = port.send(frame);
                assert!(
                    sent.is_ok(),
                    "port {}: {sent:?} when injecting {}",
                    self.number,
                    describe(frame)
                );
            }
            Wire::Stream(port) => port.send(frame),
        }
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
