//! Where a packet goes and why, by the entries that the stages hold: the host stage's decision rule, read aloud.

use super::{
    Core,
    change::Change,
    types::{BucketId, FlowKey, HostId},
};
use dpr_p4::host_stage::{Affinity, Arrival, buckets, clients, services};
use std::collections::BTreeMap;

/// What one stage holds for one five-tuple.
#[derive(Clone, Debug, Default)]
pub struct StageView {
    /// What it does with packets to the service; `None` if the service is unknown to it.
    pub service: Option<services::Action>,
    /// The server that its flow state names.
    pub server: Option<HostId>,
    /// The host of the client's session, and whether it ends.
    pub session: Option<(HostId, bool)>,
    /// What the client's prefix says of its map.
    pub client: Option<clients::Action>,
    /// The bucket's entry.
    pub bucket: Option<buckets::Action>,
    /// While the service or the client's class changes: who owned the flow's former bucket.
    pub former_owner: Option<HostId>,
    /// The hosts that it can reroute to, and by which kind of rewriting.
    pub hosts: BTreeMap<HostId, &'static str>,
}

/// What a stage looks up for a five-tuple.
#[derive(Clone, Copy, Debug)]
pub struct Lookups {
    /// Its hash.
    pub hash: u32,
    /// Its bucket.
    pub bucket: BucketId,
    /// The bucket that it comes from, while the service or the client's class changes.
    pub former_bucket: Option<BucketId>,
    /// The client's session on the service's map.
    pub session: FlowKey,
    /// The client's prefix, if it has a map of its own.
    pub client: Option<clients::Key>,
}

impl Core {
    /// What stages look up for a five-tuple; `None` if no service has its address, protocol and port.
    pub fn lookups(&self, flow: &FlowKey) -> Option<Lookups> {
        let placement = self.rules.placement_of(flow)?;
        let former = self.change.as_ref().map(Change::former);
        let mut rules = [Some(&self.rules), former].into_iter().flatten();
        let prefixes = rules
            .clone()
            .filter_map(|rules| rules.client_of(placement.map, flow.src));
        Some(Lookups {
            hash: placement.affinity.hash(flow),
            bucket: rules.next()?.bucket_of(flow, self.group.mask())?,
            former_bucket: former.and_then(|rules| rules.bucket_of(flow, self.group.mask())),
            session: FlowKey::session(placement.map, flow.src),
            client: prefixes.max_by_key(|key| key.client.prefix),
        })
    }
}

/// One stage on a packet's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Whose stage.
    pub stage: HostId,
    /// How the packet came to it.
    pub arrival: Arrival,
    /// The entries that it looked up, as `table key -> action`.
    pub entries: Vec<String>,
    /// What it does, and why.
    pub decision: String,
}

/// A packet's way from one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// In order.
    pub hops: Vec<Hop>,
    /// The host that serves it, if one does. At a stage that is asked as the previous owner, a segment of a connection whose SYN
    /// it served less than a minute ago ends there instead.
    pub served_by: Option<HostId>,
}

/// All ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One from each stage that the router may choose.
    pub paths: Vec<Path>,
    /// In a sentence.
    pub summary: String,
}

/// No packet passes more stages than this; more would be a loop.
const MOST_HOPS: usize = 8;

/// Follows a packet of a connection from each of `starts`.
pub fn explain(
    flow: &FlowKey,
    stages: &BTreeMap<HostId, StageView>,
    starts: &[HostId],
    names: &BTreeMap<HostId, String>,
) -> Explanation {
    let name = |host: HostId| {
        names
            .get(&host)
            .cloned()
            .unwrap_or_else(|| format!("host {host}"))
    };
    let paths: Vec<Path> = starts
        .iter()
        .map(|start| follow(flow, stages, *start, &name))
        .collect();
    let mut servers: Vec<Option<HostId>> = paths.iter().map(|path| path.served_by).collect();
    servers.sort_unstable();
    servers.dedup();
    let summary = match servers.as_slice() {
        [] => "no stage to begin at".to_owned(),
        [Some(server)] => {
            let hops = paths.iter().map(|path| path.hops.len()).max().unwrap_or(0);
            let is_by = |table: &str| {
                let mut hops = paths.iter().flat_map(|path| &path.hops);
                hops.any(|hop| hop.entries.iter().any(|entry| entry.starts_with(table)))
            };
            let why = if is_by("flow_state ") {
                "flow state names it"
            } else if is_by("sessions ") {
                "the client's session is there"
            } else {
                "it owns the bucket"
            };
            format!(
                "{} serves it wherever it enters, after {hops} stages at most: {why}",
                name(*server)
            )
        }
        [None] => "no host serves it".to_owned(),
        _ => "where it is served depends on where it enters: its entries are changing".to_owned(),
    };
    Explanation { paths, summary }
}

