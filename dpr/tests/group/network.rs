//! A group of three hosts on real interfaces: the calling thread's network namespace has the front router, the stages, a LAN or two between
//! them and a network for management; the client and each host have one of their own.

use dpr_bmv2_tests::namespace::{Namespace, run};
use dpr_bmv2_tests::{Process, TargetKind, simple_switch_grpc};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The address that all hosts serve.
pub const PUBLISHED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// The client's.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// Another address, which hosts have and no service is at until a test publishes it.
pub const OTHER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 11);

/// The hosts' numbers; their names are `h1` and so on.
pub const HOSTS: [u8; 3] = [1, 2, 3];

const BINARY: &str = env!("CARGO_BIN_EXE_dpr");

/// How the group is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One LAN, and hosts that all have the published address.
    OneLan,
    /// The last host is in another LAN, which the front router joins to the first: tunnels lead there and back.
    TwoLans,
    /// One LAN, and hosts that have only their own addresses.
    Nat,
    /// One LAN, and the front router on the first host.
    RouterOnHost,
}

impl Layout {
    /// The number of a host's LAN.
    fn lan(self, host: u8) -> u8 {
        u8::from(self == Layout::TwoLans && host == 3)
    }

    /// A host's own address.
    pub fn address(self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2 + self.lan(host), 10 + host)
    }

    /// Where a host's server listens.
    pub fn serves_at(self, host: u8) -> Ipv4Addr {
        match self {
            Layout::Nat => self.address(host),
            _ => PUBLISHED,
        }
    }

    /// Where the front router's P4Runtime server is.
    fn router_address(self) -> Ipv4Addr {
        match self {
            Layout::RouterOnHost => Ipv4Addr::new(10, 9, 0, 11),
            _ => Ipv4Addr::LOCALHOST,
        }
    }
}

/// The daemons, and what they run on.
#[derive(Debug)]
pub struct Group {
    // Fields are dropped in order: the daemons end before their interfaces go.
    controller: Process,
    _shims: Vec<Process>,
    /// By host, from the first.
    stages: Vec<Process>,
    _router: Process,
    /// Where clients are.
    pub client: Namespace,
    hosts: Vec<Namespace>,
    layout: Layout,
    files: TempDir,
}

impl Group {
    /// Lays the cables, then starts all daemons.
    pub fn start(kind: TargetKind, layout: Layout) -> Self {
        run("ip link set lo up");
        for lan in ["bridge0", "bridge1"] {
            run(&format!("ip link add {lan} type bridge"));
            run(&format!("ip link set {lan} up"));
        }
        run("ip link add management type bridge");
        run("ip address add 10.9.0.1/24 dev management");
        run("ip link set management up");
        let client = Namespace::new();
        let hosts: Vec<Namespace> = HOSTS.map(|host| connect_host(host, layout)).into();
        connect_router(&client, layout, &hosts[0]);
        let files = TempDir::new().expect("a temporary directory");
        let router = start_router(kind, layout, &hosts[0]);
        let stages = HOSTS.map(|host| start_stage(kind, host));
        fs::write(files.path().join(GROUP), group_config(layout)).expect("the configuration");
        let controller = start_controller(files.path());
        let mut shims = Vec::new();
        for (host, namespace) in HOSTS.iter().zip(&hosts) {
            fs::write(data_of(files.path(), *host), "").expect("the host's data");
            shims.push(start_shim(*host, layout, files.path(), namespace));
        }
        Group {
            controller,
            _shims: shims,
            stages: stages.into(),
            _router: router,
            client,
            hosts,
            layout,
            files,
        }
    }

    fn config(&self) -> PathBuf {
        self.files.path().join(GROUP)
    }

    /// A host gets the data of its services, or loses it.
    pub fn set_data(&self, host: u8, is_held: bool) {
        let file = data_of(self.files.path(), host);
        match is_held {
            true => fs::write(file, ""),
            false => fs::remove_file(file),
        }
        .expect("the host's data");
    }

    /// Ends the controller, and starts another.
    pub fn replace_controller(&mut self) {
        assert!(self.controller.terminate(), "{}", self.controller.report());
        self.controller = start_controller(self.files.path());
    }

    /// Ends a host's stage, and starts another that knows nothing yet.
    pub fn replace_stage(&mut self, host: u8, kind: TargetKind) {
        let stage = &mut self.stages[usize::from(host) - 1];
        assert!(stage.terminate(), "{}", stage.report());
        *stage = start_stage(kind, host);
        stage.wait_for_line("listening on ");
    }

