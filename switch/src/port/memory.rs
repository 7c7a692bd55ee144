//! Ports in memory: two ends of a link, each usable as a switch's port or by itself. Packets' buffers go back to the sender when
//! they are read, so that a link in use allocates nothing.

use super::{Port, Sent};
use dpr_runtime::Packet;
use std::io;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

/// One end of a link in memory.
#[derive(Debug)]
pub struct MemoryPort {
    outgoing: Sender<Packet>,
    incoming: Receiver<Packet>,
    /// Buffers that the other end has read.
    free: Receiver<Packet>,
    /// Buffers of the other end that this one has read.
    read: Sender<Packet>,
}

/// A link that holds up to `capacity` packets in each direction and drops what is too much.
pub fn link(capacity: usize) -> (MemoryPort, MemoryPort) {
    let (left_out, right_in) = mpsc::channel(capacity);
    let (right_out, left_in) = mpsc::channel(capacity);
    let (right_read, left_free) = mpsc::channel(capacity);
    let (left_read, right_free) = mpsc::channel(capacity);
    let left = MemoryPort {
        outgoing: left_out,
        incoming: left_in,
        free: left_free,
        read: left_read,
    };
    let right = MemoryPort {
        outgoing: right_out,
        incoming: right_in,
        free: right_free,
        read: right_read,
    };
    (left, right)
}

impl MemoryPort {
    /// The next packet, if one is there.
    pub fn try_receive(&mut self) -> Option<Packet> {
        self.incoming.try_recv().ok()
    }

    /// The next packet; `None` when the other end is gone.
    pub async fn receive(&mut self) -> Option<Packet> {
        self.incoming.recv().await
    }

    /// The two directions, for use by different tasks.
    pub fn split(self) -> (MemorySender, MemoryReceiver) {
        let sender = MemorySender {
            outgoing: self.outgoing,
        };
        let receiver = MemoryReceiver {
            incoming: self.incoming,
        };
        (sender, receiver)
    }
}

impl Port for MemoryPort {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        packet: &mut Packet,
    ) -> Poll<io::Result<()>> {
        match self.incoming.poll_recv(context) {
            Poll::Ready(Some(mut received)) => {
                std::mem::swap(packet, &mut received);
                // Without room for it the buffer is freed.
                let _ = self.read.try_send(received);
                Poll::Ready(Ok(()))
            }
            // No more packets will come; that is no error.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<Sent> {
        let mut packet = self.free.try_recv().unwrap_or_default();
        packet.set_bytes(frame);
        self.outgoing.try_send(packet).map_err(to_io_error)?;
        Ok(Sent::Now)
    }
}

/// The sending half of an end.
#[derive(Clone, Debug)]
pub struct MemorySender {
    outgoing: Sender<Packet>,
}

impl MemorySender {
    /// Sends a frame.
    ///
    /// # Errors
    /// The link is full, or the other end gone.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.outgoing
            .try_send(Packet::from_bytes(frame))
            .map_err(to_io_error)
    }
}

/// The receiving half of an end.
#[derive(Debug)]
pub struct MemoryReceiver {
    incoming: Receiver<Packet>,
}

impl MemoryReceiver {
    /// The next packet; `None` when the other end is gone.
    pub async fn receive(&mut self) -> Option<Packet> {
        self.incoming.recv().await
    }
}

fn to_io_error(error: TrySendError<Packet>) -> io::Error {
    io::Error::from(match error {
        TrySendError::Full(_) => io::ErrorKind::WouldBlock,
        TrySendError::Closed(_) => io::ErrorKind::NotConnected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn a_link_carries_both_ways_and_drops_what_is_too_much() {
        let (mut left, mut right) = link(2);
        left.send(&[1]).unwrap();
        left.send(&[2]).unwrap();
        let error = left.send(&[3]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        right.send(&[9]).unwrap();

        let mut context = Context::from_waker(Waker::noop());
        let mut packet = Packet::new();
        for expected in [[1], [2]] {
            assert!(right.poll_receive(&mut context, &mut packet).is_ready());
            assert_eq!(packet.bytes(), expected);
        }
        assert!(right.poll_receive(&mut context, &mut packet).is_pending());
        assert_eq!(left.try_receive().unwrap().bytes(), [9]);

        drop(right);
        let error = left.send(&[4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    }
}
