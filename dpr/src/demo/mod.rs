//! `dpr demo`: a whole group in one process, without root. Clients, front router, LAN, stages and hosts are in memory and on one
//! thread (`world`); controller, shims and P4Runtime servers talk gRPC over loopback (`control`); an observer at the hosts'
//! ports, who knows no tables, judges.

mod clients;
mod content;
mod control;
mod director;
mod display;
mod figures;
mod forget;
mod host;
mod http;
mod multicast;
mod net;
mod observer;
mod options;
mod ordinary_router;
mod report;
mod script;
mod stack;
mod topology;
mod traffic;
mod world;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::{Context, anyhow};
use dpr_host_shim::source::memory_link;
use dpr_p4::front_router::FrontRouter;
use dpr_p4::host_stage::HostStage;
use dpr_runtime::Pipeline;

pub use options::Options;

use self::clients::Clients;
use self::control::{ControlPlane, StageOfHost};
use self::director::Director;
use self::display::Display;
use self::forget::Forgetful;
use self::host::Host;
use self::multicast::Multicast;
use self::net::Capture;
use self::observer::{HostId, Observer};
use self::options::{Fault, Settings};
use self::report::Report;
use self::topology::{CLIENTS_MAC, host_name};
use self::traffic::Traffic;
use self::world::{Command, Progress, Site, World, link_names};

/// Runs the demo. It succeeds when every connection was served as it should be.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let settings = options.settings()?;
    let (report, progress) = play(&settings)?;
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", report.summary(&settings, &progress));
    }
    Ok(if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn play(settings: &Settings) -> anyhow::Result<(Report, Progress)> {
    let began = Instant::now();
    let topology = settings.topology;
    let router: Arc<dyn Pipeline> = Arc::new(FrontRouter::new());
    if !topology.has_front_router() {
        ordinary_router::set_up(router.as_ref(), topology, settings.hosts)?;
    }
    let mut sites = Vec::new();
    let mut stages = Vec::new();
    let count = (settings.hosts + usize::from(settings.joins)) as HostId;
    for host in 1..=count {
        let pipeline: Arc<dyn Pipeline> = Arc::new(HostStage::new());
        let (tap, source) = memory_link();
        sites.push(Site {
            id: host,
            name: host_name(host),
            address: topology.address(host),
            lan: topology.lan_of(host),
            stage: Arc::clone(&pipeline),
            host: Host::new(
                topology.host_addresses(host, settings.hosts),
                settings.seed ^ u64::from(host) << 32,
                0,
            ),
            tap: Some(tap),
            is_up: usize::from(host) <= settings.hosts,
        });
        stages.push(StageOfHost {
            host,
            pipeline,
            source,
        });
    }
    let pipelines = stages
        .iter()
        .map(|stage| Arc::clone(&stage.pipeline))
        .collect();

    let names = link_names(topology.lans(), sites.iter().map(|site| site.name.as_str()));
    let capture = settings
        .pcap
        .as_deref()
        .map(|path| Capture::create(path, names.iter().map(String::as_str)))
        .transpose()?;
    let traffic = Traffic::draw(&settings.shape, settings.seed);
    let clients = Clients::new(
        topology.client_network(settings.hosts, settings.conditions),
        traffic,
        settings.seed,
        0,
    );
    let forgetful = (settings.fault == Some(Fault::Recent)).then_some(Forgetful);
    let several = topology.several(settings.hosts).map(|(to, hosts)| {
        let client = (net::mac(CLIENTS_MAC), topology.publisher());
        Multicast::new(client, to, hosts, settings.conditions.loss > 0.0)
    });
    let world = World::new(
        topology,
        Arc::clone(&router),
        sites,
        clients,
        several,
        Observer::new(topology.targets(settings.hosts)),
        settings.conditions,
        capture,
        forgetful,
        settings.seed,
        began,
    );
    let progress = world.published();
    let (network, commands) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("network".to_owned())
        .spawn(move || world.run(&commands))
        .context("cannot start the network's thread")?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        let control = ControlPlane::start(settings, Arc::clone(&router), stages).await?;
        let display = Display::new(began);
        let stages = pipelines;
        let network = network.clone();
        let mut director = Director {
            settings,
            control,
            network,
            progress,
            router,
            most: vec![Default::default(); usize::from(count)],
            stages,
            display,
            began,
        };
        let report = director.run().await;
        director.control.stop().await;
        report
    });
    // A thread that has ended says why when it is joined.
    let _ = network.send(Command::Stop);
    let progress = thread
        .join()
        .map_err(|_| anyhow!("the network's thread panicked"))?;
    Ok((report?, progress?))
}
