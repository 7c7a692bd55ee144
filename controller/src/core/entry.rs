//! What a target can hold, by key and value, in the types that come from the P4 programs.

use super::types::{BucketId, FlowKey, FlowStateKey, HostId};
use dpr_p4::{
    front_router::{gateways, gateways6, members, ports, routes, routes6},
    host_stage::{
        buckets, computers, flow_state, flow_state6, gatherers, hosts, identity,
        published_addresses, server_ids, services, tunnel_peers,
    },
};
use dpr_runtime::{Entry, Table, TableAction, TableEntry, Update};

/// Where something is held. The order is that in which an empty target is filled, by [`Key::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    /// Who the stage is (a default action).
    Identity,
    Host(HostId),
    /// Who may tunnel packets here.
    TunnelPeer(tunnel_peers::Key),
    /// A service's address.
    Published(published_addresses::Key),
    Gatherer(gatherers::Key),
    ServerId(server_ids::Key),
    Computer(computers::Key),
    Port(ports::Key),
    Gateway(gateways::Key),
    Gateway6(gateways6::Key),
    Flow(FlowKey),
    Member(members::Key),
    Bucket(BucketId),
    Service(services::Key),
    Route(routes::Key),
    Route6(routes6::Key),
}

/// What is held there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Identity(identity::Action),
    Host(hosts::Action),
    TunnelPeer,
    Published(published_addresses::Action),
    /// Of a gatherer's slot, a server id or a computer: which host.
    At(HostId),
    Port(ports::Action),
    Gateway(gateways::Action),
    Gateway6(gateways6::Action),
    Server(HostId),
    Member(members::Action),
    Owned(Owned),
    Service(services::Action),
    Route(routes::Action),
    Route6(routes6::Action),
    /// Something; an insertion was refused because it is there.
    Unread,
}

/// A bucket's entry at one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub owner: HostId,
    pub previous: HostId,
    pub accept: bool,
}

impl Owned {
    /// By a host that asks nobody.
    pub fn by(owner: HostId) -> Self {
        Owned {
            owner,
            previous: 0,
            accept: false,
        }
    }
}

/// Ranks that an empty target is filled in: what is named before what names it, and what lets traffic in last.
pub(super) const RANKS: usize = 4;

impl Key {
    /// The step in which an empty target gets it.
    pub fn rank(&self) -> usize {
        match self {
            Key::Identity
            | Key::Host(_)
            | Key::TunnelPeer(_)
            | Key::Published(_)
            | Key::Port(_)
            | Key::Gateway(_)
            | Key::Gateway6(_) => 0,
            Key::Flow(_) | Key::Member(_) | Key::Gatherer(_) | Key::ServerId(_) => 1,
            Key::Bucket(_) => 2,
            Key::Service(_) | Key::Computer(_) | Key::Route(_) | Key::Route6(_) => 3,
        }
    }
}

/// What is to become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Insert,
    Modify,
    Delete,
}

fn change_entry<T: Table>(change: Change, entry: &Entry<T>) -> Update {
    match change {
        Change::Insert => entry.insert(),
        Change::Modify => entry.modify(),
        Change::Delete => entry.delete(),
    }
}

/// Range tables need a priority; the services do not overlap, so that one does for all.
const PRIORITY: i32 = 1;

