use super::*;
use dpr_p4::address;

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
    assert_eq!(udp.affinity, Affinity::Connection);
    let expected = MapCriteria {
        weights: [(2, 3.0)].into(),
        data: Some([1, 2].into()),
        load: Some(crate::criteria::LoadMeasure::Cpu),
    };
    assert_eq!(group.criteria, [(1, expected)].into());
    assert_eq!((group.hosts[1].weight, group.hosts[1].joined), (2.5, false));
    assert_eq!(group.hosts[0].stage_mac, 0x0600_0000_0100);
    let router = group.router.expect("configured");
    assert_eq!((router.spray, router.ports.len()), (Spray::Random, 3));
    let everything = (address::mapped(0), 96);
    let route = router.routes[0];
    assert_eq!((route.network, route.prefix), everything);
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

fn reread(from: &str, to: &str) -> Result<crate::core::Reconfiguration, String> {
    assert!(GOOD.contains(from), "{from}");
    let file = Path::new("group.toml");
    let before = Config::parse(file, GOOD).expect("good");
    let text = GOOD.replacen(from, to, 1);
    let after = Config::parse(file, &text).expect("good as such");
    after
        .changes_since(&before, file, &text)
        .map_err(|error| error.to_string())
}

#[test]
fn a_file_that_is_read_again_says_what_is_to_change() {
    let changes = reread("weight = 2.5", "weight = 4").expect("it may change");
    assert_eq!(
        (&changes.weights[..], changes.hosts.len()),
        (&[(2, 4.0)][..], 0)
    );
    let changes = reread("data = [\"h1\", \"h2\"]", "data = [\"h2\"]").expect("it may change");
    assert_eq!(changes.criteria[0].1.data, Some([2].into()));
    let changes =
        reread("moves_per_second = 100.0", "moves_per_second = 7.0").expect("it may change");
    assert_eq!(changes.moves_per_second, Some(7.0));
    let more = "[[hosts]]\nid = 3\nname = \"h3\"\naddress = \"192.0.2.13\"\nmac = \"02:00:00:00:03:01\"\n\
                stage_mac = \"06:00:00:00:03:00\"\np4runtime = \"127.0.0.1:9573\"\nrouter_port = 2\n\
                # Without this section";
    let changes = reread("# Without this section", more).expect("it may change");
    assert_eq!(changes.hosts[0].name, "h3");
    assert_eq!(
        reread("faults = []", "faults = [ ]"),
        Ok(crate::core::Reconfiguration::default())
    );
}

