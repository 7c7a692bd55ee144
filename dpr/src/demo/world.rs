//! The data path: clients, front router, LAN, host stages and hosts, joined by links, in real time on one thread.
//!
//! Nothing here knows what the control plane does: tables are written behind the pipelines' backs, by whoever holds them too.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dpr_host_shim::Direction;
use dpr_host_shim::source::LinkTap;
use dpr_p4::host_stage::{PORT_HOST, PORT_NETWORK};
use dpr_runtime::{Ingress, Packet, Pipeline, Verdict, Worker};
use fastrand::Rng;

use super::clients::{Clients, End, Failure};
use super::forget::Forgetful;
use super::host::Host;
use super::multicast::{Deliveries, Multicast};
use super::net::{Capture, Conditions, Exit, Frame, Lan, Link, Segment, Timeline};
use super::observer::{HostId, Observer, Violation};
use super::topology::Topology;

/// The front router's port to the clients.
pub const ROUTER_OUTSIDE: u16 = 1;
/// The front router's port to the first LAN; those to others follow.
pub const ROUTER_INSIDE: u16 = 2;
/// How far the network may run ahead of the clock, so that it need not wake up for every packet.
const TICK_US: u64 = 250;
/// The longest sleep: what the shims send is looked for that often.
const REST_US: u64 = 10_000;
/// How often the figures are published.
const PUBLISH_US: u64 = 50_000;
/// How often hosts ask for their neighbours' MACs again. The stacks forget them after 60 s, and by themselves ask for one in a
/// second; a stage that is not set up yet, or a link that loses, keeps the answers away.
const ANNOUNCE_US: u64 = 500_000;

const LINK_OUTSIDE: usize = 0;
/// The link between the front router and the first LAN; those to others follow, then each host's two.
const LINK_ROUTER: usize = 1;
const LAN_DELAY_US: u64 = 40;
const HOST_DELAY_US: u64 = 10;

/// A host with the stage in front of it.
pub struct Site {
    /// Its number.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// The stage's pipeline.
    pub stage: Arc<dyn Pipeline>,
    /// The host.
    pub host: Host,
    /// Shows the link between the two to the host's shim.
    pub tap: Option<LinkTap>,
    /// Whether it is there from the start.
    pub is_up: bool,
    /// Its own address.
    pub address: std::net::Ipv4Addr,
    /// The LAN that it is in.
    pub lan: usize,
}

/// What can be asked of the network while it runs.
#[derive(Debug)]
pub enum Command {
    /// Connections begin to be opened.
    StartTraffic,
    /// The hosts that are up ask for their neighbours' MACs.
    Announce,
    /// A host's links come up.
    Join(usize),
    /// A host is gone, at once and for good.
    Kill(usize),
    /// The network ends.
    Stop,
}

/// What happened so far.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Connections opened.
    pub opened: u64,
    /// Connections that ended as they should.
    pub completed: u64,
    /// Connections that failed, but those of killed hosts.
    pub failed: u64,
    /// Connections that failed with the host that had accepted them.
    pub failed_on_killed_host: u64,
    /// Whether all connections have been opened and have ended.
    pub is_over: bool,
    /// Connections accepted, by host in the order of the sites.
    pub accepted: Vec<u64>,
    /// What the observer saw that must not be.
    pub violations: Vec<Violation>,
    /// Why connections failed that were not on a killed host, the first few.
    pub failures: Vec<(super::net::Endpoint, Failure)>,
    /// Frames that crossed a link.
    pub frames: u64,
    /// What became of datagrams to several hosts, if there are such.
    pub several: Option<Deliveries>,
}

enum Arrival {
    Clients(Frame),
    Router(u16, Frame),
    /// At a port of a LAN: 0 leads to the router, the others to the stages.
    Lan(usize, usize, Frame),
    Stage(usize, u16, Frame),
    Host(usize, Frame),
}

/// What the network is made of.
pub struct World {
    router: Arc<dyn Pipeline>,
    sites: Vec<Site>,
    clients: Clients,
    several: Option<Multicast>,
    observer: Observer,
    links: Vec<Link>,
    lans: Vec<Lan>,
    topology: Topology,
    capture: Option<Capture>,
    forgetful: Option<Forgetful>,
    timeline: Timeline<Arrival>,
    rng: Rng,
    worker: Worker,
    packet: Packet,
    began: Instant,
    now_us: u64,
    announce_us: Option<u64>,
    progress: Progress,
    published: Arc<Mutex<Progress>>,
}

/// The names of the links of a network with so many LANs and these hosts, in the order of their numbers.
pub fn link_names<'a>(lans: usize, hosts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names = vec!["outside".to_owned(), "router".to_owned()];
    names.extend((2..=lans).map(|lan| format!("router-{lan}")));
    for host in hosts {
        names.push(format!("lan-{host}"));
        names.push(host.to_owned());
    }
    names
}

