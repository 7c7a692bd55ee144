//! The clients: many addresses outside the front router, each with its own network stack, that fetch bodies over HTTP.

use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;
use smoltcp::socket::tcp;
use smoltcp::time::Duration;
use smoltcp::wire::EthernetAddress;

use super::http::{ResponseReader, Step};
use super::net::{self, Endpoint, Frame, Segment, Timeline};
use super::stack::{Connection, Stack};
use super::traffic::{Closer, Conversation, Traffic};

const RECEIVE_BUFFER: usize = 32 << 10;
const SEND_BUFFER: usize = 1 << 10;
/// A client whose conversation makes no progress for so long gives up, if its network loses nothing.
pub const PATIENCE_US: u64 = 20_000_000;
/// A client that only waits asks after so long whether the other end is still there; when it is not, another host says so.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// A client's first port; each connection of a client takes the next.
const FIRST_PORT: u16 = 2048;
/// How many connections a client can open.
pub const PORTS_PER_CLIENT: usize = (u16::MAX - FIRST_PORT) as usize;

/// Where the clients are.
#[derive(Clone, Debug)]
pub struct ClientNetwork {
    /// The MAC that all clients are behind, as the front router sees them.
    pub mac: EthernetAddress,
    /// The first client's address; the others follow.
    pub first: IpAddr,
    /// The length of the prefix that they are in.
    pub prefix: u8,
    /// The front router's address there.
    pub gateway: IpAddr,
    /// Whom they talk to: each client to one of these, in turn.
    pub targets: Vec<Endpoint>,
    /// How long a client waits for anything to happen on a connection.
    pub patience_us: u64,
}

/// Why a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Failure {
    /// It was reset.
    Reset,
    /// The server closed it before the last response was there.
    ClosedEarly,
    /// Not the response that was asked for.
    WrongResponse,
    /// Nothing happened for too long.
    TimedOut,
    /// It could not even be opened.
    NotOpened,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All responses were right, and both sides closed it.
    Completed,
    /// It failed.
    Failed(Failure),
}

/// A connection that ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The client's address and port.
    pub client: Endpoint,
    /// How.
    pub end: End,
}

/// What a client does on a connection.
#[derive(Debug)]
enum Phase {
    /// Waits for its next request's time.
    Thinking { until_us: u64 },
    /// Reads the response to its request.
    Reading(ResponseReader),
    /// Has all it wanted, and waits for the end of the connection.
    Closing,
    /// Is counted already.
    Ended,
}

struct Open {
    plan: usize,
    client: usize,
    endpoint: Endpoint,
    connection: Connection,
    next_request: usize,
    phase: Phase,
    unsent: Vec<u8>,
    progress_us: u64,
    deadline_us: Option<u64>,
    was_reset: bool,
}

struct Client {
    address: IpAddr,
    stack: Stack,
    /// Which connection has which port, from `FIRST_PORT`; they stay here when they are gone.
    by_port: Vec<usize>,
    distance_us: u64,
}

/// The address that follows another after so many.
fn nth(first: IpAddr, index: usize) -> IpAddr {
    match first {
        IpAddr::V4(first) => std::net::Ipv4Addr::from_bits(first.to_bits() + index as u32).into(),
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits() + index as u128).into(),
    }
}

/// All the clients.
pub struct Clients {
    network: ClientNetwork,
    clients: Vec<Client>,
    plans: Vec<Conversation>,
    opened: usize,
    connections: Vec<Option<Open>>,
    deadlines: Timeline<usize>,
    start_us: Option<u64>,
    ended: Vec<Ended>,
    asked_resets: Vec<Endpoint>,
    sent_by: Vec<usize>,
}

