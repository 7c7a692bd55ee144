//! One TCP connection, as its segments on the host's link show it (RFC 9293, with RFC 7323's window scale). The observer sees
//! everything that its host sends and receives, so the host's answers say what the host makes of the client's segments.

use crate::Direction;
use crate::wire::TcpSegment;

/// What a segment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that is reported.
    None,
    /// The handshake is complete.
    SetUp,
    /// Both FINs are acknowledged, or a valid RST was seen.
    Closed,
    /// The host answered a SYN of a connection that was thought to be open: it has a new one.
    Replaced,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The host has not answered the SYN.
    SynSeen,
    /// The host has answered with SYN-ACK.
    SynAckSeen,
    /// The connection is older than this tracker: the host has sent data, which the client has yet to acknowledge.
    PickedUp,
    /// The handshake is complete.
    Established,
    /// One side has closed.
    Closing,
    /// Both sides have closed, or one has reset.
    Closed,
}

/// What one side has sent, and what it can receive.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    /// After the highest sequence number that it sent.
    next: u32,
    /// The highest acknowledgement of it by the other side.
    acked: u32,
    /// The largest window that it has offered, in bytes.
    window: u32,
    /// RFC 7323's shift, when its SYN had the option.
    scale: Option<u8>,
    /// After its FIN.
    fin: Option<u32>,
}

/// What a side may send beyond the acknowledged when it has not been told a window: an unscaled one.
const SMALLEST_WINDOW: u32 = 65_535;

/// `value` is in `low..=high` of the sequence space.
fn within(value: u32, low: u32, high: u32) -> bool {
    value.wrapping_sub(low) <= high.wrapping_sub(low)
}

/// `value` comes after `than` in the sequence space.
fn after(value: u32, than: u32) -> bool {
    (value.wrapping_sub(than) as i32) > 0
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    phase: Phase,
    client: Half,
    host: Half,
    /// The client's initial sequence number, while it is of use.
    client_isn: u32,
    /// The initial sequence number of a later SYN that the host has not answered.
    new_isn: Option<u32>,
}

impl Connection {
    /// A connection whose first segment is the client's SYN.
    pub(super) fn from_syn(syn: &TcpSegment) -> Self {
        let client = Half {
            next: syn.end(),
            acked: syn.sequence,
            window: u32::from(syn.window),
            scale: syn.window_scale,
            fin: None,
        };
        Connection {
            phase: Phase::SynSeen,
            client,
            host: Half::default(),
            client_isn: syn.sequence,
            new_isn: None,
        }
    }