fn follow(
    flow: &FlowKey,
    stages: &BTreeMap<HostId, StageView>,
    start: HostId,
    name: &dyn Fn(HostId) -> String,
) -> Path {
    let mut hops = Vec::new();
    let (mut stage, mut arrival) = (start, Arrival::Router);
    while hops.len() < MOST_HOPS {
        let Some(view) = stages.get(&stage) else {
            hops.push(Hop {
                stage,
                arrival,
                entries: Vec::new(),
                decision: "its stage cannot be read".to_owned(),
            });
            return Path {
                hops,
                served_by: None,
            };
        };
        let (hop, next) = decide(flow, stage, arrival, view, name);
        hops.push(hop);
        match next {
            Next::Deliver => {
                return Path {
                    hops,
                    served_by: Some(stage),
                };
            }
            Next::Drop => {
                return Path {
                    hops,
                    served_by: None,
                };
            }
            Next::Reroute(host, as_what) => (stage, arrival) = (host, as_what),
        }
    }
    Path {
        hops,
        served_by: None,
    }
}

/// What the rules say of a flow at a stage.
struct Rule {
    /// What of the flow counts.
    affinity: Affinity,
    /// While it changes: whether the new rules count, and what counted before.
    committed: Option<bool>,
    former_affinity: Option<Affinity>,
}

impl StageView {
    /// The rule for the flow, by the service and the client; the entries that say so are noted down.
    fn rule(&self, flow: &FlowKey, entries: &mut Vec<String>) -> Option<Rule> {
        let affinity = |number| Affinity::try_from(number).unwrap_or(Affinity::Connection);
        let port = flow.dst_port;
        let mut rule = match self.service? {
            services::Action::InMap {
                map_id,
                affinity: by,
                ..
            } => {
                let affinity = affinity(by);
                entries.push(format!(
                    "services {port} -> in_map({map_id}, {})",
                    affinity.name()
                ));
                Rule {
                    affinity,
                    committed: None,
                    former_affinity: None,
                }
            }
            services::Action::ChangesMap {
                map_id,
                affinity: by,
                former_map_id,
                former_affinity,
                committed,
                ..
            } => {
                let (now, before) = (affinity(by), affinity(former_affinity));
                entries.push(format!(
                    "services {port} -> changes_map({map_id}, {}, former {former_map_id}, {}, committed {committed})",
                    now.name(),
                    before.name()
                ));
                Rule {
                    affinity: if committed == 1 { now } else { before },
                    committed: Some(committed == 1),
                    former_affinity: Some(before),
                }
            }
            services::Action::AnswerHere | services::Action::NoAction => return None,
        };
        match self.client {
            Some(clients::Action::InClassMap { map_id }) => {
                entries.push(format!("clients -> in_class_map({map_id})"));
            }
            Some(clients::Action::ChangesClassMap {
                map_id,
                former_map_id,
                committed,
            }) => {
                entries.push(format!(
                    "clients -> changes_class_map({map_id}, former {former_map_id}, committed {committed})"
                ));
                rule.committed = Some(committed == 1);
            }
            Some(clients::Action::NoAction) | None => {}
        }
        Some(rule)
    }
}

enum Next {
    Deliver,
    Drop,
    Reroute(HostId, Arrival),
}