impl World {
    /// A network at rest.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the network")]
    pub fn new(
        topology: Topology,
        router: Arc<dyn Pipeline>,
        sites: Vec<Site>,
        clients: Clients,
        several: Option<Multicast>,
        observer: Observer,
        conditions: Conditions,
        capture: Option<Capture>,
        forgetful: Option<Forgetful>,
        seed: u64,
        began: Instant,
    ) -> Self {
        let first = LINK_ROUTER + topology.lans();
        let links = (0..first + 2 * sites.len())
            .map(|number| {
                let of_host = number.checked_sub(first);
                let is_inside_a_host = of_host.is_some_and(|number| number % 2 == 1);
                Link {
                    delay_us: if is_inside_a_host {
                        HOST_DELAY_US
                    } else {
                        LAN_DELAY_US
                    },
                    conditions: if is_inside_a_host {
                        Conditions::default()
                    } else {
                        conditions
                    },
                    is_cut: of_host.is_some_and(|number| !sites[number / 2].is_up),
                }
            })
            .collect();
        let progress = Progress {
            accepted: vec![0; sites.len()],
            ..Progress::default()
        };
        Self {
            router,
            sites,
            clients,
            several,
            observer,
            links,
            lans: (0..topology.lans()).map(|_| Lan::default()).collect(),
            topology,
            capture,
            forgetful,
            timeline: Timeline::default(),
            rng: Rng::with_seed(seed ^ 0x6c69_6e6b),
            worker: Worker::seeded(seed ^ 0x7370_7261),
            packet: Packet::new(),
            began,
            now_us: 0,
            announce_us: None,
            published: Arc::new(Mutex::new(progress.clone())),
            progress,
        }
    }

    /// Where the figures are published while the network runs.
    pub fn published(&self) -> Arc<Mutex<Progress>> {
        Arc::clone(&self.published)
    }

