//! Packets on their way: through the router's and the stages' pipelines, over links that delay, reorder and lose.

use dpr_controller::core::hash_five_tuple;
use dpr_host_shim::Direction;
use dpr_p4::host_stage::flow_state::Key as Flow;
use dpr_p4::host_stage::headers::Ethernet;
use dpr_p4::host_stage::{PORT_HOST, PORT_NETWORK, recent};
use dpr_runtime::{Entity, Ingress, Operation, Pipeline, Update, Verdict};

use super::addresses::{self, CLIENT_MAC, CLIENT_PORT};
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
        self.queue.after(delay, Event::AtRouter(frame));
    }

    pub(super) fn at_router(&mut self, frame: &[u8]) {
        self.packet.set_bytes(frame);
        let ingress = Ingress {
            port: CLIENT_PORT,
            now_us: self.queue.now(),
        };
        let verdict = self
            .router
            .process(&mut self.worker, ingress, &mut self.packet);
        match verdict {
            Verdict::Send { .. } => self.link(0),
            _ => self.outcome.dropped += 1,
        }
    }

    /// Takes `self.packet` to whom its destination MAC says.
    fn link(&mut self, hops: usize) {
        let Some((ethernet, _)) = Ethernet::parse(self.packet.bytes()) else {
            return;
        };
        if let Some(host) = addresses::host_of_mac(ethernet.dst, self.scenario.hosts) {
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
        if matches!(frames::parse(frame, true), Payload::Tcp(_)) {
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
            Verdict::Send { port: PORT_HOST } => self.at_host(number, hops),
            Verdict::Send { .. } => {
                self.outcome.looped += u64::from(hops == MOST_HOPS);
                self.link(hops);
            }
            _ => self.outcome.dropped += 1,
        }
    }

    /// Makes a stage forget that it has delivered a SYN of this packet's flow.
    fn forget_syn(&mut self, number: u16, frame: &[u8]) {
        if let Payload::Tcp(segment) = frames::parse(frame, true) {
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
            Payload::Tcp(segment) => {
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
        let frame = frames::emit(segment, false, addresses::host_mac(number), to);
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
            Payload::Tcp(segment) => self.reply_to_client(&segment),
            Payload::EchoRequest | Payload::Other => self.link(0),
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
            Payload::Tcp(segment) if segment.flow == traced => Some(traced),
            _ => None,
        }
    }
}
