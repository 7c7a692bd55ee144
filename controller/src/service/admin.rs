//! The gRPC API that operators use.

mod criteria;
mod explain;
mod hold;
mod leaving;

use super::{
    super::config::MIN_MTU,
    actor::{Letter, Links},
    reload::{ReloadError, Reloader},
    text,
};
use crate::core::{
    Command, CommandError, Core, FlowInfo, FlowKey, HostId, HostInfo, HostSpec, HostState, Input,
    Location, Micros, Status as GroupStatus,
};
use dpr_protocol::admin::v1::{
    self as wire, BucketsReply, BucketsRequest, CriteriaReply, CriteriaRequest, DrainReply,
    DrainRequest, ExplainReply, ExplainRequest, FlowsReply, FlowsRequest, HoldReply, HoldRequest,
    JoinReply, JoinRequest, ReleaseReply, ReleaseRequest, ReloadReply, ReloadRequest, RemoveReply,
    RemoveRequest, ServicesReply, ServicesRequest, SetCriteriaReply, SetCriteriaRequest,
    SetWeightReply, SetWeightRequest, StatusReply, StatusRequest, UndrainReply, UndrainRequest,
    WatchDrainRequest, admin_server::Admin,
};
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tonic::{Request, Response, Status};

/// Flows in a reply that names no limit.
const FLOWS: usize = 1000;

#[derive(Clone)]
pub(super) struct Operators {
    letters: UnboundedSender<Letter>,
    reloader: Option<Arc<Reloader>>,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operators").finish_non_exhaustive()
    }
}

impl Operators {
    pub fn new(letters: UnboundedSender<Letter>, reloader: Option<Reloader>) -> Self {
        Operators {
            letters,
            reloader: reloader.map(Arc::new),
        }
    }

    /// Reads the configuration file again.
    pub async fn reload_file(&self) -> Result<Vec<String>, ReloadError> {
        match &self.reloader {
            Some(reloader) => reloader.reload(self).await,
            None => Err(ReloadError::NoFile),
        }
    }

    /// Does something with the core, in its task.
    pub async fn visit<T: Send + 'static>(
        &self,
        visit: impl FnOnce(&mut Core, &Links, Micros) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let (answer, answered) = oneshot::channel();
        let visit = Box::new(move |core: &mut Core, links: &Links, now| {
            // Whoever asked may have gone.
            let _ = answer.send(visit(core, links, now));
        });
        let stopping = || Status::unavailable("the controller is stopping");
        self.letters
            .send(Letter::Visit(visit))
            .map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())
    }

    /// Carries out a command about a named host, and says how many moves are to come.
    async fn command(
        &self,
        host: String,
        make: impl FnOnce(HostId) -> Command + Send + 'static,
    ) -> Result<u64, Status> {
        self.visit(move |core, _, now| {
            let id = host_id(core, &host)?;
            core.command(make(id), now).map_err(refusal)?;
            Ok(moves_to_come(core))
        })
        .await?
    }
}

#[tonic::async_trait]
impl Admin for Operators {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusReply>, Status> {
        self.visit(|core, _, now| {
            core.handle(Input::Tick, now);
            Response::new(status_reply(core))
        })
        .await
    }

    async fn flows(&self, request: Request<FlowsRequest>) -> Result<Response<FlowsReply>, Status> {
        let request = request.into_inner();
        self.visit(move |core, _, now| {
            core.handle(Input::Tick, now);
            let client = optional(&request.client, text::parse_address, "client")?;
            let server = if request.host.is_empty() {
                None
            } else {
                Some(host_id(core, &request.host)?)
            };
            let limit = if request.limit == 0 {
                FLOWS
            } else {
                request.limit as usize
            };
            let (flows, total) = core.flows(client, server, limit);
            Ok(Response::new(FlowsReply {
                flows: flows.iter().map(|flow| flow_message(core, flow)).collect(),
                total,
            }))
        })
        .await?
    }

