//! Packets on their way: through the router's and the stages' pipelines, over links that delay, reorder and lose.

use dpr_controller::core::FlowKey as Flow;
use dpr_controller::core::Rewriting;
use dpr_controller::core::hash_five_tuple;
use dpr_host_shim::Direction;
use dpr_p4::address;
use dpr_p4::host_stage::headers::Ethernet;
use dpr_p4::host_stage::{PORT_HOST, PORT_NETWORK, recent};
use dpr_runtime::{Entity, Ingress, Operation, Pipeline, Update, Verdict};

use super::addresses::{self, CLIENT_MAC, CLIENT_PORT, PUBLISHED, PUBLISHED6};
use super::frames::{self, Payload, Segment};
use super::queue::{MILLISECOND, Micros};
use super::{Event, Simulation};

/// The slot of `recent` that a flow has: the upper bits of its hash.
const RECENT_SHIFT: u32 = 15;
/// From the first FIN of a host to the next.
const FIN_TIMEOUT: Micros = 400 * MILLISECOND;
/// The protocol promises that no packet passes more stages.
const MOST_HOPS: usize = 5;

impl Simulation<'_> {
    pub(super) fn client_sends(&mut self, segment: &Segment) {
        self.note(segment.flow, || format!("client sends {segment}"));
        // An abort is not repeated: it would leave the host with a connection for hours.
        if !segment.is_rst() && self.dice.chance(self.scenario.loss) {
            return self.note(segment.flow, || "lost".to_owned());
        }
        let frame = frames::emit(
            segment,
            true,
            CLIENT_MAC,
            addresses::router_mac(CLIENT_PORT),
        );
        let delay = self.dice.between(100, 1_000);
        let at_router = Event::AtRouter {
            port: CLIENT_PORT,
            hops: 0,
            frame,
        };
        self.queue.after(delay, at_router);
    }

    /// A hundred SYNs from random clients, and when the next come.
    pub(super) fn flood(&mut self) {
        const BATCH: u64 = 100;
        let now = self.queue.now();
        let Some(flood) = self
            .scenario
            .flood
            .filter(|flood| now < super::START + flood.to)
        else {
            return;
        };
        for _ in 0..BATCH {
            let flow = addresses::flood_flow(self.dice.bits(), self.dice.bits());
            let syn = Segment::new(flow, frames::flags::SYN, self.dice.bits(), 0);
            let to = addresses::router_mac(CLIENT_PORT);
            let frame = frames::emit(&syn, true, CLIENT_MAC, to);
            self.at_router(CLIENT_PORT, 0, &frame);
        }
        let pause = BATCH * super::SECOND / flood.syns.max(1);
        self.queue.after(pause.max(1), Event::Flood);
    }

    /// A datagram to several hosts, with its number, and when the next comes.
    pub(super) fn send_to_several(&mut self) {
        const EVERY: Micros = 10 * MILLISECOND;
        let now = self.queue.now();
        if now >= super::START + self.scenario.duration {
            return;
        }
        let number = self.outcome.several.len();
        self.outcome.several.push((now, Vec::new()));
        let to = addresses::SEVERAL[number % addresses::SEVERAL.len()];
        let datagram = Segment::new(addresses::several_flow(to), 0, number as u32, 0);
        let frame = frames::emit(&datagram, true, CLIENT_MAC, addresses::multicast_mac(to));
        self.at_router(CLIENT_PORT, 0, &frame);
        self.queue.after(EVERY, Event::Several);
    }

    pub(super) fn at_router(&mut self, port: u16, hops: usize, frame: &[u8]) {
        self.packet.set_bytes(frame);
        let ingress = Ingress {
            port,
            now_us: self.queue.now(),
        };
        let verdict = self
            .router
            .process(&mut self.worker, ingress, &mut self.packet);
        match verdict {
            Verdict::Send { .. } => self.link(None, hops),
            _ => self.outcome.dropped += 1,
        }
    }

    /// Takes `self.packet` to whom its destination MAC says, if that is in the LAN of the host that it comes from.
    fn link(&mut self, from: Option<u16>, hops: usize) {
        let Some((ethernet, _)) = Ethernet::parse(self.packet.bytes()) else {
            return;
        };
        if let Some(port) = addresses::router_port_of_mac(ethernet.dst) {
            let frame = self.packet.bytes().to_vec();
            let delay = self.dice.between(50, 500);
            let at_router = Event::AtRouter { port, hops, frame };
            self.outcome.tunnelled += u64::from(hops > 0);
            return self.queue.after(delay, at_router);
        }
        let topology = &self.scenario.topology;
        let lan = |host| addresses::lan(host, topology);
        let is_near = |host: &u16| from.is_none_or(|from| lan(from) == lan(*host));
        let host = addresses::host_of_mac(ethernet.dst, self.scenario.hosts);
        if let Some(host) = host.filter(is_near) {
            let frame = self.packet.bytes().to_vec();
            let delay = self.dice.between(50, 500);
            self.queue.after(
                delay,
                Event::AtStage {
                    host,
                    hops: hops + 1,
                    frame,
                },
            );
        }
    }

    pub(super) fn at_stage(&mut self, number: u16, hops: usize, frame: &[u8]) {
        let now = self.queue.now();
        if self.host(number).is_dead {
            return;
        }
        let traced = self.traced(frame);
        // Probes are not what the group is for.
        if matches!(frames::parse(frame, true), Payload::Segment(_)) {
            self.outcome.stage_packets[usize::from(number) - 1] += 1;
        }
        if self.scenario.no_recent {
            self.forget_syn(number, frame);
        }
        self.packet.set_bytes(frame);
        let ingress = Ingress {
            port: PORT_NETWORK,
            now_us: now,
        };
        let stage = &self.hosts[usize::from(number) - 1].stage;
        let verdict = stage.process(&mut self.worker, ingress, &mut self.packet);
        if let Some(flow) = traced {
            let class = frame.get(5).map_or(0, |byte| byte & 3);
            let to = self.packet.bytes().get(..6).map(<[u8]>::to_vec);
            self.note(flow, || {
                format!("stage {number} (arrival {class}): {verdict:?}, to {to:02x?}")
            });
        }
        match verdict {
            Verdict::Send { port } => self.leave_stage(number, port, hops),
            Verdict::Several => {
                for copy in std::mem::take(&mut self.worker.outputs) {
                    self.packet = copy.packet;
                    self.leave_stage(number, copy.port, hops);
                }
            }
            Verdict::Drop => self.outcome.dropped += 1,
        }
    }

    /// `self.packet` leaves a stage.
    fn leave_stage(&mut self, number: u16, port: u16, hops: usize) {
        if port == PORT_HOST {
            return self.at_host(number, hops);
        }
        self.outcome.looped += u64::from(hops == MOST_HOPS);
        self.link(Some(number), hops);
    }

    /// Makes a stage forget that it has delivered a SYN of this packet's flow.
    fn forget_syn(&mut self, number: u16, frame: &[u8]) {
        if let Payload::Segment(segment) = frames::parse(frame, true) {
            let index = u64::from(hash_five_tuple(&segment.flow) >> RECENT_SHIFT);
            let entity = Entity::Register {
                register: recent::ID,
                index,
                value: dpr_runtime::Integer::ZERO,
            };
            let written = self.host(number).stage.write(&Update {
                operation: Operation::Modify,
                entity,
            });
            assert_eq!(written, Ok(()), "the register has that many slots");
        }
    }

    /// `self.packet` comes to a host's port.
    fn at_host(&mut self, number: u16, hops: usize) {
        let now = self.queue.now();
        let host = &mut self.hosts[usize::from(number) - 1];
        host.shim
            .session
            .handle_frame(now, Direction::ToHost, self.packet.bytes());
        match frames::parse(self.packet.bytes(), true) {
            Payload::Segment(segment) if addresses::SEVERAL.contains(&segment.flow.dst) => {
                if let Some((_, hosts)) = self.outcome.several.get_mut(segment.sequence as usize) {
                    hosts.push(number);
                }
            }
            Payload::Segment(mut segment) => {
                if addresses::is_flood(&segment.flow) {
                    // Answered from a cookie, and forgotten.
                    self.outcome.flooded += 1;
                    let number_after = segment.sequence.wrapping_add(1);
                    let isn = self.dice.bits();
                    let flags = frames::flags::SYN_ACK;
                    let answer = Segment::new(segment.flow, flags, isn, number_after);
                    let to = addresses::router_mac(addresses::router_port(number));
                    let frame = frames::emit(&answer, false, addresses::host_mac(number), to);
                    return self.send_from_host(number, &frame);
                }
                // The observer knows connections by the published address.
                if self.scenario.topology.within == Rewriting::Nat {
                    segment.flow.dst = published_of(segment.flow.dst, number);
                }
                if self.outcome.hops.len() <= hops {
                    self.outcome.hops.resize(hops + 1, 0);
                }
                self.outcome.hops[hops] += 1;
                self.outcome.delivered += 1;
                self.observer.see_to_host(now, number, &segment);
                let isn = self.dice.bits();
                let reaction = host.server.handle(&segment, isn);
                self.note(segment.flow, || format!("host {number} gets {segment}"));
                for segment in reaction.send {
                    self.host_sends(number, &segment);
                }
                if reaction.watch_fin {
                    let delay = FIN_TIMEOUT;
                    self.queue.after(
                        delay,
                        Event::HostFin {
                            host: number,
                            flow: segment.flow,
                        },
                    );
                }
            }
            Payload::EchoRequest => {
                if let Some(reply) = frames::echo_reply(self.packet.bytes()) {
                    self.send_from_host(number, &reply);
                }
            }
            Payload::Damaged => self.outcome.damaged += 1,
            Payload::Other => {}
        }
        self.serve_shim(number);
    }

    pub(super) fn host_fin(&mut self, number: u16, flow: Flow) {
        if self.host(number).is_dead {
            return;
        }
        if let Some(fin) = self.host(number).server.retransmit_fin(flow) {
            self.host_sends(number, &fin);
            self.queue
                .after(2 * FIN_TIMEOUT, Event::HostFin { host: number, flow });
        }
    }

    fn host_sends(&mut self, number: u16, segment: &Segment) {
        self.note(segment.flow, || format!("host {number} sends {segment}"));
        self.observer
            .see_from_host(self.queue.now(), number, segment);
        let to = addresses::router_mac(addresses::router_port(number));
        let mut sent = *segment;
        if self.scenario.topology.within == Rewriting::Nat {
            sent.flow.dst = own_of(sent.flow.dst, number);
        }
        let frame = frames::emit(&sent, false, addresses::host_mac(number), to);
        self.send_from_host(number, &frame);
    }

    /// A frame from a host, through its stage, to the network.
    pub(super) fn send_from_host(&mut self, number: u16, frame: &[u8]) {
        let now = self.queue.now();
        let host = &mut self.hosts[usize::from(number) - 1];
        host.shim
            .session
            .handle_frame(now, Direction::FromHost, frame);
        self.packet.set_bytes(frame);
        let ingress = Ingress {
            port: PORT_HOST,
            now_us: now,
        };
        if host
            .stage
            .process(&mut self.worker, ingress, &mut self.packet)
            != (Verdict::Send { port: PORT_NETWORK })
        {
            self.outcome.dropped += 1;
            return;
        }
        match frames::parse(self.packet.bytes(), false) {
            Payload::Segment(segment) => self.reply_to_client(&segment),
            Payload::Damaged => self.outcome.damaged += 1,
            Payload::EchoRequest | Payload::Other => self.link(Some(number), 0),
        }
    }

    /// Replies leave directly; the way to the client is as long as the client's plan says.
    fn reply_to_client(&mut self, segment: &Segment) {
        let Some(client) = self.current.get(&segment.flow) else {
            return;
        };
        let delay = self.clients[*client].plan.delay;
        let loss = if segment.is_syn_ack() {
            self.scenario.syn_ack_loss
        } else {
            self.scenario.loss
        };
        if self.dice.chance(loss) {
            return self.note(segment.flow, || "lost".to_owned());
        }
        let jitter = self.dice.between(0, MILLISECOND);
        self.queue.after(delay + jitter, Event::AtClient(*segment));
    }

    fn traced(&self, frame: &[u8]) -> Option<Flow> {
        let traced = self.scenario.trace?;
        match frames::parse(frame, true) {
            Payload::Segment(segment) if segment.flow == traced => Some(traced),
            _ => None,
        }
    }
}

/// The host's own address of a published one's family.
fn own_of(published: u128, host: u16) -> u128 {
    match address::ipv4(published) {
        Some(_) => address::mapped(addresses::host_address(host)),
        None => addresses::host_address6(host),
    }
}

/// The published address that the host's own stands for; another stays, and is nobody's.
fn published_of(own: u128, host: u16) -> u128 {
    let mut published = [PUBLISHED, PUBLISHED6].into_iter();
    published
        .find(|published| own_of(*published, host) == own)
        .unwrap_or(own)
}
