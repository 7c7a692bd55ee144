use super::*;

const GOOD: &str = r#"
group = "shop"
buckets = 1024

[listen]
shims = "127.0.0.1:0"
admin = "127.0.0.1:0"

[[services]]
address = "203.0.113.10"
protocol = "tcp"
ports = 80

[[services]]
address = "203.0.113.10"
protocol = "udp"
ports = "6000-6099"
map = 1

[[hosts]]
id = 1
name = "h1"
address = "192.0.2.11"
mac = "02:00:00:00:01:01"
stage_mac = "06:00:00:00:01:00"
p4runtime = "127.0.0.1:9559"
router_port = 1

[[hosts]]
id = 2
name = "h2"
address = "192.0.2.12"
mac = "02:00:00:00:02:01"
stage_mac = "06:00:00:00:02:00"
p4runtime = "127.0.0.1:9560"
router_port = 2
weight = 2.5
joined = false

[router]
p4runtime = "127.0.0.1:9550"
spray = "flow"
ports = [
    { port = 1, mac = "0a:00:00:00:00:01" },
    { port = 2, mac = "0a:00:00:00:00:02" },
    { port = 9, mac = "0a:00:00:00:00:09", outside = true },
]
gateways = [{ port = 9, address = "198.51.100.1" }]
routes = [{ prefix = "0.0.0.0/0", port = 9, mac = "0a:00:00:00:01:00" }]

[protocol]
settle_ms = 1000
moves_per_second = 50.0
faults = ["no-flush", "no-recent"]
"#;

#[test]
fn a_whole_configuration_is_read() {
    let config = Config::parse(Path::new("group.toml"), GOOD).expect("good");
    let group = config.to_group();
    assert_eq!(
        (group.name.as_str(), group.buckets, group.services.len()),
        ("shop", 1024, 2)
    );
    assert_eq!(
        (
            group.services[1].port_low,
            group.services[1].port_high,
            group.services[1].map
        ),
        (6000, 6099, 1)
    );
    assert_eq!((group.hosts[1].weight, group.hosts[1].joined), (2.5, false));
    assert_eq!(group.hosts[0].stage_mac, 0x0600_0000_0100);
    let router = group.router.expect("configured");
    assert_eq!(
        (router.spray, router.ports.len(), router.routes[0].prefix),
        (Spray::ByFlow, 3, 0)
    );
    assert!(group.protocol.faults.no_flush && !group.protocol.faults.no_chain);
    assert_eq!(group.protocol.settle, Duration::from_secs(1));
    assert_eq!(group.protocol.linger_away, Duration::from_secs(60));
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_field() {
    let wrong = [
        (
            "buckets = 1024",
            "buckets = 1000",
            "group.toml:3: `buckets`: 1000 is not a power of two up to 65536",
        ),
        (
            "ports = 80",
            "ports = \"80\"",
            "group.toml:12: `ports`: invalid value: string \"80\", expected a port like 80, or a range like \"6000-6099\"",
        ),
        (
            "6000-6099",
            "6099-6000",
            "group.toml:17: `ports`: invalid value",
        ),
        (
            "mac = \"02:00:00:00:01:01\"",
            "mac = \"02:00:00\"",
            "group.toml:24: `mac`: `02:00:00` is not a MAC like 02:00:00:00:01:01",
        ),
        (
            "id = 2",
            "id = 1",
            "group.toml:29: `id`: the host h1 has the same",
        ),
        (
            "06:00:00:00:02:00",
            "06:00:00:00:02:01",
            "group.toml:29: `stage_mac`: the low two bits say how a packet arrives, and must be 0 here",
        ),
        (
            "router_port = 2",
            "router_port = 3",
            "group.toml:29: `router_port`: 3 is not among the router's ports",
        ),
        (
            "p4runtime = \"127.0.0.1:9560\"",
            "p4runtime = \"somewhere\"",
            "group.toml:29: `p4runtime`: `somewhere` is not an address with a port, like 192.0.2.1:9559",
        ),
        (
            "weight = 2.5",
            "wait = 2.5",
            "group.toml:37: `wait`: unknown field `wait`, expected one of",
        ),
        (
            "moves_per_second = 50.0",
            "moves_per_second = 0.0",
            "group.toml:53: `moves_per_second`: must be more than 0",
        ),
        (
            "\"no-flush\"",
            "\"no-luck\"",
            "group.toml:54: `faults`: \"no-luck\" is no fault",
        ),
        (
            "192.0.2.12",
            "203.0.113.10",
            "group.toml:29: `address`: 203.0.113.10 is published",
        ),
        (
            "0.0.0.0/0",
            "10.0.0.1/8",
            "is not a prefix like 198.51.100.0/24",
        ),
    ];
    for (from, to, expected) in wrong {
        assert!(GOOD.contains(from), "{from}");
        let error = Config::parse(Path::new("group.toml"), &GOOD.replacen(from, to, 1))
            .expect_err(to)
            .to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}
