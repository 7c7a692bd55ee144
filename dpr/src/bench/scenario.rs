//! The cases that are measured: entries, packets, and what must become of them.

use super::packets::{Flow, SERVICE};
use anyhow::{Context, ensure};
use dpr_p4::{front_router, host_stage};
use dpr_runtime::{Entry, Ingress, Lpm, Packet, Pipeline, Range, Update, Verdict, Worker};

const STAGE_MAC: u64 = 0x0200_0000_0010;
const HOST_MAC: u64 = 0x0200_0000_0100;
const ROUTER_MAC: u64 = 0x0200_0000_0001;
const SELF: u16 = 1;
const PEER: u16 = 2;
const BUCKETS: u16 = 4096;
const MEMBERS: u16 = 4;

/// A case of a pipeline.
pub struct Scenario {
    /// What is measured.
    pub name: &'static str,
    /// The entries that it needs.
    pub updates: Vec<Update>,
    /// The packets, sent in turn.
    pub packets: Vec<[u8; 80]>,
    /// Where they come in.
    pub port: u16,
    /// Where they go out: one of these.
    pub out: &'static [u16],
}

impl Scenario {
    /// Writes the entries.
    pub fn install(&self, pipeline: &dyn Pipeline) -> anyhow::Result<()> {
        for update in &self.updates {
            pipeline
                .write(update)
                .with_context(|| format!("writing {update:?}"))?;
        }
        Ok(())
    }

    /// Checks that each packet goes where it should.
    pub fn check(&self, pipeline: &dyn Pipeline) -> anyhow::Result<()> {
        let mut worker = Worker::seeded(0);
        let mut packet = Packet::new();
        for bytes in &self.packets {
            packet.set_bytes(bytes);
            let verdict = pipeline.process(
                &mut worker,
                Ingress {
                    port: self.port,
                    now_us: 0,
                },
                &mut packet,
            );
            ensure!(
                matches!(verdict, Verdict::Send { port } if self.out.contains(&port)),
                "{}: {verdict:?}",
                self.name
            );
        }
        Ok(())
    }
}

/// The host stage's cases, `flows` flows each.
pub fn host_stage(flows: u32) -> Vec<Scenario> {
    let case = |name, state: Option<u16>, out| {
        let mut updates = stage_entries();
        if let Some(host) = state {
            updates
                .extend((0..flows).map(|number| flow_state(Flow::numbered(number), host).insert()));
        }
        let packets = (0..flows)
            .map(|number| Flow::numbered(number).segment(STAGE_MAC))
            .collect();
        Scenario {
            name,
            updates,
            packets,
            port: host_stage::PORT_NETWORK,
            out,
        }
    };
    vec![
        case(
            "host stage: flow state hit",
            Some(SELF),
            &[host_stage::PORT_HOST],
        ),
        case(
            "host stage: hash, served here",
            None,
            &[host_stage::PORT_HOST],
        ),
        case(
            "host stage: reroute",
            Some(PEER),
            &[host_stage::PORT_NETWORK],
        ),
    ]
}

/// The front router's case.
pub fn front_router(flows: u32) -> Scenario {
    use front_router::{members, ports, routes};
    let mut updates = vec![
        ports::Entry::new(
            ports::Key { port: 1 },
            ports::Action::UsePort {
                mac: ROUTER_MAC,
                outside: 1,
            },
        )
        .insert(),
        routes::Entry::new(
            routes::Key {
                prefix: Lpm {
                    value: SERVICE.0,
                    prefix: 32,
                },
            },
            routes::Action::SprayRandomly {
                set: 1,
                last: MEMBERS - 1,
            },
        )
        .insert(),
    ];
    updates.extend((0..MEMBERS).map(|index| {
        let stage_mac = STAGE_MAC + 4 * u64::from(index);
        let action = members::Action::ToMember {
            host: index + 1,
            port: 2 + index,
            src_mac: ROUTER_MAC + 1,
            stage_mac,
        };
        members::Entry::new(members::Key { set: 1, index }, action).insert()
    }));
    let packets = (0..flows)
        .map(|number| Flow::numbered(number).segment(ROUTER_MAC))
        .collect();
    Scenario {
        name: "front router: random spray",
        updates,
        packets,
        port: 1,
        out: &[2, 3, 4, 5],
    }
}

/// What a stage holds besides flow state: itself, a peer, and a service of which it owns every bucket.
pub fn stage_entries() -> Vec<Update> {
    use host_stage::{buckets, hosts, identity, services};
    let be = dpr_p4::on_one_lan(SELF, HOST_MAC, STAGE_MAC, 0xc633_6465);
    let mut updates = vec![
        Entry::<identity::Identity>::default_entry(&be),
        hosts::Entry::new(
            hosts::Key { host: PEER },
            hosts::Action::ByMac {
                stage_mac: STAGE_MAC + 4,
            },
        )
        .insert(),
    ];
    updates.extend((0..BUCKETS).map(|bucket| {
        let action = buckets::Action::OwnedBy {
            owner_id: SELF,
            previous_id: 0,
            accept: 0,
        };
        buckets::Entry::new(buckets::Key { map: 0, bucket }, action).insert()
    }));
    let service = services::Key {
        address: dpr_p4::address::mapped(SERVICE.0),
        protocol: 6,
        port: Range::exactly(SERVICE.1),
    };
    updates.push(
        services::Entry::with_priority(
            service,
            1,
            dpr_p4::in_map(0, BUCKETS - 1, host_stage::Affinity::Connection),
        )
        .insert(),
    );
    updates
}

/// The entry that says where a flow is served.
pub fn flow_state(flow: Flow, host: u16) -> host_stage::flow_state::Entry {
    use host_stage::flow_state::{Action, Entry, Key};
    let key = Key {
        src: flow.src,
        dst: SERVICE.0,
        protocol: 6,
        src_port: flow.src_port,
        dst_port: SERVICE.1,
    };
    Entry::new(key, Action::ServeAt { host })
}

/// A segment of a flow as it comes to the stage from the router.
pub fn at_stage(flow: Flow) -> [u8; 80] {
    flow.segment(STAGE_MAC)
}

/// The host that [`at_stage`] segments of flows with state go to by rerouting.
pub const OTHER_HOST: u16 = PEER;
