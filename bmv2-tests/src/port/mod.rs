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
        self.expect_all(vec![expected.to_vec()]);
    }

    /// Expects that the next frames that come out of the port are these, in any order: which copy of a packet leaves first,
    /// P4Runtime does not say.
    pub fn expect_all(&self, expected: Vec<Vec<u8>>) {
        if let Err(difference) = self.receive_all(expected) {
            panic!("port {}: {difference}", self.number);
        }
    }

    /// Receives as many frames as these, in any order; how the first that is not one of them differs.
    pub fn receive_all(&self, mut expected: Vec<Vec<u8>>) -> Result<(), String> {
        while let Some(first) = expected.first() {
            let Some(received) = self.receive_within(PATIENCE) else {
                let first = describe(first);
                return Err(format!("nothing within {PATIENCE:?}, expected\n{first}"));
            };
            match expected.iter().position(|frame| *frame == received) {
                Some(found) => _ = expected.remove(found),
                None => return difference(first, &received).map_or(Ok(()), Err),
            }
        }
        Ok(())
    }
}
