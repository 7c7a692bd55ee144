//! A front router with one port to the outside and two to the group, for the scenarios.

use crate::frame::{Frame, SYN, arp_reply, arp_request};
use crate::{Launch, Platform, Target, eventually};
use dpr_p4::front_router::{
    self, DropReason, Outcome, drops, gateways, members, outcomes, ports, routes,
};
use dpr_runtime::{Lpm, Update};
use std::net::Ipv4Addr;

/// To the clients.
pub const OUTSIDE: u16 = 1;
/// To the group's hosts.
pub const INSIDE: u16 = 2;
/// To another network of the group.
pub const FAR: u16 = 3;
/// A port without entry.
pub const STRAY_PORT: u16 = 7;
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub const CLIENT_MAC: u64 = 0x0200_00c0_0007;
pub const PUBLISHED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
/// Where other traffic goes.
pub const NEXT_HOP_MAC: u64 = 0x0200_00aa_0001;

pub fn port_mac(port: u16) -> u64 {
    0x0200_0000_ff00 | u64::from(port)
}

pub fn stage_mac(host: u16) -> u64 {
    0x0200_0001_0000 | u64::from(host) << 2
}

pub struct Router {
    pub target: Target,
}

impl Router {
    /// With ports and a gateway address; no routes.
    pub fn start(platform: Platform<'_>) -> Self {
        let launch = Launch {
            platform,
            program: &front_router::PROGRAM,
            ports: &[OUTSIDE, INSIDE, FAR, STRAY_PORT],
            interfaces: &[],
            cpu_port: None,
        };
        Router::around(launch.start())
    }

    /// The same of a target that is there and runs the program.
    pub fn around(mut target: Target) -> Self {
        let port = |port, outside| {
            let action = ports::Action::UsePort {
                mac: port_mac(port),
                outside,
            };
            ports::Entry::new(ports::Key { port }, action).insert()
        };
        let gateway = gateways::Key {
            port: OUTSIDE,
            address: GATEWAY.into(),
        };
        target.client.write(&[
            port(OUTSIDE, 1),
            port(INSIDE, 0),
            port(FAR, 0),
            gateways::Entry::new(gateway, gateways::Action::Answer).insert(),
        ]);
        Router { target }
    }

    /// With a route to the published address, and a set of hosts.
    pub fn spraying(platform: Platform<'_>, hosts: &[u16], action: routes::Action) -> Self {
        let mut router = Router::start(platform);
        router.target.client.write(&set(0, hosts));
        router
            .target
            .client
            .write(&[route(PUBLISHED, 32, action).insert()]);
        router
    }

    /// Puts in a frame from outside, and expects it at another port with another destination.
    pub fn forwards(&mut self, frame: &Frame, port: u16, dst_mac: u64, outcome: Outcome) {
        let before = self.outcome(outcome);
        self.target.port(OUTSIDE).inject(&frame.bytes());
        self.target
            .port(port)
            .expect(&forwarded(frame, port, dst_mac).bytes());
        assert_eq!(
            self.outcome(outcome),
            before + 1,
            "outcomes[{}]",
            outcome.name()
        );
    }

    /// Puts a frame into a port and expects that it is dropped for this reason.
    pub fn drops(&mut self, port: u16, frame: &[u8], reason: DropReason) {
        let (dropped, for_reason) = (self.outcome(Outcome::Dropped), self.dropped(reason));
        self.target.port(port).inject(frame);
        let what = format!("drops[{}]", reason.name());
        eventually(&what, for_reason + 1, || self.dropped(reason));
        assert_eq!(self.outcome(Outcome::Dropped), dropped + 1);
        // Packets leave in the order in which they came: what comes out next is the next packet, the answer to a request.
        self.answers_arp();
        for port in [INSIDE, FAR, STRAY_PORT] {
            assert_eq!(
                self.target
                    .port(port)
                    .receive_within(std::time::Duration::ZERO),
                None
            );
        }
    }

    /// Asks for the gateway's MAC.
    pub fn answers_arp(&self) {
        let request = arp_request(CLIENT_MAC, CLIENT, GATEWAY);
        self.target.port(OUTSIDE).inject(&request);
        let answer = arp_reply((port_mac(OUTSIDE), GATEWAY), (CLIENT_MAC, CLIENT));
        self.target.port(OUTSIDE).expect(&answer);
    }

    fn outcome(&mut self, outcome: Outcome) -> u64 {
        self.target.client.counters(outcomes::ID)[outcome as usize].packets
    }

    fn dropped(&mut self, reason: DropReason) -> u64 {
        self.target.client.counters(drops::ID)[reason as usize].packets
    }
}

/// A frame after the router.
pub fn forwarded(frame: &Frame, port: u16, dst_mac: u64) -> Frame {
    let forwarded = frame.clone().between(port_mac(port), dst_mac);
    forwarded.with(|packet| packet.ttl -= 1)
}

/// The members of a set, all behind the inside port.
pub fn set(set: u16, hosts: &[u16]) -> Vec<Update> {
    let member = |(index, host): (u16, &u16)| {
        let action = members::Action::ToMember {
            host: *host,
            port: INSIDE,
            src_mac: port_mac(INSIDE),
            stage_mac: stage_mac(*host),
        };
        members::Entry::new(members::Key { set, index }, action).insert()
    };
    (0..).zip(hosts).map(member).collect()
}

pub fn route(address: Ipv4Addr, prefix: u32, action: routes::Action) -> routes::Entry {
    let prefix = Lpm {
        value: address.into(),
        prefix,
    };
    routes::Entry::new(routes::Key { prefix }, action)
}

/// A client's segment to an address, as it comes in from outside.
pub fn segment(src_port: u16, address: Ipv4Addr) -> Frame {
    Frame::tcp((CLIENT, src_port), (address, 80), SYN).between(CLIENT_MAC, port_mac(OUTSIDE))
}