    async fn buckets(
        &self,
        request: Request<BucketsRequest>,
    ) -> Result<Response<BucketsReply>, Status> {
        let request = request.into_inner();
        self.visit(move |core, _, _| {
            let owner = if request.owner.is_empty() {
                None
            } else {
                Some(host_id(core, &request.owner)?)
            };
            let buckets = core.buckets().into_iter().filter(|info| {
                owner.is_none_or(|owner| owner == info.owner)
                    && (!request.moving || info.step.is_some() || info.target != info.owner)
            });
            let buckets = buckets.map(|info| wire::Bucket {
                map: info.bucket.map.into(),
                bucket: info.bucket.bucket.into(),
                owner: host_name(core, info.owner),
                target: if info.target == info.owner {
                    String::new()
                } else {
                    host_name(core, info.target)
                },
                step: info.step.unwrap_or_default().to_owned(),
                flows: info.flows,
            });
            Ok(Response::new(BucketsReply {
                buckets: buckets.collect(),
            }))
        })
        .await?
    }

    async fn explain(
        &self,
        request: Request<ExplainRequest>,
    ) -> Result<Response<ExplainReply>, Status> {
        let five_tuple = request.into_inner().five_tuple.unwrap_or_default();
        let flow = flow_key(&five_tuple)?;
        explain::explain_flow(self, flow).await.map(Response::new)
    }

    async fn set_weight(
        &self,
        request: Request<SetWeightRequest>,
    ) -> Result<Response<SetWeightReply>, Status> {
        let SetWeightRequest { host, weight } = request.into_inner();
        let moves = self
            .command(host, move |host| Command::SetWeight { host, weight })
            .await?;
        Ok(Response::new(SetWeightReply { moves }))
    }

    async fn drain(&self, request: Request<DrainRequest>) -> Result<Response<DrainReply>, Status> {
        let host = request.into_inner().host;
        let name = host.clone();
        let moves = self.command(host, |host| Command::Drain { host }).await?;
        let connections = self
            .visit(move |core, _, _| host_id(core, &name).map(|id| core.live_connections(id)))
            .await??;
        Ok(Response::new(DrainReply { moves, connections }))
    }

    type WatchDrainStream = leaving::Progress;