/// The write that makes a change. A deletion needs no value; without a value for another change there is nothing to write.
pub(super) fn update(change: Change, key: &Key, value: Option<&Value>) -> Option<Update> {
    let value = value.copied();
    let update = match (*key, value) {
        (Key::Identity, Some(Value::Identity(action))) => identity::Entry::default_entry(&action),
        (Key::Identity, _) => return None,
        (Key::Host(host), value) => {
            let action = match value {
                Some(Value::Host(action)) => action,
                _ => hosts::Action::UnknownHost,
            };
            change_entry(change, &hosts::Entry::new(hosts::Key { host }, action))
        }
        (Key::TunnelPeer(key), _) => {
            let action = tunnel_peers::Action::NoAction;
            change_entry(change, &tunnel_peers::Entry::new(key, action))
        }
        (Key::Published(key), value) => {
            let action = match value {
                Some(Value::Published(action)) => action,
                _ => published_addresses::Action::NoAction,
            };
            change_entry(change, &published_addresses::Entry::new(key, action))
        }
        (Key::Gatherer(key), value) => {
            let action = match value {
                Some(Value::At(host)) => gatherers::Action::GatheredAt { host },
                _ => gatherers::Action::NoAction,
            };
            change_entry(change, &gatherers::Entry::new(key, action))
        }
        (Key::ServerId(key), value) => {
            let action = match value {
                Some(Value::At(host)) => server_ids::Action::ServeAt { host },
                _ => server_ids::Action::NoAction,
            };
            change_entry(change, &server_ids::Entry::new(key, action))
        }
        (Key::Computer(key), value) => {
            let action = match value {
                Some(Value::At(host)) => computers::Action::At { host },
                _ => computers::Action::NoAction,
            };
            change_entry(change, &computers::Entry::new(key, action))
        }
        (Key::Flow(key), value) => flow_update(change, &key, value),
        (Key::Bucket(key), value) => {
            let action = match value {
                Some(Value::Owned(owned)) => buckets::Action::OwnedBy {
                    owner_id: owned.owner,
                    previous_id: owned.previous,
                    accept: owned.accept.into(),
                },
                _ => buckets::Action::NoBucket,
            };
            change_entry(change, &buckets::Entry::new(key, action))
        }
        (Key::Service(key), value) => {
            let action = match value {
                Some(Value::Service(action)) => action,
                _ => services::Action::NoAction,
            };
            change_entry(
                change,
                &services::Entry::with_priority(key, PRIORITY, action),
            )
        }
        (Key::Port(key), value) => {
            let action = match value {
                Some(Value::Port(action)) => action,
                _ => ports::Action::UnknownPort,
            };
            change_entry(change, &ports::Entry::new(key, action))
        }
        (Key::Gateway6(key), value) => {
            let action = match value {
                Some(Value::Gateway6(action)) => action,
                _ => gateways6::Action::NotToMe,
            };
            change_entry(change, &gateways6::Entry::new(key, action))
        }
        (Key::Gateway(key), value) => {
            let action = match value {
                Some(Value::Gateway(action)) => action,
                _ => gateways::Action::NotToMe,
            };
            change_entry(change, &gateways::Entry::new(key, action))
        }
        (Key::Member(key), value) => {
            let action = match value {
                Some(Value::Member(action)) => action,
                _ => members::Action::NoMember,
            };
            change_entry(change, &members::Entry::new(key, action))
        }
        (Key::Route(key), value) => {
            let action = match value {
                Some(Value::Route(action)) => action,
                _ => routes::Action::NoRoute,
            };
            change_entry(change, &routes::Entry::new(key, action))
        }
        (Key::Route6(key), value) => {
            let action = match value {
                Some(Value::Route6(action)) => action,
                _ => routes6::Action::NoRoute,
            };
            change_entry(change, &routes6::Entry::new(key, action))
        }
    };
    Some(update)
}

/// Flow state is in a table for each family.
fn flow_update(change: Change, flow: &FlowKey, value: Option<Value>) -> Update {
    let server = match value {
        Some(Value::Server(host)) => Some(host),
        _ => None,
    };
    match FlowStateKey::from(*flow) {
        FlowStateKey::Ipv4(key) => {
            let action = server.map_or(flow_state::Action::NoAction, |host| {
                flow_state::Action::ServeAt { host }
            });
            change_entry(change, &flow_state::Entry::new(key, action))
        }
        FlowStateKey::Ipv6(key) => {
            let action = server.map_or(flow_state6::Action::NoAction, |host| {
                flow_state6::Action::ServeAt { host }
            });
            change_entry(change, &flow_state6::Entry::new(key, action))
        }
    }
}