impl Clients {
    /// Clients that wait for [`Clients::start`].
    pub fn new(network: ClientNetwork, traffic: Traffic, seed: u64, now_us: u64) -> Self {
        let clients = traffic
            .distances_us
            .iter()
            .enumerate()
            .map(|(index, &distance_us)| {
                let address = nth(network.first, index);
                let own = [(address, network.prefix)];
                Client {
                    address,
                    stack: Stack::new(
                        network.mac,
                        &own,
                        &[network.gateway],
                        seed ^ ((index as u64 + 1) << 20),
                        now_us,
                    ),
                    by_port: Vec::new(),
                    distance_us,
                }
            })
            .collect();
        Self {
            network,
            clients,
            plans: traffic.conversations,
            opened: 0,
            connections: Vec::new(),
            deadlines: Timeline::default(),
            start_us: None,
            ended: Vec::new(),
            asked_resets: Vec::new(),
            sent_by: Vec::new(),
        }
    }

    /// Traffic begins.
    pub fn start(&mut self, now_us: u64) {
        self.start_us = Some(now_us);
    }

    /// Connections opened so far.
    pub fn opened(&self) -> usize {
        self.opened
    }

    /// Whether no more connections will be opened.
    pub fn all_opened(&self) -> bool {
        self.opened == self.plans.len()
    }

    /// How long a packet takes to or from the client of an address.
    pub fn distance_us(&self, address: IpAddr) -> Option<u64> {
        self.index_of(address)
            .map(|index| self.clients[index].distance_us)
    }

    /// Takes a frame that came to the clients' network.
    pub fn receive(&mut self, now_us: u64, frame: Frame) {
        let Some(client) = net::destination(&frame).and_then(|address| self.index_of(address))
        else {
            return;
        };
        let Some(segment) = Segment::parse(&frame) else {
            self.clients[client].stack.receive(now_us, frame, None);
            self.sent_by.push(client);
            self.advance_unopened(now_us, client);
            return;
        };
        let port = usize::from(segment.dst.1.wrapping_sub(FIRST_PORT));
        let slot = self.clients[client].by_port.get(port).copied();
        match slot.and_then(|slot| self.connections[slot].as_mut().map(|open| (slot, open))) {
            Some((slot, open)) => {
                // Once both sides have closed, a reset is the other end's way to say that it is done: users are not told of it
                // (RFC 9293, section 3.10.7.4: CLOSING, LAST-ACK, TIME-WAIT).
                let both_closed = matches!(
                    open.connection.socket().state(),
                    tcp::State::Closing | tcp::State::LastAck | tcp::State::TimeWait
                );
                self.clients[client]
                    .stack
                    .receive(now_us, frame, Some(&mut open.connection));
                open.was_reset |= segment.rst
                    && !both_closed
                    && open.connection.socket().state() == tcp::State::Closed;
                self.advance(now_us, slot);
            }
            // A host that has not heard the last acknowledgement says so until it is told that the connection is no more.
            None if segment.fin && slot.is_some() => {
                self.asked_resets.push(segment.dst);
                self.clients[client].stack.receive(now_us, frame, None);
                self.sent_by.push(client);
            }
            // Another late segment of a connection that is over: both ends are done, nothing answers.
            None => tracing::trace!(?segment, "late"),
        }
    }

    /// Opens the connections that are due, and does what else is due.
    pub fn poll(&mut self, now_us: u64) {
        if let Some(start_us) = self.start_us {
            while self
                .plans
                .get(self.opened)
                .is_some_and(|plan| start_us + plan.start_us <= now_us)
            {
                self.open(now_us, self.opened);
                self.opened += 1;
            }
        }
        while let Some((at_us, slot)) = self.deadlines.pop_due(now_us) {
            if self.connections[slot]
                .as_ref()
                .is_some_and(|open| open.deadline_us == Some(at_us))
            {
                self.advance(now_us, slot);
            }
        }
    }

    /// When [`Clients::poll`] has something to do.
    pub fn next_us(&self) -> Option<u64> {
        let next_start = self
            .start_us
            .zip(self.plans.get(self.opened))
            .map(|(start_us, plan)| start_us + plan.start_us);
        self.deadlines.next_us().into_iter().chain(next_start).min()
    }

