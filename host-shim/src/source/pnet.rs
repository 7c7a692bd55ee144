//! A network interface of the host, by AF_PACKET.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pnet::datalink::{self, Channel, DataLinkReceiver, DataLinkSender, NetworkInterface};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};

use super::{Captured, PacketSource};
use crate::Direction;
use crate::wire::SNAP_LEN;

/// Frames that wait for the shim; more are not captured.
const QUEUE: usize = 65_536;
/// How often the capturing thread looks whether it is still wanted.
const READ_TIMEOUT: Duration = Duration::from_millis(200);

/// Captures what an interface receives and sends, and sends on it. Needs CAP_NET_RAW.
pub struct InterfaceSource {
    captured: Receiver<Captured>,
    send: Box<dyn DataLinkSender>,
    missed: Arc<AtomicU64>,
    is_wanted: Arc<AtomicBool>,
}

impl InterfaceSource {
    /// Opens an interface by name.
    pub fn open(interface_name: &str) -> io::Result<Self> {
        let interface = datalink::interfaces()
            .into_iter()
            .find(|interface| interface.name == interface_name)
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("no interface `{interface_name}`"),
                )
            })?;
        let config = datalink::Config {
            read_timeout: Some(READ_TIMEOUT),
            ..datalink::Config::default()
        };
        let Channel::Ethernet(send, receive) = datalink::channel(&interface, config)? else {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        };
        let (to_shim, captured) = channel(QUEUE);
        let missed = Arc::new(AtomicU64::new(0));
        let is_wanted = Arc::new(AtomicBool::new(true));
        let capture = Capture {
            own_mac: own_mac(&interface)?,
            receive,
            to_shim,
            missed: Arc::clone(&missed),
            is_wanted: Arc::clone(&is_wanted),
        };
        thread::Builder::new()
            .name(format!("capture {interface_name}"))
            .spawn(move || capture.run())?;
        Ok(InterfaceSource {
            captured,
            send,
            missed,
            is_wanted,
        })
    }

    /// Frames that were not captured because the shim was too slow.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

fn own_mac(interface: &NetworkInterface) -> io::Result<[u8; 6]> {
    let mac = interface.mac.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("interface `{}` has no MAC", interface.name),
        )
    })?;
    Ok(mac.octets())
}

struct Capture {
    own_mac: [u8; 6],
    receive: Box<dyn DataLinkReceiver>,
    to_shim: Sender<Captured>,
    missed: Arc<AtomicU64>,
    is_wanted: Arc<AtomicBool>,
}

impl Capture {
    fn run(mut self) {
        while self.is_wanted.load(Ordering::Relaxed) {
            let frame = match self.receive.next() {
                Ok(frame) => frame,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) =>
                {
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "the interface can no longer be read");
                    return;
                }
            };
            let is_own = frame.get(6..12) == Some(&self.own_mac[..]);
            let direction = if is_own {
                Direction::FromHost
            } else {
                Direction::ToHost
            };
            let bytes = frame.get(..SNAP_LEN).unwrap_or(frame).to_vec();
            match self.to_shim.try_send(Captured { direction, bytes }) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    self.missed.fetch_add(1, Ordering::Relaxed);
                }
                Err(TrySendError::Closed(_)) => return,
            }
        }
    }
}

impl PacketSource for InterfaceSource {
    async fn recv(&mut self) -> Option<Captured> {
        self.captured.recv().await
    }

    fn try_recv(&mut self) -> Option<Captured> {
        self.captured.try_recv().ok()
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.send
            .send_to(frame, None)
            .unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::WouldBlock)))
    }
}

impl Drop for InterfaceSource {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}
