//! Ports on network interfaces (`AF_PACKET`), promiscuous. Needs `CAP_NET_RAW`.
//!
//! Frames come in by a ring that is shared with the kernel and go out many at a time, so that most take no system call of their own.

mod options;
mod queue;
mod ring;

use super::{Flushed, MAX_FRAME_BYTES, Port, Sent};
use dpr_runtime::Packet;
use queue::SendQueue;
use ring::{Ring, VLAN_TAG_AT};
use rustix::net::sockopt::{set_socket_recv_buffer_size_force, set_socket_send_buffer_size_force};
use socket2::{Domain, Socket, Type};
use std::io::{self, Read};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Bytes of the kernel's queue of frames that are longer than the ring's slots.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Bytes of frames that are on their way out.
const SEND_BUFFER_BYTES: usize = 4 << 20;

/// A port on a network interface.
pub struct PacketSocket {
    /// Tells when there is something to receive: another descriptor of `socket`.
    readiness: AsyncFd<Socket>,
    socket: Socket,
    ring: Ring,
    queue: SendQueue,
    /// For frames that are longer than the ring's slots.
    buffer: Vec<u8>,
}

impl PacketSocket {
    /// Opens the interface with this name. Needs a tokio runtime.
    ///
    /// # Errors
    /// There is no such interface, it is down, or the process lacks the capability.
    pub fn open(interface: &str) -> io::Result<Self> {
        let index = options::index(interface)?;
        // Protocol 0 receives nothing until the socket is bound to its interface.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        if !options::is_up(&socket, interface)? {
            return Err(io::Error::from(io::ErrorKind::NetworkDown));
        }
        options::ignore_outgoing(&socket)?;
        if set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER_BYTES).is_err() {
            // Without CAP_NET_ADMIN, as far as net.core.rmem_max allows.
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        }
        if set_socket_send_buffer_size_force(&socket, SEND_BUFFER_BYTES).is_err() {
            socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        }
        let ring = Ring::new(&socket)?;
        options::bind(&socket, index)?;
        options::be_promiscuous(&socket, index)?;
        // SAFETY: the descriptor is the socket's own, and stays open and the same for as long as the socket is registered.
        let readiness =
            unsafe { AsyncFd::register_with_interest(socket.try_clone()?, Interest::READABLE) }?;
        Ok(PacketSocket {
            readiness,
            socket,
            ring,
            queue: SendQueue::default(),
            buffer: vec![0; MAX_FRAME_BYTES],
        })
    }

    /// The next frame of the ring, if there is one.
    fn take(&mut self, packet: &mut Packet) -> Option<io::Result<()>> {
        let frame = self.ring.peek()?;
        let vlan = frame.vlan;
        let taken = if !frame.is_cut() {
            packet.set_bytes(frame.bytes);
            Ok(())
        } else if frame.is_queued {
            let received = self.socket.read(&mut self.buffer);
            received.map(|length| packet.set_bytes(self.buffer.get(..length).unwrap_or_default()))
        } else {
            // The kernel had no memory for the rest of it.
            Err(io::ErrorKind::OutOfMemory.into())
        };
        self.ring.release();
        if let (Ok(()), Some(tag)) = (&taken, vlan) {
            put_tag_back(packet, tag);
        }
        Some(taken)
    }
}

/// The kernel takes the outermost 802.1Q tag off and says beside the frame what it was.
fn put_tag_back(packet: &mut Packet, tag: [u8; 4]) {
    if let Some(addresses) = packet.bytes().first_chunk::<VLAN_TAG_AT>() {
        let mut head = [0; VLAN_TAG_AT + 4];
        head[..VLAN_TAG_AT].copy_from_slice(addresses);
        head[VLAN_TAG_AT..].copy_from_slice(&tag);
        packet.replace_head(VLAN_TAG_AT, &head);
    }
}

impl Port for PacketSocket {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        packet: &mut Packet,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(taken) = self.take(packet) {
                return Poll::Ready(taken);
            }
            let mut ready = ready!(self.readiness.poll_read_ready(context))?;
            // What came before the readiness was looked at is there now; what comes later makes it ready again.
            if self.ring.peek().is_none() {
                ready.clear_ready();
                if let Some(error) = self.socket.take_error()? {
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<Sent> {
        self.queue.push(&self.socket, frame);
        Ok(Sent::Queued)
    }

    fn flush(&mut self) -> Flushed {
        self.queue.flush(&self.socket)
    }
}
