//! Ports on network interfaces (`AF_PACKET`), promiscuous. Needs `CAP_NET_RAW`.

use super::{MAX_FRAME_BYTES, Port};
use dpr_runtime::Packet;
use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{Domain, Socket, Type};
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Bytes of the kernel's queue of received frames.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// A port on a network interface.
pub struct PacketSocket {
    /// Tells when there is something to receive: another descriptor of the channel's socket.
    readiness: AsyncFd<Socket>,
    receiver: Box<dyn DataLinkReceiver>,
    sender: Box<dyn DataLinkSender>,
}

impl PacketSocket {
    /// Opens the interface with this name. Needs a tokio runtime.
    ///
    /// # Errors
    /// There is no such interface, it is down, or the process lacks the capability.
    pub fn open(interface: &str) -> io::Result<Self> {
        let found = datalink::interfaces()
            .into_iter()
            .find(|found| found.name == interface);
        let interface = found.ok_or_else(|| {
            let message = format!("there is no network interface {interface}");
            io::Error::new(io::ErrorKind::NotFound, message)
        })?;
        // Protocol 0 receives nothing until the channel binds the socket to its interface.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        ignore_outgoing(&socket)?;
        if set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER_BYTES).is_err() {
            // Without CAP_NET_ADMIN, as far as net.core.rmem_max allows.
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        }
        // SAFETY: the descriptor is the socket's own, and stays open and the same for as long as the socket is registered.
        let readiness =
            unsafe { AsyncFd::register_with_interest(socket.try_clone()?, Interest::READABLE) }?;
        let config = datalink::Config {
            read_buffer_size: MAX_FRAME_BYTES,
            read_timeout: Some(Duration::ZERO),
            write_timeout: Some(Duration::from_millis(1)),
            promiscuous: true,
            // The channel owns it from here, also when it fails.
            socket_fd: Some(socket.into_raw_fd()),
            ..datalink::Config::default()
        };
        let Channel::Ethernet(sender, receiver) = datalink::channel(&interface, config)? else {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        };
        Ok(PacketSocket {
            readiness,
            receiver,
            sender,
        })
    }
}

/// What the host's own network stack, or another process, sends by the interface has not come in by it.
fn ignore_outgoing(socket: &Socket) -> io::Result<()> {
    const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int that outlives the call, and its length is the int's.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            PACKET_IGNORE_OUTGOING,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

impl Port for PacketSocket {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        packet: &mut Packet,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.readiness.poll_read_ready(context))?;
            match self.receiver.next() {
                Ok(frame) => {
                    packet.set_bytes(frame);
                    return Poll::Ready(Ok(()));
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ready.clear_ready(),
                    io::ErrorKind::Interrupted => {}
                    _ => {
                        ready.clear_ready();
                        return Poll::Ready(Err(error));
                    }
                },
            }
        }
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.sender.send_to(frame, None).unwrap_or(Ok(()))
    }
}