    /// What the clients have sent since this was last called: each frame with the time it takes to the front router.
    pub fn take_sent(&mut self) -> Vec<(u64, Frame)> {
        let mut sent = Vec::new();
        for client in std::mem::take(&mut self.sent_by) {
            let client = &mut self.clients[client];
            sent.extend(
                client
                    .stack
                    .take_sent()
                    .into_iter()
                    .map(|frame| (client.distance_us, frame)),
            );
        }
        sent
    }

    /// The connections that ended since this was last called.
    pub fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    /// The connections that a client's application has reset since this was last called.
    pub fn take_asked_resets(&mut self) -> Vec<Endpoint> {
        std::mem::take(&mut self.asked_resets)
    }

    fn index_of(&self, address: IpAddr) -> Option<usize> {
        let index = match (address, self.network.first) {
            (IpAddr::V4(address), IpAddr::V4(first)) => {
                u128::from(address.to_bits().checked_sub(first.to_bits())?)
            }
            (IpAddr::V6(address), IpAddr::V6(first)) => {
                address.to_bits().checked_sub(first.to_bits())?
            }
            _ => return None,
        };
        let index = usize::try_from(index).ok()?;
        (index < self.clients.len()).then_some(index)
    }

    fn open(&mut self, now_us: u64, plan: usize) {
        let index = self.plans[plan].client;
        let client = &mut self.clients[index];
        let slot = self.connections.len();
        let port = FIRST_PORT + client.by_port.len() as u16;
        client.by_port.push(slot);
        let mut connection = Connection::new(RECEIVE_BUFFER, SEND_BUFFER);
        connection.socket().set_nagle_enabled(false);
        connection.socket().set_keep_alive(Some(KEEP_ALIVE));
        let endpoint = (client.address, port);
        let targets = &self.network.targets;
        let target = targets[index % targets.len()];
        if client.stack.connect(&mut connection, target, port).is_err() {
            self.ended.push(Ended {
                client: endpoint,
                end: End::Failed(Failure::NotOpened),
            });
            self.connections.push(None);
            return;
        }
        self.connections.push(Some(Open {
            plan,
            client: index,
            endpoint,
            connection,
            next_request: 0,
            phase: Phase::Thinking { until_us: now_us },
            unsent: Vec::new(),
            progress_us: now_us,
            deadline_us: None,
            was_reset: false,
        }));
        self.advance(now_us, slot);
    }

    /// Brings those connections of a client on that may have waited for the gateway's MAC.
    fn advance_unopened(&mut self, now_us: u64, client: usize) {
        for index in 0..self.clients[client].by_port.len() {
            let slot = self.clients[client].by_port[index];
            let open = self.connections[slot].as_mut();
            if open.is_some_and(|open| open.connection.socket().state() == tcp::State::SynSent) {
                self.advance(now_us, slot);
            }
        }
    }

    /// Brings a connection as far as it gets now.
    fn advance(&mut self, now_us: u64, slot: usize) {
        let Some(open) = &mut self.connections[slot] else {
            return;
        };
        let plan = &self.plans[open.plan];
        if let Some(end) = open.step(now_us, plan, self.network.patience_us) {
            if !matches!(open.phase, Phase::Ended) {
                let gives_up = matches!(end, End::Failed(failure) if failure != Failure::Reset);
                if gives_up && open.connection.socket().is_open() {
                    open.connection.socket().abort();
                    self.asked_resets.push(open.endpoint);
                }
                self.ended.push(Ended {
                    client: open.endpoint,
                    end,
                });
            }
            open.phase = Phase::Ended;
        }
        let next_us = self.clients[open.client]
            .stack
            .transmit(now_us, &mut open.connection);
        self.sent_by.push(open.client);
        if matches!(open.phase, Phase::Ended)
            && open.connection.socket().state() == tcp::State::Closed
        {
            self.connections[slot] = None;
            return;
        }
        let own_us = match open.phase {
            Phase::Thinking { until_us } if open.connection.socket().may_send() => Some(until_us),
            Phase::Ended => None,
            _ => Some(open.progress_us + self.network.patience_us),
        };
        let next_us = next_us.into_iter().chain(own_us).min();
        if next_us != open.deadline_us {
            open.deadline_us = next_us;
            if let Some(next_us) = next_us {
                self.deadlines.push(next_us, slot);
            }
        }
    }
}

