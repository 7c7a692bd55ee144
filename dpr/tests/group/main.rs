//! All daemons of a group on real network interfaces, and connections through them by the kernel's own network stacks, while
//! buckets move, a host drains, and a host dies.

mod network;
mod traffic;

use dpr_bmv2_tests::namespace::{isolated, skip, skip_optional};
use dpr_bmv2_tests::{TargetKind, eventually_within, simple_switch_grpc};
use network::{CLIENT, Group, HOSTS, Layout, OTHER, PUBLISHED, ctl};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;
use traffic::{Crowd, PORT};

/// How long the group may take for what it is told; a busy machine takes many times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(40);

const SIZE: usize = 30;

/// What clients connect to.
const SERVICE: (Ipv4Addr, u16) = (PUBLISHED, PORT);

#[test]
fn connections_go_on_while_buckets_move_and_a_host_dies() {
    on(
        TargetKind::GeneratedRust,
        "connections_go_on_while_buckets_move_and_a_host_dies",
    );
}

#[test]
fn connections_go_on_through_the_engine_for_json() {
    on(
        TargetKind::JsonEngine,
        "connections_go_on_through_the_engine_for_json",
    );
}

#[test]
fn connections_go_on_through_bmv2() {
    const NAME: &str = "connections_go_on_through_bmv2";
    match simple_switch_grpc() {
        Some(_) => on(TargetKind::Bmv2, NAME),
        None => skip_optional(NAME, "DPR_BMV2 is not set"),
    }
}

/// The test with this name, whose switches are of some kind.
fn on(kind: TargetKind, test: &str) {
    isolated_group(test, || script(kind));
}

/// The test with this name, on its own network, if there can be one.
fn isolated_group(test: &str, script: impl FnOnce() + Send) {
    isolated(test, &["ip", "ethtool"], || {
        let bridge = Command::new("ip")
            .args(["link", "add", "bridge0", "type", "bridge"])
            .output();
        if !bridge.is_ok_and(|output| output.status.success()) {
            return skip(test, "the kernel has no bridges");
        }
        dpr_bmv2_tests::namespace::run("ip link delete bridge0");
        script();
    });
}

#[test]
fn hosts_on_two_lans_serve_through_tunnels() {
    short_script("hosts_on_two_lans_serve_through_tunnels", Layout::TwoLans);
}

#[test]
fn hosts_without_the_published_address_serve() {
    short_script("hosts_without_the_published_address_serve", Layout::Nat);
}

#[test]
fn the_front_router_may_be_on_a_host() {
    short_script("the_front_router_may_be_on_a_host", Layout::RouterOnHost);
}

/// Connections stay where they are while the file changes what chooses new ones' hosts.
#[test]
fn affinities_and_classes_change_by_the_file() {
    isolated_group("affinities_and_classes_change_by_the_file", || {
        let group = start(TargetKind::GeneratedRust, Layout::OneLan);
        let (crowd, servers) = crowd_at_all_hosts(&group);
        let by = |affinity: &str| {
            let affinity = format!("ports = 80\naffinity = \"{affinity}\"");
            move |text: &str| text.replace("ports = 80", &affinity)
        };
        group.reload(by("client"));
        wait_for_changes(1);
        crowd.wait_for_answers(2, None);
        assert_eq!(check_flows(&crowd), servers);
        let served = Crowd::start(&group.client, SIZE / 3, SERVICE).finish(None);
        assert_eq!(served.len(), 1, "one client: {served:?}");

        // The client's QoS class has a host of its own, and its session stays there when the class is no more.
        let class = r#"
            [[maps]]
            map = 0
            qos = { gold = { h2 = 1.0 } }
            [[classes]]
            class = 1
            name = "gold clients"
            prefixes = ["198.51.100.0/24"]
            qos = "gold"
        "#;
        group.reload(|text| by("session")(text) + class);
        wait_for_changes(3);
        let maps = ctl("criteria")["maps"].clone();
        assert_eq!(maps[1]["class"]["name"], "gold clients", "{maps:#}");
        let at_gold = |why: &str| {
            let served = Crowd::start(&group.client, SIZE / 3, SERVICE).finish(None);
            assert_eq!(served.into_keys().collect::<Vec<_>>(), [2], "{why}");
        };
        at_gold("the class's host");
        group.reload(by("session"));
        wait_for_changes(4);
        assert_eq!(ctl("status")["sessions"], 1);
        at_gold("the session's host");
        let explained = ctl(&format!("explain {CLIENT}:1 {PUBLISHED}:80"));
        assert!(text(&explained["summary"]).ends_with("the client's session is there"));
        ctl("criteria set 0 --affinity connection");
        wait_for_changes(5);
        assert_eq!(ctl("services")["services"][0]["affinity"], "connection");
        crowd.wait_for_answers(2, None);
        assert_eq!(check_flows(&crowd), servers);
        let ended = crowd.finish(None);
        assert_eq!(ended.values().sum::<usize>(), SIZE);
        wait_for_nothing();
    });
}

