//! The demo's controller: its configuration, and its start.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use dpr_controller::{Config, Controller};

use crate::demo::observer::HostId;
use crate::demo::options::Settings;
use crate::demo::topology::*;
use crate::demo::world::{ROUTER_INSIDE, ROUTER_OUTSIDE};

/// Buckets of the group's map. Fewer than usual, so that each moves several times while the demo runs.
const BUCKETS: u32 = 512;
/// The protocol's timers, short for a run of half a minute.
const LINGER_MS: u64 = 1000;
const LINGER_AWAY_MS: u64 = 3000;
const PROBE_INTERVAL_MS: u64 = 250;
/// A machine that is busy with other things may stand still for a while: then nobody is dead.
const PROBE_TIMEOUT_MS: u64 = 2000;

/// The P4Runtime device id of the front router; the stages have their hosts' numbers.
pub const ROUTER_DEVICE: u64 = 1000;

/// The controller's configuration, as `dpr controller --config` would read it.
fn configuration(
    settings: &Settings,
    router: SocketAddr,
    stages: &[SocketAddr],
) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    writeln!(out, "group = \"demo\"\nbuckets = {BUCKETS}\n")?;
    writeln!(
        out,
        "[listen]\nshims = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n"
    )?;
    let topology = settings.topology;
    let published = topology.published(settings.hosts);
    for (address, port) in &published {
        writeln!(
            out,
            "[[services]]\naddress = \"{address}\"\nprotocol = \"tcp\"\nports = {port}\n"
        )?;
    }
    if topology.kind == TopologyKind::Nat {
        writeln!(out, "[rewriting]\nwithin = \"nat\"\n")?;
    }
    for (host, p4runtime) in (1 as HostId..).zip(stages) {
        write_host(out, settings, host, *p4runtime)?;
    }
    if topology.kind == TopologyKind::L3 {
        for (host, _) in (1 as HostId..).zip(stages) {
            let (address, name) = (topology.own(host), host_name(host));
            writeln!(
                out,
                "[[computers]]\naddress = \"{address}\"\nhost = \"{name}\"\n"
            )?;
        }
    }
    if let Some((address, hosts)) = topology.several(settings.hosts) {
        let names: Vec<String> = hosts.map(host_name).collect();
        writeln!(
            out,
            "[[computers]]\naddress = \"{address}\"\nhosts = {names:?}\n"
        )?;
    }
    if topology.has_front_router() {
        write_router(out, topology, router)?;
    }
    let settle_ms = settings.settle_ms;
    let slowness = u64::from(settings.conditions.slowness());
    let linger_ms = LINGER_MS * slowness;
    let linger_away_ms = LINGER_AWAY_MS * slowness;
    writeln!(
        out,
        "[protocol]\nsettle_ms = {settle_ms}\nlinger_ms = {linger_ms}\nlinger_away_ms = {linger_away_ms}"
    )?;
    writeln!(out, "moves_per_second = {:?}", settings.moves_per_second)?;
    writeln!(
        out,
        "probe_interval_ms = {PROBE_INTERVAL_MS}\nprobe_timeout_ms = {PROBE_TIMEOUT_MS}\nprobes_missed = 3"
    )?;
    let faults: Vec<_> = settings
        .fault
        .iter()
        .map(|fault| format!("\"{}\"", fault.name()))
        .collect();
    writeln!(
        out,
        "faults = [{}]\nseed = {}",
        faults.join(", "),
        settings.seed as u32
    )?;
    Ok(text)
}

fn write_host(
    out: &mut String,
    settings: &Settings,
    host: HostId,
    p4runtime: SocketAddr,
) -> std::fmt::Result {
    let topology = settings.topology;
    let lan = topology.lan_of(host);
    writeln!(
        out,
        "[[hosts]]\nid = {host}\nname = \"{}\"",
        host_name(host)
    )?;
    writeln!(out, "address = \"{}\"", topology.address(host))?;
    if topology.ipv6 {
        writeln!(out, "address6 = \"{}\"", topology.address6(host))?;
    }
    writeln!(
        out,
        "mac = \"{}\"\nstage_mac = \"{}\"",
        colons(host_mac(host)),
        colons(stage_mac(host))
    )?;
    let router_port = usize::from(ROUTER_INSIDE) + lan;
    writeln!(
        out,
        "p4runtime = \"{p4runtime}\"\ndevice_id = {host}\nrouter_port = {router_port}"
    )?;
    writeln!(out, "lan = \"lan{}\"", lan + 1)?;
    if !topology.has_front_router() {
        writeln!(out, "gateway_mac = \"{}\"", colons(router_inside_mac(lan)))?;
        let published = topology.published(settings.hosts);
        if let Some((home, _)) = published.get(usize::from(host) - 1) {
            writeln!(out, "at_home = [\"{home}\"]")?;
        }
    }
    writeln!(
        out,
        "weight = 1.0\njoined = {}\n",
        usize::from(host) <= settings.hosts
    )
}

fn write_router(out: &mut String, topology: Topology, router: SocketAddr) -> std::fmt::Result {
    writeln!(
        out,
        "[router]\np4runtime = \"{router}\"\ndevice_id = {ROUTER_DEVICE}\nspray = \"random\""
    )?;
    writeln!(out, "ports = [")?;
    writeln!(
        out,
        "    {{ port = {ROUTER_OUTSIDE}, mac = \"{}\", outside = true }},",
        colons(ROUTER_OUTSIDE_MAC)
    )?;
    let inside = |lan: usize| usize::from(ROUTER_INSIDE) + lan;
    for lan in 0..topology.lans() {
        let (port, mac) = (inside(lan), colons(router_inside_mac(lan)));
        writeln!(out, "    {{ port = {port}, mac = \"{mac}\" }},")?;
    }
    writeln!(out, "]\ngateways = [")?;
    for address in [
        IpAddr::from(ROUTER_OUTSIDE_ADDRESS),
        ROUTER_OUTSIDE_ADDRESS6.into(),
    ] {
        writeln!(
            out,
            "    {{ port = {ROUTER_OUTSIDE}, address = \"{address}\" }},"
        )?;
    }
    for lan in 0..topology.lans() {
        for address in [
            IpAddr::from(router_inside_address(lan)),
            router_inside_address6(lan).into(),
        ] {
            let port = inside(lan);
            writeln!(out, "    {{ port = {port}, address = \"{address}\" }},")?;
        }
    }
    writeln!(out, "]\nroutes = [")?;
    for (network, length) in [
        (IpAddr::from(CLIENT_PREFIX.0), CLIENT_PREFIX.1),
        (CLIENT_PREFIX6.0.into(), CLIENT_PREFIX6.1),
    ] {
        let mac = colons(CLIENTS_MAC);
        writeln!(
            out,
            "    {{ prefix = \"{network}/{length}\", port = {ROUTER_OUTSIDE}, mac = \"{mac}\" }},"
        )?;
    }
    writeln!(out, "]\n")
}

fn colons(mac: u64) -> String {
    crate::demo::net::mac(mac).to_string().replace('-', ":")
}

/// Starts the controller of these stages.
pub async fn start(
    settings: &Settings,
    router: SocketAddr,
    stages: &[SocketAddr],
) -> anyhow::Result<Controller> {
    let text = configuration(settings, router, stages)?;
    let config =
        Config::parse(Path::new("demo.toml"), &text).context("the demo's own configuration")?;
    Controller::start((&config).into())
        .await
        .context("the controller does not start")
}
