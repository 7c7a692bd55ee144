//! Runs the script while it shows how far the demo is, and takes stock at the end.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use dpr_protocol::admin::v1::{HostState, StatusReply};
use dpr_runtime::Pipeline;

use super::control::ControlPlane;
use super::display::{Display, HostLine, View};
use super::figures;
use super::observer::HostId;
use super::options::Settings;
use super::report::{Connections, FlowState, HostReport, InstallTimes, Packets, Report};
use super::script::{self, Event};
use super::topology::host_name;
use super::world::{Command, Progress};

/// How often the script and the display are looked at.
const STEP: Duration = Duration::from_millis(100);
/// How long the group may take until it serves.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Between the hosts' first words in the LAN and the traffic, so that MACs are known.
const SETTLE_IN: Duration = Duration::from_millis(200);
/// How long connections may go on after the last was opened.
const END_WITHIN: Duration = Duration::from_secs(60);
/// How long flow state may take to drain after the last connection.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);
/// The same with a fault: hosts never see the end of connections that it broke.
const DRAIN_WITH_FAULT_WITHIN: Duration = Duration::from_secs(5);

/// Who runs a demo.
pub struct Director<'a> {
    /// What to do.
    pub settings: &'a Settings,
    /// The control plane.
    pub control: ControlPlane,
    /// To the data path.
    pub network: Sender<Command>,
    /// From the data path.
    pub progress: Arc<Mutex<Progress>>,
    /// For its counters.
    pub router: Arc<dyn Pipeline>,
    /// The stages by host, for their counters.
    pub stages: Vec<Arc<dyn Pipeline>>,
    /// The most connections that each host held at once, and the most entries of its stage, as far as was looked.
    pub most: Vec<Most>,
    /// Where it is shown.
    pub display: Display,
    /// When the demo began.
    pub began: Instant,
}

/// What there was of a host at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Most {
    /// Connections that it held.
    connections: u64,
    /// Entries of flow state in its stage.
    entries: u64,
}

