//! Watches the hosts' ports and judges whether every connection stays on one host. It knows what passes there, and nothing of
//! tables, buckets or reports.

use rustc_hash::{FxHashMap, FxHashSet};

use super::net::{Endpoint, Segment};

/// The number of a host, from 1.
pub type HostId = u16;

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViolationKind {
    /// A segment that is no SYN came to a host that did not accept its connection.
    AtAnotherHost,
    /// Two hosts accepted the same SYN.
    AcceptedTwice,
    /// A reset that no application asked for.
    UnaskedReset,
}

impl ViolationKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AtAnotherHost => "a segment came to a host that does not hold its connection",
            Self::AcceptedTwice => "two hosts accepted one SYN",
            Self::UnaskedReset => "a reset that no application asked for",
        }
    }
}

/// One violation: the first of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What happened.
    pub kind: ViolationKind,
    /// The connection's client.
    pub client: Endpoint,
    /// The host that accepted the connection, if one did.
    pub accepted_by: Option<HostId>,
    /// The host at whose port it happened.
    pub at: HostId,
    /// When, in microseconds.
    pub at_us: u64,
}

#[derive(Default)]
struct Watched {
    /// The sequence number of the SYN: another one is another connection.
    isn: u32,
    accepted_by: Option<HostId>,
    client_closed: bool,
    server_closed: bool,
    has_violation: bool,
}

/// The observer of the addresses and ports that clients speak to.
pub struct Observer {
    targets: Vec<Endpoint>,
    connections: FxHashMap<Endpoint, Watched>,
    asked_resets: FxHashSet<Endpoint>,
    dead: FxHashSet<HostId>,
    accepted: FxHashMap<HostId, u64>,
    violations: Vec<Violation>,
}

impl Observer {
    /// Watches connections to these.
    pub fn new(targets: Vec<Endpoint>) -> Self {
        Self {
            targets,
            connections: FxHashMap::default(),
            asked_resets: FxHashSet::default(),
            dead: FxHashSet::default(),
            accepted: FxHashMap::default(),
            violations: Vec::new(),
        }
    }

    /// A segment that a host gets.
    pub fn host_gets(&mut self, now_us: u64, host: HostId, segment: &Segment) {
        if !self.targets.contains(&segment.dst) {
            return;
        }
        let client = segment.src;
        let watched = self.connections.entry(client).or_default();
        if segment.opens() {
            if watched.accepted_by.is_none() || watched.isn != segment.sequence {
                *watched = Watched {
                    isn: segment.sequence,
                    ..Watched::default()
                };
            }
            return;
        }
        watched.client_closed |= segment.fin;
        let kind = if watched.accepted_by != Some(host) {
            ViolationKind::AtAnotherHost
        } else if segment.rst && !watched.is_closed() && !self.asked_resets.contains(&client) {
            ViolationKind::UnaskedReset
        } else {
            return;
        };
        self.violated(now_us, host, client, kind);
    }

    /// A segment that a host sends.
    pub fn host_sends(&mut self, now_us: u64, host: HostId, segment: &Segment) {
        if !self.targets.contains(&segment.src) {
            return;
        }
        let client = segment.dst;
        let watched = self.connections.entry(client).or_default();
        if segment.syn {
            match watched.accepted_by {
                None => {
                    watched.accepted_by = Some(host);
                    *self.accepted.entry(host).or_default() += 1;
                }
                Some(first) if first != host => {
                    self.violated(now_us, host, client, ViolationKind::AcceptedTwice)
                }
                Some(_) => {}
            }
            return;
        }
        if watched.accepted_by == Some(host) {
            watched.server_closed |= segment.fin;
        }
        // The answer to a late segment of a connection that both ends have closed is as it should be (RFC 9293, 3.10.7.1).
        if segment.rst && !(watched.accepted_by == Some(host) && watched.is_closed()) {
            self.violated(now_us, host, client, ViolationKind::UnaskedReset);
        }
    }

    /// A client's application has reset its connection.
    pub fn reset_was_asked(&mut self, client: Endpoint) {
        self.asked_resets.insert(client);
    }

    /// A host has died: what becomes of its connections is no violation.
    pub fn host_died(&mut self, host: HostId) {
        self.dead.insert(host);
    }

    /// Whether the connection's host died while it had it.
    pub fn is_bereaved(&self, client: Endpoint) -> bool {
        self.accepted_by(client)
            .is_some_and(|host| self.dead.contains(&host))
    }

    /// Who accepted a connection.
    pub fn accepted_by(&self, client: Endpoint) -> Option<HostId> {
        self.connections
            .get(&client)
            .and_then(|watched| watched.accepted_by)
    }

    /// How many connections a host has accepted.
    pub fn accepted(&self, host: HostId) -> u64 {
        self.accepted.get(&host).copied().unwrap_or_default()
    }