    /// A connection that was there before the tracker, from data that its host sends; absent if the segment does not prove it.
    pub(super) fn from_host_data(segment: &TcpSegment) -> Option<Self> {
        let proves =
            segment.ack && !segment.syn && !segment.fin && !segment.rst && segment.payload_len > 0;
        let half = |next, acked, window| Half {
            next,
            acked,
            window,
            scale: None,
            fin: None,
        };
        proves.then(|| Connection {
            phase: Phase::PickedUp,
            client: half(
                segment.acknowledgment,
                segment.acknowledgment,
                u32::from(u16::MAX),
            ),
            // The scale of either side is unknown, the largest is assumed.
            host: half(segment.end(), segment.sequence, u32::from(u16::MAX) << 14),
            client_isn: segment.acknowledgment.wrapping_sub(1),
            new_isn: None,
        })
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn handle(&mut self, direction: Direction, segment: &TcpSegment) -> Change {
        match (self.phase, direction) {
            (Phase::Closed, _) => Change::None,
            (Phase::SynSeen | Phase::SynAckSeen, _) => self.handle_in_handshake(direction, segment),
            (Phase::PickedUp, Direction::ToHost) => self.handle_after_pick_up(segment),
            _ if segment.rst => self.handle_reset(direction, segment),
            (Phase::PickedUp, Direction::FromHost) => {
                self.sent(direction, segment);
                Change::None
            }
            _ if segment.syn => self.handle_late_syn(direction, segment),
            _ => self.handle_open(direction, segment),
        }
    }

    fn close(&mut self) -> Change {
        self.phase = Phase::Closed;
        Change::Closed
    }

    fn handle_in_handshake(&mut self, direction: Direction, segment: &TcpSegment) -> Change {
        match direction {
            Direction::FromHost if segment.rst => {
                // Refused: the RST acknowledges the SYN, or follows the SYN-ACK.
                let refuses = segment.ack
                    && within(segment.acknowledgment, self.client_isn, self.client.next);
                if refuses || self.phase == Phase::SynAckSeen {
                    self.close()
                } else {
                    Change::None
                }
            }
            Direction::FromHost if segment.syn && segment.ack => {
                let answers = after(segment.acknowledgment, self.client_isn)
                    && within(segment.acknowledgment, self.client_isn, self.client.next);
                if answers {
                    self.host = Half {
                        next: segment.end(),
                        acked: segment.sequence,
                        window: u32::from(segment.window),
                        scale: segment.window_scale,
                        fin: None,
                    };
                    self.client.acked = segment.acknowledgment;
                    self.phase = Phase::SynAckSeen;
                    return Change::None;
                }
                self.handle_late_syn(direction, segment)
            }
            Direction::ToHost if segment.rst => {
                let exact =
                    segment.sequence == self.client.next || segment.sequence == self.client.acked;
                if exact { self.close() } else { Change::None }
            }
            Direction::ToHost if segment.syn => {
                // Retransmitted, or a new attempt; once the first is answered, the host's answer decides which one counts.
                if self.phase == Phase::SynSeen && !segment.ack {
                    *self = Connection::from_syn(segment);
                    return Change::None;
                }
                self.handle_late_syn(direction, segment)
            }
            Direction::ToHost => {
                let completes = self.phase == Phase::SynAckSeen
                    && segment.ack
                    && after(segment.acknowledgment, self.host.acked)
                    && within(segment.acknowledgment, self.host.acked, self.host.next)
                    && self.is_in_window(Direction::ToHost, segment);
                if !completes {
                    return Change::None;
                }
                self.phase = Phase::Established;
                match self.handle_open(Direction::ToHost, segment) {
                    Change::Closed => Change::Closed,
                    _ => Change::SetUp,
                }
            }
            // Data that the host sends before the client's acknowledgement has arrived (TCP Fast Open, RFC 7413).
            Direction::FromHost => {
                if self.phase == Phase::SynAckSeen
                    && segment.ack
                    && self.is_in_window(Direction::FromHost, segment)
                {
                    self.sent(Direction::FromHost, segment);
                }
                Change::None
            }
        }
    }

    fn handle_after_pick_up(&mut self, segment: &TcpSegment) -> Change {
        if segment.rst || segment.syn {
            return self.handle_reset(Direction::ToHost, segment);
        }
        let acknowledges = segment.ack
            && after(segment.acknowledgment, self.host.acked)
            && within(segment.acknowledgment, self.host.acked, self.host.next);
        if !acknowledges || !self.is_in_window(Direction::ToHost, segment) {
            return Change::None;
        }
        self.phase = Phase::Established;
        match self.handle_open(Direction::ToHost, segment) {
            Change::Closed => Change::Closed,
            _ => Change::SetUp,
        }
    }

    /// RFC 5961: a host acts on an RST only at the sequence number that it expects next, which lies between what it has
    /// acknowledged and what the client has sent. A host's own RST is believed anywhere in the window.
    fn handle_reset(&mut self, direction: Direction, segment: &TcpSegment) -> Change {
        let valid = segment.rst
            && match direction {
                Direction::ToHost => within(segment.sequence, self.client.acked, self.client.next),
                Direction::FromHost => within(
                    segment.sequence,
                    self.host.acked,
                    self.host
                        .next
                        .wrapping_add(self.client.window.max(SMALLEST_WINDOW)),
                ),
            };
        if valid { self.close() } else { Change::None }
    }

    /// A SYN on an open connection: the host answers with an acknowledgement of the old one (RFC 5961, section 4), or with a
    /// SYN-ACK if it has a new one, because it was done with the old one.
    fn handle_late_syn(&mut self, direction: Direction, segment: &TcpSegment) -> Change {
        match direction {
            Direction::ToHost => {
                if segment.sequence != self.client_isn && !segment.ack {
                    self.new_isn = Some(segment.sequence);
                }
                Change::None
            }
            Direction::FromHost => match self.new_isn {
                Some(isn) if segment.ack && segment.acknowledgment == isn.wrapping_add(1) => {
                    let syn = TcpSegment {
                        sequence: isn,
                        ..TcpSegment::empty_syn()
                    };
                    *self = Connection::from_syn(&syn);
                    self.handle_in_handshake(Direction::FromHost, segment);
                    Change::Replaced
                }
                _ => Change::None,
            },
        }
    }

    fn handle_open(&mut self, direction: Direction, segment: &TcpSegment) -> Change {
        if !self.is_in_window(direction, segment) {
            return Change::None;
        }
        self.sent(direction, segment);
        let (sender, receiver) = self.halves(direction);
        if segment.fin {
            sender.fin = Some(segment.end());
        }
        if segment.ack {
            // Beyond what was seen of the receiver only if its segments escaped this tracker.
            let highest = receiver
                .next
                .wrapping_add(sender.window.max(SMALLEST_WINDOW));
            if after(segment.acknowledgment, receiver.acked)
                && within(segment.acknowledgment, receiver.acked, highest)
            {
                receiver.acked = segment.acknowledgment;
                if after(receiver.acked, receiver.next) {
                    receiver.next = receiver.acked;
                }
            }
            sender.window = sender
                .window
                .max(u32::from(segment.window) << sender.scale.unwrap_or(0).min(14));
        }
        let is_done = |half: &Half| half.fin.is_some_and(|fin| !after(fin, half.acked));
        if is_done(&self.client) && is_done(&self.host) {
            return self.close();
        }
        if self.client.fin.is_some() || self.host.fin.is_some() {
            self.phase = Phase::Closing;
        }
        Change::None
    }

    fn sent(&mut self, direction: Direction, segment: &TcpSegment) {
        let (sender, _) = self.halves(direction);
        if after(segment.end(), sender.next) {
            sender.next = segment.end();
        }
    }

    /// Whether the receiver could take this segment, or has taken it before (a retransmission, a keep-alive).
    fn is_in_window(&mut self, direction: Direction, segment: &TcpSegment) -> bool {
        let (sender, receiver) = self.halves(direction);
        let window = receiver.window.max(SMALLEST_WINDOW);
        within(
            segment.sequence,
            sender.acked.wrapping_sub(window),
            sender.acked.wrapping_add(window),
        ) && within(
            segment.end(),
            sender.acked.wrapping_sub(window),
            sender.acked.wrapping_add(window).wrapping_add(1),
        )
    }

    /// The side that sends a packet of this direction, and the other.
    fn halves(&mut self, direction: Direction) -> (&mut Half, &mut Half) {
        match direction {
            Direction::ToHost => (&mut self.client, &mut self.host),
            Direction::FromHost => (&mut self.host, &mut self.client),
        }
    }
}