/// The decision rule of the host stage.
fn decide(
    flow: &FlowKey,
    stage: HostId,
    arrival: Arrival,
    view: &StageView,
    name: &dyn Fn(HostId) -> String,
) -> (Hop, Next) {
    let mut entries = Vec::new();
    let serve_at = |server: HostId, why: &str| {
        if server == stage {
            return (format!("delivers it: {why} this host"), Next::Deliver);
        }
        let text = format!("reroutes it to {} as final: {why} it", name(server));
        (text, Next::Reroute(server, Arrival::Final))
    };
    let (decision, next) = 'decided: {
        if view.service == Some(services::Action::AnswerHere) {
            break 'decided ("answers it here, as any host may".to_owned(), Next::Deliver);
        }
        let Some(rule) = view.rule(flow, &mut entries) else {
            break 'decided ("drops it: no service".to_owned(), Next::Drop);
        };
        if arrival == Arrival::Final {
            break 'decided ("delivers it: it arrives as final".to_owned(), Next::Deliver);
        }
        if let Some(server) = view.server {
            entries.push(format!("flow_state -> serve_at({})", name(server)));
            break 'decided serve_at(server, "flow state names");
        }
        let Some(buckets::Action::OwnedBy {
            owner_id: owner,
            previous_id: previous,
            accept,
        }) = view.bucket
        else {
            break 'decided ("drops it: no entry for its bucket".to_owned(), Next::Drop);
        };
        let asks = if previous == 0 {
            "nobody".to_owned()
        } else {
            name(previous)
        };
        entries.push(format!(
            "buckets -> owned_by({}, previous {asks}, accept {accept})",
            name(owner)
        ));
        let (mut owner, mut previous, mut accept) = (owner, previous, accept);
        if let (Some(committed), Some(former)) = (rule.committed, view.former_owner) {
            entries.push(format!(
                "former_buckets -> formerly_owned_by({})",
                name(former)
            ));
            previous = if former == stage { 0 } else { former };
            accept = (!committed && owner == stage).into();
            owner = if committed { owner } else { former };
        }
        if arrival != Arrival::Chain {
            if owner != stage && !(arrival == Arrival::Peer && accept == 1) {
                break 'decided (
                    format!("reroutes it to {} as peer: the bucket's owner", name(owner)),
                    Next::Reroute(owner, Arrival::Peer),
                );
            }
            if previous != 0 {
                let text = format!(
                    "asks {}: the bucket is on its way from there",
                    name(previous)
                );
                break 'decided (text, Next::Reroute(previous, Arrival::Chain));
            }
        }
        let had_sessions =
            rule.former_affinity == Some(Affinity::Session) && view.former_owner == Some(stage);
        match view.session {
            Some((server, false)) if rule.affinity == Affinity::Session => {
                entries.push(format!("sessions -> serve_at({})", name(server)));
                break 'decided serve_at(server, "the client's session names");
            }
            Some((server, _))
                if server != stage && (rule.affinity == Affinity::Session || had_sessions) =>
            {
                entries.push(format!("sessions -> ask({})", name(server)));
                let text = format!("asks {}: the client's session was there", name(server));
                break 'decided (text, Next::Reroute(server, Arrival::Chain));
            }
            _ => {}
        }
        if arrival == Arrival::Chain && owner == stage {
            let text = "delivers it: asked as the previous owner, it is the owner still";
            break 'decided (text.to_owned(), Next::Deliver);
        }
        if arrival == Arrival::Chain {
            let text = format!(
                "delivers it if it served its SYN within a minute, else reroutes it to {} as final",
                name(owner)
            );
            break 'decided (text, Next::Reroute(owner, Arrival::Final));
        }
        ("delivers it: it owns the bucket".to_owned(), Next::Deliver)
    };
    let (decision, next) = match next {
        Next::Reroute(host, _) => match view.hosts.get(&host) {
            Some(kind) => {
                entries.push(format!("hosts {} -> {kind}", name(host)));
                (decision, next)
            }
            None => (
                format!("drops it: it has no entry for {}", name(host)),
                Next::Drop,
            ),
        },
        next => (decision, next),
    };
    (
        Hop {
            stage,
            arrival,
            entries,
            decision,
        },
        next,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned_by(owner_id: HostId, previous_id: HostId, accept: u8) -> Option<buckets::Action> {
        Some(buckets::Action::OwnedBy {
            owner_id,
            previous_id,
            accept,
        })
    }

    fn stages(entries: [Option<buckets::Action>; 3]) -> BTreeMap<HostId, StageView> {
        let service = Some(dpr_p4::in_map(0, 15, Affinity::Connection));
        (1..)
            .zip(entries)
            .map(|(host, bucket)| {
                (
                    host,
                    StageView {
                        service,
                        bucket,
                        hosts: (1..=3).map(|host| (host, "by_mac")).collect(),
                        ..StageView::default()
                    },
                )
            })
            .collect()
    }

    #[test]
    fn in_the_middle_of_a_move_the_new_owner_asks_the_old_one() {
        // From 1 to 2, committed.
        let stages = stages([owned_by(2, 0, 0), owned_by(2, 1, 1), owned_by(2, 0, 0)]);
        let explained = explain(&FlowKey::default(), &stages, &[3], &BTreeMap::new());
        let way: Vec<_> = explained.paths[0]
            .hops
            .iter()
            .map(|hop| (hop.stage, hop.arrival))
            .collect();
        assert_eq!(
            way,
            [
                (3, Arrival::Router),
                (2, Arrival::Peer),
                (1, Arrival::Chain),
                (2, Arrival::Final)
            ]
        );
        assert_eq!(explained.paths[0].served_by, Some(2));
    }

    #[test]
    fn flow_state_wins_over_the_bucket() {
        let mut stages = stages([owned_by(2, 0, 0); 3]);
        for host in [2, 3] {
            stages.entry(host).or_default().server = Some(3);
        }
        let explained = explain(&FlowKey::default(), &stages, &[1, 2, 3], &BTreeMap::new());
        assert_eq!(
            explained
                .paths
                .iter()
                .map(|path| path.served_by)
                .collect::<Vec<_>>(),
            [Some(3); 3]
        );
        assert_eq!(
            explained.summary,
            "host 3 serves it wherever it enters, after 3 stages at most: flow state names it"
        );
    }

    #[test]
    fn entries_that_lead_in_a_circle_serve_nobody() {
        let stages = stages([owned_by(2, 0, 0), owned_by(1, 0, 0), owned_by(1, 0, 0)]);
        let explained = explain(&FlowKey::default(), &stages, &[1], &BTreeMap::new());
        assert_eq!(
            (explained.paths[0].served_by, explained.paths[0].hops.len()),
            (None, MOST_HOPS)
        );
    }
}
