//! `dpr ctl`: what an operator asks of the controller.

mod json;
mod print;

use anyhow::{Context, bail};
use dpr_protocol::admin::v1::{
    BucketsRequest, DrainRequest, ExplainRequest, FiveTuple, FlowsRequest, JoinRequest,
    SetWeightRequest, StatusRequest, admin_client::AdminClient,
};
use std::{io::Write, net::SocketAddrV4};

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
    /// Take a host out of the front router's set and move its buckets away
    Drain {
        /// Its name
        host: String,
        /// Return when its buckets have moved and its connections have ended
        #[arg(long)]
        wait: bool,
    },
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
        client: SocketAddrV4,
        /// As ADDRESS:PORT, published
        service: SocketAddrV4,
        /// tcp or udp
        #[arg(default_value = "tcp")]
        protocol: String,
    },
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
        Request::Drain { host, wait } => {
            let reply = refusal(
                admin
                    .drain(DrainRequest {
                        host: host.clone(),
                        wait,
                    })
                    .await,
            )?;
            if as_json {
                json::drain(&reply)
            } else {
                print::drain(&host, wait, &reply)
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
                json::weight(&reply)
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
