use super::*;

const GOOD: &str = include_str!("tests/group.toml");

#[test]
fn the_example_is_read_and_shows_the_usual_values() {
    let config = Config::parse(Path::new("group.toml"), GOOD).expect("good");
    let group = config.to_group();
    assert_eq!(
        (group.name.as_str(), group.buckets, group.services.len()),
        ("shop", 4096, 2)
    );
    let udp = &group.services[1];
    assert_eq!((udp.port_low, udp.port_high, udp.map), (6000, 6099, 1));
    assert_eq!((group.hosts[1].weight, group.hosts[1].joined), (2.5, false));
    assert_eq!(group.hosts[0].stage_mac, 0x0600_0000_0100);
    let router = group.router.expect("configured");
    assert_eq!((router.spray, router.ports.len()), (Spray::Random, 3));
    assert_eq!((router.routes[0].network, router.routes[0].prefix), (0, 0));
    assert_eq!(
        format!("{:?}", group.protocol),
        format!("{:?}", Protocol::default())
    );
    assert_eq!(
        (config.shim_address(), config.admin_address()),
        (Listen::default().shims, Listen::default().admin)
    );
}

#[test]
fn faults_and_flow_spray_are_read() {
    let text = GOOD
        .replace("faults = []", "faults = [\"no-flush\", \"no-recent\"]")
        .replace("spray = \"random\"", "spray = \"flow\"");
    let group = Config::parse(Path::new("group.toml"), &text)
        .expect("good")
        .to_group();
    assert!(group.protocol.faults.no_flush && !group.protocol.faults.no_chain);
    assert_eq!(group.router.map(|router| router.spray), Some(Spray::ByFlow));
}

/// The 1-based line of the `nth` occurrence of a text.
fn line_of(text: &str, nth: usize) -> usize {
    let mut lines = GOOD
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(text));
    lines.nth(nth).expect(text).0 + 1
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_field() {
    let host = "[[hosts]]";
    let wrong = [
        (
            "buckets = 4096",
            "buckets = 1000",
            line_of("buckets =", 0),
            "`buckets`: 1000 is not a power of two up to 65536",
        ),
        (
            "ports = 80",
            "ports = \"80\"",
            line_of("ports = 80", 0),
            "`ports`: invalid value: string \"80\", expected a port like 80",
        ),
        (
            "6000-6099",
            "6099-6000",
            line_of("6000-6099", 0),
            "`ports`: invalid value",
        ),
        (
            "02:00:00:00:01:01",
            "02:00:00",
            line_of("02:00:00:00:01:01", 0),
            "`mac`: `02:00:00` is not a MAC like 02:00:00:00:01:01",
        ),
        (
            "id = 2",
            "id = 1",
            line_of(host, 1),
            "`id`: the host h1 has the same",
        ),
        (
            "06:00:00:00:02:00",
            "06:00:00:00:02:01",
            line_of(host, 1),
            "`stage_mac`: the low two bits say how a packet arrives, and must be 0 here",
        ),
        (
            "router_port = 2",
            "router_port = 3",
            line_of(host, 1),
            "`router_port`: 3 is not among the router's ports",
        ),
        (
            "127.0.0.1:9572",
            "somewhere",
            line_of(host, 1),
            "`p4runtime`: `somewhere` is not an address with a port, like 192.0.2.1:9559",
        ),
        (
            "weight = 2.5",
            "wait = 2.5",
            line_of("weight = 2.5", 0),
            "`wait`: unknown field `wait`, expected one of",
        ),
        (
            "moves_per_second = 100.0",
            "moves_per_second = 0.0",
            line_of("moves_per_second", 0),
            "`moves_per_second`: must be more than 0",
        ),
        (
            "faults = []",
            "faults = [\"no-luck\"]",
            line_of("faults", 0),
            "`faults`: \"no-luck\" is no fault",
        ),
        (
            "192.0.2.12",
            "203.0.113.10",
            line_of(host, 1),
            "`address`: 203.0.113.10 is published",
        ),
        (
            "0.0.0.0/0",
            "10.0.0.1/8",
            line_of("routes", 0),
            "`10.0.0.1/8` is not a prefix like 198.51.100.0/24",
        ),
        (
            "name = \"h2\"",
            "",
            line_of(host, 1),
            "missing field `name`",
        ),
    ];
    for (from, to, line, expected) in wrong {
        assert!(GOOD.contains(from), "{from}");
        let error = Config::parse(Path::new("group.toml"), &GOOD.replacen(from, to, 1))
            .expect_err(to)
            .to_string();
        assert!(
            error.starts_with(&format!("group.toml:{line}: ")) && error.contains(expected),
            "{to}: {error}"
        );
    }
}
