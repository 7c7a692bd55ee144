//! The front router: its configuration, and the set of hosts that it sprays to, which changes at once for all packets of a
//! published address: the new set is written under another number, then the routes to it, then the old set goes.

use super::{
    Core, Membership, Spray,
    entry::{Key, Value},
    moves::Token,
    target::{Link, TargetState},
    types::{HostId, RouterSpec},
};
use dpr_p4::front_router::{gateways, members, ports, routes};
use dpr_runtime::Lpm;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the front router.
#[derive(Debug)]
pub(super) struct RouterState {
    pub target: TargetState,
    /// The set in use: number and hosts.
    set: Option<(u16, Vec<HostId>)>,
    change: Option<SetChange>,
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
            change: None,
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
        // A host enters when its stage has all it needs, and those it would reroute to have too.
        let all_ready = self.hosts.values().all(|host| {
            !host.is_member() || host.stage.link == Link::Away || host.stage.is_ready()
        });
        for host in self.hosts.values_mut() {
            if host.membership != Membership::In || host.spec.draining {
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
            Some((_, hosts)) if *hosts == wanted => return,
            None if wanted.is_empty() => return,
            Some((number, _)) => number % u16::MAX + 1,
            None => 1,
        };
        tracing::info!(set = number, hosts = ?wanted, "the front router's set changes");
        let entries = self.member_entries(number, &wanted);
        let Some(router) = &mut self.router else {
            return;
        };
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
        let addresses = self.published();
        let spray = self
            .group
            .router
            .as_ref()
            .map(|router| router.spray)
            .unwrap_or_default();
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
            let action = match spray {
                Spray::Random => routes::Action::SprayRandomly { set, last },
                Spray::ByFlow => routes::Action::SprayByFlow { set, last },
            };
            for address in addresses {
                let key = Key::Route(routes::Key {
                    prefix: Lpm {
                        value: address,
                        prefix: 32,
                    },
                });
                self.fired.extend(router.target.want(
                    key,
                    Some(Value::Route(action)),
                    Some(Token::MemberSet),
                ));
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

    /// The published addresses, each once.
    pub(super) fn published(&self) -> BTreeSet<u32> {
        self.group
            .services
            .iter()
            .map(|service| service.address)
            .collect()
    }

    /// The router was read for the first time: what it sprays to stays, the rest becomes as configured.
    pub(super) fn greet_router(&mut self) {
        let Some(spec) = self.group.router.clone() else {
            return;
        };
        let published = self.published();
        let Some(router) = &mut self.router else {
            return;
        };
        let held = router.target.held_keys();
        let number = held
            .iter()
            .find_map(|key| match (key, router.target.held(key)) {
                (
                    Key::Route(route),
                    Some(Value::Route(
                        routes::Action::SprayRandomly { set, .. }
                        | routes::Action::SprayByFlow { set, .. },
                    )),
                ) if published.contains(&route.prefix.value) => Some(*set),
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
                    .filter(|host| host.is_member() && !host.spec.draining)
                {
                    host.in_router = true;
                }
            }
            router.set = Some((number, hosts));
        }
        let configured = configured_entries(&spec);
        for key in held {
            let stays = match key {
                Key::Member(member) => Some(member.set) == number,
                Key::Route(route)
                    if route.prefix.prefix == 32 && published.contains(&route.prefix.value) =>
                {
                    true
                }
                _ => configured.contains_key(&key),
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
    }
}

/// What the configuration says of ports, gateways and routes.
fn configured_entries(spec: &RouterSpec) -> BTreeMap<Key, Value> {
    let macs: BTreeMap<u16, u64> = spec
        .ports
        .iter()
        .map(|(port, mac, _)| (*port, *mac))
        .collect();
    let ports = spec.ports.iter().map(|(port, mac, outside)| {
        let action = ports::Action::UsePort {
            mac: *mac,
            outside: (*outside).into(),
        };
        (Key::Port(ports::Key { port: *port }), Value::Port(action))
    });
    let gateways = spec.gateways.iter().map(|(port, address)| {
        (
            Key::Gateway(gateways::Key {
                port: *port,
                address: *address,
            }),
            Value::Gateway(gateways::Action::Answer),
        )
    });
    let routes = spec.routes.iter().map(|route| {
        let action = routes::Action::NextHop {
            port: route.port,
            src_mac: macs.get(&route.port).copied().unwrap_or(0),
            dst_mac: route.mac,
        };
        let key = routes::Key {
            prefix: Lpm {
                value: route.network,
                prefix: route.prefix,
            },
        };
        (Key::Route(key), Value::Route(action))
    });
    ports.chain(gateways).chain(routes).collect()
}
