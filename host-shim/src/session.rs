//! A shim without its input and output: frames of the host's link and messages of the controller in, messages and frames out.

use std::collections::VecDeque;

use dpr_protocol::shim::v1 as wire;
use dpr_protocol::shim::v1::controller_message::Message;

use crate::data::{DataCheck, DataWatch};
use crate::outbox::{Outbox, OutboxConfig};
use crate::prober::{Prober, Probes};
use crate::wire::{Parsed, announcement, parse};
use crate::{Direction, Service, Tracker, TrackerConfig};
use dpr_protocol::address;
use std::net::IpAddr;

/// MACs of a stage, one per arrival class.
const STAGE_MACS: u64 = 4;

/// Who a shim is, and how it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// The host's number in the group.
    pub host: u16,
    /// The host's name in the controller's configuration.
    pub name: String,
    /// The host's own MAC, in the low 48 bits: probes come from it.
    pub host_mac: u64,
    /// The host's own address.
    pub address: u32,
    /// Tells this run of the shim from others of the same host; random.
    pub session: u64,
    /// The shim has seen the host's connections from their start. If not, its snapshots are partial until all that may have been
    /// there before it have shown themselves or idled away.
    pub started_with_host: bool,
    /// How connections are tracked.
    pub tracker: TrackerConfig,
    /// How events are reported.
    pub outbox: OutboxConfig,
    /// Between two load reports, in microseconds.
    pub load_interval_us: u64,
    /// Between two announcements of the stage's MACs, in microseconds.
    pub announce_interval_us: u64,
    /// How to tell which data the host holds.
    pub data: Vec<DataCheck>,
}

impl SessionConfig {
    /// With the defaults of everything that has one.
    pub fn new(
        host: u16,
        name: impl Into<String>,
        host_mac: u64,
        address: u32,
        session: u64,
    ) -> Self {
        SessionConfig {
            host,
            name: name.into(),
            host_mac,
            address,
            session,
            started_with_host: true,
            tracker: TrackerConfig::default(),
            outbox: OutboxConfig::default(),
            load_interval_us: 2_000_000,
            announce_interval_us: 60_000_000,
            data: Vec::new(),
        }
    }
}

/// How far the stream to the controller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Down,
    /// `Register` is sent.
    Registering,
    Up,
}

/// The shim of one host. `handle_*` takes what happened, `poll_*` gives what to do; times are microseconds of one clock.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    tracker: Tracker,
    outbox: Outbox,
    probes: Probes,
    data: DataWatch,
    stream: Stream,
    /// The stage's first MAC, when the controller has said it, and the next announcement.
    announce: Option<(u64, u64)>,
    /// Own addresses of the host, and the published ones that they stand for.
    translations: Vec<(IpAddr, IpAddr)>,
    next_load_us: u64,
    cpu_permille: u32,
    messages: VecDeque<wire::ShimMessage>,
    frames: VecDeque<Vec<u8>>,
    /// When the first frame was seen.
    started_us: Option<u64>,
}

impl Session {
    /// Without a stream, and without services until the controller names them.
    pub fn new(config: SessionConfig) -> Self {
        let prober = Prober {
            host: config.host,
            mac: config.host_mac,
            address: config.address,
        };
        Session {
            tracker: Tracker::new(config.tracker.clone()),
            outbox: Outbox::new(config.outbox.clone()),
            probes: Probes::new(prober),
            data: DataWatch::new(&config.data),
            stream: Stream::Down,
            announce: None,
            translations: Vec::new(),
            next_load_us: 0,
            cpu_permille: 0,
            messages: VecDeque::new(),
            frames: VecDeque::new(),
            started_us: None,
            config,
        }
    }

    /// The connections.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// What is published, before the controller says it: connections from before the first registration are then not missed.
    pub fn set_services(&mut self, services: Vec<Service>) {
        self.tracker.set_services(services);
    }

    /// The controller has answered the registration.
    pub fn is_registered(&self) -> bool {
        self.stream == Stream::Up
    }

    /// Takes a frame that crosses the host's link.
    pub fn handle_frame(&mut self, now_us: u64, direction: Direction, frame: &[u8]) {
        self.started_us.get_or_insert(now_us);
        let Some(mut parsed) = parse(direction, frame) else {
            return;
        };
        match &mut parsed {
            Parsed::ProbeReply(probe) => self.probes.handle_reply(now_us, probe),
            Parsed::Tcp(flow, _) | Parsed::Udp(flow) => {
                let mut translations = self.translations.iter();
                if let Some((_, published)) = translations.find(|(own, _)| *own == flow.dst) {
                    flow.dst = *published;
                }
                self.tracker.handle_parsed(now_us, direction, &parsed);
            }
        }
        self.collect(now_us);
    }

    /// A stream to the controller is open.
    pub fn handle_connected(&mut self, _now_us: u64) {
        self.messages.clear();
        self.outbox.handle_disconnected();
        self.stream = Stream::Registering;
        let register = wire::Register {
            host: u32::from(self.config.host),
            name: self.config.name.clone(),
            session: self.config.session,
            acked_seq: self.outbox.acked_seq(),
            watched_maps: self.data.maps().map(u32::from).collect(),
        };
        self.messages.push_back(register.into());
    }

    /// The stream is gone, with what was on its way.
    pub fn handle_disconnected(&mut self, _now_us: u64) {
        self.stream = Stream::Down;
        self.outbox.handle_disconnected();
        self.messages.clear();
    }