    /// Each host's number and namespace.
    pub fn hosts(&self) -> impl Iterator<Item = (u8, &Namespace)> {
        HOSTS.into_iter().zip(&self.hosts)
    }

    /// Changes the configuration, as it was at the start, and lets the controller read it again.
    pub fn reload(&self, change: impl FnOnce(&str) -> String) -> serde_json::Value {
        let text = change(&group_config(self.layout));
        fs::write(self.config(), text).expect("the group's configuration");
        ctl("reload")
    }

    /// Cuts a stage off the LAN, and so its host's data path.
    pub fn cut_off(&self, host: u8) {
        run(&format!("ip link set stage{host} down"));
    }
}

/// The client's network, and the front router's cables to it and to the LANs.
fn connect_router(client: &Namespace, layout: Layout, first_host: &Namespace) {
    let id = client.id();
    run(&format!(
        "ip link add outside type veth peer name client0 netns {id}"
    ));
    client.run("ip link set client0 address 0e:00:00:00:00:01");
    client.run(&format!("ip address add {CLIENT}/24 dev client0"));
    client.call(|| raise("client0"));
    client.run("ip route add default via 198.51.100.1");
    for lan in 0..2 {
        run(&format!(
            "ip link add inside{lan} type veth peer name router{lan}"
        ));
        run(&format!("ip link set router{lan} master bridge{lan}"));
        raise(&format!("router{lan}"));
    }
    let ends = ["outside", "inside0", "inside1"];
    if layout == Layout::RouterOnHost {
        for end in ends {
            run(&format!("ip link set {end} netns {}", first_host.id()));
        }
        first_host.call(move || ends.map(raise));
    } else {
        for end in ends {
            raise(end);
        }
    }
}

/// A host with its stage's cables, which has the published address but does not answer ARP for it.
fn connect_host(host: u8, layout: Layout) -> Namespace {
    let namespace = Namespace::new();
    let id = namespace.id();
    run(&format!(
        "ip link add stage{host} type veth peer name lan{host}"
    ));
    let lan = layout.lan(host);
    run(&format!("ip link set lan{host} master bridge{lan}"));
    run(&format!(
        "ip link add host{host} type veth peer name eth0 netns {id}"
    ));
    run(&format!(
        "ip link add manage{host} type veth peer name manage0 netns {id}"
    ));
    run(&format!("ip link set manage{host} master management"));
    for interface in ["stage", "lan", "host", "manage"] {
        raise(&format!("{interface}{host}"));
    }
    for (parameter, value) in [
        ("arp_ignore", "1"),
        ("arp_announce", "2"),
        ("rp_filter", "0"),
    ] {
        for interface in ["all", "eth0"] {
            namespace.set(&format!("ipv4/conf/{interface}/{parameter}"), value);
        }
    }
    namespace.run(&format!("ip link set eth0 address 02:00:00:00:0{host}:01"));
    let address = layout.address(host);
    namespace.run(&format!("ip address add {address}/24 dev eth0"));
    if layout != Layout::Nat {
        for address in [PUBLISHED, OTHER] {
            namespace.run(&format!("ip address add {address}/32 dev lo"));
        }
    }
    namespace.run(&format!("ip address add 10.9.0.1{host}/24 dev manage0"));
    namespace.call(|| ["eth0", "manage0"].map(raise));
    namespace.run(&format!("ip route add default via 192.0.{}.254", 2 + lan));
    namespace
}

/// Brings an interface up. What is left to a network card, checksums and segments, would never be done: there is none.
fn raise(interface: &str) {
    run(&format!("ip link set {interface} addrgenmode none up"));
    run(&format!(
        "ethtool -K {interface} tx off tso off gso off gro off"
    ));
}

/// The group's configuration, among the files.
const GROUP: &str = "group.toml";

/// What says that a host has the data.
fn data_of(directory: &Path, host: u8) -> PathBuf {
    directory.join(format!("h{host}.data"))
}

fn start_router(kind: TargetKind, layout: Layout, first_host: &Namespace) -> Process {
    let grpc = SocketAddr::from((layout.router_address(), 9570));
    let ports = ["outside", "inside0", "inside1"];
    let router = switch(kind, "front_router", grpc, &ports);
    match layout {
        Layout::RouterOnHost => first_host.call(move || Process::start(router)),
        _ => Process::start(router),
    }
}

fn start_stage(kind: TargetKind, host: u8) -> Process {
    let (network, port) = (format!("stage{host}"), format!("host{host}"));
    let grpc = SocketAddr::from((Ipv4Addr::LOCALHOST, 9570 + u16::from(host)));
    Process::start(switch(kind, "host_stage", grpc, &[&network, &port]))
}