/// All hosts serve, and connections stay where they are while buckets move and a host drains.
fn short_script(test: &str, layout: Layout) {
    isolated_group(test, || {
        let group = start(TargetKind::GeneratedRust, layout);
        let (crowd, servers) = crowd_at_all_hosts(&group);
        assert_ne!(ctl("drain h3")["moves"], 0);
        wait_for_states(["serving", "serving", "drained"]);
        wait_for_moves();
        crowd.wait_for_answers(3, None);
        assert_eq!(check_flows(&crowd), servers);
        let during = Crowd::start(&group.client, SIZE / 3, SERVICE).finish(None);
        assert!(!during.contains_key(&3), "while h3 is drained: {during:?}");
        let ended = crowd.finish(None);
        assert_eq!(ended.values().sum::<usize>(), SIZE);
        wait_for_nothing();
    });
}

#[test]
fn data_and_services_come_and_go_while_connections_go_on() {
    const NAME: &str = "data_and_services_come_and_go_while_connections_go_on";
    isolated_group(NAME, || {
        let group = start(TargetKind::GeneratedRust, Layout::OneLan);
        let (crowd, servers) = crowd_at_all_hosts(&group);
        group.set_data(2, false);
        wait_for_buckets_of_h2(false);
        wait_for_moves();
        crowd.wait_for_answers(2, None);
        assert_eq!(check_flows(&crowd), servers);
        let during = Crowd::start(&group.client, SIZE / 3, SERVICE).finish(None);
        assert!(!during.contains_key(&2), "without the data: {during:?}");
        group.set_data(2, true);
        wait_for_buckets_of_h2(true);
        wait_for_moves();

        // Another service, at an address of its own.
        let other = (OTHER, 8080);
        for (host, namespace) in group.hosts() {
            traffic::serve(namespace, host, other);
        }
        let services = format!(
            "[[services]]\naddress = \"{OTHER}\"\nprotocol = \"tcp\"\nports = 8080\nmap = 4\n[router]"
        );
        let reload = group.reload(|text| text.replacen("[router]", &services, 1));
        let comes = format!("service {OTHER}:8080/tcp comes, on map 4");
        assert_eq!(reload["changes"], json!([comes]));
        let clients = Crowd::start(&group.client, SIZE, other);
        clients.wait_for_answers(1, None);
        let held: BTreeSet<u8> = clients.servers().into_values().collect();
        assert_eq!(held, HOSTS.into(), "all serve it");
        eventually_within(PATIENCE, "connections", json!([SIZE, SIZE]), connections);
        assert_eq!(clients.finish(None).values().sum::<usize>(), SIZE);

        // Its connections end with it, and no others.
        let clients = Crowd::start(&group.client, SIZE / 3, other);
        clients.wait_for_answers(1, None);
        let reload = group.reload(str::to_owned);
        let goes = format!("service {OTHER}:8080/tcp goes");
        assert_eq!(reload["changes"], json!([goes]));
        crowd.wait_for_answers(2, None);
        assert_eq!(check_flows(&crowd), servers);
        for host in HOSTS {
            clients.cut_off(host);
        }
        assert_eq!(crowd.finish(None).values().sum::<usize>(), SIZE);
        wait_for_nothing();
    });
}

