//! A network interface of the host, by AF_PACKET (packet(7)).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::{netdevice::name_to_index, sockopt::set_socket_recv_buffer_size_force};
use socket2::{Domain, SockAddr, SockAddrStorage, Socket, Type};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};

use super::{Captured, PacketSource};
use crate::Direction;
use crate::wire::SNAP_LEN;

/// Frames that wait for the shim; more are not captured.
const QUEUE: usize = 65_536;
/// Bytes of the kernel's queue of captured frames. It counts whole frames, and with segmentation offload one can be 64 KiB.
const RECEIVE_BUFFER_BYTES: usize = 16 << 20;
/// How often the capturing thread looks whether it is still wanted, and whether frames were lost.
const READ_TIMEOUT: Duration = Duration::from_millis(200);
/// After so many frames it looks too.
const FRAMES_PER_LOOK: u32 = 65_536;

/// Captures what an interface receives and sends, and sends on it. Needs CAP_NET_RAW; with CAP_NET_ADMIN the kernel's queue may be
/// longer than `net.core.rmem_max`.
pub struct InterfaceSource {
    captured: Receiver<Captured>,
    socket: Arc<Socket>,
    is_wanted: Arc<AtomicBool>,
}

impl InterfaceSource {
    /// Opens an interface by name.
    ///
    /// # Errors
    /// There is no such interface, or the process lacks the capability.
    pub fn open(interface_name: &str) -> io::Result<Self> {
        // Protocol 0 captures nothing until the socket is bound to its interface.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        let index = name_to_index(&socket, interface_name).map_err(|error| {
            io::Error::new(error.kind(), format!("no interface `{interface_name}`"))
        })?;
        if set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER_BYTES).is_err() {
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        }
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        socket.bind(&all_of(index))?;
        let socket = Arc::new(socket);
        let (to_shim, captured) = channel(QUEUE);
        let is_wanted = Arc::new(AtomicBool::new(true));
        let capture = Capture {
            socket: Arc::clone(&socket),
            to_shim,
            missed: 0,
            is_wanted: Arc::clone(&is_wanted),
        };
        thread::Builder::new()
            .name(format!("capture {interface_name}"))
            .spawn(move || capture.run())?;
        Ok(InterfaceSource {
            captured,
            socket,
            is_wanted,
        })
    }
}

/// Every protocol on an interface.
fn all_of(interface: u32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: a packet socket's address is of this type, fits the storage, and all its bytes may be zero.
    unsafe {
        let address: &mut libc::sockaddr_ll = storage.view_as();
        address.sll_family = libc::AF_PACKET as libc::sa_family_t;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = interface as libc::c_int;
        SockAddr::new(storage, size_of::<libc::sockaddr_ll>() as libc::socklen_t)
    }
}

/// Which way a frame went, by what the kernel says of it.
fn direction(address: SockAddr) -> Direction {
    let mut storage = address.as_storage();
    // SAFETY: the kernel has filled in a packet socket's address.
    let address: &mut libc::sockaddr_ll = unsafe { storage.view_as() };
    if address.sll_pkttype == libc::PACKET_OUTGOING {
        Direction::FromHost
    } else {
        Direction::ToHost
    }
}

struct Capture {
    socket: Arc<Socket>,
    to_shim: Sender<Captured>,
    /// Frames that found the shim's queue full since the last look.
    missed: u64,
    is_wanted: Arc<AtomicBool>,
}

impl Capture {
    fn run(mut self) {
        let mut until_look = FRAMES_PER_LOOK;
        let mut buffer = [MaybeUninit::uninit(); SNAP_LEN];
        while self.is_wanted.load(Ordering::Relaxed) {
            let (length, address) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::TimedOut
                            | io::ErrorKind::WouldBlock
                            | io::ErrorKind::Interrupted
                    ) =>
                {
                    self.look();
                    continue;
                }
                // It comes back, or the shim is stopped.
                Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => {
                    tracing::warn!("the interface is down");
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "the interface can no longer be read");
                    return;
                }
            };
            // SAFETY: the kernel has written so many bytes.
            let bytes = buffer[..length]
                .iter()
                .map(|byte| unsafe { byte.assume_init() })
                .collect();
            let captured = Captured {
                direction: direction(address),
                bytes,
            };
            match self.to_shim.try_send(captured) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => self.missed += 1,
                Err(TrySendError::Closed(_)) => return,
            }
            until_look -= 1;
            if until_look == 0 {
                until_look = FRAMES_PER_LOOK;
                self.look();
            }
        }
    }

    /// Says when frames were lost, here or in the kernel's queue: the end of a connection may have been in them, and then it is
    /// known until it has been idle for long.
    fn look(&mut self) {
        let frames = self.missed + u64::from(dropped(&self.socket));
        self.missed = 0;
        if frames > 0 {
            tracing::warn!(
                frames,
                "the host's link carries more than can be captured; connections may be reported late or stay known"
            );
        }
    }
}

/// How many frames the kernel's queue had no room for since this was last asked.
fn dropped(socket: &Socket) -> u32 {
    let mut statistics = [0u32; 2];
    let mut length = size_of_val(&statistics) as libc::socklen_t;
    // SAFETY: the option's value is a tpacket_stats, two 32-bit integers, and the length is theirs.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut statistics).cast(),
            &raw mut length,
        )
    };
    if result == 0 { statistics[1] } else { 0 }
}

impl PacketSource for InterfaceSource {
    async fn recv(&mut self) -> Option<Captured> {
        self.captured.recv().await
    }

    fn try_recv(&mut self) -> Option<Captured> {
        self.captured.try_recv().ok()
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame).map(|_| ())
    }
}

impl Drop for InterfaceSource {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}
