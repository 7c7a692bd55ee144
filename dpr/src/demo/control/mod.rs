//! The control plane of the demo: a controller, a P4Runtime server for the router and for each stage, and a shim on each host.
//! They are the real ones, and talk gRPC over loopback.

mod group;
mod late;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use dpr_controller::Controller;
use dpr_host_shim::source::MemorySource;
use dpr_host_shim::{SessionConfig, service as shim};
use dpr_protocol::admin::v1::admin_client::AdminClient;
use dpr_protocol::admin::v1::{JoinRequest, SetWeightRequest, StatusReply, StatusRequest};
use dpr_runtime::Pipeline;
use dpr_switch::{P4RuntimeServer, ServerHandle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use super::observer::HostId;
use super::options::Settings;
use super::topology::{Topology, host_mac, host_name};

/// A stage, and its host's link as the shim sees it.
pub struct StageOfHost {
    /// The host.
    pub host: HostId,
    /// The stage's pipeline.
    pub pipeline: Arc<dyn Pipeline>,
    /// The link.
    pub source: MemorySource,
}

/// What runs on a host.
struct OnHost {
    server: ServerHandle,
    stop_shim: oneshot::Sender<()>,
    shim: JoinHandle<()>,
}

/// The running control plane.
pub struct ControlPlane {
    admin: AdminClient<Channel>,
    /// By host; nothing where the host was killed.
    hosts: Vec<Option<OnHost>>,
    router: Option<ServerHandle>,
    controller: Option<Controller>,
    relay: Option<JoinHandle<()>>,
}

impl ControlPlane {
    /// Starts all of it. Must be called on a multi-threaded runtime.
    pub async fn start(
        settings: &Settings,
        router: Arc<dyn Pipeline>,
        stages: Vec<StageOfHost>,
    ) -> anyhow::Result<Self> {
        let (router_address, router) =
            P4RuntimeServer::bind(any_port(), group::ROUTER_DEVICE, router)
                .await
                .context("cannot serve the front router")?;
        let mut servers = Vec::new();
        let mut addresses = Vec::new();
        for stage in &stages {
            let device = u64::from(stage.host);
            let (address, server) =
                P4RuntimeServer::bind(any_port(), device, Arc::clone(&stage.pipeline))
                    .await
                    .with_context(|| {
                        format!("cannot serve the stage of {}", host_name(stage.host))
                    })?;
            servers.push(server);
            addresses.push(address);
        }
        let controller = group::start(settings, router_address, &addresses).await?;
        let mut shims_dial = controller.shim_address();
        let mut relay = None;
        if settings.report_delay_ms > 0 {
            let (address, task) =
                late::relay(shims_dial, Duration::from_millis(settings.report_delay_ms)).await?;
            shims_dial = address;
            relay = Some(tokio::spawn(task));
        }
        let hosts = stages
            .into_iter()
            .zip(servers)
            .map(|(stage, server)| Some(start_shim(settings.topology, stage, server, shims_dial)));
        let hosts = hosts.collect();
        let admin = AdminClient::connect(format!("http://{}", controller.admin_address()))
            .await
            .context("cannot reach the controller")?;
        Ok(Self {
            admin,
            hosts,
            router: Some(router),
            controller: Some(controller),
            relay,
        })
    }

    /// What the controller says of the group.
    pub async fn status(&mut self) -> anyhow::Result<StatusReply> {
        let reply = self
            .admin
            .status(StatusRequest {})
            .await
            .context("the controller does not say how the group is")?;
        Ok(reply.into_inner())
    }

    /// Gives a host a weight.
    pub async fn set_weight(&mut self, host: HostId, weight: f64) -> anyhow::Result<()> {
        let request = SetWeightRequest {
            host: host_name(host),
            weight,
        };
        self.admin
            .set_weight(request)
            .await
            .with_context(|| format!("cannot change the weight of {}", host_name(host)))?;
        Ok(())
    }

    /// Lets a host of the configuration that is out of the group join it.
    pub async fn join(&mut self, host: HostId, weight: f64) -> anyhow::Result<()> {
        let request = JoinRequest {
            name: host_name(host),
            weight,
            ..JoinRequest::default()
        };
        self.admin
            .join(request)
            .await
            .with_context(|| format!("{} cannot join", host_name(host)))?;
        Ok(())
    }

    /// What runs on a host ends at once, without a word.
    pub fn kill(&mut self, host: HostId) {
        if let Some(on_host) = self.hosts[usize::from(host) - 1].take() {
            on_host.shim.abort();
        }
    }

    /// Whether a host was killed.
    pub fn is_killed(&self, host: HostId) -> bool {
        self.hosts[usize::from(host) - 1].is_none()
    }

    /// Ends all of it.
    pub async fn stop(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.stop().await;
        }
        if let Some(relay) = self.relay.take() {
            relay.abort();
        }
        for on_host in self.hosts.iter_mut().filter_map(Option::take) {
            // A shim that has ended needs no word.
            let _ = on_host.stop_shim.send(());
            on_host.shim.abort();
            on_host.server.shutdown().await;
        }
        if let Some(router) = self.router.take() {
            router.shutdown().await;
        }
    }
}

fn start_shim(
    topology: Topology,
    stage: StageOfHost,
    server: ServerHandle,
    controller: SocketAddr,
) -> OnHost {
    let StageOfHost { host, source, .. } = stage;
    let session = SessionConfig::new(
        host,
        host_name(host),
        host_mac(host),
        topology.address(host).into(),
        shim::random_session(),
    );
    let settings = shim::Settings::new(session, format!("http://{controller}"));
    let (stop_shim, stopped) = oneshot::channel::<()>();
    let run = shim::run(settings, source, async move { drop(stopped.await) });
    let shim = tokio::spawn(async move {
        if let Err(error) = run.await {
            tracing::error!(host, %error, "the shim ended");
        }
    });
    OnHost {
        server,
        stop_shim,
        shim,
    }
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