#[test]
fn controller_and_stages_are_replaced_while_connections_go_on() {
    const NAME: &str = "controller_and_stages_are_replaced_while_connections_go_on";
    isolated_group(NAME, || {
        let mut group = start(TargetKind::GeneratedRust, Layout::OneLan);
        let (crowd, servers) = crowd_at_all_hosts(&group);
        group.replace_controller();
        wait_for_states(["serving"; 3]);
        crowd.wait_for_answers(2, None);
        assert_eq!(check_flows(&crowd), servers);
        for host in HOSTS {
            let held = ctl(&format!("hold h{host}"));
            let of_host = servers.values().filter(|server| **server == host);
            assert_eq!(held["connections"], of_host.count());
            assert_eq!(
                ctl("hosts")["hosts"][usize::from(host) - 1]["state"],
                "held"
            );
            assert_eq!(
                ctl("status")["router"]["members"].as_array().map(Vec::len),
                Some(2)
            );
            // Another program: one that the controller brings.
            group.replace_stage(host, TargetKind::JsonEngine);
            ctl(&format!("release h{host}"));
            crowd.wait_for_answers(2, None);
            assert_eq!(check_flows(&crowd), servers);
        }
        group.replace_controller();
        wait_for_states(["serving"; 3]);
        let more = Crowd::start(&group.client, SIZE, SERVICE).finish(None);
        assert_eq!(more.values().sum::<usize>(), SIZE);
        let ended = crowd.finish(None);
        assert_eq!(ended.values().sum::<usize>(), SIZE);
        wait_for_nothing();
    });
}

/// The connections of each service.
fn connections() -> Value {
    let services = ctl("services");
    let services = services["services"].as_array().expect("services");
    let counts = services
        .iter()
        .map(|service| service["connections"].clone());
    counts.collect()
}

/// Until h2 has buckets, or none; the answer to what it says of its data goes with it.
fn wait_for_buckets_of_h2(are_there: bool) {
    let what = "whether h2 reports data, and has buckets";
    eventually_within(PATIENCE, what, json!([are_there, are_there]), || {
        let h2 = &ctl("criteria")["maps"][0]["hosts"][1];
        json!([h2["data_reported"], h2["buckets"] != 0])
    });
}

/// A group whose hosts all serve.
fn start(kind: TargetKind, layout: Layout) -> Group {
    let group = Group::start(kind, layout);
    for (host, namespace) in group.hosts() {
        traffic::serve(namespace, host, (layout.serves_at(host), PORT));
    }
    eventually_within(
        PATIENCE,
        "hosts that serve",
        json!(["h1", "h2", "h3"]),
        || ctl("status")["router"]["members"].clone(),
    );
    wait_for_states(["serving"; 3]);
    group
}

fn script(kind: TargetKind) {
    let group = start(kind, Layout::OneLan);
    let (crowd, servers) = crowd_at_all_hosts(&group);
    assert_ne!(ctl("weight h1 4")["moves"], 0);
    wait_for_moves();
    crowd.wait_for_answers(2, None);
    assert_eq!(check_flows(&crowd), servers);

    assert_ne!(ctl("drain h2")["moves"], 0);
    wait_for_states(["serving", "drained", "serving"]);
    wait_for_moves();
    crowd.wait_for_answers(2, None);
    assert_eq!(check_flows(&crowd), servers);
    let away = servers.iter().find(|(_, server)| **server == 2);
    check_moved(*away.expect("a connection that h2 holds").0);
    let during = Crowd::start(&group.client, SIZE / 3, SERVICE).finish(None);
    assert!(!during.contains_key(&2), "while h2 is drained: {during:?}");

    assert_ne!(ctl("weight h2 1")["moves"], 0);
    wait_for_states(["serving"; 3]);
    wait_for_moves();
    crowd.wait_for_answers(2, None);
    assert_eq!(check_flows(&crowd), servers);
    let ended = crowd.finish(None);
    assert_eq!(ended.values().sum::<usize>(), SIZE);
    wait_for_nothing();

    let crowd = Crowd::start(&group.client, SIZE, SERVICE);
    crowd.wait_for_answers(1, None);
    let servers = check_flows(&crowd);
    group.cut_off(3);
    wait_for_states(["serving", "serving", "dead"]);
    eventually_within(
        PATIENCE,
        "the front router's hosts",
        json!(["h1", "h2"]),
        || ctl("status")["router"]["members"].clone(),
    );
    wait_for_moves();
    let after = Crowd::start(&group.client, SIZE, SERVICE).finish(None);
    assert!(!after.contains_key(&3), "after the death of h3: {after:?}");
    crowd.wait_for_answers(2, Some(3));
    crowd.cut_off(3);
    let ended = crowd.finish(Some(3));
    for host in [1, 2] {
        let held = servers.values().filter(|server| **server == host).count();
        assert_eq!(ended.get(&host).copied().unwrap_or(0), held, "h{host}");
    }
    wait_for_nothing();
}