    /// Runs until it is told to stop, or nobody is left to tell it. What happened, when the capture is written too.
    pub fn run(mut self, commands: &Receiver<Command>) -> anyhow::Result<Progress> {
        let mut publish_us = 0;
        'running: loop {
            self.advance_to(self.began.elapsed().as_micros() as u64 + TICK_US);
            if self.now_us >= publish_us {
                self.publish();
                publish_us = self.now_us + PUBLISH_US;
            }
            let mut wait = self.rest();
            loop {
                match commands.recv_timeout(wait) {
                    Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => break 'running,
                    Ok(command) => self.obey(command),
                    Err(RecvTimeoutError::Timeout) => break,
                }
                wait = Duration::ZERO;
            }
        }
        self.publish();
        if let Some(capture) = self.capture.take() {
            capture.finish()?;
        }
        Ok(self.progress)
    }

    /// How long nothing is to be done.
    fn rest(&self) -> Duration {
        let hosts = self
            .sites
            .iter()
            .filter(|site| site.is_up)
            .filter_map(|site| site.host.next_us());
        let next = hosts
            .chain(self.clients.next_us())
            .chain(self.timeline.next_us())
            .chain(self.several.as_ref().and_then(Multicast::next_us))
            .chain(self.announce_us)
            .min();
        let now_us = self.began.elapsed().as_micros() as u64;
        let rest_us = next
            .map_or(REST_US, |next_us| next_us.saturating_sub(now_us))
            .clamp(TICK_US, REST_US);
        Duration::from_micros(rest_us)
    }

    /// Does everything that is due by `until_us`.
    fn advance_to(&mut self, until_us: u64) {
        while let Some((at_us, arrival)) = self.timeline.pop_due(until_us) {
            self.now_us = self.now_us.max(at_us);
            self.arrive(arrival);
        }
        self.now_us = self.now_us.max(until_us);
        if self
            .announce_us
            .is_some_and(|announce_us| announce_us <= self.now_us)
        {
            self.announce();
        }
        for index in 0..self.sites.len() {
            if self.sites[index].is_up {
                self.sites[index].host.poll(self.now_us);
                self.send_from_host(index);
                while let Some(frame) = self.sites[index].tap.as_mut().and_then(LinkTap::poll_frame)
                {
                    self.send_to_stage(index, frame);
                }
            }
        }
        self.clients.poll(self.now_us);
        self.send_from_clients();
        self.send_to_several();
        self.count_ended();
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::StartTraffic => {
                self.clients.start(self.now_us);
                if let Some(several) = &mut self.several {
                    several.start(self.now_us);
                }
            }
            Command::Announce => self.announce(),
            Command::Join(index) => self.set_up(index, true),
            Command::Kill(index) => {
                self.set_up(index, false);
                self.observer.host_died(self.sites[index].id);
            }
            Command::Stop => {}
        }
    }

    fn set_up(&mut self, index: usize, is_up: bool) {
        self.sites[index].is_up = is_up;
        let (lan_link, host_link) = (self.lan_link(index), self.host_link(index));
        self.links[lan_link].is_cut = !is_up;
        self.links[host_link].is_cut = !is_up;
        self.lans[self.sites[index].lan].forget(index + 1);
        if is_up {
            self.announce();
        }
    }

    /// Every host asks for the gateway's and the other hosts' MACs, as they would on demand, one a second.
    fn announce(&mut self) {
        self.announce_us = Some(self.now_us + ANNOUNCE_US);
        for index in 0..self.sites.len() {
            if !self.sites[index].is_up {
                continue;
            }
            let host = &self.sites[index].host;
            let lan = self.sites[index].lan;
            let others = self
                .sites
                .iter()
                .enumerate()
                .filter(|(other, site)| *other != index && site.is_up && site.lan == lan);
            let neighbours = others
                .map(|(_, site)| site.address.into())
                .chain(host.gateways().iter().copied());
            let frames: Vec<_> = neighbours
                .map(|neighbour| host.ask_for(neighbour))
                .collect();
            for frame in frames {
                self.send_to_stage(index, frame);
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Clients(frame) => {
                self.clients.receive(self.now_us, frame);
                self.send_from_clients();
            }
            Arrival::Router(port, frame) => self.route(port, frame),
            Arrival::Lan(lan, port, frame) => self.switch(lan, port, frame),
            Arrival::Stage(index, port, frame) => self.stage(index, port, frame),
            Arrival::Host(index, frame) => {
                let segment = Segment::parse(&frame);
                let site = &mut self.sites[index];
                if let Some(segment) = &segment {
                    let seen = Segment {
                        dst: self.topology.as_clients_see(site.id, segment.dst),
                        ..*segment
                    };
                    self.observer.host_gets(self.now_us, site.id, &seen);
                }
                if let Some(tap) = &mut site.tap {
                    tap.show(Direction::ToHost, &frame);
                }
                let several = self.several.as_mut();
                if several.is_some_and(|several| several.host_gets(site.id, &frame)) {
                    return;
                }
                site.host.receive(self.now_us, frame, segment.as_ref());
                self.send_from_host(index);
            }
        }
    }

    /// The front router.
    fn route(&mut self, port: u16, mut frame: Frame) {
        self.packet.set_bytes(&frame);
        let ingress = Ingress {
            port,
            now_us: self.now_us,
        };
        let verdict = self
            .router
            .process(&mut self.worker, ingress, &mut self.packet);
        replace(&mut frame, &self.packet);
        match verdict {
            Verdict::Send {
                port: ROUTER_OUTSIDE,
            } => {
                let distance_us =
                    super::net::destination(&frame).and_then(|to| self.clients.distance_us(to));
                self.send(
                    LINK_OUTSIDE,
                    distance_us.unwrap_or_default(),
                    frame,
                    Arrival::Clients,
                );
            }
            Verdict::Send { port } => {
                let lan = usize::from(port.wrapping_sub(ROUTER_INSIDE));
                if lan < self.lans.len() {
                    self.send(LINK_ROUTER + lan, 0, frame, move |frame| {
                        Arrival::Lan(lan, 0, frame)
                    });
                }
            }
            Verdict::Several | Verdict::Drop => {}
        }
    }

    /// A LAN: port 0 leads to the router, the others to the stages.
    fn switch(&mut self, lan: usize, port: usize, frame: Frame) {
        match self.lans[lan].forward(port, &frame) {
            Exit::Port(exit) => self.send_to_port(lan, exit, frame),
            Exit::Flood => {
                let is_here = |exit: &usize| *exit == 0 || self.sites[*exit - 1].lan == lan;
                let exits = (0..=self.sites.len()).filter(is_here);
                for exit in exits.filter(|exit| *exit != port).collect::<Vec<_>>() {
                    self.send_to_port(lan, exit, frame.clone());
                }
            }
            Exit::Nowhere => {}
        }
    }

    fn send_to_port(&mut self, lan: usize, exit: usize, frame: Frame) {
        match exit.checked_sub(1) {
            None => self.send(LINK_ROUTER + lan, 0, frame, move |frame| {
                Arrival::Router(ROUTER_INSIDE + lan as u16, frame)
            }),
            Some(index) => self.send(self.lan_link(index), 0, frame, move |frame| {
                Arrival::Stage(index, PORT_NETWORK, frame)
            }),
        }
    }

    fn lan_link(&self, site: usize) -> usize {
        LINK_ROUTER + self.lans.len() + 2 * site
    }

    fn host_link(&self, site: usize) -> usize {
        self.lan_link(site) + 1
    }

    /// A host's stage.
    fn stage(&mut self, index: usize, port: u16, mut frame: Frame) {
        self.packet.set_bytes(&frame);
        let ingress = Ingress {
            port,
            now_us: self.now_us,
        };
        let stage = &self.sites[index].stage;
        let verdict = stage.process(&mut self.worker, ingress, &mut self.packet);
        replace(&mut frame, &self.packet);
        if let Some(forgetful) = &self.forgetful {
            forgetful.after(stage.as_ref(), &frame);
        }
        match verdict {
            Verdict::Send { port } => self.leave_stage(index, port, frame),
            Verdict::Several => {
                for copy in std::mem::take(&mut self.worker.outputs) {
                    self.leave_stage(index, copy.port, copy.packet.bytes().to_vec());
                }
            }
            Verdict::Drop => {}
        }
    }

    fn leave_stage(&mut self, index: usize, port: u16, frame: Frame) {
        match port {
            PORT_NETWORK => {
                let lan = self.sites[index].lan;
                self.send(self.lan_link(index), 0, frame, move |frame| {
                    Arrival::Lan(lan, index + 1, frame)
                })
            }
            PORT_HOST => self.send(self.host_link(index), 0, frame, move |frame| {
                Arrival::Host(index, frame)
            }),
            _ => {}
        }
    }

    fn send_from_host(&mut self, index: usize) {
        for frame in self.sites[index].host.take_sent() {
            self.send_to_stage(index, frame);
        }
    }

    fn send_to_stage(&mut self, index: usize, frame: Frame) {
        let site = &mut self.sites[index];
        if let Some(mut segment) = Segment::parse(&frame) {
            segment.src = self.topology.as_clients_see(site.id, segment.src);
            self.observer.host_sends(self.now_us, site.id, &segment);
        }
        if let Some(tap) = &mut site.tap {
            tap.show(Direction::FromHost, &frame);
        }
        self.send(self.host_link(index), 0, frame, move |frame| {
            Arrival::Stage(index, PORT_HOST, frame)
        });
    }

    fn send_from_clients(&mut self) {
        for client in self.clients.take_asked_resets() {
            self.observer.reset_was_asked(client);
        }
        for (distance_us, frame) in self.clients.take_sent() {
            self.send(LINK_OUTSIDE, distance_us, frame, |frame| {
                Arrival::Router(ROUTER_OUTSIDE, frame)
            });
        }
    }

    /// The datagrams to several hosts end before the connections do, so that all have arrived when the network ends.
    fn send_to_several(&mut self) {
        let Some(several) = &mut self.several else {
            return;
        };
        if self.clients.all_opened() {
            several.stop();
        }
        while let Some(frame) = self.several.as_mut().and_then(|it| it.poll(self.now_us)) {
            self.send(LINK_OUTSIDE, 0, frame, |frame| {
                Arrival::Router(ROUTER_OUTSIDE, frame)
            });
        }
    }

    /// Sends a frame on a link; it arrives after the link's delay and `more_us`, if it does.
    fn send(
        &mut self,
        link: usize,
        more_us: u64,
        frame: Frame,
        arrival: impl FnOnce(Frame) -> Arrival,
    ) {
        self.progress.frames += 1;
        if let Some(capture) = &mut self.capture {
            capture.record(link, self.now_us, &frame);
        }
        if let Some(delay_us) = self.links[link].carry(&mut self.rng) {
            self.timeline
                .push(self.now_us + delay_us + more_us, arrival(frame));
        }
    }

    fn count_ended(&mut self) {
        for ended in self.clients.take_ended() {
            match ended.end {
                End::Completed => self.progress.completed += 1,
                End::Failed(_) if self.observer.is_bereaved(ended.client) => {
                    self.progress.failed_on_killed_host += 1
                }
                End::Failed(failure) => {
                    self.progress.failed += 1;
                    self.progress.failures.push((ended.client, failure));
                }
            }
        }
    }

    fn publish(&mut self) {
        let progress = &mut self.progress;
        progress.opened = self.clients.opened() as u64;
        let ended = progress.completed + progress.failed + progress.failed_on_killed_host;
        progress.is_over = self.clients.all_opened() && ended == progress.opened;
        for (accepted, site) in progress.accepted.iter_mut().zip(&self.sites) {
            *accepted = self.observer.accepted(site.id);
        }
        progress.several = self.several.as_ref().map(Multicast::deliveries);
        progress
            .violations
            .extend_from_slice(&self.observer.violations()[progress.violations.len()..]);
        *self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = progress.clone();
    }
}

fn replace(frame: &mut Frame, packet: &Packet) {
    frame.clear();
    frame.extend_from_slice(packet.bytes());
}

#[cfg(test)]
mod tests;