#[test]
fn what_needs_a_restart_is_named_with_file_line_and_field() {
    for (from, to, line, field) in [
        (
            "group = \"shop\"",
            "group = \"bank\"",
            line_of("group =", 0),
            "group",
        ),
        (
            "buckets = 4096",
            "buckets = 1024",
            line_of("buckets =", 0),
            "buckets",
        ),
        (
            "affinity = \"connection\"",
            "affinity = \"client\"",
            line_of("[[services]]", 0),
            "services",
        ),
        (
            "02:00:00:00:02:01",
            "02:00:00:00:02:02",
            line_of("[[hosts]]", 1),
            "hosts",
        ),
        (
            "spray = \"random\"",
            "spray = \"flow\"",
            line_of("[router]", 0),
            "router",
        ),
        (
            "settle_ms = 5000",
            "settle_ms = 4000",
            line_of("[protocol]", 0),
            "protocol",
        ),
        (
            "127.0.0.1:9560",
            "127.0.0.1:9562",
            line_of("[listen]", 0),
            "listen",
        ),
    ] {
        assert_eq!(
            reread(from, to),
            Err(format!(
                "group.toml:{line}: `{field}`: cannot change while the controller runs; restart it"
            ))
        );
    }
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
            "0.0.0.0/0",
            "10.0.0.1/8",
            line_of("routes", 0),
            "`10.0.0.1/8` is not a prefix like 198.51.100.0/24",
        ),
        (
            "\"connection\"",
            "\"cookie\"",
            line_of("affinity", 0),
            "`affinity`: unknown variant `cookie`, expected one of `connection`, `client`",
        ),
        (
            "map = 1\nweights",
            "map = 2\nweights",
            line_of("[[maps]]", 0),
            "`map`: no service is on map 2",
        ),
        (
            "data = [\"h1\", \"h2\"]",
            "data = [\"h1\", \"h3\"]",
            line_of("[[maps]]", 0),
            "`data`: there is no host h3",
        ),
        (
            "h2 = 3.0",
            "h2 = -3.0",
            line_of("[[maps]]", 0),
            "`weights`: must be 0 or more",
        ),
        (
            "load = \"cpu\"",
            "load = \"luck\"",
            line_of("load = ", 0),
            "`load`: `luck` is none of connections, cpu and requests",
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

const TWO_LANS: &str = include_str!("../../../docs/examples/two-lans.toml");

#[test]
fn locations_and_ways_are_read() {
    let config = Config::parse(Path::new("two-lans.toml"), TWO_LANS).expect("good");
    let group = config.to_group();
    let [h1, h2, h3] = group.hosts.as_slice() else {
        panic!("three hosts")
    };
    use crate::core::Rewriting::{Ipip, Ipip6, Mac};
    let ways = [(h1, h2), (h1, h3), (h3, h1), (h3, h2)].map(|(from, to)| group.rewriting(from, to));
    assert_eq!(ways, [Mac, Ipip, Ipip6, Ipip]);
    assert_eq!(
        (group.gateway_mac(h1), group.gateway_mac(h3)),
        (0x0a00_0000_0002, 0x0a00_0000_0003)
    );
    assert_eq!(group.services[2].affinity, Affinity::ConnectionId);
    assert_eq!(group.computers, [(address::mapped(0xc000_0250), 2)].into());
    let routes = &group.router.as_ref().expect("configured").routes;
    assert_eq!((routes[1].network, routes[1].prefix), (0, 0));
}

#[test]
fn ways_that_lead_nowhere_are_refused() {
    let wrong = [
        (
            "between = \"ipip\" ",
            "between = \"mac\" ",
            "`lan`: h3 is in another LAN and needs a tunnel",
        ),
        (
            "address6 = \"2001:db8:1::11\"",
            "",
            "`address6`: the tunnel from h3 needs one at both ends",
        ),
        ("to = \"h1\"", "to = \"h9\"", "`to`: there is no host h9"),
        (
            "host = \"h2\"",
            "host = \"h9\"",
            "`host`: there is no host h9",
        ),
        (
            "192.0.2.80",
            "203.0.113.10",
            "`address`: 203.0.113.10 is published",
        ),
        ("mtu = 1500", "mtu = 1000", "`mtu`: must be at least 1280"),
        (
            "connection_id_config = 0",
            "connection_id_config = 7",
            "must be 0 to 6",
        ),
        (
            "mtu = 1500",
            "at_home = [\"203.0.113.11\"]",
            "`at_home`: 203.0.113.11 is not published",
        ),
    ];
    for (from, to, expected) in wrong {
        assert!(TWO_LANS.contains(from), "{from}");
        let text = TWO_LANS.replacen(from, to, 1);
        let error = Config::parse(Path::new("two-lans.toml"), &text)
            .expect_err(to)
            .to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn nat_leaves_room_for_one_published_address() {
    let nat = |text: &str| {
        let text = text.replace("[protocol]", "[rewriting]\nwithin = \"nat\"\n[protocol]");
        Config::parse(Path::new("group.toml"), &text)
    };
    let group = nat(GOOD).expect("one address").to_group();
    assert_eq!(group.translated(&group.hosts[0]), (0xcb00_710a, 0));
    let two = GOOD.replacen("203.0.113.10", "203.0.113.9", 1);
    let error = nat(&two).expect_err("two addresses").to_string();
    assert!(error.contains("room for one published address"), "{error}");
    assert!(error.contains("`address`: "), "{error}");
    let of_ipv6 = GOOD.replace("203.0.113.10", "2001:db8::10");
    let error = nat(&of_ipv6).expect_err("no host has one").to_string();
    let expected = "`address6`: `nat` needs one to stand for the published address";
    assert!(error.contains(expected), "{error}");
}
