//! A network stack: smoltcp's, with a card that takes and gives frames one at a time.
//!
//! Each connection has a socket set of its own, so that a packet costs the same however many connections there are.

use std::net::IpAddr;

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr};

use super::net::Frame;

/// The largest frame: 1,500 bytes after an Ethernet header.
const LARGEST_FRAME: usize = 1514;

/// The card.
#[derive(Default)]
struct Card {
    received: Option<Frame>,
    sent: Vec<Frame>,
}

struct Received(Frame);

struct Sending<'a>(&'a mut Vec<Frame>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        self.0.push(frame);
        result
    }
}

impl Device for Card {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Received, Sending<'_>)> {
        let frame = self.received.take()?;
        Some((Received(frame), Sending(&mut self.sent)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sending<'_>> {
        Some(Sending(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = LARGEST_FRAME;
        capabilities
    }
}

/// A connection's socket, alone in its set.
pub struct Connection {
    set: SocketSet<'static>,
    handle: SocketHandle,
}

impl Connection {
    /// A closed socket with buffers of so many bytes.
    pub fn new(receive: usize, send: usize) -> Self {
        let mut set = SocketSet::new(vec![SocketStorage::EMPTY]);
        let socket = tcp::Socket::new(
            tcp::SocketBuffer::new(vec![0; receive]),
            tcp::SocketBuffer::new(vec![0; send]),
        );
        let handle = set.add(socket);
        Self { set, handle }
    }

    /// The socket.
    pub fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.set.get_mut(self.handle)
    }
}

/// An interface with its card. Times are microseconds since the start of the demo.
pub struct Stack {
    interface: Interface,
    card: Card,
    no_sockets: SocketSet<'static>,
}

fn instant(now_us: u64) -> Instant {
    Instant::from_micros(now_us as i64)
}

impl Stack {
    /// A stack with a MAC, its addresses (each with the length of its prefix; eight at most), and gateways, one of a family.
    pub fn new(
        mac: EthernetAddress,
        addresses: &[(IpAddr, u8)],
        gateways: &[IpAddr],
        seed: u64,
        now_us: u64,
    ) -> Self {
        let mut config = Config::new(HardwareAddress::Ethernet(mac));
        config.random_seed = seed;
        let mut card = Card::default();
        let mut interface = Interface::new(config, &mut card, instant(now_us));
        interface.update_ip_addrs(|known| {
            for (address, prefix) in addresses {
                if known
                    .push(IpCidr::new(IpAddress::from(*address), *prefix))
                    .is_err()
                {
                    tracing::error!(%address, "the stack has no room for this address");
                }
            }
        });
        for gateway in gateways {
            let routes = interface.routes_mut();
            let added = match gateway {
                IpAddr::V4(gateway) => routes.add_default_ipv4_route(*gateway).is_ok(),
                IpAddr::V6(gateway) => routes.add_default_ipv6_route(*gateway).is_ok(),
            };
            if !added {
                tracing::error!(%gateway, "the stack has no room for its gateway");
            }
        }
        Self {
            interface,
            card,
            no_sockets: SocketSet::new(Vec::new()),
        }
    }

    /// Gives a frame to the stack, for a connection if it belongs to one.
    pub fn receive(&mut self, now_us: u64, frame: Frame, connection: Option<&mut Connection>) {
        self.card.received = Some(frame);
        let sockets = connection.map_or(&mut self.no_sockets, |connection| &mut connection.set);
        self.interface
            .poll_ingress_single(instant(now_us), &mut self.card, sockets);
    }

    /// Lets a connection send what it has to; when it wants to be asked again at the latest.
    pub fn transmit(&mut self, now_us: u64, connection: &mut Connection) -> Option<u64> {
        let now = instant(now_us);
        while self
            .interface
            .poll_egress(now, &mut self.card, &mut connection.set)
            == PollResult::SocketStateChanged
        {}
        let next = self.interface.poll_at(now, &connection.set)?;
        // One that cannot send yet and wants to (its neighbour is not known) is asked again soon.
        Some((next.total_micros() as u64).max(now_us + 100))
    }

    /// Opens a connection to `remote` from a port.
    pub fn connect(
        &mut self,
        connection: &mut Connection,
        remote: (IpAddr, u16),
        local_port: u16,
    ) -> Result<(), tcp::ConnectError> {
        let socket: &mut tcp::Socket = connection.set.get_mut(connection.handle);
        socket.connect(
            self.interface.context(),
            (IpAddress::from(remote.0), remote.1),
            local_port,
        )
    }

    /// What the stack has sent since it was last asked.
    pub fn take_sent(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.card.sent)
    }
}
