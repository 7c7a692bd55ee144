//! The front router: its configuration, and the set of hosts that it sprays to, which changes at once for all packets of a
//! published address: the new set is written under another number, then the routes to it, then the old set goes.

use super::{
    Core, Membership, Spray,
    entry::{Key, Value},
    moves::Token,
    target::{Link, TargetState},
    types::{HostId, HostSpec, NextHop, RouterSpec},
};
use dpr_p4::{
    address,
    front_router::{gateways, gateways6, members, ports, routes, routes6},
};
use dpr_runtime::Lpm;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the front router.
#[derive(Debug)]
pub(super) struct RouterState {
    pub target: TargetState,
    /// The set in use: number and hosts.
    set: Option<(u16, Vec<HostId>)>,
    /// The routes to the set are to be looked at: other addresses may be sprayed.
    routes_due: bool,
    change: Option<SetChange>,
    /// Whether a new set is due although the hosts are the same: other addresses are sprayed.
    renews: bool,
}

/// A set that is being written.
#[derive(Debug)]
struct SetChange {
    number: u16,
    hosts: Vec<HostId>,
    /// Whether the routes are being written, not the members.
    routes: bool,
    waiting: usize,
}

impl RouterState {
    pub fn new() -> Self {
        RouterState {
            target: TargetState::new(),
            set: None,
            routes_due: false,
            change: None,
            renews: false,
        }
    }

    /// The hosts that are sprayed to, as far as the router has acknowledged it.
    pub fn members(&self) -> &[HostId] {
        self.set.as_ref().map_or(&[], |(_, hosts)| hosts)
    }
}

impl Core {
    /// A host gets no packets from the front router any more, or nothing can be done about it.
    pub(super) fn is_withdrawn(&self, id: HostId) -> bool {
        let Some(router) = &self.router else {
            return true;
        };
        if router.target.link == Link::Away {
            return true;
        }
        !self.is_sprayed_to(id)
    }

    /// Whether the front router sprays to a host, or is about to.
    pub(super) fn is_sprayed_to(&self, id: HostId) -> bool {
        self.router.as_ref().is_some_and(|router| {
            let change = router.change.as_ref();
            router.members().contains(&id)
                || change.is_some_and(|change| change.hosts.contains(&id))
        })
    }

    /// Writes another set if another one should be in use.
    pub(super) fn keep_router(&mut self) {
        if self
            .router
            .as_ref()
            .is_none_or(|router| !router.target.is_ready() || router.change.is_some())
        {
            return;
        }
        self.keep_routes();
        // A host enters when its stage has all it needs, and those it would reroute to have too.
        let all_ready = self.hosts.values().all(|host| {
            !host.is_member() || host.stage.link == Link::Away || host.stage.is_ready()
        });
        for host in self.hosts.values_mut() {
            if host.membership != Membership::In || host.spec.draining || host.spec.held {
                host.in_router = false;
            } else if all_ready && host.stage.is_ready() {
                host.in_router = true;
            }
        }
        let wanted: Vec<HostId> = self
            .hosts
            .values()
            .filter(|host| host.in_router)
            .map(|host| host.spec.id)
            .collect();
        let Some(router) = &mut self.router else {
            return;
        };
        let number = match &router.set {
            Some((_, hosts)) if *hosts == wanted && !router.renews => return,
            None if wanted.is_empty() => return,
            Some((number, _)) => number % u16::MAX + 1,
            None => 1,
        };
        tracing::info!(set = number, hosts = ?wanted, "the front router's set changes");
        let entries = self.member_entries(number, &wanted);
        let Some(router) = &mut self.router else {
            return;
        };
        router.renews = false;
        router.change = Some(SetChange {
            number,
            hosts: wanted,
            routes: false,
            waiting: entries.len() + 1,
        });
        for (key, value) in entries {
            self.fired
                .extend(router.target.want(key, Some(value), Some(Token::MemberSet)));
        }
        // One more, so that an empty set goes on too.
        self.fired.push_back(Token::MemberSet);
    }