    /// Takes a message of the controller. All frames that the host's network stack has seen must have been handed in before a
    /// [`wire::Flush`] is.
    pub fn handle_message(&mut self, now_us: u64, message: wire::ControllerMessage) {
        match message.message {
            Some(Message::Registered(registered)) if self.stream == Stream::Registering => {
                self.handle_registered(now_us, &registered);
            }
            Some(Message::Ack(ack)) => self.outbox.handle_ack(ack.seq),
            Some(Message::Flush(flush)) if self.stream == Stream::Up => {
                self.tracker.report_slow(now_us);
                self.collect(now_us);
                self.outbox.flush(now_us, &mut self.messages);
                self.messages.push_back(
                    wire::FlushDone {
                        marker: flush.marker,
                    }
                    .into(),
                );
            }
            Some(Message::RequestSnapshot(_)) if self.stream == Stream::Up => {
                self.send_snapshot(now_us)
            }
            Some(Message::Services(services)) if self.stream == Stream::Up => {
                self.set_published(&services.services, &services.translations);
            }
            Some(Message::Peers(peers)) => self.probes.set_peers(now_us, &peers),
            // Of an earlier stream, or of a later version of the protocol.
            _ => {}
        }
        self.collect(now_us);
    }

    /// The share of the host's processors in use, in thousandths, for the next load reports.
    pub fn handle_cpu(&mut self, permille: u32) {
        self.cpu_permille = permille;
    }

    /// What came of one of [`SessionConfig::data`], by its place there.
    pub fn handle_check(&mut self, check: usize, is_held: bool) {
        if self.data.handle_check(check, is_held) && self.stream == Stream::Up {
            self.send_data();
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now_us: u64) {
        self.tracker.handle_timeout(now_us);
        self.probes.handle_timeout(now_us, &mut self.frames);
        if let Some((stage_mac, due_us)) = self.announce
            && due_us <= now_us
        {
            self.frames
                .extend((0..STAGE_MACS).map(|class| announcement(stage_mac + class)));
            self.announce = Some((stage_mac, now_us + self.config.announce_interval_us));
        }
        if self.stream == Stream::Up && self.next_load_us <= now_us {
            self.next_load_us = now_us + self.config.load_interval_us;
            let load = wire::Load {
                connections: self.tracker.connections(),
                cpu_permille: self.cpu_permille,
            };
            self.messages.push_back(load.into());
        }
        self.collect(now_us);
    }

    /// When [`Session::handle_timeout`] is to be called at the latest.
    pub fn poll_timeout(&self) -> Option<u64> {
        let load = (self.stream == Stream::Up).then_some(self.next_load_us);
        let announce = self.announce.map(|(_, due_us)| due_us);
        let parts = [
            self.tracker.poll_timeout(),
            self.outbox.poll_timeout(),
            self.probes.poll_timeout(),
            load,
            announce,
        ];
        parts.into_iter().flatten().min()
    }

    /// The next message to the controller.
    pub fn poll_message(&mut self) -> Option<wire::ShimMessage> {
        self.messages.pop_front()
    }

    /// The next frame to send from the host to its stage.
    pub fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    fn handle_registered(&mut self, now_us: u64, registered: &wire::Registered) {
        self.stream = Stream::Up;
        self.set_published(&registered.services, &registered.translations);
        self.tracker.set_linger(
            microseconds(registered.linger_ms),
            microseconds(registered.linger_away_ms),
        );
        if self
            .announce
            .is_none_or(|(stage_mac, _)| stage_mac != registered.stage_mac)
            && registered.stage_mac != 0
        {
            self.announce = Some((registered.stage_mac, now_us));
        }
        if let Some(peers) = &registered.peers {
            self.probes.set_peers(now_us, peers);
        }
        // Before the snapshot, so that the host gets no buckets of maps whose data it does not hold.
        self.send_data();
        if registered.snapshot_wanted || self.outbox.owes_snapshot() {
            self.send_snapshot(now_us);
        } else {
            self.outbox
                .handle_registered(now_us, registered.received_seq, &mut self.messages);
        }
        self.next_load_us = now_us;
    }

    fn set_published(&mut self, services: &[wire::Service], translations: &[wire::Translation]) {
        let services = services.iter().filter_map(Service::from_wire);
        self.tracker.set_services(services.collect());
        let translations = translations.iter().filter_map(|translation| {
            let own = address::from_bytes(&translation.own)?;
            Some((own, address::from_bytes(&translation.published)?))
        });
        self.translations = translations.collect();
    }

    /// Says which data the host holds, once that is known.
    fn send_data(&mut self) {
        if let Some(held) = self.data.held() {
            let maps = held.map(u32::from).collect();
            self.messages.push_back(wire::DataHeld { maps }.into());
        }
    }

    fn send_snapshot(&mut self, now_us: u64) {
        // What the tracker has not handed over yet is in the snapshot as well.
        while self.tracker.poll_event().is_some() {}
        let is_partial = !self.config.started_with_host
            && self
                .started_us
                .is_none_or(|started_us| now_us - started_us < self.config.tracker.tcp_idle_us);
        self.outbox.snapshot(
            now_us,
            &self.tracker.live_flows(),
            is_partial,
            &mut self.messages,
        );
    }

    fn collect(&mut self, now_us: u64) {
        while let Some(event) = self.tracker.poll_event() {
            self.outbox.push(event);
        }
        self.outbox.handle_timeout(now_us, &mut self.messages);
        if self.stream == Stream::Up
            && let Some(report) = self.probes.poll_report()
        {
            self.messages.push_back(report.into());
        }
    }
}

/// At most a day: longer times are mistakes, and sums with them must not overflow.
fn microseconds(milliseconds: u64) -> u64 {
    milliseconds.min(86_400_000) * 1_000
}

#[cfg(test)]
mod tests;
