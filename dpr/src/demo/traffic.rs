//! What the clients do, drawn from the seed before the demo starts.

use fastrand::Rng;

use super::content::Body;

/// Who closes a connection in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// The client, after the last response.
    Client,
    /// The server, asked by `Connection: close` in the last request.
    Server,
}

/// A request, and how long after the response before it the client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Microseconds.
    pub think_us: u64,
    /// What it asks for.
    pub body: Body,
}

/// A connection to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// When it is opened, in microseconds after the traffic's start.
    pub start_us: u64,
    /// Which client opens it.
    pub client: usize,
    /// What is asked on it, one after the other.
    pub requests: Vec<Request>,
    /// Who closes it.
    pub closer: Closer,
}

/// All that the clients will do.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// By the time of their opening.
    pub conversations: Vec<Conversation>,
    /// How long a packet takes between each client and the front router, in microseconds.
    pub distances_us: Vec<u64>,
}

/// What to draw the traffic from.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many connections.
    pub connections: usize,
    /// How many clients.
    pub clients: usize,
    /// How long connections are opened, in microseconds.
    pub opening_us: u64,
    /// The share of clients that are far away: their handshakes take some tenths of a second. They must not take as long as a
    /// move takes to settle.
    pub far_clients: f64,
}

impl Traffic {
    /// The same for the same shape and seed.
    pub fn draw(shape: &Shape, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let distances_us = (0..shape.clients)
            .map(|_| distance_us(&mut rng, shape.far_clients))
            .collect();
        let mut conversations: Vec<_> = (0..shape.connections)
            .map(|_| Conversation {
                start_us: rng.u64(..shape.opening_us.max(1)),
                client: rng.usize(..shape.clients),
                requests: (0..rng.usize(1..=5))
                    .map(|index| request(&mut rng, index == 0))
                    .collect(),
                closer: if rng.u32(..8) == 0 {
                    Closer::Server
                } else {
                    Closer::Client
                },
            })
            .collect();
        conversations.sort_by_key(|conversation| conversation.start_us);
        Self {
            conversations,
            distances_us,
        }
    }
}

fn distance_us(rng: &mut Rng, far_clients: f64) -> u64 {
    if rng.f64() < far_clients {
        rng.u64(60_000..200_000)
    } else if rng.u32(..4) == 0 {
        rng.u64(10_000..40_000)
    } else {
        rng.u64(500..10_000)
    }
}

fn request(rng: &mut Rng, is_first: bool) -> Request {
    let think_us = match (is_first, rng.u32(..4)) {
        (true, _) => 0,
        (false, 0) => rng.u64(500_000..1_500_000),
        (false, _) => rng.u64(1_000..300_000),
    };
    let length = if rng.u32(..8) == 0 {
        rng.usize(16_000..100_000)
    } else {
        rng.usize(0..3_000)
    };
    Request {
        think_us,
        body: Body {
            key: rng.u64(..),
            length,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        connections: 500,
        clients: 20,
        opening_us: 1_000_000,
        far_clients: 0.2,
    };

    #[test]
    fn the_seed_decides() {
        let first = Traffic::draw(&SHAPE, 1);
        assert_eq!(first.conversations, Traffic::draw(&SHAPE, 1).conversations);
        assert_ne!(first.conversations, Traffic::draw(&SHAPE, 2).conversations);
    }

    #[test]
    fn it_has_the_shape() {
        let traffic = Traffic::draw(&SHAPE, 3);
        assert_eq!(traffic.conversations.len(), 500);
        assert_eq!(traffic.distances_us.len(), 20);
        assert!(
            traffic
                .conversations
                .is_sorted_by_key(|conversation| conversation.start_us)
        );
        assert!(
            traffic
                .conversations
                .iter()
                .all(|one| one.client < 20 && !one.requests.is_empty())
        );
        assert!(
            traffic
                .conversations
                .iter()
                .any(|one| one.closer == Closer::Server)
        );
    }
}