    /// Other addresses are sprayed.
    pub(super) fn want_routes(&mut self) {
        if let Some(router) = &mut self.router {
            router.routes_due = true;
        }
    }

    /// Writes the routes that lack to the set in use.
    fn keep_routes(&mut self) {
        let addresses = self.routed();
        let spray = self.spray();
        let Some(router) = &mut self.router else {
            return;
        };
        // The first set's routes are written with it.
        let (true, Some((set, hosts))) = (std::mem::take(&mut router.routes_due), &router.set)
        else {
            return;
        };
        let last = hosts.len().saturating_sub(1) as u16;
        for address in addresses {
            let (key, value) = spray_route(address, spray, *set, last);
            self.fired
                .extend(router.target.want(key, Some(value), None));
        }
    }

    /// Addresses that are sprayed no more: what else is said of them counts again.
    pub(super) fn withdraw_routes(&mut self, addresses: &BTreeSet<u128>) {
        let Some(spec) = &self.group.router else {
            return;
        };
        let mut others = configured_entries(spec);
        for host in self.hosts.values().filter(|host| host.is_member()) {
            others.extend(self.host_routes(&host.spec));
        }
        let Some(router) = self.router.as_mut().filter(|router| router.target.known) else {
            return;
        };
        for address in addresses {
            let key = route_key(*address, 128);
            let value = others.get(&key).cloned();
            self.fired.extend(router.target.want(key, value, None));
        }
    }

    fn spray(&self) -> Spray {
        let spray = self.group.router.as_ref().map(|router| router.spray);
        spray.unwrap_or_default()
    }

    fn member_entries(&self, set: u16, hosts: &[HostId]) -> Vec<(Key, Value)> {
        let macs: BTreeMap<u16, u64> = self
            .group
            .router
            .iter()
            .flat_map(|router| &router.ports)
            .map(|(port, mac, _)| (*port, *mac))
            .collect();
        let specs = hosts
            .iter()
            .filter_map(|id| self.hosts.get(id))
            .map(|host| &host.spec)
            .enumerate();
        specs
            .map(|(index, spec)| {
                let action = members::Action::ToMember {
                    host: spec.id,
                    port: spec.router_port,
                    src_mac: macs.get(&spec.router_port).copied().unwrap_or(0),
                    stage_mac: spec.stage_mac,
                };
                (
                    Key::Member(members::Key {
                        set,
                        index: index as u16,
                    }),
                    Value::Member(action),
                )
            })
            .collect()
    }

    pub(super) fn on_member_set(&mut self) {
        let (addresses, spray) = (self.routed(), self.spray());
        let Some(router) = &mut self.router else {
            return;
        };
        let Some(change) = &mut router.change else {
            return;
        };
        change.waiting = change.waiting.saturating_sub(1);
        if change.waiting > 0 {
            return;
        }
        if !change.routes {
            change.routes = true;
            change.waiting = addresses.len();
            let (set, last) = (change.number, change.hosts.len().saturating_sub(1) as u16);
            for address in addresses {
                let (key, value) = spray_route(address, spray, set, last);
                let token = Some(Token::MemberSet);
                self.fired
                    .extend(router.target.want(key, Some(value), token));
            }
            return;
        }
        let Some(change) = router.change.take() else {
            return;
        };
        if let Some((number, hosts)) = router.set.replace((change.number, change.hosts)) {
            for index in 0..hosts.len() {
                let key = Key::Member(members::Key {
                    set: number,
                    index: index as u16,
                });
                self.fired.extend(router.target.want(key, None, None));
            }
        }
    }

    /// The addresses that are sprayed: the published ones and those of other computers, each once.
    pub(super) fn sprayed(&self) -> BTreeSet<u128> {
        let services = self.group.services.iter();
        services
            .map(|service| service.address)
            .chain(self.group.computers.keys().copied())
            .collect()
    }

