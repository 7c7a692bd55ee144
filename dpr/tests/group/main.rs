//! All daemons of a group on real network interfaces, and connections through them by the kernel's own network stacks, while
//! buckets move, a host drains, and a host dies.

mod network;
mod traffic;

use dpr_bmv2_tests::namespace::{isolated, skip, skip_optional};
use dpr_bmv2_tests::{TargetKind, eventually_within, simple_switch_grpc};
use network::{CLIENT, Group, HOSTS, Layout, PUBLISHED, ctl};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use traffic::Crowd;

/// How long the group may take for what it is told; a busy machine takes many times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(40);

const SIZE: usize = 30;

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
        let served = Crowd::start(&group.client, SIZE / 3).finish(None);
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
            let served = Crowd::start(&group.client, SIZE / 3).finish(None);
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
        let during = Crowd::start(&group.client, SIZE / 3).finish(None);
        assert!(!during.contains_key(&3), "while h3 is drained: {during:?}");
        let ended = crowd.finish(None);
        assert_eq!(ended.values().sum::<usize>(), SIZE);
        wait_for_nothing();
    });
}

/// A group whose hosts all serve.
fn start(kind: TargetKind, layout: Layout) -> Group {
    let group = Group::start(kind, layout);
    for (host, namespace) in group.hosts() {
        traffic::serve(namespace, host, layout.serves_at(host));
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
    let during = Crowd::start(&group.client, SIZE / 3).finish(None);
    assert!(!during.contains_key(&2), "while h2 is drained: {during:?}");

    assert_ne!(ctl("weight h2 1")["moves"], 0);
    wait_for_states(["serving"; 3]);
    wait_for_moves();
    crowd.wait_for_answers(2, None);
    assert_eq!(check_flows(&crowd), servers);
    let ended = crowd.finish(None);
    assert_eq!(ended.values().sum::<usize>(), SIZE);
    wait_for_nothing();

    let crowd = Crowd::start(&group.client, SIZE);
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
    let after = Crowd::start(&group.client, SIZE).finish(None);
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
    let crowd = Crowd::start(&group.client, SIZE);
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
