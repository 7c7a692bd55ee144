//! `dpr ctl`: what an operator asks of the controller.

mod duration;
mod json;
mod print;

use anyhow::{Context, bail};
use dpr_protocol::admin::v1::{
    BucketsRequest, CriteriaRequest, DrainProgress, DrainRequest, ExplainRequest, FiveTuple,
    FlowsRequest, HoldRequest, Holders, HostWeight, JoinRequest, QosClass, ReleaseRequest,
    ReloadRequest, RemoveRequest, ServicesRequest, SetCriteriaRequest, SetWeightRequest,
    StatusRequest, UndrainRequest, WatchDrainRequest, admin_client::AdminClient,
    drain_progress::Outcome,
};
use std::{io::Write, net::SocketAddr, time::Duration};
use tonic::transport::Channel;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The controller's address for operators
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9561",
        global = true
    )]
    controller: String,
    /// Print one JSON object instead of a table
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    request: Request,
}

#[derive(Debug, clap::Subcommand)]
enum Request {
    /// The group at a glance
    Status,
    /// The hosts, with their connections, stages and probes
    Hosts,
    /// Connections: who holds them, and where their entries are
    Flows {
        /// Only those of this client's address
        #[arg(long, value_name = "ADDRESS")]
        client: Option<String>,
        /// Only those that this host holds
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Buckets: who owns them, and which move
    Buckets {
        /// Only this host's
        #[arg(long, value_name = "HOST")]
        owner: Option<String>,
        /// Only those that move or are about to
        #[arg(long)]
        moving: bool,
    },
    /// Services: their maps, connections, and the hosts that get new ones
    Services,
    /// What decides where each map's buckets are
    Criteria {
        #[command(subcommand)]
        request: Option<Criteria>,
    },
    /// Take a host out of the front router's set and move its buckets away
    Drain {
        /// Its name
        host: String,
        /// Say how it goes, and return when its buckets have moved and its connections have ended
        #[arg(long)]
        wait: bool,
        /// Wait for at most this long, such as 90s or 10m; then fail. The host goes on draining
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        deadline: Option<Duration>,
    },
    /// End a host's draining
    Undrain {
        /// Its name
        host: String,
    },
    /// Leave a host out of the front router's set while its stage is replaced; its buckets and connections stay
    Hold {
        /// Its name
        host: String,
        /// Wait for at most this long until it gets nothing any more, such as 90s or 10m; then fail. The host stays held
        #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "30s")]
        deadline: Duration,
    },
    /// End that
    Release {
        /// Its name
        host: String,
        /// Wait for at most this long until its stage is ready and it gets packets again; then fail
        #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "30s")]
        deadline: Duration,
    },
    /// Take a host out of the group: one that is drained, or dead
    Remove {
        /// Its name
        host: String,
        /// Give up the connections that it still has
        #[arg(long)]
        force: bool,
    },
    /// Let the controller read its configuration file again
    Reload,
    /// Change a host's weight; ends its draining
    Weight {
        /// Its name
        host: String,
        /// Relative to the others'
        weight: f64,
    },
    /// Bring a host into the group: one of the configuration by its name, or a new one by all of these
    Join(Join),
    /// Which host serves a connection, and why
    Explain {
        /// As SRC:PORT
        client: SocketAddr,
        /// As ADDRESS:PORT, published
        service: SocketAddr,
        /// tcp or udp
        #[arg(default_value = "tcp")]
        protocol: String,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Criteria {
    /// Show them, and what came of them
    Show {
        /// Only this map's
        #[arg(long)]
        map: Option<u32>,
    },
    /// Change some of a map's; the others stay
    Set(SetCriteria),
}

#[derive(Debug, clap::Args)]
struct SetCriteria {
    /// The map's number
    map: u32,
    /// A host's weight for this map, or `own` for its own; may be repeated
    #[arg(long = "weight", value_name = "HOST=WEIGHT")]
    weights: Vec<String>,
    /// The hosts that hold the data of the map's services, with commas between them, or `all`
    #[arg(long, value_name = "HOSTS")]
    data: Option<String>,
    /// Let shares follow this load, or `off`
    #[arg(long, value_parser = ["connections", "cpu", "requests", "off"])]
    load: Option<String>,
    /// The hosts of a QoS class of clients, with their weights, as `gold=h1:2,h3`, or `gold=off`; may be repeated
    #[arg(long, value_name = "CLASS=HOSTS")]
    qos: Vec<String>,
    /// What the costs of hosts from clients' regions do: only the nearest serve, shares are divided by costs, or `off`
    #[arg(long, value_parser = ["nearest", "shared", "off"])]
    distance: Option<String>,
    /// How long a session lives after its last connection, such as 90s or 10m
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    session_timeout: Option<Duration>,
    /// What of a connection chooses its bucket, for all services on the map
    #[arg(long, value_parser = ["connection", "client", "connection-id", "session"])]
    affinity: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Join {
    /// Its name
    name: String,
    /// Its number in the group
    #[arg(long, default_value_t = 0)]
    id: u32,
    /// Its own address
    #[arg(long, default_value = "")]
    address: String,
    /// Its own MAC
    #[arg(long, default_value = "")]
    mac: String,
    /// The first of its stage's MACs
    #[arg(long, default_value = "")]
    stage_mac: String,
    /// The address of its stage's P4Runtime server
    #[arg(long, default_value = "")]
    p4runtime: String,
    /// The device id there
    #[arg(long, default_value_t = 1)]
    device_id: u64,
    /// The front router's port that leads to it
    #[arg(long, default_value_t = 0)]
    router_port: u32,
    /// Relative to the others'; by default what the configuration says
    #[arg(long, default_value_t = 0.0)]
    weight: f64,
    /// Its LAN's name
    #[arg(long, default_value = "")]
    lan: String,
    /// Its own IPv6 address
    #[arg(long, default_value = "")]
    address6: String,
    /// The MAC of its LAN's router; by default that of the front router's port
    #[arg(long, default_value = "")]
    gateway_mac: String,
    /// Bytes of the largest packet that gets from there to other LANs; 0 is 1,500
    #[arg(long, default_value_t = 0)]
    mtu: u32,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(ask(arguments))?;
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{}", text.trim_end()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

async fn ask(arguments: Arguments) -> anyhow::Result<String> {
    let Arguments {
        controller,
        json: as_json,
        request,
    } = arguments;
    let mut admin = AdminClient::connect(format!("http://{controller}"))
        .await
        .with_context(|| format!("no controller answers at {controller}"))?;
    let text = match request {
        Request::Status => {
            let status = refusal(admin.status(StatusRequest {}).await)?;
            if as_json {
                json::status(&status)
            } else {
                print::status(&status)
            }
        }
        Request::Hosts => {
            let status = refusal(admin.status(StatusRequest {}).await)?;
            if as_json {
                json::hosts(&status.hosts)
            } else {
                print::hosts(&status.hosts)
            }
        }
        Request::Flows {
            client,
            host,
            limit,
        } => {
            let request = FlowsRequest {
                client: client.unwrap_or_default(),
                host: host.unwrap_or_default(),
                limit,
            };
            let flows = refusal(admin.flows(request).await)?;
            if as_json {
                json::flows(&flows)
            } else {
                print::flows(&flows)
            }
        }
        Request::Buckets { owner, moving } => {
            let buckets = refusal(
                admin
                    .buckets(BucketsRequest {
                        owner: owner.unwrap_or_default(),
                        moving,
                    })
                    .await,
            )?;
            if as_json {
                json::buckets(&buckets)
            } else {
                print::buckets(&buckets)
            }
        }
        Request::Services => {
            let services = refusal(admin.services(ServicesRequest {}).await)?;
            if as_json {
                json::services(&services)
            } else {
                print::services(&services)
            }
        }
        Request::Criteria {
            request: Some(Criteria::Set(set)),
        } => {
            let map = set.map;
            let request = SetCriteriaRequest::try_from(set)?;
            let moves = refusal(admin.set_criteria(request).await)?.moves;
            if as_json {
                json::moves(moves)
            } else {
                format!("map {map} has other criteria; {moves} buckets move")
            }
        }
        Request::Criteria { request } => {
            let map = match request {
                Some(Criteria::Show { map }) => map,
                _ => None,
            };
            let criteria = refusal(admin.criteria(CriteriaRequest { map }).await)?;
            if as_json {
                json::criteria(&criteria)
            } else {
                print::criteria(&criteria)
            }
        }
        Request::Drain {
            host,
            wait,
            deadline,
        } if wait || deadline.is_some() => {
            let progress = watch_drain(&mut admin, &host, deadline).await?;
            if as_json {
                json::drain(progress.buckets, progress.connections)
            } else {
                format!("{host} is drained")
            }
        }
        Request::Drain { host, .. } => {
            let request = DrainRequest { host: host.clone() };
            let reply = refusal(admin.drain(request).await)?;
            if as_json {
                json::drain(reply.moves, reply.connections)
            } else {
                print::drain(&host, &reply)
            }
        }
        Request::Undrain { host } => {
            let request = UndrainRequest { host: host.clone() };
            let moves = refusal(admin.undrain(request).await)?.moves;
            if as_json {
                json::moves(moves)
            } else {
                format!("{host} serves again; {moves} buckets move")
            }
        }
        Request::Hold { host, deadline } => {
            let request = HoldRequest {
                host: host.clone(),
                deadline_ms: milliseconds(deadline),
            };
            let connections = refusal(admin.hold(request).await)?.connections;
            if as_json {
                json::hold(connections)
            } else {
                format!("{host} is held; {connections} connections go on")
            }
        }
        Request::Release { host, deadline } => {
            let request = ReleaseRequest {
                host: host.clone(),
                deadline_ms: milliseconds(deadline),
            };
            refusal(admin.release(request).await)?;
            if as_json {
                json::release(&host)
            } else {
                format!("{host} serves again")
            }
        }
        Request::Remove { host, force } => {
            let request = RemoveRequest {
                host: host.clone(),
                force,
            };
            let connections = refusal(admin.remove(request).await)?.connections;
            if as_json {
                json::remove(connections)
            } else if connections == 0 {
                format!("{host} is out of the group")
            } else {
                format!("{host} is out of the group; {connections} connections are given up")
            }
        }
        Request::Reload => {
            let changes = refusal(admin.reload(ReloadRequest {}).await)?.changes;
            if as_json {
                json::reload(&changes)
            } else if changes.is_empty() {
                "nothing has changed".to_owned()
            } else {
                changes.join("\n")
            }
        }
        Request::Weight { host, weight } => {
            let reply = refusal(
                admin
                    .set_weight(SetWeightRequest {
                        host: host.clone(),
                        weight,
                    })
                    .await,
            )?;
            if as_json {
                json::moves(reply.moves)
            } else {
                format!("{host} has weight {weight}; {} buckets move", reply.moves)
            }
        }
        Request::Join(join) => {
            let name = join.name.clone();
            let reply = refusal(admin.join(JoinRequest::from(join)).await)?;
            if as_json {
                json::join(&reply)
            } else {
                format!(
                    "{name} joins as host {}: its tables, then buckets, then packets",
                    reply.id
                )
            }
        }
        Request::Explain {
            client,
            service,
            protocol,
        } => {
            let five_tuple = FiveTuple {
                src: client.ip().to_string(),
                src_port: client.port().into(),
                dst: service.ip().to_string(),
                dst_port: service.port().into(),
                protocol,
            };
            let explained = refusal(
                admin
                    .explain(ExplainRequest {
                        five_tuple: Some(five_tuple),
                    })
                    .await,
            )?;
            if as_json {
                json::explain(&explained)
            } else {
                print::explain(&explained)
            }
        }
    };
    Ok(text)
}

/// At least one: 0 has another meaning in requests.
fn milliseconds(deadline: Duration) -> u64 {
    deadline.as_millis().max(1) as u64
}

/// Drains a host, and tells standard error how it goes.
async fn watch_drain(
    admin: &mut AdminClient<Channel>,
    host: &str,
    deadline: Option<Duration>,
) -> anyhow::Result<DrainProgress> {
    let request = WatchDrainRequest {
        host: host.to_owned(),
        // 0 is none.
        deadline_ms: deadline.map_or(0, milliseconds),
    };
    let mut stream = refusal(admin.watch_drain(request).await)?;
    loop {
        let progress = match stream.message().await {
            Ok(progress) => progress,
            Err(status) => bail!("{}", status.message()),
        };
        let Some(progress) = progress else {
            bail!("the controller has ended; {host} goes on draining");
        };
        match progress.outcome() {
            Outcome::Drained => return Ok(progress),
            Outcome::DeadlinePassed => bail!(
                "{host} is not drained after {}: {} buckets, {} connections; it goes on draining. `dpr ctl remove {host} --force` \
                 gives its connections up, `dpr ctl undrain {host}` lets it serve again",
                duration::show(Duration::from_millis(progress.elapsed_ms)),
                progress.buckets,
                progress.connections
            ),
            Outcome::Waiting | Outcome::Unspecified => {
                eprintln!("{}", print::progress(host, &progress))
            }
        }
    }
}

impl TryFrom<SetCriteria> for SetCriteriaRequest {
    type Error = anyhow::Error;

    fn try_from(set: SetCriteria) -> anyhow::Result<Self> {
        let changes_something = !set.weights.is_empty()
            || set.data.is_some()
            || set.load.is_some()
            || !set.qos.is_empty()
            || set.distance.is_some()
            || set.session_timeout.is_some()
            || set.affinity.is_some();
        if !changes_something {
            bail!(
                "say what is to change: --weight, --data, --load, --qos, --distance, --affinity or --session-timeout"
            );
        }
        let weights = set.weights.iter().map(|text| {
            let (host, weight) = text
                .split_once('=')
                .with_context(|| format!("`{text}` is not HOST=WEIGHT"))?;
            let weight = match weight {
                "own" => None,
                weight => Some(
                    weight
                        .parse()
                        .with_context(|| format!("`{weight}` is no weight"))?,
                ),
            };
            Ok(HostWeight {
                host: host.to_owned(),
                weight,
            })
        });
        Ok(SetCriteriaRequest {
            map: set.map,
            weights: weights.collect::<anyhow::Result<_>>()?,
            data: set.data.map(|data| Holders {
                hosts: match data.as_str() {
                    "all" => Vec::new(),
                    names => names
                        .split(',')
                        .map(|name| name.trim().to_owned())
                        .collect(),
                },
            }),
            load: set.load,
            qos: set
                .qos
                .iter()
                .map(|text| qos_class(text))
                .collect::<anyhow::Result<_>>()?,
            distance: set.distance,
            affinity: set.affinity,
            session_timeout_ms: set
                .session_timeout
                .map(|timeout| timeout.as_millis() as u64),
        })
    }
}

/// From `gold=h1:2,h3` or `gold=off`.
fn qos_class(text: &str) -> anyhow::Result<QosClass> {
    let (name, hosts) = text
        .split_once('=')
        .with_context(|| format!("`{text}` is not CLASS=HOSTS"))?;
    let hosts = hosts.split(',').filter(|host| *host != "off").map(|text| {
        let (host, weight) = text.split_once(':').unwrap_or((text, "1"));
        let weight: f64 = weight
            .parse()
            .with_context(|| format!("`{weight}` is no weight"))?;
        Ok(HostWeight {
            host: host.trim().to_owned(),
            weight: Some(weight),
        })
    });
    Ok(QosClass {
        name: name.to_owned(),
        hosts: hosts.collect::<anyhow::Result<_>>()?,
    })
}

impl From<Join> for JoinRequest {
    fn from(join: Join) -> Self {
        JoinRequest {
            name: join.name,
            id: join.id,
            address: join.address,
            host_mac: join.mac,
            stage_mac: join.stage_mac,
            p4runtime: join.p4runtime,
            weight: join.weight,
            router_port: join.router_port,
            device_id: join.device_id,
            lan: join.lan,
            address6: join.address6,
            gateway_mac: join.gateway_mac,
            mtu: join.mtu,
        }
    }
}

/// The controller's own words, without gRPC's.
fn refusal<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> anyhow::Result<T> {
    match answer {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) if status.message().is_empty() => {
            bail!("the controller says: {}", status.code())
        }
        Err(status) => bail!("{}", status.message()),
    }
}