    /// Other addresses are sprayed than before: of these, those that are not go, and all that are get routes to a new set.
    pub(super) fn spray_again(&mut self, changed: BTreeSet<u128>) {
        let sprayed = self.sprayed();
        let members = self.hosts.values().filter(|host| host.is_member());
        let host_routes: Vec<_> = members
            .flat_map(|host| self.host_routes(&host.spec))
            .collect();
        let configured = self.group.router.as_ref().map(configured_entries);
        let Some(router) = &mut self.router else {
            return;
        };
        router.renews = true;
        if !router.target.known {
            return;
        }
        let own = configured.into_iter().flatten().chain(host_routes);
        let own: BTreeMap<Key, Value> = own.collect();
        for address in changed.difference(&sprayed) {
            let key = route_key(*address, 128);
            let value = own.get(&key).cloned();
            self.fired.extend(router.target.want(key, value, None));
        }
    }

    /// The front router's routes to a host's own addresses, by which tunnels and probes reach it.
    fn host_routes(&self, spec: &HostSpec) -> Vec<(Key, Value)> {
        let Some(router) = &self.group.router else {
            return Vec::new();
        };
        if !router
            .ports
            .iter()
            .any(|(port, ..)| *port == spec.router_port)
        {
            return Vec::new();
        }
        let sprayed = self.sprayed();
        let addresses = [address::mapped(spec.address), spec.location.address6];
        let own = addresses
            .into_iter()
            .filter(|address| *address != 0 && !sprayed.contains(address));
        own.map(|network| {
            let hop = NextHop {
                network,
                prefix: 128,
                port: spec.router_port,
                mac: spec.mac,
            };
            next_hop(router, &hop)
        })
        .filter(|(key, _)| {
            // What the configuration says of the same prefix counts.
            let mut routes = router.routes.iter().map(|route| next_hop(router, route));
            !routes.any(|(configured, _)| configured == *key)
        })
        .collect()
    }

    /// A host has come or gone.
    pub(super) fn keep_host_routes(&mut self, id: HostId, is_here: bool) {
        let routes = self.hosts.get(&id).map(|host| self.host_routes(&host.spec));
        let Some(router) = self.router.as_mut().filter(|router| router.target.known) else {
            return;
        };
        for (key, value) in routes.into_iter().flatten() {
            let value = is_here.then_some(value);
            self.fired.extend(router.target.want(key, value, None));
        }
    }

    /// The router was read for the first time: what it sprays to stays, the rest becomes as configured.
    pub(super) fn greet_router(&mut self) {
        let Some(spec) = self.group.router.clone() else {
            return;
        };
        let published = self.sprayed();
        let mut configured = configured_entries(&spec);
        for host in self.hosts.values().filter(|host| host.is_member()) {
            configured.extend(self.host_routes(&host.spec));
        }
        let Some(router) = &mut self.router else {
            return;
        };
        let held = router.target.held_keys();
        let number = held
            .iter()
            .find_map(|key| match (key, router.target.held(key)) {
                (
                    Key::Route(_),
                    Some(Value::Route(
                        routes::Action::SprayRandomly { set, .. }
                        | routes::Action::SprayByFlow { set, .. },
                    )),
                )
                | (
                    Key::Route6(_),
                    Some(Value::Route6(
                        routes6::Action::SprayRandomly { set, .. }
                        | routes6::Action::SprayByFlow { set, .. },
                    )),
                ) if is_sprayed(key, &published) => Some(*set),
                _ => None,
            });
        if let Some(number) = number {
            let members = held
                .iter()
                .filter_map(|key| match (key, router.target.held(key)) {
                    (
                        Key::Member(member),
                        Some(Value::Member(members::Action::ToMember { host, .. })),
                    ) if member.set == number => Some(*host),
                    _ => None,
                });
            let hosts: Vec<HostId> = members.collect();
            for id in &hosts {
                if let Some(host) = self
                    .hosts
                    .get_mut(id)
                    .filter(|host| host.is_member() && !host.spec.draining && !host.spec.held)
                {
                    host.in_router = true;
                }
            }
            router.set = Some((number, hosts));
        }
        for key in held {
            let stays = match key {
                Key::Member(member) => Some(member.set) == number,
                key => is_sprayed(&key, &published) || configured.contains_key(&key),
            };
            if !stays {
                self.fired.extend(router.target.want(key, None, None));
            }
        }
        for (key, value) in configured {
            self.fired
                .extend(router.target.want(key, Some(value), None));
        }
        router.target.start_fill();
        router.routes_due = true;
    }
}