impl Director<'_> {
    /// Runs the demo to its end.
    pub async fn run(&mut self) -> anyhow::Result<Report> {
        self.wait_until_ready().await?;
        self.tell(Command::Announce)?;
        tokio::time::sleep(SETTLE_IN).await;
        self.tell(Command::StartTraffic)?;
        let opening = Duration::from_micros(self.settings.shape.opening_us);
        self.display.event(&format!(
            "traffic begins: {} connections in {:.0} s",
            self.settings.shape.connections,
            opening.as_secs_f64()
        ));

        let slowness = self.settings.conditions.slowness();
        let start = Instant::now();
        for scheduled in script::write(self.settings) {
            let due = start + Duration::from_micros(scheduled.at_us);
            while Instant::now() < due {
                self.pause(due).await?;
            }
            self.display.event(&scheduled.event.words());
            self.carry_out(&scheduled.event).await?;
        }
        while !self.progress().is_over && start.elapsed() < opening + END_WITHIN * slowness {
            self.pause(Instant::now() + STEP).await?;
        }
        self.display
            .event("all connections have ended; waiting until their flow state is gone");
        let ended = Instant::now();
        let mut status = self.control.status().await?;
        let within = if self.settings.fault.is_some() {
            DRAIN_WITH_FAULT_WITHIN
        } else {
            DRAIN_WITHIN * slowness
        };
        while !is_drained(&status) && ended.elapsed() < within {
            status = self.pause(Instant::now() + STEP).await?;
        }
        self.display.finish();
        Ok(self.report(&status))
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        while self.began.elapsed() < READY_WITHIN {
            let status = self.control.status().await?;
            let serving = status.hosts.iter().filter(|host| {
                host.state() == HostState::Serving
                    && host.stage_ready
                    && (host.in_router || !self.settings.topology.has_front_router())
                    && host.shim_connected
            });
            if serving.count() == self.settings.hosts {
                return Ok(());
            }
            tokio::time::sleep(STEP / 4).await;
        }
        let status = self.control.status().await?;
        bail!(
            "the group does not serve after {} s: {:?}",
            READY_WITHIN.as_secs(),
            status.hosts
        )
    }

    async fn carry_out(&mut self, event: &Event) -> anyhow::Result<()> {
        match event {
            Event::Weights(weights) => {
                for (host, weight) in weights {
                    self.control.set_weight(*host, *weight).await?;
                }
            }
            Event::Join(host, weight) => {
                self.tell(Command::Join(index(*host)))?;
                self.control.join(*host, *weight).await?;
            }
            Event::Kill(host) => {
                self.tell(Command::Kill(index(*host)))?;
                self.control.kill(*host);
            }
        }
        Ok(())
    }

    /// Shows how far the demo is, and waits a step, or until `due`.
    async fn pause(&mut self, due: Instant) -> anyhow::Result<StatusReply> {
        let status = self.control.status().await?;
        let view = self.view(&status);
        for ((most, line), stage) in self.most.iter_mut().zip(&view.hosts).zip(&self.stages) {
            most.connections = most.connections.max(line.live);
            most.entries = most.entries.max(figures::flow_entries(stage.as_ref()));
        }
        self.display.show(&view);
        tokio::time::sleep(STEP.min(due.saturating_duration_since(Instant::now()))).await;
        Ok(status)
    }

    fn view(&self, status: &StatusReply) -> View {
        let progress = self.progress();
        let hosts = self.hosts();
        let lines = hosts.map(|host| {
            let known = status
                .hosts
                .iter()
                .find(|known| known.id == u32::from(host));
            let stage = self.stages[index(host)].as_ref();
            let state = match known.map(|known| known.state()) {
                _ if self.control.is_killed(host) => "killed",
                Some(HostState::Joining) => "joining",
                Some(HostState::Serving) => "serving",
                Some(HostState::Draining) => "draining",
                Some(HostState::Drained) => "drained",
                Some(HostState::Held) => "held",
                Some(HostState::Blind) => "blind",
                Some(HostState::Dead) => "dead",
                Some(HostState::Out | HostState::Unspecified) | None => "-",
            };
            HostLine {
                name: host_name(host),
                state: state.to_owned(),
                target_share: known.map_or(0.0, |known| known.target_share),
                live: known.map_or(0, |known| known.connections),
                served: figures::served(stage, self.settings.topology),
                rerouted: figures::rerouted(stage),
            }
        });
        View {
            hosts: lines.collect(),
            progress,
            moves: status.moves.as_ref().map_or(0, |moves| moves.completed),
            flow_state: status
                .flow_state
                .as_ref()
                .map_or(0, |state| state.remaining),
        }
    }

    fn report(&self, status: &StatusReply) -> Report {
        let progress = self.progress();
        let view = self.view(status);
        let hosts: Vec<HostReport> = view
            .hosts
            .iter()
            .zip(self.hosts())
            .map(|(line, host)| {
                let alive = matches!(
                    line.state.as_str(),
                    "joining" | "serving" | "draining" | "drained" | "blind"
                );
                HostReport {
                    id: line.name.clone(),
                    alive,
                    target_share: line.target_share,
                    connections: progress.accepted[index(host)],
                    most_connections: self.most[index(host)].connections,
                    most_flow_entries: self.most[index(host)].entries,
                    packets_served: line.served,
                    packets_rerouted: line.rerouted,
                }
            })
            .collect();
        let flow_state = status.flow_state.unwrap_or_default();
        Report {
            connections: Connections {
                opened: progress.opened,
                completed: progress.completed,
                failed: progress.failed,
                failed_on_killed_host: progress.failed_on_killed_host,
            },
            packets: Packets {
                sprayed: figures::sprayed(self.router.as_ref()),
                served: hosts.iter().map(|host| host.packets_served).sum(),
                rerouted: hosts.iter().map(|host| host.packets_rerouted).sum(),
            },
            hosts,
            several: progress.several,
            pcc_violations: progress.violations.len() as u64,
            bucket_moves: view.moves,
            flow_state: FlowState {
                installed: flow_state.installed,
                removed: flow_state.removed,
                remaining: flow_state.remaining,
                install_ms: InstallTimes {
                    p50: flow_state.install_ms_p50,
                    p99: flow_state.install_ms_p99,
                },
            },
            elapsed_s: (self.began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        }
    }

    fn hosts(&self) -> impl Iterator<Item = HostId> + use<> {
        1..=self.stages.len() as HostId
    }

    fn progress(&self) -> Progress {
        self.progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn tell(&self, command: Command) -> anyhow::Result<()> {
        self.network
            .send(command)
            .ok()
            .context("the network's thread has ended")
    }
}

fn is_drained(status: &StatusReply) -> bool {
    status
        .flow_state
        .as_ref()
        .is_some_and(|state| state.remaining == 0 && state.connections == 0)
}

fn index(host: HostId) -> usize {
    usize::from(host) - 1
}