    async fn watch_drain(
        &self,
        request: Request<WatchDrainRequest>,
    ) -> Result<Response<Self::WatchDrainStream>, Status> {
        leaving::watch(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn undrain(
        &self,
        request: Request<UndrainRequest>,
    ) -> Result<Response<UndrainReply>, Status> {
        let host = request.into_inner().host;
        let moves = self.command(host, |host| Command::Undrain { host }).await?;
        Ok(Response::new(UndrainReply { moves }))
    }

    async fn hold(&self, request: Request<HoldRequest>) -> Result<Response<HoldReply>, Status> {
        hold::hold(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn release(
        &self,
        request: Request<ReleaseRequest>,
    ) -> Result<Response<ReleaseReply>, Status> {
        hold::release(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn remove(
        &self,
        request: Request<RemoveRequest>,
    ) -> Result<Response<RemoveReply>, Status> {
        let RemoveRequest { host, force } = request.into_inner();
        self.visit(move |core, _, now| {
            let host = host_id(core, &host)?;
            let connections = core.live_connections(host);
            core.command(Command::Remove { host, force }, now)
                .map_err(refusal)?;
            Ok(Response::new(RemoveReply { connections }))
        })
        .await?
    }

    async fn services(
        &self,
        _: Request<ServicesRequest>,
    ) -> Result<Response<ServicesReply>, Status> {
        self.visit(|core, _, now| {
            core.handle(Input::Tick, now);
            Response::new(criteria::services(core))
        })
        .await
    }

    async fn criteria(
        &self,
        request: Request<CriteriaRequest>,
    ) -> Result<Response<CriteriaReply>, Status> {
        let map = request.into_inner().map;
        self.visit(move |core, _, now| {
            core.handle(Input::Tick, now);
            criteria::criteria(core, map).map(Response::new)
        })
        .await?
    }

    async fn set_criteria(
        &self,
        request: Request<SetCriteriaRequest>,
    ) -> Result<Response<SetCriteriaReply>, Status> {
        let request = request.into_inner();
        self.visit(move |core, _, now| {
            let map = u16::try_from(request.map)
                .map_err(|_| Status::not_found(format!("no service is on map {}", request.map)))?;
            let change = Box::new(criteria::change(core, &request)?);
            core.command(Command::SetCriteria { map, change }, now)
                .map_err(refusal)?;
            let moves = moves_to_come(core);
            Ok(Response::new(SetCriteriaReply { moves }))
        })
        .await?
    }

    async fn reload(&self, _: Request<ReloadRequest>) -> Result<Response<ReloadReply>, Status> {
        match self.reload_file().await {
            Ok(changes) => Ok(Response::new(ReloadReply { changes })),
            Err(error @ ReloadError::Stopping) => Err(Status::unavailable(error.to_string())),
            Err(error) => Err(Status::failed_precondition(error.to_string())),
        }
    }

    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinReply>, Status> {
        let request = request.into_inner();
        self.visit(move |core, _, now| {
            let host = joining(core, &request)?;
            let id = host.id;
            core.command(Command::Join { host }, now).map_err(refusal)?;
            Ok(Response::new(JoinReply { id: id.into() }))
        })
        .await?
    }
}

fn moves_to_come(core: &Core) -> u64 {
    let status = core.status();
    status.moves_waiting + status.moves_in_progress
}

/// The host that a request describes: one of the configuration by its name, or all about a new one.
fn joining(core: &Core, request: &JoinRequest) -> Result<HostSpec, Status> {
    let configured = core.hosts().find(|host| host.name == request.name);
    if let Some(host) = configured {
        let mut host = host.clone();
        if request.weight > 0.0 {
            host.weight = request.weight;
        }
        return Ok(host);
    }
    if request.name.is_empty() || request.p4runtime.is_empty() {
        return Err(Status::invalid_argument(
            "a host that is not configured needs name, id, address, MACs and P4Runtime address",
        ));
    }
    let bad = |what: &str| Status::invalid_argument(format!("`{what}` is missing or wrong"));
    let id = HostId::try_from(request.id)
        .ok()
        .filter(|id| u32::from(*id) < dpr_p4::host_stage::MAX_HOSTS);
    Ok(HostSpec {
        id: id.ok_or_else(|| bad("id"))?,
        name: request.name.clone(),
        address: request
            .address
            .parse::<Ipv4Addr>()
            .map_err(|_| bad("address"))?
            .to_bits(),
        mac: text::parse_mac(&request.host_mac).ok_or_else(|| bad("host_mac"))?,
        stage_mac: text::parse_mac(&request.stage_mac).ok_or_else(|| bad("stage_mac"))?,
        p4runtime: request.p4runtime.clone(),
        device_id: if request.device_id == 0 {
            1
        } else {
            request.device_id
        },
        router_port: u16::try_from(request.router_port).map_err(|_| bad("router_port"))?,
        location: location(request).ok_or_else(|| bad("location"))?,
        weight: request.weight,
        joined: true,
        draining: false,
        held: false,
    })
}

/// Where a host that is not configured is; absent if something of it cannot be read.
fn location(request: &JoinRequest) -> Option<Location> {
    let usual = Location::default();
    Some(Location {
        lan: request.lan.clone(),
        address6: match request.address6.as_str() {
            "" => 0,
            text => text.parse::<Ipv6Addr>().ok()?.to_bits(),
        },
        gateway_mac: match request.gateway_mac.as_str() {
            "" => None,
            mac => Some(text::parse_mac(mac)?),
        },
        mtu: match request.mtu {
            0 => usual.mtu,
            mtu => u16::try_from(mtu).ok().filter(|mtu| *mtu >= MIN_MTU)?,
        },
        at_home: usual.at_home,
    })
}

fn refusal(error: CommandError) -> Status {
    match error {
        CommandError::UnknownHost(_)
        | CommandError::UnknownBucket(_)
        | CommandError::UnknownMap(_) => Status::not_found(error.to_string()),
        CommandError::BadWeight(_)
        | CommandError::BadTimeout
        | CommandError::BadHost(_)
        | CommandError::NobodyHolds(_) => Status::invalid_argument(error.to_string()),
        CommandError::StillServes(_)
        | CommandError::NobodyElse(_)
        | CommandError::StillNamed { .. }
        | CommandError::StillConnected { .. } => Status::failed_precondition(error.to_string()),
        CommandError::Taken { .. } | CommandError::AlreadyIn(_) => {
            Status::already_exists(error.to_string())
        }
    }
}

fn unknown(host: &str) -> Status {
    Status::not_found(format!("the group has no host {host:?}"))
}

fn host_id(core: &Core, name: &str) -> Result<HostId, Status> {
    core.hosts()
        .find(|host| host.name == name)
        .map(|host| host.id)
        .ok_or_else(|| unknown(name))
}

fn host_name(core: &Core, id: HostId) -> String {
    core.hosts()
        .find(|host| host.id == id)
        .map_or_else(|| id.to_string(), |host| host.name.clone())
}

fn optional<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    field: &str,
) -> Result<Option<T>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(text)
        .map(Some)
        .ok_or_else(|| Status::invalid_argument(format!("`{field}`: {text:?}")))
}

fn flow_key(five_tuple: &wire::FiveTuple) -> Result<FlowKey, Status> {
    let bad = |what: &str| Status::invalid_argument(format!("`{what}` is missing or wrong"));
    Ok(FlowKey {
        src: text::parse_address(&five_tuple.src).ok_or_else(|| bad("src"))?,
        dst: text::parse_address(&five_tuple.dst).ok_or_else(|| bad("dst"))?,
        protocol: text::parse_protocol(&five_tuple.protocol).ok_or_else(|| bad("protocol"))?,
        src_port: u16::try_from(five_tuple.src_port).map_err(|_| bad("src_port"))?,
        dst_port: u16::try_from(five_tuple.dst_port).map_err(|_| bad("dst_port"))?,
    })
}

fn flow_message(core: &Core, info: &FlowInfo) -> wire::Flow {
    let flow = &info.flow;
    wire::Flow {
        five_tuple: Some(wire::FiveTuple {
            src: text::address(flow.src),
            src_port: flow.src_port.into(),
            dst: text::address(flow.dst),
            dst_port: flow.dst_port.into(),
            protocol: text::protocol(flow.protocol),
        }),
        server: host_name(core, info.server),
        owner: host_name(core, info.owner),
        bucket: info.bucket.bucket.into(),
        entries_at: info
            .entries_at
            .iter()
            .map(|host| host_name(core, *host))
            .collect(),
        age_ms: info.age_us.unwrap_or(0) / 1000,
        closing: info.closing,
        map: info.bucket.map.into(),
    }
}

fn host_state(state: HostState) -> wire::HostState {
    match state {
        HostState::Out => wire::HostState::Out,
        HostState::Joining => wire::HostState::Joining,
        HostState::Serving => wire::HostState::Serving,
        HostState::Draining => wire::HostState::Draining,
        HostState::Drained => wire::HostState::Drained,
        HostState::Held => wire::HostState::Held,
        HostState::Blind => wire::HostState::Blind,
        HostState::Dead => wire::HostState::Dead,
    }
}

fn host_message(info: &HostInfo) -> wire::HostStatus {
    wire::HostStatus {
        id: info.id.into(),
        name: info.name.clone(),
        address: text::ipv4(info.address),
        stage_mac: text::mac(info.stage_mac),
        state: host_state(info.state).into(),
        weight: info.weight,
        target_share: info.target_share,
        achieved_share: info.achieved_share,
        buckets: info.buckets,
        connections: info.connections,
        reported_connections: info.load.0,
        cpu_permille: info.load.1,
        shim_connected: info.shim_connected,
        stage_connected: info.stage_connected,
        stage_ready: info.stage_ready,
        in_router: info.in_router,
        flow_entries: info.flow_entries,
        probes_missed_by: info.votes.1 as u32,
        probers: info.votes.0 as u32,
    }
}

fn status_reply(core: &Core) -> StatusReply {
    let status: GroupStatus = core.status();
    let services = core.group().services.iter().map(criteria::service_message);
    StatusReply {
        group: core.group().name.clone(),
        hosts: status.hosts.iter().map(host_message).collect(),
        moves: Some(wire::Moves {
            completed: status.moves_completed,
            in_progress: status.moves_in_progress,
            waiting: status.moves_waiting,
            aborted: status.moves_aborted,
        }),
        flow_state: Some(wire::FlowState {
            installed: status.flow_installed,
            removed: status.flow_removed,
            remaining: status.flow_remaining,
            install_ms_p50: status.install_ms_p50,
            install_ms_p99: status.install_ms_p99,
            connections: status.connections,
        }),
        router: Some(wire::Router {
            configured: status.router.is_some(),
            connected: status.router == Some(true),
            members: status
                .router_members
                .iter()
                .map(|host| host_name(core, *host))
                .collect(),
        }),
        uptime_ms: status.uptime_us / 1000,
        services: services.collect(),
        placed_permille: (status.placed * 1000.0).round() as u32,
        starting: status.is_starting,
        change: status.change.unwrap_or_default().to_owned(),
        changes_completed: status.changes_completed,
        sessions: status.sessions,
    }
}