    /// What happened that must not: at most one for each connection.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn violated(&mut self, at_us: u64, at: HostId, client: Endpoint, kind: ViolationKind) {
        let Some(watched) = self.connections.get_mut(&client) else {
            return;
        };
        let is_bereaved = watched
            .accepted_by
            .is_some_and(|host| self.dead.contains(&host));
        if is_bereaved || watched.has_violation {
            return;
        }
        watched.has_violation = true;
        self.violations.push(Violation {
            kind,
            client,
            accepted_by: watched.accepted_by,
            at,
            at_us,
        });
    }
}

impl Watched {
    fn is_closed(&self) -> bool {
        self.client_closed && self.server_closed
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const PUBLISHED: Endpoint = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80);
    const CLIENT: Endpoint = (IpAddr::V4(Ipv4Addr::new(198, 18, 1, 1)), 2048);

    fn up(flags: &str, sequence: u32) -> Segment {
        Segment {
            src: CLIENT,
            dst: PUBLISHED,
            sequence,
            syn: flags.contains('S'),
            ack: flags.contains('A'),
            fin: flags.contains('F'),
            rst: flags.contains('R'),
        }
    }

    fn down(flags: &str) -> Segment {
        Segment {
            src: PUBLISHED,
            dst: CLIENT,
            ..up(flags, 0)
        }
    }

    /// An observer that has seen host 1 accept the connection.
    fn accepted() -> Observer {
        let mut observer = Observer::new(vec![PUBLISHED]);
        observer.host_gets(0, 1, &up("S", 100));
        observer.host_sends(1, 1, &down("SA"));
        observer.host_gets(2, 1, &up("A", 101));
        observer
    }

    fn kinds(observer: &Observer) -> Vec<ViolationKind> {
        observer
            .violations()
            .iter()
            .map(|violation| violation.kind)
            .collect()
    }

    #[test]
    fn a_connection_on_one_host_is_right() {
        let mut observer = accepted();
        observer.host_gets(3, 1, &up("S", 100));
        observer.host_sends(3, 1, &down("SA"));
        observer.host_gets(4, 1, &up("AF", 150));
        observer.host_sends(5, 1, &down("AF"));
        observer.host_gets(6, 1, &up("A", 151));
        observer.host_sends(7, 1, &down("R"));
        assert_eq!(kinds(&observer), []);
        assert_eq!(observer.accepted(1), 1);
    }

    #[test]
    fn a_segment_elsewhere_is_seen_once_for_a_connection() {
        let mut observer = accepted();
        observer.host_gets(3, 2, &up("A", 101));
        observer.host_sends(4, 2, &down("R"));
        observer.host_gets(5, 3, &up("A", 101));
        assert_eq!(kinds(&observer), [ViolationKind::AtAnotherHost]);
        assert_eq!(observer.violations()[0].at, 2);
        assert_eq!(observer.violations()[0].accepted_by, Some(1));
    }

    #[test]
    fn a_syn_delivered_twice_is_right_and_accepted_twice_is_not() {
        let mut observer = accepted();
        observer.host_gets(3, 2, &up("S", 100));
        assert_eq!(kinds(&observer), []);
        observer.host_sends(4, 2, &down("SA"));
        assert_eq!(kinds(&observer), [ViolationKind::AcceptedTwice]);
    }

    #[test]
    fn another_syn_is_another_connection() {
        let mut observer = accepted();
        observer.host_gets(3, 2, &up("S", 900));
        observer.host_sends(4, 2, &down("SA"));
        observer.host_gets(5, 2, &up("A", 901));
        assert_eq!(kinds(&observer), []);
    }

    #[test]
    fn a_reset_needs_an_application() {
        let mut observer = accepted();
        observer.host_sends(3, 1, &down("R"));
        assert_eq!(kinds(&observer), [ViolationKind::UnaskedReset]);
        let mut observer = accepted();
        observer.host_gets(3, 1, &up("R", 101));
        assert_eq!(kinds(&observer), [ViolationKind::UnaskedReset]);
        let mut observer = accepted();
        observer.reset_was_asked(CLIENT);
        observer.host_gets(3, 1, &up("R", 101));
        assert_eq!(kinds(&observer), []);
    }

    #[test]
    fn the_dead_hosts_connections_are_forgiven_and_no_others() {
        let mut observer = accepted();
        observer.host_died(1);
        observer.host_gets(3, 2, &up("A", 101));
        observer.host_sends(4, 2, &down("R"));
        assert_eq!(kinds(&observer), []);
        assert!(observer.is_bereaved(CLIENT));
        let mut observer = accepted();
        observer.host_died(3);
        observer.host_gets(3, 2, &up("A", 101));
        assert_eq!(kinds(&observer), [ViolationKind::AtAnotherHost]);
    }

    #[test]
    fn a_segment_of_a_connection_that_nobody_accepted_is_wrong() {
        let mut observer = Observer::new(vec![PUBLISHED]);
        observer.host_gets(0, 1, &up("A", 5));
        assert_eq!(kinds(&observer), [ViolationKind::AtAnotherHost]);
    }
}