/// What the configuration says of ports, gateways and routes.
fn configured_entries(spec: &RouterSpec) -> BTreeMap<Key, Value> {
    let ports = spec.ports.iter().map(|(port, mac, outside)| {
        let action = ports::Action::UsePort {
            mac: *mac,
            outside: (*outside).into(),
        };
        (Key::Port(ports::Key { port: *port }), Value::Port(action))
    });
    let gateways = spec
        .gateways
        .iter()
        .map(|(port, address)| match address::ipv4(*address) {
            Some(address) => (
                Key::Gateway(gateways::Key {
                    port: *port,
                    address,
                }),
                Value::Gateway(gateways::Action::Answer),
            ),
            None => (
                Key::Gateway6(gateways6::Key {
                    port: *port,
                    address: *address,
                }),
                Value::Gateway6(gateways6::Action::Advertise),
            ),
        });
    let routes = spec.routes.iter().map(|route| next_hop(spec, route));
    ports.chain(gateways).chain(routes).collect()
}

/// The key of a prefix, whose length counts the bits that map IPv4 addresses.
fn route_key(network: u128, prefix: u32) -> Key {
    match address::ipv4(network).filter(|_| prefix >= 96) {
        Some(value) => Key::Route(routes::Key {
            prefix: Lpm {
                value,
                prefix: prefix - 96,
            },
        }),
        None => Key::Route6(routes6::Key {
            prefix: Lpm {
                value: network,
                prefix,
            },
        }),
    }
}

/// A route to a next hop.
fn next_hop(router: &RouterSpec, route: &NextHop) -> (Key, Value) {
    let mut ports = router.ports.iter();
    let port = ports.find(|(port, ..)| *port == route.port);
    let src_mac = port.map_or(0, |(_, mac, _)| *mac);
    let key = route_key(route.network, route.prefix);
    let (port, dst_mac) = (route.port, route.mac);
    let value = match key {
        Key::Route6(_) => Value::Route6(routes6::Action::NextHop {
            port,
            src_mac,
            dst_mac,
        }),
        _ => Value::Route(routes::Action::NextHop {
            port,
            src_mac,
            dst_mac,
        }),
    };
    (key, value)
}

/// The route by which packets to an address are spread over a set.
fn spray_route(address: u128, spray: Spray, set: u16, last: u16) -> (Key, Value) {
    let key = route_key(address, 128);
    let value = match (key, spray) {
        (Key::Route6(_), Spray::Random) => {
            Value::Route6(routes6::Action::SprayRandomly { set, last })
        }
        (Key::Route6(_), Spray::ByFlow) => {
            Value::Route6(routes6::Action::SprayByFlow { set, last })
        }
        (_, Spray::Random) => Value::Route(routes::Action::SprayRandomly { set, last }),
        (_, Spray::ByFlow) => Value::Route(routes::Action::SprayByFlow { set, last }),
    };
    (key, value)
}

/// Whether a route is of an address that is sprayed.
fn is_sprayed(key: &Key, sprayed: &BTreeSet<u128>) -> bool {
    match key {
        Key::Route(route) => {
            route.prefix.prefix == 32 && sprayed.contains(&address::mapped(route.prefix.value))
        }
        Key::Route6(route) => route.prefix.prefix == 128 && sprayed.contains(&route.prefix.value),
        _ => false,
    }
}