impl Open {
    /// Moves bytes and requests; the end, once it is there.
    fn step(&mut self, now_us: u64, plan: &Conversation, patience_us: u64) -> Option<End> {
        if let Some(failure) = self.read(now_us, plan) {
            return Some(End::Failed(failure));
        }
        if matches!(self.phase, Phase::Reading(_)) && self.is_closed_by_server() {
            return Some(End::Failed(self.closed_early()));
        }
        if let Phase::Thinking { until_us } = self.phase {
            if self.is_closed_by_server() {
                return Some(End::Failed(self.closed_early()));
            }
            if now_us >= until_us && self.connection.socket().may_send() {
                self.request(plan);
                self.progress_us = now_us;
            }
        }
        if matches!(self.phase, Phase::Closing) {
            let closer = plan.closer;
            let socket = self.connection.socket();
            if closer == Closer::Client || socket.state() == tcp::State::CloseWait {
                socket.close();
            }
            match socket.state() {
                tcp::State::TimeWait => return Some(End::Completed),
                tcp::State::Closed if self.was_reset => return Some(End::Failed(Failure::Reset)),
                tcp::State::Closed => return Some(End::Completed),
                _ => {}
            }
        }
        self.write();
        if now_us >= self.progress_us + patience_us && !self.is_waiting_for_its_own_sake(now_us) {
            return Some(End::Failed(Failure::TimedOut));
        }
        None
    }

    fn is_waiting_for_its_own_sake(&mut self, now_us: u64) -> bool {
        matches!(self.phase, Phase::Ended)
            || matches!(self.phase, Phase::Thinking { until_us } if now_us < until_us && self.connection.socket().may_send())
    }

    fn is_closed_by_server(&mut self) -> bool {
        let socket = self.connection.socket();
        !socket.can_recv()
            && matches!(
                socket.state(),
                tcp::State::CloseWait | tcp::State::Closed | tcp::State::LastAck
            )
    }

    fn closed_early(&self) -> Failure {
        if self.was_reset {
            Failure::Reset
        } else {
            Failure::ClosedEarly
        }
    }

    /// Reads what is there.
    fn read(&mut self, now_us: u64, plan: &Conversation) -> Option<Failure> {
        while self.connection.socket().can_recv() {
            self.progress_us = now_us;
            let phase = &mut self.phase;
            let step = self.connection.socket().recv(|bytes| {
                let step = match phase {
                    Phase::Reading(reader) => reader.receive(bytes).ok(),
                    Phase::Thinking { .. } | Phase::Closing | Phase::Ended => None,
                };
                (bytes.len(), step)
            });
            match step {
                Ok(Some(Step::Incomplete)) => {}
                Ok(Some(Step::Complete)) => {
                    self.phase = match plan.requests.get(self.next_request) {
                        Some(request) => Phase::Thinking {
                            until_us: now_us + request.think_us,
                        },
                        None => Phase::Closing,
                    };
                }
                Ok(None) if matches!(self.phase, Phase::Ended) => {}
                Ok(None) => return Some(Failure::WrongResponse),
                Err(_) => break,
            }
        }
        None
    }

    /// Sends the next request.
    fn request(&mut self, plan: &Conversation) {
        let Some(request) = plan.requests.get(self.next_request) else {
            return;
        };
        self.next_request += 1;
        let is_last = self.next_request == plan.requests.len();
        let connection = if is_last && plan.closer == Closer::Server {
            "close"
        } else {
            "keep-alive"
        };
        self.unsent = format!(
            "GET {} HTTP/1.1\r\nHost: demo\r\nUser-Agent: dpr-demo\r\nConnection: {connection}\r\n\r\n",
            request.body.path()
        )
        .into_bytes();
        self.phase = Phase::Reading(ResponseReader::new(request.body));
    }

    fn write(&mut self) {
        if self.unsent.is_empty() {
            return;
        }
        if let Ok(count) = self.connection.socket().send_slice(&self.unsent) {
            self.unsent.drain(..count);
        }
    }
}
