//! The controller over real loopback gRPC: P4Runtime servers of pipelines on one side, shims and an operator on the other.

use dpr_controller::{Config, Controller, Settings};
use dpr_p4::{
    front_router::FrontRouter,
    host_stage::{HostStage, flow_state},
};
use dpr_protocol::{
    admin::v1::{self as admin, admin_client::AdminClient},
    shim::v1::{
        ControllerMessage, DataHeld, Event, Events, FiveTuple, FlushDone, Register, ShimMessage,
        Snapshot, controller_message::Message, event::Kind, shim_service_client::ShimServiceClient,
    },
};
use dpr_runtime::{Entity, EntryFilter, Pipeline, Query, Replica};
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

    /// With all shims, until all hosts are sprayed to.
    async fn start_serving(&self) -> (Controller, AdminClient<Channel>, Vec<Shim>) {
        let (controller, mut operator) = self.start().await;
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
        (controller, operator, shims)
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

/// The multicast groups that a stage itself has.
fn groups(stage: &HostStage) -> Vec<Entity> {
    let mut groups = Vec::new();
    let query = Query::MulticastGroups { id: None };
    stage.read(&query, &mut |entity| groups.push(entity));
    groups
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
            // One says which data its host holds when a test tells it to.
            watched_maps: if host == 3 { vec![7] } else { Vec::new() },
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
    let (controller, mut operator, mut shims) = world.start_serving().await;

    // Connections are pinned before they are acknowledged.
    let flow = |src_port| FiveTuple {
        src: vec![198, 51, 100, 1],
        dst: vec![203, 0, 113, 1],
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

fn buckets_of(reply: &admin::CriteriaReply, map: usize) -> Vec<u64> {
    reply.maps[map]
        .hosts
        .iter()
        .map(|host| host.buckets)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_change_criteria_and_take_hosts_out() {
    let mut world = World::new().await;
    world.config += "[[maps]]\nmap = 2\ndata = [\"h1\", \"h2\"]\n";
    world.config = world.config.replacen(
        "[protocol]",
        "[[services]]\naddress = \"203.0.113.1\"\nprotocol = \"tcp\"\nports = 21\nmap = 2\naffinity = \"client\"\n\
         [[services]]\naddress = \"203.0.113.1\"\nprotocol = \"tcp\"\nports = \"50000-50099\"\nmap = 2\naffinity = \"client\"\n[protocol]",
        1,
    );
    let (controller, mut operator, mut shims) = world.start_serving().await;
    // FTP's control and data connection of a client are in one bucket; its web connection has a map of its own.
    let flow = |dst_port| FiveTuple {
        src: vec![198, 51, 100, 1],
        dst: vec![203, 0, 113, 1],
        protocol: 6,
        src_port: 40_000 + dst_port % 1_000,
        dst_port,
    };
    for port in [21, 50_007, 80] {
        let seq = shims[1].report(Kind::Setup, flow(port));
        shims[1].acked(seq).await;
    }
    let flows = operator
        .flows(admin::FlowsRequest::default())
        .await
        .expect("an answer")
        .into_inner()
        .flows;
    let bucket = |port| {
        let flow = flows.iter().find(|flow| {
            flow.five_tuple
                .as_ref()
                .map(|five_tuple| five_tuple.dst_port)
                == Some(port)
        });
        flow.map(|flow| (flow.map, flow.bucket))
    };
    assert_eq!(bucket(21), bucket(50_007));
    assert_eq!(
        (bucket(21).map(|at| at.0), bucket(80).map(|at| at.0)),
        (Some(2), Some(0))
    );
    let services = operator
        .services(admin::ServicesRequest {})
        .await
        .expect("an answer")
        .into_inner()
        .services;
    let seen: Vec<_> = services
        .iter()
        .map(|service| {
            (
                service.port_low,
                service.connections,
                service.hosts.join(" "),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (80, 1, "h1 h2 h3".to_owned()),
            (21, 1, "h1 h2".to_owned()),
            (50_000, 1, "h1 h2".to_owned())
        ]
    );

    // Another map's buckets stay where they are.
    let request = admin::CriteriaRequest { map: None };
    let before = operator
        .criteria(request)
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(buckets_of(&before, 1), [32, 32, 0]);
    operator
        .set_criteria(admin::SetCriteriaRequest {
            map: 2,
            weights: vec![admin::HostWeight {
                host: "h3".to_owned(),
                weight: Some(3.0),
            }],
            data: Some(admin::Holders::default()),
            load: Some("connections".to_owned()),
            ..Default::default()
        })
        .await
        .expect("good criteria");
    eventually!("the buckets of map 2 are where they should be", {
        let after = operator
            .criteria(request)
            .await
            .expect("an answer")
            .into_inner();
        assert_eq!(buckets_of(&after, 0), buckets_of(&before, 0));
        let buckets = buckets_of(&after, 1);
        buckets.iter().sum::<u64>() == 64 && buckets[2] == 38
    });
    let error = operator
        .set_criteria(admin::SetCriteriaRequest {
            map: 2,
            load: Some("luck".to_owned()),
            ..Default::default()
        })
        .await
        .expect_err("refused");
    assert_eq!(
        error.message(),
        "`luck` is none of connections, cpu, requests and off"
    );

    // A drain is watched: it waits for the connections, and its deadline changes nothing.
    let host = "h2".to_owned();
    let watch = |deadline_ms| admin::WatchDrainRequest {
        host: "h2".to_owned(),
        deadline_ms,
    };
    let remove = |force| admin::RemoveRequest {
        host: "h2".to_owned(),
        force,
    };
    let error = operator.remove(remove(true)).await.expect_err("refused");
    assert_eq!(
        error.message(),
        "host h2 is neither drained nor dead: `drain` it first"
    );
    let mut progress = operator
        .watch_drain(watch(1_500))
        .await
        .expect("it can be drained")
        .into_inner();
    let mut last = None;
    while let Some(step) = progress.message().await.expect("open") {
        last = Some(step);
    }
    let last = last.expect("something is said");
    assert_eq!(
        last.outcome(),
        admin::drain_progress::Outcome::DeadlinePassed
    );
    assert_eq!(last.connections, 3);
    eventually!(
        "h2 has no buckets",
        status(&mut operator).await.hosts[1].buckets == 0
    );
    let error = operator.remove(remove(false)).await.expect_err("refused");
    assert!(
        error.message().starts_with("host h2 has 3 connections"),
        "{error}"
    );
    // Taken back, and once more: now the connections end.
    operator
        .undrain(admin::UndrainRequest { host })
        .await
        .expect("it may serve again");
    let mut progress = operator
        .watch_drain(watch(0))
        .await
        .expect("it can be drained")
        .into_inner();
    for port in [21, 50_007, 80] {
        shims[1].report(Kind::Teardown, flow(port));
    }
    let mut last = None;
    while let Some(step) = progress.message().await.expect("open") {
        last = Some(step);
    }
    let last = last.expect("something is said");
    assert_eq!(last.outcome(), admin::drain_progress::Outcome::Drained);
    let removed = operator.remove(remove(false)).await.expect("it is drained");
    assert_eq!(removed.into_inner().connections, 0);
    assert_eq!(
        status(&mut operator).await.hosts[1].state(),
        admin::HostState::Out
    );
    let join = admin::JoinRequest {
        name: "h2".to_owned(),
        ..Default::default()
    };
    operator.join(join).await.expect("it may come back");
    // A shim says again what it has.
    shims[1] = Shim::attach(&controller, 2).await;
    eventually!("h2 is sprayed to again", {
        let status = status(&mut operator).await;
        status
            .router
            .is_some_and(|router| router.members.len() == 3)
    });
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_which_data_hosts_say_that_they_hold() {
    let mut world = World::new().await;
    world.config += "[[maps]]\nmap = 7\ndata = [\"h2\", \"h3\"]\n";
    world.config = world
        .config
        .replacen("ports = 80\n", "ports = 80\nmap = 7\n", 1);
    let (controller, mut operator, shims) = world.start_serving().await;
    for (maps, buckets, without_data) in [
        (vec![], [0, 64, 0], "h1 h3"),
        (vec![7], [0, 32, 32], "h1"),
        (vec![], [0, 64, 0], "h1 h3"),
    ] {
        let holds = !maps.is_empty();
        shims[2]
            .messages
            .send(DataHeld { maps }.into())
            .expect("open");
        eventually!("the buckets are where the data is", {
            let criteria = operator
                .criteria(admin::CriteriaRequest { map: Some(7) })
                .await
                .expect("an answer")
                .into_inner();
            let said: Vec<_> = criteria.maps[0]
                .hosts
                .iter()
                .map(|host| (host.holds_data, host.data_configured, host.data_reported))
                .collect();
            buckets_of(&criteria, 0) == buckets
                && said
                    == [
                        (false, false, None),
                        (true, true, None),
                        (holds, true, Some(holds)),
                    ]
        });
        let services = operator
            .services(admin::ServicesRequest {})
            .await
            .expect("an answer")
            .into_inner()
            .services;
        assert_eq!(services[0].without_data.join(" "), without_data);
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_is_read_again_or_nothing_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("group.toml");
    let mut world = World::new().await;
    world.config += "[[maps]]\nmap = 0\nload = \"cpu\"\n";
    std::fs::write(&file, &world.config).expect("written");
    let config = Config::read(&file).expect("a good configuration");
    let mut settings = Settings::from(&config);
    settings.config = Some((file.clone(), config));
    let controller = Controller::start(settings).await.expect("it starts");
    let mut operator = AdminClient::connect(format!("http://{}", controller.admin_address()))
        .await
        .expect("it listens");
    eventually!("started", !status(&mut operator).await.starting);
    assert_eq!(
        controller.reload().await.expect("as it was"),
        Vec::<String>::new()
    );
    // What an operator said stays, where the file does not change.
    for (host, weight) in [("h1", 5.0), ("h3", 6.0)] {
        let host = host.to_owned();
        operator
            .set_weight(admin::SetWeightRequest { host, weight })
            .await
            .expect("a good weight");
    }
    let changed = world
        .config
        .replacen("router_port = 3\n", "router_port = 3\nweight = 4.0\n", 1)
        .replace("load = \"cpu\"", "data = [\"h1\"]");
    std::fs::write(&file, &changed).expect("written");
    let reply = operator
        .reload(admin::ReloadRequest {})
        .await
        .expect("a good file")
        .into_inner();
    assert_eq!(reply.changes, ["h3: weight 4", "map 0: other criteria"]);
    let weights: Vec<f64> = status(&mut operator)
        .await
        .hosts
        .iter()
        .map(|host| host.weight)
        .collect();
    assert_eq!(weights, [5.0, 1.0, 4.0]);
    // A destination that is several hosts comes to every stage, and goes again.
    let several = "[[computers]]\naddress = \"239.1.2.3\"\nhosts = [\"h1\", \"h3\"]\n";
    std::fs::write(&file, changed.clone() + several).expect("written");
    let reply = operator.reload(admin::ReloadRequest {}).await;
    let reply = reply.expect("a good file").into_inner();
    assert_eq!(reply.changes, ["computers: 1 now"]);
    for (stage, ports) in world.stages.iter().zip([[2, 1], [1, 1], [1, 2]]) {
        let members = [1, 3].into_iter().zip(ports);
        let replicas = members.map(|(instance, port)| Replica { port, instance });
        let replicas: Vec<Replica> = replicas.collect();
        let group = Entity::MulticastGroup { id: 1, replicas };
        eventually!("the stage has the group", groups(stage) == [group.clone()]);
    }
    let services = operator.services(admin::ServicesRequest {}).await;
    let computers = services.expect("answered").into_inner().computers;
    let [computer] = computers.as_slice() else {
        panic!("{computers:?}");
    };
    assert_eq!((&*computer.address, computer.several), ("239.1.2.3", true));
    assert_eq!(
        (&*computer.hosts, computer.away.len()),
        (&["h1".to_owned(), "h3".to_owned()][..], 0)
    );
    std::fs::write(&file, &changed).expect("written");
    let reply = operator.reload(admin::ReloadRequest {}).await;
    assert_eq!(
        reply.expect("a good file").into_inner().changes,
        ["computers: 0 now"]
    );
    for stage in &world.stages {
        eventually!("the stage has no group", groups(stage).is_empty());
    }
    // A bad file, and one that asks for too much.
    let line = |text: &str, begins: &str| {
        text.lines()
            .position(|line| line.starts_with(begins))
            .expect("it is there")
            + 1
    };
    let wrong = changed.replace("weight = 4.0", "weight = -4.0");
    let too_much = changed
        .replace("ports = 80", "ports = \"80-81\"\naffinity = \"client\"")
        .replace("weight = 4.0", "weight = 3.0");
    for (text, expected) in [
        (&wrong, format!("{}:", file.display())),
        (
            &too_much,
            format!(
                "{}:{}: `services`: cannot change while the controller runs",
                file.display(),
                line(&too_much, "[[services]]")
            ),
        ),
    ] {
        std::fs::write(&file, text).expect("written");
        let error = operator
            .reload(admin::ReloadRequest {})
            .await
            .expect_err("refused");
        assert!(error.message().starts_with(&expected), "{error}");
        assert_eq!(status(&mut operator).await.hosts[2].weight, 4.0);
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_come_and_go_with_the_configuration() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("group.toml");
    let world = World::new().await;
    std::fs::write(&file, &world.config).expect("written");
    let config = Config::read(&file).expect("a good configuration");
    let mut settings = Settings::from(&config);
    settings.config = Some((file.clone(), config));
    let controller = Controller::start(settings).await.expect("it starts");
    let mut operator = AdminClient::connect(format!("http://{}", controller.admin_address()))
        .await
        .expect("it listens");
    let mut shims = Vec::new();
    for host in 1..=HOSTS {
        shims.push(Shim::attach(&controller, host).await);
    }
    eventually!("all hosts serve", {
        let hosts = status(&mut operator).await.hosts;
        hosts.iter().all(|host| host.in_router && host.buckets > 0)
    });
    let flow = |dst: [u8; 4], dst_port| FiveTuple {
        src: vec![198, 51, 100, 1],
        dst: dst.to_vec(),
        protocol: 6,
        src_port: 40_000,
        dst_port,
    };
    let (first, other) = (flow([203, 0, 113, 1], 80), flow([203, 0, 113, 2], 443));
    let seq = shims[0].report(Kind::Setup, first);
    shims[0].acked(seq).await;

    let more = "[[services]]\naddress = \"203.0.113.2\"\nprotocol = \"tcp\"\nports = 443\nmap = 3\n\
                [[maps]]\nmap = 3\ndata = [\"h2\"]\n[protocol]";
    let changed = world.config.replacen("[protocol]", more, 1);
    std::fs::write(&file, &changed).expect("written");
    let changes = controller.reload().await.expect("a good file");
    assert_eq!(
        changes,
        [
            "service 203.0.113.2:443/tcp comes, on map 3",
            "map 3: other criteria"
        ]
    );
    let explain = admin::ExplainRequest {
        five_tuple: Some(admin::FiveTuple {
            src: "198.51.100.1".to_owned(),
            src_port: 40_000,
            dst: "203.0.113.2".to_owned(),
            dst_port: 443,
            protocol: "tcp".to_owned(),
        }),
    };
    eventually!("all stages lead to h2", {
        let explained = operator.explain(explain.clone()).await;
        explained.is_ok_and(|explained| {
            let paths = explained.into_inner().paths;
            paths.len() == 3 && paths.iter().all(|path| path.served_by == "h2")
        })
    });
    let seq = shims[1].report(Kind::Setup, other);
    shims[1].acked(seq).await;
    let connections = async |operator: &mut AdminClient<Channel>| {
        let reply = operator.services(admin::ServicesRequest {}).await;
        let services = reply.expect("an answer").into_inner().services;
        services
            .iter()
            .map(|service| service.connections)
            .collect::<Vec<_>>()
    };
    assert_eq!(connections(&mut operator).await, [1, 1]);

    std::fs::write(&file, &world.config).expect("written");
    let changes = controller.reload().await.expect("a good file");
    assert_eq!(changes, ["service 203.0.113.2:443/tcp goes"]);
    assert_eq!(connections(&mut operator).await, [1]);
    eventually!(
        "nobody knows the connection of what is gone",
        world
            .stages
            .iter()
            .map(|stage| flow_entries(stage))
            .sum::<u64>()
            <= 2
            && flow_entries(&world.stages[0]) == 1
    );
    let error = operator.explain(explain).await.expect_err("no service");
    assert_eq!(error.code(), tonic::Code::NotFound, "{error}");
    controller.stop().await;
}

/// Gives a target the program of a stage under a cookie, and reads that of what runs there.
async fn push(address: SocketAddr, device_id: u64, cookie: Option<u64>) -> u64 {
    use dpr_p4::host_stage::PROGRAM;
    use dpr_p4runtime::{channel, config::P4Info, v1};
    use prost::Message as _;
    let endpoint = channel::endpoint(format!("http://{address}")).expect("an address");
    let mut client = channel::client(endpoint.connect().await.expect("it listens"));
    if let Some(cookie) = cookie {
        // Controllers have larger ones.
        let election_id = Some(dpr_p4runtime::to_uint128(1));
        let arbitration = v1::MasterArbitrationUpdate {
            device_id,
            election_id,
            ..Default::default()
        };
        let update = v1::stream_message_request::Update::Arbitration(arbitration);
        let (sender, receiver) = mpsc::unbounded_channel();
        let request = v1::StreamMessageRequest {
            update: Some(update),
        };
        sender.send(request).expect("open");
        let mut answers = client
            .stream_channel(UnboundedReceiverStream::new(receiver))
            .await
            .expect("served")
            .into_inner();
        answers.message().await.expect("an answer");
        let config = v1::ForwardingPipelineConfig {
            p4info: Some(P4Info::decode(&*PROGRAM.p4info).expect("ours")),
            p4_device_config: PROGRAM.digest.to_vec(),
            cookie: Some(v1::forwarding_pipeline_config::Cookie { cookie }),
        };
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id,
            election_id,
            action: v1::set_forwarding_pipeline_config_request::Action::VerifyAndCommit.into(),
            config: Some(config),
            ..Default::default()
        };
        client
            .set_forwarding_pipeline_config(request)
            .await
            .expect("its program");
    }
    let request = v1::GetForwardingPipelineConfigRequest {
        device_id,
        ..Default::default()
    };
    let reply = client.get_forwarding_pipeline_config(request).await;
    let config = reply.expect("configured").into_inner().config;
    config
        .and_then(|config| config.cookie)
        .map_or(0, |cookie| cookie.cookie)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_with_another_build_of_the_same_tables_goes_on_with_it() {
    let world = World::new().await;
    let address = world.targets[0].0;
    assert_eq!(push(address, 1, Some(7)).await, 7);
    let (controller, _operator, mut shims) = world.start_serving().await;
    let flow = FiveTuple {
        src: vec![198, 51, 100, 1],
        dst: vec![203, 0, 113, 1],
        protocol: 6,
        src_port: 40_000,
        dst_port: 80,
    };
    let seq = shims[0].report(Kind::Setup, flow);
    shims[0].acked(seq).await;
    assert_eq!(flow_entries(&world.stages[0]), 1);
    // The others were told what they run.
    assert_eq!(push(address, 1, None).await, 7);
    assert!(![0, 7].contains(&push(world.targets[1].0, 2, None).await));
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_starts_later_takes_over() {
    let world = World::new().await;
    let (first, mut operator, _shims) = world.start_serving().await;
    let (second, mut successor, mut shims) = world.start_serving().await;
    eventually!("the first has lost all stages", {
        let status = status(&mut operator).await;
        status.hosts.iter().all(|host| !host.stage_connected)
    });
    let flow = FiveTuple {
        src: vec![198, 51, 100, 1],
        dst: vec![203, 0, 113, 1],
        protocol: 6,
        src_port: 40_000,
        dst_port: 80,
    };
    let seq = shims[0].report(Kind::Setup, flow);
    shims[0].acked(seq).await;
    first.stop().await;
    let status = status(&mut successor).await;
    assert!(
        status
            .hosts
            .iter()
            .all(|host| host.stage_ready && host.in_router)
    );
    assert_eq!(flow_entries(&world.stages[0]), 1);
    second.stop().await;
}