/// What a host stage says that it holds; `None` for tables that the controller does not write.
pub(super) fn decode(entry: &TableEntry) -> Option<(Key, Value)> {
    if entry.is_default {
        let action = (entry.table == identity::ID)
            .then(|| entry.call())
            .flatten()?;
        return Some((
            Key::Identity,
            Value::Identity(identity::Action::from_call(action).ok()?),
        ));
    }
    match entry.table {
        hosts::ID => hosts::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Host(entry.key.host), Value::Host(entry.action))),
        tunnel_peers::ID => tunnel_peers::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::TunnelPeer(entry.key), Value::TunnelPeer)),
        published_addresses::ID => published_addresses::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Published(entry.key), Value::Published(entry.action))),
        gatherers::ID => {
            gatherers::Entry::try_from(entry)
                .ok()
                .and_then(|entry| match entry.action {
                    gatherers::Action::GatheredAt { host } => {
                        Some((Key::Gatherer(entry.key), Value::At(host)))
                    }
                    gatherers::Action::NoAction => None,
                })
        }
        server_ids::ID => {
            server_ids::Entry::try_from(entry)
                .ok()
                .and_then(|entry| match entry.action {
                    server_ids::Action::ServeAt { host } => {
                        Some((Key::ServerId(entry.key), Value::At(host)))
                    }
                    server_ids::Action::NoAction => None,
                })
        }
        computers::ID => {
            computers::Entry::try_from(entry)
                .ok()
                .and_then(|entry| match entry.action {
                    computers::Action::At { host } => {
                        Some((Key::Computer(entry.key), Value::At(host)))
                    }
                    computers::Action::NoAction => None,
                })
        }
        flow_state::ID => {
            flow_state::Entry::try_from(entry)
                .ok()
                .and_then(|entry| match entry.action {
                    flow_state::Action::ServeAt { host } => {
                        let key = FlowStateKey::Ipv4(entry.key).into();
                        Some((Key::Flow(key), Value::Server(host)))
                    }
                    flow_state::Action::NoAction => None,
                })
        }
        flow_state6::ID => {
            flow_state6::Entry::try_from(entry)
                .ok()
                .and_then(|entry| match entry.action {
                    flow_state6::Action::ServeAt { host } => {
                        let key = FlowStateKey::Ipv6(entry.key).into();
                        Some((Key::Flow(key), Value::Server(host)))
                    }
                    flow_state6::Action::NoAction => None,
                })
        }
        buckets::ID => buckets::Entry::try_from(entry)
            .ok()
            .and_then(|entry| match entry.action {
                buckets::Action::OwnedBy {
                    owner_id,
                    previous_id,
                    accept,
                } => {
                    let owned = Owned {
                        owner: owner_id,
                        previous: previous_id,
                        accept: accept == 1,
                    };
                    Some((Key::Bucket(entry.key), Value::Owned(owned)))
                }
                buckets::Action::NoBucket => None,
            }),
        services::ID => services::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Service(entry.key), Value::Service(entry.action))),
        _ => None,
    }
}

/// As [`decode`], for the front router.
pub(super) fn decode_router(entry: &TableEntry) -> Option<(Key, Value)> {
    if entry.is_default {
        return None;
    }
    match entry.table {
        ports::ID => ports::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Port(entry.key), Value::Port(entry.action))),
        gateways::ID => gateways::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Gateway(entry.key), Value::Gateway(entry.action))),
        gateways6::ID => gateways6::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Gateway6(entry.key), Value::Gateway6(entry.action))),
        routes6::ID => routes6::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Route6(entry.key), Value::Route6(entry.action))),
        members::ID => members::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Member(entry.key), Value::Member(entry.action))),
        routes::ID => routes::Entry::try_from(entry)
            .ok()
            .map(|entry| (Key::Route(entry.key), Value::Route(entry.action))),
        _ => None,
    }
}
