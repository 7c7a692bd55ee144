//! A host's network stack, as much of TCP as the clients use: it takes data in order, acknowledges, and closes.

use std::collections::HashMap;

use dpr_controller::core::FlowKey as Flow;

use super::frames::{Segment, flags};

/// One connection of a host. Closed ones are remembered, as TIME-WAIT does it.
#[derive(Clone, Debug)]
struct Connection {
    client_isn: u32,
    isn: u32,
    /// What is expected of the client next.
    expected: u32,
    is_established: bool,
    client_has_closed: bool,
    has_closed: bool,
    close_is_acknowledged: bool,
    is_reset: bool,
    fins_sent: u32,
    /// Data that overtook what is expected.
    ahead: Vec<Segment>,
}

impl Connection {
    fn sequence(&self) -> u32 {
        self.isn
            .wrapping_add(1)
            .wrapping_add(u32::from(self.has_closed))
    }

    fn ack(&self, flow: Flow) -> Segment {
        Segment::new(flow, flags::ACK, self.sequence(), self.expected)
    }

    /// Takes data in order; says whether the client has closed, or asks the host to.
    fn take(&mut self, segment: &Segment) -> bool {
        if segment.sequence.wrapping_sub(self.expected) as i32 > 0 {
            self.ahead.push(*segment);
        }
        let mut asks_to_close = false;
        let mut next = Some(*segment).filter(|segment| segment.sequence == self.expected);
        while let Some(segment) = next {
            self.expected = segment.end();
            self.client_has_closed |= segment.is_fin();
            asks_to_close |= segment.asks_to_close;
            let position = self
                .ahead
                .iter()
                .position(|ahead| ahead.sequence == self.expected);
            next = position.map(|position| self.ahead.swap_remove(position));
        }
        asks_to_close || self.client_has_closed
    }

    fn fin(&self, flow: Flow) -> Segment {
        Segment::new(
            flow,
            flags::FIN_ACK,
            self.isn.wrapping_add(1),
            self.expected,
        )
    }
}

/// What a host does about a segment.
#[derive(Debug, Default)]
pub struct Reaction {
    /// Segments that it sends.
    pub send: Vec<Segment>,
    /// It waits for the acknowledgement of its FIN.
    pub watch_fin: bool,
}

/// After this many the host gives up.
const FIN_ATTEMPTS: u32 = 8;

/// The connections of one host.
#[derive(Debug, Default)]
pub struct Server {
    connections: HashMap<Flow, Connection>,
}

impl Server {
    /// Takes a segment from the host's link; `isn` is for the case that a connection begins.
    pub fn handle(&mut self, segment: &Segment, isn: u32) -> Reaction {
        let flow = segment.flow;
        let known = self.connections.get_mut(&flow);
        if segment.is_first_syn() {
            return self.handle_syn(segment, isn);
        }
        let Some(connection) = known else {
            let answers = !segment.is_rst();
            let reset = Segment::new(flow, flags::RESET, segment.acknowledgment, 0);
            return Reaction {
                send: if answers { vec![reset] } else { vec![] },
                watch_fin: false,
            };
        };
        let mut reaction = Reaction::default();
        if segment.is_rst() {
            connection.is_reset |= segment.sequence == connection.expected;
            return reaction;
        }
        if connection.is_reset {
            return reaction;
        }
        connection.is_established |= segment.acknowledgment == connection.isn.wrapping_add(1);
        connection.close_is_acknowledged |=
            connection.has_closed && segment.acknowledgment == connection.isn.wrapping_add(2);
        if !connection.is_established {
            return reaction;
        }
        if segment.end() == segment.sequence {
            return reaction;
        }
        let is_answered_by_closing = connection.take(segment);
        if is_answered_by_closing && !connection.has_closed {
            reaction.send.push(connection.fin(flow));
            connection.has_closed = true;
            connection.fins_sent = 1;
            reaction.watch_fin = true;
        } else {
            reaction.send.push(connection.ack(flow));
        }
        reaction
    }

    fn handle_syn(&mut self, syn: &Segment, isn: u32) -> Reaction {
        let flow = syn.flow;
        let connection = match self.connections.get(&flow).cloned() {
            // Retransmitted, or a copy that comes late.
            Some(known) if known.client_isn == syn.sequence => known,
            // The old connection is not over as this host sees it.
            Some(known) if known.is_established && !known.client_has_closed && !known.is_reset => {
                return Reaction {
                    send: vec![known.ack(flow)],
                    watch_fin: false,
                };
            }
            _ => Connection {
                client_isn: syn.sequence,
                isn,
                expected: syn.sequence.wrapping_add(1),
                is_established: false,
                client_has_closed: false,
                has_closed: false,
                close_is_acknowledged: false,
                is_reset: false,
                fins_sent: 0,
                ahead: Vec::new(),
            },
        };
        let answer = if connection.is_established {
            connection.ack(flow)
        } else {
            Segment::new(flow, flags::SYN_ACK, connection.isn, connection.expected)
        };
        let send = if connection.is_reset {
            vec![]
        } else {
            vec![answer]
        };
        self.connections.insert(flow, connection);
        Reaction {
            send,
            watch_fin: false,
        }
    }

    /// The FIN again, if it was not acknowledged.
    pub fn retransmit_fin(&mut self, flow: Flow) -> Option<Segment> {
        let connection = self.connections.get_mut(&flow)?;
        let waits = connection.has_closed
            && !connection.close_is_acknowledged
            && !connection.is_reset
            && connection.fins_sent < FIN_ATTEMPTS;
        connection.fins_sent += 1;
        waits.then(|| connection.fin(flow))
    }
}
