//! What a target can hold, by key and value, in the types that come from the P4 programs.

use super::types::{BucketId, FlowKey, FlowStateKey, HostId};
use dpr_p4::{
    front_router::{gateways, gateways6, members, ports, routes, routes6},
    host_stage::{
        buckets, clients, computers, flow_state, flow_state6, former_buckets, gatherers, hosts,
        identity, published_addresses, server_ids, services, sessions, tunnel_peers,
    },
};
use dpr_runtime::{
    Entity, Entry, EntryFilter, Operation, Query, Replica, Table, TableAction, TableEntry, Update,
};
use std::sync::Arc;

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
    /// A multicast group.
    Replicas(GroupNumber),
    Computer(computers::Key),
    Port(ports::Key),
    Gateway(gateways::Key),
    Gateway6(gateways6::Key),
    Flow(FlowKey),
    Member(members::Key),
    Bucket(BucketId),
    /// Of a map that flows come from.
    FormerBucket(BucketId),
    /// A client's prefix on a service's map.
    Client(clients::Key),
    Service(services::Key),
    Route(routes::Key),
    Route6(routes6::Key),
}

/// The number of a multicast group.
pub(super) type GroupNumber = u16;

/// What is held there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Identity(identity::Action),
    Host(hosts::Action),
    TunnelPeer,
    Published(published_addresses::Action),
    /// Of a gatherer's slot, a server id or a former bucket: which host.
    At(HostId),
    Port(ports::Action),
    Gateway(gateways::Action),
    Gateway6(gateways6::Action),
    /// By instance.
    Replicas(Arc<[Replica]>),
    Computer(computers::Action),
    Server(HostId),
    /// Of a session that ends: the host where it was.
    Asked(HostId),
    Member(members::Action),
    Owned(Owned),
    Client(clients::Action),
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
            Key::Flow(_)
            | Key::Member(_)
            | Key::Gatherer(_)
            | Key::ServerId(_)
            | Key::Replicas(_) => 1,
            Key::Bucket(_) | Key::FormerBucket(_) | Key::Client(_) => 2,
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
    let value = value.cloned();
    let update = match (*key, value) {
        (Key::Replicas(number), value) => {
            let replicas = match value {
                Some(Value::Replicas(replicas)) => replicas.to_vec(),
                _ => Vec::new(),
            };
            group_update(change, number, replicas)
        }
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
                Some(Value::Computer(action)) => action,
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
        (Key::FormerBucket(bucket), value) => {
            let key = former_buckets::Key {
                map: bucket.map,
                bucket: bucket.bucket,
            };
            let action = match value {
                Some(Value::At(owner_id)) => former_buckets::Action::FormerlyOwnedBy { owner_id },
                _ => former_buckets::Action::NoAction,
            };
            change_entry(change, &former_buckets::Entry::new(key, action))
        }
        (Key::Client(key), value) => {
            let action = match value {
                Some(Value::Client(action)) => action,
                _ => clients::Action::NoAction,
            };
            change_entry(change, &clients::Entry::new(key, action))
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

fn group_update(change: Change, number: GroupNumber, replicas: Vec<Replica>) -> Update {
    Update {
        operation: match change {
            Change::Insert => Operation::Insert,
            Change::Modify => Operation::Modify,
            Change::Delete => Operation::Delete,
        },
        entity: Entity::MulticastGroup {
            id: number.into(),
            replicas,
        },
    }
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
        FlowStateKey::Session(key) => {
            let action = match value {
                Some(Value::Server(host)) => sessions::Action::ServeAt { host },
                Some(Value::Asked(host)) => sessions::Action::Ask { host },
                _ => sessions::Action::NoAction,
            };
            change_entry(change, &sessions::Entry::new(key, action))
        }
    }
}

/// What to ask a target for so that it tells all that it holds.
pub fn everything() -> [Query; 3] {
    let tables = |filter| Query::Tables {
        table: None,
        filter,
    };
    [
        tables(EntryFilter::All),
        tables(EntryFilter::Default),
        Query::MulticastGroups { id: None },
    ]
}

/// What a host stage says that it holds; `None` for what the controller does not write.
pub(super) fn decode(entity: &Entity) -> Option<(Key, Value)> {
    match entity {
        Entity::Table(entry) => decode_entry(entry),
        Entity::MulticastGroup { id, replicas } => {
            let mut replicas = replicas.clone();
            replicas.sort_unstable_by_key(|replica| (replica.instance, replica.port));
            let number = GroupNumber::try_from(*id).ok()?;
            Some((Key::Replicas(number), Value::Replicas(replicas.into())))
        }
        _ => None,
    }
}

fn decode_entry(entry: &TableEntry) -> Option<(Key, Value)> {
    if entry.is_default {
        let action = (entry.table == identity::ID)
            .then(|| entry.call())
            .flatten()?;
        return Some((
            Key::Identity,
            Value::Identity(identity::Action::from_call(action).ok()?),
        ));
    }
    let known = match entry.table {
        hosts::ID => {
            let entry = typed::<hosts::Hosts>(entry)?;
            (Key::Host(entry.key.host), Value::Host(entry.action))
        }
        tunnel_peers::ID => {
            let entry = typed::<tunnel_peers::TunnelPeers>(entry)?;
            (Key::TunnelPeer(entry.key), Value::TunnelPeer)
        }
        published_addresses::ID => {
            let entry = typed::<published_addresses::PublishedAddresses>(entry)?;
            (Key::Published(entry.key), Value::Published(entry.action))
        }
        gatherers::ID => {
            let entry = typed::<gatherers::Gatherers>(entry)?;
            let gatherers::Action::GatheredAt { host } = entry.action else {
                return None;
            };
            (Key::Gatherer(entry.key), Value::At(host))
        }
        server_ids::ID => {
            let entry = typed::<server_ids::ServerIds>(entry)?;
            let server_ids::Action::ServeAt { host } = entry.action else {
                return None;
            };
            (Key::ServerId(entry.key), Value::At(host))
        }
        computers::ID => {
            let entry = typed::<computers::Computers>(entry)?;
            (Key::Computer(entry.key), Value::Computer(entry.action))
        }
        flow_state::ID => {
            let entry = typed::<flow_state::FlowState>(entry)?;
            let flow_state::Action::ServeAt { host } = entry.action else {
                return None;
            };
            let key = FlowStateKey::Ipv4(entry.key).into();
            (Key::Flow(key), Value::Server(host))
        }
        flow_state6::ID => {
            let entry = typed::<flow_state6::FlowState6>(entry)?;
            let flow_state6::Action::ServeAt { host } = entry.action else {
                return None;
            };
            let key = FlowStateKey::Ipv6(entry.key).into();
            (Key::Flow(key), Value::Server(host))
        }
        sessions::ID => {
            let entry = typed::<sessions::Sessions>(entry)?;
            let value = match entry.action {
                sessions::Action::ServeAt { host } => Value::Server(host),
                sessions::Action::Ask { host } => Value::Asked(host),
                sessions::Action::NoAction => return None,
            };
            (Key::Flow(FlowStateKey::Session(entry.key).into()), value)
        }
        former_buckets::ID => {
            let entry = typed::<former_buckets::FormerBuckets>(entry)?;
            let former_buckets::Action::FormerlyOwnedBy { owner_id } = entry.action else {
                return None;
            };
            let bucket = BucketId {
                map: entry.key.map,
                bucket: entry.key.bucket,
            };
            (Key::FormerBucket(bucket), Value::At(owner_id))
        }
        clients::ID => {
            let entry = typed::<clients::Clients>(entry)?;
            (Key::Client(entry.key), Value::Client(entry.action))
        }
        buckets::ID => {
            let entry = typed::<buckets::Buckets>(entry)?;
            let buckets::Action::OwnedBy {
                owner_id,
                previous_id,
                accept,
            } = entry.action
            else {
                return None;
            };
            let owned = Owned {
                owner: owner_id,
                previous: previous_id,
                accept: accept == 1,
            };
            (Key::Bucket(entry.key), Value::Owned(owned))
        }
        services::ID => {
            let entry = typed::<services::Services>(entry)?;
            (Key::Service(entry.key), Value::Service(entry.action))
        }
        _ => return None,
    };
    Some(known)
}

/// As [`decode`], for the front router.
pub(super) fn decode_router(entity: &Entity) -> Option<(Key, Value)> {
    let Entity::Table(entry) = entity else {
        return None;
    };
    if entry.is_default {
        return None;
    }
    let known = match entry.table {
        ports::ID => {
            let entry = typed::<ports::Ports>(entry)?;
            (Key::Port(entry.key), Value::Port(entry.action))
        }
        gateways::ID => {
            let entry = typed::<gateways::Gateways>(entry)?;
            (Key::Gateway(entry.key), Value::Gateway(entry.action))
        }
        gateways6::ID => {
            let entry = typed::<gateways6::Gateways6>(entry)?;
            (Key::Gateway6(entry.key), Value::Gateway6(entry.action))
        }
        members::ID => {
            let entry = typed::<members::Members>(entry)?;
            (Key::Member(entry.key), Value::Member(entry.action))
        }
        routes::ID => {
            let entry = typed::<routes::Routes>(entry)?;
            (Key::Route(entry.key), Value::Route(entry.action))
        }
        routes6::ID => {
            let entry = typed::<routes6::Routes6>(entry)?;
            (Key::Route6(entry.key), Value::Route6(entry.action))
        }
        _ => return None,
    };
    Some(known)
}

/// A table's entry in its own words, if the program has such entries.
fn typed<T: Table>(entry: &TableEntry) -> Option<Entry<T>> {
    Entry::try_from(entry).ok()
}
