use super::*;
use crate::core::FlowKey;
use crate::criteria::Distance;
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
        ..MapCriteria::default()
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
    let more =
        "[[computers]]\naddress = \"239.1.2.3\"\nhosts = [\"h1\", \"h2\"]\n# Without this section";
    let changes = reread("# Without this section", more).expect("it may change");
    let several = crate::core::Computer::AtSeveral([1, 2].into());
    let computers = [(address::mapped(0xef01_0203), several)];
    assert_eq!(changes.computers, Some(computers.into()));
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
            "6000-6099\"",
            "6000-6098\"\naffinity = \"client\"",
            line_of("[[services]]", 1),
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
    let both = crate::core::Computer::AtSeveral([2, 3].into());
    let computers = [
        (address::mapped(0xc000_0250), crate::core::Computer::At(2)),
        (address::mapped(0xef01_0203), both.clone()),
        (0xff0e_u128 << 112 | 0x0010_0203, both),
    ];
    assert_eq!(group.computers, computers.into());
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
        (
            "hosts = [\"h2\", \"h3\"]",
            "hosts = [\"h2\", \"h9\"]",
            "`hosts`: there is no host h9",
        ),
        (
            "hosts = [\"h2\", \"h3\"]",
            "hosts = [\"h2\", \"h2\"]",
            "`hosts`: names h2 twice",
        ),
        (
            "hosts = [\"h2\", \"h3\"]",
            "hosts = []",
            "`hosts`: names nobody",
        ),
        (
            "hosts = [\"h2\", \"h3\"]",
            "hosts = [\"h2\"]\nhost = \"h3\"",
            "`hosts`: either `host`, for one, or `hosts`, for several",
        ),
        (
            "hosts = [\"h2\", \"h3\"]",
            "",
            "`host`: `host` (one) or `hosts` (several) must say where it is",
        ),
        (
            "239.1.2.3",
            "192.0.2.80",
            "`address`: 192.0.2.80 is configured twice",
        ),
        (
            "239.1.2.3",
            "224.0.0.251",
            "`address`: no router passes on what is for 224.0.0.251",
        ),
        (
            "ff0e::10:203",
            "ff02::10:203",
            "`address`: no router passes on what is for ff02::10:203",
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

const CLASSES: &str = include_str!("../../../docs/examples/classes.toml");

#[test]
fn classes_and_what_maps_make_of_them_are_read() {
    let group = Config::parse(Path::new("classes.toml"), CLASSES)
        .expect("good")
        .to_group();
    assert_eq!(group.services[0].affinity, Affinity::Session);
    let map_0 = &group.criteria[&0];
    assert_eq!(map_0.distance, Some(Distance::Nearest));
    assert_eq!(map_0.qos["paying"], [(3, 1.0), (4, 3.0)].into());
    assert_eq!(map_0.session_timeout, Duration::from_secs(1800));
    let maps = group
        .classes
        .iter()
        .map(|class| group.map_of_class(0, class));
    assert_eq!(
        maps.collect::<Vec<_>>(),
        [Some(0x100), Some(0x200), Some(0x300)]
    );
    let client = |address: u32| FlowKey {
        src: address::mapped(address),
        dst: group.services[0].address,
        protocol: 6,
        src_port: 1,
        dst_port: 443,
    };
    let map = |address| group.bucket_of(&client(address)).expect("a service").map;
    assert_eq!(
        [0xc633_6407, 0xc612_0601, 0xc612_0701, 0x0101_0101].map(map),
        [0x100, 0x200, 0x300, 0]
    );
    // Paying clients in the west: their hosts, both near.
    assert_eq!(group.criteria_of(0x300).data, Some([3, 4].into()));
    assert_eq!(group.criteria_of(0x300).costs[&1], 80.0);
}

#[test]
fn classes_that_make_no_sense_are_refused() {
    let wrong = [
        (
            "class = 2",
            "class = 1",
            "`class`: another class has this number",
        ),
        ("class = 2", "class = 0", "`class`: must be 1 to 255"),
        (
            "\"paying, west\"",
            "\"west\"",
            "`name`: another class has this name",
        ),
        (
            "[\"198.18.7.0/24\"]",
            "[\"198.18.0.0/15\"]",
            "`prefixes`: the class west has one of them already",
        ),
        ("198.18.7.0/24", "198.18.7.1/24", "is not a prefix like"),
        (
            "qos = \"paying\"",
            "qos = \"rich\"",
            "`qos`: no map has hosts for the QoS class rich",
        ),
        (
            "region = \"east\"",
            "region = \"south\"",
            "`region`: there is no region south",
        ),
        ("h3 = 80.0", "h9 = 80.0", "`east`: there is no host h9"),
        ("h3 = 80.0", "h3 = 0.0", "`east`: costs must be more than 0"),
        ("h4 = 3.0", "h9 = 3.0", "`qos`: paying: there is no host h9"),
        (
            "h4 = 3.0",
            "h4 = -3.0",
            "`qos`: paying: hosts with weights of 0 or more",
        ),
        (
            "\"nearest\"",
            "\"far\"",
            "`far` is none of nearest and shared",
        ),
        (
            "session_timeout_s = 1800",
            "session_timeout_s = 0",
            "must be more than 0",
        ),
        (
            "map = 0\naffinity",
            "map = 300\naffinity",
            "`map`: must be 0 to 255 in a group with client classes",
        ),
        (
            "group = \"shop\"",
            "group = \"shop\"\nbuckets = 65536",
            "a stage has room for 262144 buckets",
        ),
    ];
    for (from, to, expected) in wrong {
        assert!(CLASSES.contains(from), "{from}");
        let mut text = CLASSES.replacen(from, to, 1);
        if to.contains("300") {
            text = text.replacen("[[maps]]\nmap = 0", "[[maps]]\nmap = 300", 1);
        }
        if to.contains("65536") {
            let more = "[[classes]]\nclass = 9\nname = \"more\"\nprefixes = [\"1.0.0.0/8\"]\nregion = \"east\"\n";
            text.push_str(more);
        }
        let error = Config::parse(Path::new("classes.toml"), &text)
            .expect_err(to)
            .to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn affinities_and_classes_may_change_and_a_map_only_without_classes() {
    let file = Path::new("classes.toml");
    let before = Config::parse(file, CLASSES).expect("good");
    let changes = |from: &str, to: &str| {
        assert!(CLASSES.contains(from), "{from}");
        let text = CLASSES.replace(from, to);
        let after = Config::parse(file, &text).expect("good as such");
        let changes = after.changes_since(&before, file, &text);
        changes.map_err(|error| error.to_string())
    };
    let rules = changes("affinity = \"session\"", "affinity = \"client\"").expect("it may change");
    let rules = rules.rules.expect("other rules");
    assert_eq!(rules.services[0].affinity, Affinity::Client);
    let rules = changes("198.18.7.0/24", "198.18.8.0/24").expect("it may change");
    assert!(rules.rules.is_some());
    let error = changes("map = 0", "map = 5").expect_err("classes have maps");
    assert!(
        error.contains("`map`: cannot change while the controller runs"),
        "{error}"
    );
    let file = Path::new("group.toml");
    let before = Config::parse(file, GOOD).expect("good");
    let text = GOOD.replace("map = 1", "map = 2");
    let after = Config::parse(file, &text).expect("good");
    let changes = after.changes_since(&before, file, &text);
    let rules = changes.expect("no class has any").rules;
    assert_eq!(rules.expect("other rules").services[0].map, 2);
}
