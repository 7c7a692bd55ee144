//! Watches the hosts' ports and knows nothing of the stages' tables: who accepted which connection, and what came elsewhere.

use std::collections::HashMap;

use dpr_controller::core::FlowKey as Flow;

use super::frames::Segment;
use super::queue::Micros;

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A SYN was accepted by a host when another had accepted it before.
    AcceptedTwice,
    /// A segment of a connection came to a host that had not accepted it.
    Strayed,
    /// A host reset what no application had asked to be reset.
    Reset,
}

/// A violation, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub violation: Violation,
    /// When.
    pub at: Micros,
    /// Which connection.
    pub flow: Flow,
    /// Where it was accepted first; 0 is nowhere.
    pub accepted_by: u16,
    /// Where it was seen.
    pub seen_at: u16,
}

/// A connection as its host's port shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Which.
    pub flow: Flow,
    /// Who accepted it.
    pub host: u16,
    /// When.
    pub from: Micros,
    /// When it began to close.
    pub to: Micros,
}

/// A connection that a host accepted. The same ports may have had several.
#[derive(Clone, Copy, Debug)]
struct Accepted {
    client_isn: u32,
    host: u16,
    at: Micros,
    is_broken: bool,
    over_at: Option<Micros>,
}

/// A connection's sequence numbers lie this close to its first.
const NUMBERS: u32 = 1 << 20;

/// What the observer has seen.
#[derive(Debug, Default)]
pub struct Observer {
    accepted: HashMap<Flow, Vec<Accepted>>,
    died: Vec<u16>,
    /// A host whose stage was restarted, and when.
    restarted: Option<(u16, Micros)>,
    /// Broken promises, one per connection.
    pub findings: Vec<Finding>,
    /// Connections that were at a host that died.
    pub lost_with_host: u64,
    /// Findings about connections that a restarted stage's host had accepted while the stage may have known of them by its register only.
    pub lost_with_register: u64,
    /// Connections that a host accepted.
    pub connections: u64,
}

/// How long a stage remembers a SYN: RECENT_TTL.
const REMEMBERED: Micros = 60_000_000;

impl Observer {
    /// A host's connections are gone from now on.
    pub fn host_died(&mut self, host: u16) {
        self.died.push(host);
    }

    /// A stage lost its tables and its register.
    pub fn stage_restarted(&mut self, host: u16, at: Micros) {
        self.restarted = Some((host, at));
    }

    /// A segment leaves a stage for its host.
    pub fn see_to_host(&mut self, at: Micros, host: u16, segment: &Segment) {
        if segment.is_first_syn() {
            return;
        }
        let accepted = self
            .instance(segment.flow, segment.sequence)
            .map(|accepted| {
                if segment.is_fin() || segment.is_rst() {
                    accepted.over_at.get_or_insert(at);
                }
                *accepted
            });
        match accepted {
            Some(accepted) if accepted.host == host => {}
            _ => self.find(Violation::Strayed, at, host, segment.flow, accepted),
        }
    }

    /// A host sends a segment.
    pub fn see_from_host(&mut self, at: Micros, host: u16, segment: &Segment) {
        if segment.is_rst() {
            let accepted = self.instance_answered(segment);
            return self.find(Violation::Reset, at, host, segment.flow, accepted);
        }
        if !segment.is_syn_ack() {
            return;
        }
        let client_isn = segment.acknowledgment.wrapping_sub(1);
        let instances = self.accepted.entry(segment.flow).or_default();
        match instances
            .iter_mut()
            .rev()
            .find(|accepted| accepted.client_isn == client_isn)
        {
            None => {
                instances.push(Accepted {
                    client_isn,
                    host,
                    at,
                    is_broken: false,
                    over_at: None,
                });
                self.connections += 1;
            }
            Some(accepted) if accepted.host == host => {}
            Some(accepted) => {
                let former = *accepted;
                // The client has been told nothing by a host that died with its answer.
                if self.died.contains(&former.host) {
                    accepted.host = host;
                }
                self.find(
                    Violation::AcceptedTwice,
                    at,
                    host,
                    segment.flow,
                    Some(former),
                );
            }
        }
    }

    /// Whether the last connection of these ports has begun to close, as far as its host's port shows.
    pub fn is_over(&self, flow: Flow) -> bool {
        self.accepted
            .get(&flow)
            .and_then(|instances| instances.last())
            .is_none_or(|accepted| accepted.over_at.is_some())
    }

    /// All connections, in the order in which they were accepted; those that are not over last until `end`.
    pub fn lifetimes(&self, end: Micros) -> Vec<Lifetime> {
        let all = self.accepted.iter().flat_map(|(flow, instances)| {
            instances.iter().map(|accepted| Lifetime {
                flow: *flow,
                host: accepted.host,
                from: accepted.at,
                to: accepted.over_at.unwrap_or(end),
            })
        });
        let mut all: Vec<Lifetime> = all.collect();
        all.sort_by_key(|lifetime| (lifetime.from, lifetime.flow.src, lifetime.flow.src_port));
        all
    }

    /// Whether a connection was at a host that died, when it was last accepted.
    pub fn is_lost_with_host(&self, flow: Flow) -> bool {
        let last = self
            .accepted
            .get(&flow)
            .and_then(|instances| instances.last());
        last.is_some_and(|accepted| self.died.contains(&accepted.host))
    }

    fn instance(&mut self, flow: Flow, sequence: u32) -> Option<&mut Accepted> {
        let instances = self.accepted.get_mut(&flow)?;
        instances
            .iter_mut()
            .rev()
            .find(|accepted| sequence.wrapping_sub(accepted.client_isn) < NUMBERS)
    }

    /// The connection that a host's RST is about: the stray segment's, which was found just before, or the last.
    fn instance_answered(&mut self, reset: &Segment) -> Option<Accepted> {
        let instances = self.accepted.get(&reset.flow)?;
        instances
            .iter()
            .rev()
            .find(|accepted| accepted.is_broken)
            .or(instances.last())
            .copied()
    }

    fn find(
        &mut self,
        violation: Violation,
        at: Micros,
        seen_at: u16,
        flow: Flow,
        accepted: Option<Accepted>,
    ) {
        if let Some(former) = accepted {
            let instances = self.accepted.get_mut(&flow).into_iter().flatten();
            for instance in instances.filter(|instance| instance.client_isn == former.client_isn) {
                // Each connection breaks once.
                if std::mem::replace(&mut instance.is_broken, true) {
                    return;
                }
            }
            if self.died.contains(&former.host) {
                self.lost_with_host += 1;
                return;
            }
            if let Some((host, restarted)) = self.restarted
                && former.host == host
                && (restarted.saturating_sub(REMEMBERED)..restarted).contains(&former.at)
            {
                self.lost_with_register += 1;
                return;
            }
        }
        let accepted_by = accepted.map_or(0, |accepted| accepted.host);
        self.findings.push(Finding {
            violation,
            at,
            flow,
            accepted_by,
            seen_at,
        });
    }
}