fn start_controller(directory: &Path) -> Process {
    let mut controller = Command::new(BINARY);
    controller
        .args(["controller", "--config"])
        .arg(directory.join(GROUP));
    let controller = Process::start(controller);
    controller.wait_for_line("admin: ");
    controller
}

fn start_shim(host: u8, layout: Layout, directory: &Path, namespace: &Namespace) -> Process {
    let config = directory.join(format!("h{host}.toml"));
    let text = host_config(host, layout, &data_of(directory, host));
    fs::write(&config, text).expect("a host's configuration");
    let mut shim = Command::new(BINARY);
    shim.args(["shim", "--config"]).arg(config);
    namespace.call(move || Process::start(shim))
}

/// The command of a switch whose ports are interfaces, from 1 on. Where the program is not built in, the controller brings it.
fn switch(kind: TargetKind, program: &str, grpc: SocketAddr, ports: &[&str]) -> Command {
    let mut switch = match (kind, simple_switch_grpc()) {
        (TargetKind::Bmv2, Some(binary)) => Command::new(binary),
        _ => Command::new(BINARY),
    };
    match kind {
        TargetKind::GeneratedRust => switch.args(["switch", "--program", program]),
        TargetKind::JsonEngine => switch.arg("switch"),
        TargetKind::Bmv2 => switch.args(["--no-p4", "--device-id", "1"]),
    };
    for (port, interface) in (1..).zip(ports) {
        switch.args(["-i", &format!("{port}@{interface}")]);
    }
    let address = grpc.to_string();
    match kind {
        TargetKind::GeneratedRust | TargetKind::JsonEngine => switch.args(["--grpc", &address]),
        TargetKind::Bmv2 => switch.args(["--", "--grpc-server-addr", &address]),
    };
    switch
}

/// With timers that are short for a test, except that a busy machine must not make a host seem dead.
fn group_config(layout: Layout) -> String {
    let router = layout.router_address();
    let within = match layout {
        Layout::Nat => "nat",
        _ => "mac",
    };
    let mut text = format!(
        r#"
group = "shop"
buckets = 128
[listen]
shims = "10.9.0.1:9560"
admin = "127.0.0.1:9561"
[[services]]
address = "{PUBLISHED}"
protocol = "tcp"
ports = 80
[router]
p4runtime = "{router}:9570"
spray = "random"
ports = [
    {{ port = 1, mac = "0a:00:00:00:00:01", outside = true }},
    {{ port = 2, mac = "0a:00:00:00:00:02" }},
    {{ port = 3, mac = "0a:00:00:00:00:03" }},
]
gateways = [
    {{ port = 1, address = "198.51.100.1" }},
    {{ port = 2, address = "192.0.2.254" }},
    {{ port = 3, address = "192.0.3.254" }},
]
routes = [{{ prefix = "198.51.100.0/24", port = 1, mac = "0e:00:00:00:00:01" }}]
[rewriting]
within = "{within}"
[protocol]
settle_ms = 500
linger_ms = 500
linger_away_ms = 1000
moves_per_second = 1000.0
probe_interval_ms = 500
probe_timeout_ms = 2000
probes_missed = 3
"#
    );
    for host in HOSTS {
        let (address, lan) = (layout.address(host), layout.lan(host));
        let router_port = 2 + lan;
        // Writing to a string does not fail.
        let _ = write!(
            text,
            r#"
[[hosts]]
id = {host}
name = "h{host}"
address = "{address}"
lan = "lan{lan}"
mac = "02:00:00:00:0{host}:01"
stage_mac = "06:00:00:00:0{host}:00"
p4runtime = "127.0.0.1:957{host}"
router_port = {router_port}
"#
        );
    }
    text
}

fn host_config(host: u8, layout: Layout, data: &Path) -> String {
    let (address, data) = (layout.address(host), data.display());
    format!(
        r#"
host = {host}
name = "h{host}"
controller = "http://10.9.0.1:9560"
interface = "eth0"
address = "{address}"
mac = "02:00:00:00:0{host}:01"
[[data]]
map = 0
path = "{data}"
interval_ms = 200
rise = 1
fall = 1
"#
    )
}

/// Asks the controller, as an operator does, and reads the answer as JSON.
pub fn ctl(arguments: &str) -> serde_json::Value {
    let mut command = Command::new(BINARY);
    command
        .args(["ctl", "--json"])
        .args(arguments.split_whitespace());
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "dpr ctl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let answer = String::from_utf8_lossy(&output.stdout);
        panic!("dpr ctl {arguments}: {error}\n{answer}")
    })
}
