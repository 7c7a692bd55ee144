//! The controller over real loopback gRPC: P4Runtime servers of pipelines on one side, shims and an operator on the other.

use dpr_controller::{Config, Controller, Settings};
use dpr_p4::{
    front_router::FrontRouter,
    host_stage::{HostStage, flow_state},
};
use dpr_protocol::{
    admin::v1::{self as admin, admin_client::AdminClient},
    shim::v1::{
        ControllerMessage, Event, Events, FiveTuple, FlushDone, Register, ShimMessage, Snapshot,
        controller_message::Message, event::Kind, shim_service_client::ShimServiceClient,
    },
};
use dpr_runtime::{EntryFilter, Pipeline, Query};
use dpr_switch::{P4RuntimeServer, ServerHandle};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

const HOSTS: u16 = 3;

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Asks until something holds.
macro_rules! eventually {
    ($what:literal, $holds:expr) => {{
        let patience = tokio::time::Instant::now() + Duration::from_secs(20);
        while !$holds {
            assert!(tokio::time::Instant::now() < patience, "never: {}", $what);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }};
}

struct World {
    targets: Vec<(SocketAddr, ServerHandle)>,
    stages: Vec<Arc<HostStage>>,
    config: String,
}

impl World {
    async fn new() -> World {
        let mut targets = Vec::new();
        let mut stages = Vec::new();
        let mut config = "group = \"test\"\nbuckets = 64\n[listen]\nshims = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
                          [[services]]\naddress = \"203.0.113.1\"\nprotocol = \"tcp\"\nports = 80\n\
                          [protocol]\nsettle_ms = 100\nlinger_ms = 50\nlinger_away_ms = 200\nmoves_per_second = 1000.0\n"
            .to_owned();
        let mut ports = String::new();
        for id in 1..=HOSTS {
            let stage = Arc::new(HostStage::new());
            let pipeline: Arc<dyn Pipeline> = stage.clone();
            let target = P4RuntimeServer::bind(any_port(), id.into(), pipeline)
                .await
                .expect("a free port");
            stages.push(stage);
            config += &format!(
                "[[hosts]]\nid = {id}\nname = \"h{id}\"\naddress = \"192.0.2.{id}\"\nmac = \"02:00:00:00:0{id}:01\"\n\
                 stage_mac = \"06:00:00:00:0{id}:00\"\np4runtime = \"{}\"\ndevice_id = {id}\nrouter_port = {id}\n",
                target.0
            );
            ports += &format!("{{ port = {id}, mac = \"0a:00:00:00:00:0{id}\" }},");
            targets.push(target);
        }
        let router: Arc<dyn Pipeline> = Arc::new(FrontRouter::new());
        let target = P4RuntimeServer::bind(any_port(), 9, router)
            .await
            .expect("a free port");
        config += &format!(
            "[router]\np4runtime = \"{}\"\ndevice_id = 9\nports = [{ports}]\n",
            target.0
        );
        targets.push(target);
        World {
            targets,
            stages,
            config,
        }
    }

    async fn start(&self) -> (Controller, AdminClient<Channel>) {
        let config =
            Config::parse(Path::new("test.toml"), &self.config).expect("a good configuration");
        let controller = Controller::start(Settings::from(&config))
            .await
            .expect("it starts");
        let admin = AdminClient::connect(format!("http://{}", controller.admin_address()))
            .await
            .expect("it listens");
        (controller, admin)
    }
}

/// How much flow state a stage itself has. What the controller says of a stage that has just restarted may be from before.
fn flow_entries(stage: &HostStage) -> u64 {
    let query = Query::Tables {
        table: Some(flow_state::ID),
        filter: EntryFilter::All,
    };
    let mut count = 0;
    stage.read(&query, &mut |_| count += 1);
    count
}

/// A shim that has what it is told to report, and answers markers.
struct Shim {
    messages: mpsc::UnboundedSender<ShimMessage>,
    acked: watch::Receiver<u64>,
    seq: u64,
}

impl Shim {
    async fn attach(controller: &Controller, host: u16) -> Shim {
        let mut client =
            ShimServiceClient::connect(format!("http://{}", controller.shim_address()))
                .await
                .expect("it listens");
        let (messages, receiver) = mpsc::unbounded_channel();
        let register = Register {
            host: host.into(),
            name: format!("h{host}"),
            session: host.into(),
            acked_seq: 0,
        };
        messages.send(register.into()).expect("open");
        let mut answers = client
            .attach(UnboundedReceiverStream::new(receiver))
            .await
            .expect("served")
            .into_inner();
        let (acked, acked_receiver) = watch::channel(0);
        let to_controller = messages.clone();
        tokio::spawn(async move {
            while let Ok(Some(ControllerMessage {
                message: Some(message),
            })) = answers.message().await
            {
                let answer: ShimMessage = match message {
                    Message::Registered(registered) if registered.snapshot_wanted => Snapshot {
                        seq: 1,
                        first: true,
                        last: true,
                        ..Snapshot::default()
                    }
                    .into(),
                    Message::Flush(flush) => FlushDone {
                        marker: flush.marker,
                    }
                    .into(),
                    Message::Ack(ack) => {
                        acked.send_replace(ack.seq);
                        continue;
                    }
                    _ => continue,
                };
                if to_controller.send(answer).is_err() {
                    return;
                }
            }
        });
        Shim {
            messages,
            acked: acked_receiver,
            seq: 1,
        }
    }

    fn report(&mut self, kind: Kind, flow: FiveTuple) -> u64 {
        self.seq += 1;
        let event = Event {
            kind: kind.into(),
            flow: Some(flow),
            age_us: 0,
        };
        self.messages
            .send(
                Events {
                    seq: self.seq,
                    events: vec![event],
                }
                .into(),
            )
            .expect("open");
        self.seq
    }

    async fn acked(&mut self, seq: u64) {
        self.acked
            .wait_for(|acked| *acked >= seq)
            .await
            .expect("open");
    }
}

async fn status(admin: &mut AdminClient<Channel>) -> admin::StatusReply {
    admin
        .status(admin::StatusRequest {})
        .await
        .expect("an answer")
        .into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_comes_up_serves_moves_and_survives_restarts() {
    let world = World::new().await;
    let (controller, mut operator) = world.start().await;
    let mut shims = Vec::new();
    for host in 1..=HOSTS {
        shims.push(Shim::attach(&controller, host).await);
    }
    eventually!(
        "all hosts are sprayed to",
        status(&mut operator)
            .await
            .router
            .is_some_and(|router| router.members.len() == 3)
    );

    // Connections are pinned before they are acknowledged.
    let flow = |src_port| FiveTuple {
        src: 0xc633_6401,
        dst: 0xcb00_7101,
        protocol: 6,
        src_port,
        dst_port: 80,
    };
    for port in 0..300 {
        shims[port % 3].report(Kind::Setup, flow(40_000 + port as u32));
    }
    for shim in &mut shims {
        let seq = shim.seq;
        shim.acked(seq).await;
    }
    eventually!("owners have their entries too", {
        let flow_state = status(&mut operator).await.flow_state.unwrap_or_default();
        flow_state.connections == 300 && flow_state.remaining > 400
    });
    let flow_state = status(&mut operator).await.flow_state.expect("said");
    assert!(
        flow_state.install_ms_p50 > 0.0 && flow_state.install_ms_p99 >= flow_state.install_ms_p50
    );

    // Weights move buckets.
    operator
        .set_weight(admin::SetWeightRequest {
            host: "h1".to_owned(),
            weight: 2.0,
        })
        .await
        .expect("a good weight");
    eventually!("h1 owns half", {
        let status = status(&mut operator).await;
        status.hosts[0].buckets == 32
            && status
                .moves
                .is_some_and(|moves| moves.in_progress + moves.waiting == 0)
    });

    // Every connection is explained by the stages' own entries.
    for port in [40_000, 40_001, 40_002] {
        let five_tuple = admin::FiveTuple {
            src: "198.51.100.1".to_owned(),
            src_port: port,
            dst: "203.0.113.1".to_owned(),
            dst_port: 80,
            protocol: "tcp".to_owned(),
        };
        let explained = operator
            .explain(admin::ExplainRequest {
                five_tuple: Some(five_tuple),
            })
            .await
            .expect("explained")
            .into_inner();
        let server = format!("h{}", (port - 40_000) % 3 + 1);
        assert_eq!(
            explained.known.map(|flow| flow.server),
            Some(server.clone())
        );
        assert_eq!(explained.paths.len(), 3);
        assert!(
            explained.paths.iter().all(|path| path.served_by == server),
            "{:?}",
            explained.paths
        );
    }

    // A stage that restarts gets everything again.
    let held = status(&mut operator).await.hosts[1].flow_entries;
    assert!(held > 0);
    assert_eq!(flow_entries(&world.stages[1]), held);
    world.targets[1].1.restart().await;
    eventually!(
        "the stage of h2 is filled again",
        flow_entries(&world.stages[1]) == held
    );

    // So does a controller that restarts learn everything from the stages.
    controller.stop().await;
    let (controller, mut operator) = world.start().await;
    eventually!("the new controller knows the connections", {
        let status = status(&mut operator).await;
        !status.starting
            && status
                .flow_state
                .is_some_and(|flow_state| flow_state.connections == 300)
    });
    let after = status(&mut operator).await;
    assert_eq!(after.hosts[0].buckets, 32);
    assert_eq!(after.router.expect("said").members.len(), 3);

    // Shims that say that they have none leave none behind.
    let mut shims = Vec::new();
    for host in 1..=HOSTS {
        shims.push(Shim::attach(&controller, host).await);
    }
    eventually!(
        "no flow state remains",
        status(&mut operator)
            .await
            .flow_state
            .is_some_and(|flow_state| flow_state.remaining == 0)
    );
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_with_the_reason() {
    let world = World::new().await;
    let (controller, mut operator) = world.start().await;
    eventually!("started", !status(&mut operator).await.starting);
    let mut client = ShimServiceClient::connect(format!("http://{}", controller.shim_address()))
        .await
        .expect("it listens");
    for (register, why) in [
        (
            Register {
                host: 9,
                name: "h9".to_owned(),
                ..Register::default()
            },
            "the group has no host 9",
        ),
        (
            Register {
                host: 1,
                name: "h2".to_owned(),
                ..Register::default()
            },
            "host 1 is called \"h1\" here, not \"h2\"",
        ),
    ] {
        let (messages, receiver) = mpsc::unbounded_channel();
        messages.send(register.into()).expect("open");
        let mut answers = client
            .attach(UnboundedReceiverStream::new(receiver))
            .await
            .expect("served")
            .into_inner();
        assert_eq!(answers.message().await.expect_err("refused").message(), why);
    }
    let error = operator
        .drain(admin::DrainRequest {
            host: "h9".to_owned(),
            wait: false,
        })
        .await
        .expect_err("refused");
    assert_eq!(
        (error.code(), error.message()),
        (tonic::Code::NotFound, "the group has no host \"h9\"")
    );
    let error = operator
        .join(admin::JoinRequest {
            name: "h1".to_owned(),
            ..Default::default()
        })
        .await
        .expect_err("refused");
    assert_eq!(error.code(), tonic::Code::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_operators_changed_survives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new().await;
    let file = directory.path().join("state.toml");
    world.config = format!(
        "state_file = {:?}\n{}",
        file.display().to_string(),
        world.config
    );
    let (controller, mut operator) = world.start().await;
    operator
        .set_weight(admin::SetWeightRequest {
            host: "h3".to_owned(),
            weight: 4.0,
        })
        .await
        .expect("a good weight");
    operator
        .drain(admin::DrainRequest {
            host: "h2".to_owned(),
            wait: false,
        })
        .await
        .expect("it can be drained");
    controller.stop().await;
    let (_controller, mut operator) = world.start().await;
    let hosts = status(&mut operator).await.hosts;
    assert_eq!(
        (
            hosts[2].weight,
            hosts[2].target_share,
            hosts[1].target_share
        ),
        (4.0, 0.8, 0.0)
    );
}
