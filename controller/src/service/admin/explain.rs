//! Reads from the stages what they hold for a five-tuple, and follows a packet.

use super::{Operators, flow_message, host_name};
use crate::{
    core::{FlowKey, FlowStateKey, HostId, Input, Lookups, StageView, Target, explain},
    p4runtime_client::Request,
};
use dpr_p4::host_stage::{
    Arrival, buckets, clients, flow_state, flow_state6, former_buckets, hosts, services, sessions,
};
use dpr_protocol::admin::v1::{ExplainReply, Hop, Path};
use dpr_runtime::{Entity, EntryFilter, FieldMatch, Query, TableKey};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tonic::Status;

/// A stage that does not answer for this long is left out.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn explain_flow(
    operators: &Operators,
    flow: FlowKey,
) -> Result<ExplainReply, Status> {
    let (lookups, links, names, starts) = operators
        .visit(move |core, links, _| {
            let lookups = core.lookups(&flow);
            let links: Vec<(HostId, UnboundedSender<Request>)> = links
                .iter()
                .filter_map(|(target, link)| match target {
                    Target::Stage(host) => Some((*host, link.clone())),
                    Target::Router => None,
                })
                .collect();
            let names: BTreeMap<HostId, String> = core
                .hosts()
                .map(|host| (host.id, host.name.clone()))
                .collect();
            let members = core.status().router_members;
            let starts = if members.is_empty() {
                links.iter().map(|(host, _)| *host).collect()
            } else {
                members
            };
            (lookups, links, names, starts)
        })
        .await?;
    let lookups = lookups
        .ok_or_else(|| Status::not_found("no service has this address, protocol and port"))?;
    let mut waiting = Vec::new();
    for (host, link) in links {
        let (answer, answered) = oneshot::channel();
        if link
            .send(Request::Query {
                queries: queries(flow, &lookups),
                answer,
            })
            .is_ok()
        {
            waiting.push((host, answered));
        }
    }
    let mut stages = BTreeMap::new();
    for (host, answered) in waiting {
        if let Ok(Ok(entities)) = tokio::time::timeout(PATIENCE, answered).await {
            stages.insert(host, view(&flow, &entities));
        }
    }
    let explanation = explain(&flow, &stages, &starts, &names);
    let name = |host: HostId| {
        names
            .get(&host)
            .cloned()
            .unwrap_or_else(|| host.to_string())
    };
    let known = operators.visit(move |core, _, now| {
        core.handle(Input::Tick, now);
        core.flow(&flow).map(|info| flow_message(core, &info))
    });
    Ok(ExplainReply {
        map: lookups.bucket.map.into(),
        bucket: lookups.bucket.bucket.into(),
        hash: lookups.hash,
        paths: explanation
            .paths
            .iter()
            .map(|path| Path {
                hops: path
                    .hops
                    .iter()
                    .map(|hop| Hop {
                        stage: name(hop.stage),
                        arrival: arrival(hop.arrival).to_owned(),
                        entries: hop.entries.clone(),
                        decision: hop.decision.clone(),
                    })
                    .collect(),
                served_by: path.served_by.map(name).unwrap_or_default(),
            })
            .collect(),
        known: known.await?,
        owner: operators
            .visit(move |core, _, _| {
                core.owner_of(lookups.bucket)
                    .map(|owner| host_name(core, owner))
            })
            .await?
            .unwrap_or_default(),
        summary: explanation.summary,
    })
}

fn arrival(arrival: Arrival) -> &'static str {
    arrival.name()
}

fn queries(flow: FlowKey, lookups: &Lookups) -> Vec<Query> {
    let all = |table| Query::Tables {
        table: Some(table),
        filter: EntryFilter::All,
    };
    let mut queries = vec![
        flow_query(&flow),
        flow_query(&lookups.session),
        one(buckets::ID, lookups.bucket.matches()),
        all(services::ID),
        all(hosts::ID),
    ];
    queries.extend(
        lookups
            .client
            .map(|client| one(clients::ID, client.matches())),
    );
    queries.extend(lookups.former_bucket.map(|bucket| {
        let key = former_buckets::Key {
            map: bucket.map,
            bucket: bucket.bucket,
        };
        one(former_buckets::ID, key.matches())
    }));
    queries
}

fn one(table: u32, matches: Vec<FieldMatch>) -> Query {
    Query::Tables {
        table: Some(table),
        filter: EntryFilter::Key {
            matches,
            priority: 0,
        },
    }
}

/// The kind of rewriting of an entry, by its action's name.
fn kind(action: hosts::Action) -> Option<&'static str> {
    match action {
        hosts::Action::ByMac { .. } => Some("by_mac"),
        hosts::Action::ByNat { .. } => Some("by_nat"),
        hosts::Action::ByIpip { .. } => Some("by_ipip"),
        hosts::Action::ByIpip6 { .. } => Some("by_ipip6"),
        hosts::Action::UnknownHost => None,
    }
}

/// Asks for the server of a flow, in the table of its family, or of a session.
fn flow_query(flow: &FlowKey) -> Query {
    let (table, matches) = match FlowStateKey::from(*flow) {
        FlowStateKey::Ipv4(key) => (flow_state::ID, key.matches()),
        FlowStateKey::Ipv6(key) => (flow_state6::ID, key.matches()),
        FlowStateKey::Session(key) => (sessions::ID, key.matches()),
    };
    one(table, matches)
}

fn view(flow: &FlowKey, entities: &[Entity]) -> StageView {
    let mut view = StageView::default();
    for entity in entities {
        let Entity::Table(entry) = entity else {
            continue;
        };
        if let Ok(entry) = flow_state::Entry::try_from(entry) {
            if let flow_state::Action::ServeAt { host } = entry.action {
                view.server = Some(host);
            }
        } else if let Ok(entry) = flow_state6::Entry::try_from(entry) {
            if let flow_state6::Action::ServeAt { host } = entry.action {
                view.server = Some(host);
            }
        } else if let Ok(entry) = sessions::Entry::try_from(entry) {
            view.session = match entry.action {
                sessions::Action::ServeAt { host } => Some((host, false)),
                sessions::Action::Ask { host } => Some((host, true)),
                sessions::Action::NoAction => None,
            };
        } else if let Ok(entry) = clients::Entry::try_from(entry) {
            view.client = Some(entry.action);
        } else if let Ok(entry) = former_buckets::Entry::try_from(entry) {
            if let former_buckets::Action::FormerlyOwnedBy { owner_id } = entry.action {
                view.former_owner = Some(owner_id);
            }
        } else if let Ok(entry) = buckets::Entry::try_from(entry) {
            view.bucket = Some(entry.action);
        } else if let Ok(entry) = hosts::Entry::try_from(entry) {
            view.hosts
                .extend(kind(entry.action).map(|kind| (entry.key.host, kind)));
        } else if let Ok(entry) = services::Entry::try_from(entry) {
            let key = entry.key;
            let is_of = key.address == flow.dst && key.protocol == flow.protocol;
            if is_of && (key.port.low..=key.port.high).contains(&flow.dst_port) {
                view.service = Some(entry.action);
            }
        }
    }
    view
}