/// Connections of which every host serves some, and who serves which.
fn crowd_at_all_hosts(group: &Group) -> (Crowd, BTreeMap<SocketAddr, u8>) {
    let crowd = Crowd::start(&group.client, SIZE, SERVICE);
    crowd.wait_for_answers(1, None);
    let servers = check_flows(&crowd);
    assert!(
        HOSTS
            .iter()
            .all(|host| servers.values().any(|server| server == host)),
        "every host serves some of {servers:?}"
    );
    (crowd, servers)
}

fn wait_for_states(wanted: [&str; 3]) {
    eventually_within(PATIENCE, "the hosts' states", json!(wanted), || {
        let status = ctl("status");
        let hosts = status["hosts"].as_array().expect("hosts");
        hosts.iter().map(|host| host["state"].clone()).collect()
    });
}

/// Until all buckets are where they should be.
fn wait_for_moves() {
    eventually_within(
        PATIENCE,
        "placed, moving, waiting",
        json!([1000, 0, 0]),
        || {
            let status = ctl("status");
            let moves = &status["moves"];
            json!([
                status["placed_permille"],
                moves["in_progress"],
                moves["waiting"]
            ])
        },
    );
}

/// Until so many changes of rules are over, and none is going on.
fn wait_for_changes(completed: u64) {
    eventually_within(PATIENCE, "changes", json!([completed, null]), || {
        let status = ctl("status");
        json!([status["changes_completed"], status["change"]])
    });
}

/// Until no stage has an entry for a connection, and none is known.
fn wait_for_nothing() {
    eventually_within(PATIENCE, "entries and connections", json!([0, 0]), || {
        let flow_state = &ctl("status")["flow_state"];
        json!([flow_state["remaining"], flow_state["connections"]])
    });
}

/// Waits until the controller says of each connection which host holds it, and that is the one that answers.
fn check_flows(crowd: &Crowd) -> BTreeMap<SocketAddr, u8> {
    let servers = crowd.servers();
    assert_eq!(servers.len(), SIZE);
    let wanted: BTreeMap<String, String> = servers
        .iter()
        .map(|(client, host)| (client.to_string(), format!("h{host}")))
        .collect();
    eventually_within(PATIENCE, "who holds which connection", wanted, || {
        let flows = ctl(&format!("flows --client {CLIENT}"));
        let flows = flows["flows"].as_array().expect("connections").iter();
        let live = flows.filter(|flow| flow["closing"] == false);
        live.map(|flow| {
            let tuple = &flow["five_tuple"];
            let client = format!("{}:{}", text(&tuple["src"]), tuple["src_port"]);
            (client, text(&flow["server"]).to_owned())
        })
        .collect()
    });
    servers
}

/// A connection that h2 holds although it owns no buckets: flow state leads to it from wherever a packet arrives.
fn check_moved(client: SocketAddr) {
    let explained = ctl(&format!("explain {client} {PUBLISHED}:80"));
    assert_ne!(explained["owner"], "h2", "{explained:#}");
    assert_eq!(explained["known"]["server"], "h2", "{explained:#}");
    assert_eq!(
        explained["known"]["owner"], explained["owner"],
        "{explained:#}"
    );
    let paths = explained["paths"].as_array().expect("paths");
    assert!(!paths.is_empty(), "{explained:#}");
    for path in paths {
        assert_eq!(path["served_by"], "h2", "{explained:#}");
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a text"))
}
