//! `dpr demo` as a user runs it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use pcap_file::pcapng::{Block, PcapNgReader};
use serde_json::Value;

/// Runs the demo, and shows all of it when the test fails.
fn demo(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_dpr"))
        .arg("demo")
        .args(arguments)
        .env("RUST_LOG", "warn")
        .output()
        .expect("the binary starts");
    println!("dpr demo {}\n{}", arguments.join(" "), output.status);
    println!("--- stdout\n{}", String::from_utf8_lossy(&output.stdout));
    println!("--- stderr\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The one object on stdout.
fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number that is not negative")
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_small_run_serves_every_connection() {
    let directory = tempfile::tempdir().expect("a directory");
    let capture = directory.path().join("demo.pcapng");
    let capture_argument = capture.to_str().expect("a path in UTF-8");
    let output = demo(&[
        "--connections",
        "200",
        "--clients",
        "20",
        "--seed",
        "7",
        "--settle",
        "3000",
        "--json",
        "--pcap",
        capture_argument,
    ]);
    assert!(output.status.success());
    let report = object(&output);

    let fields = [
        "hosts",
        "connections",
        "packets",
        "pcc_violations",
        "bucket_moves",
        "flow_state",
        "elapsed_s",
    ];
    assert_eq!(keys(&report), fields.into());
    assert_eq!(
        keys(&report["connections"]),
        ["opened", "completed", "failed", "failed_on_killed_host"].into()
    );
    assert_eq!(
        keys(&report["packets"]),
        ["sprayed", "served", "rerouted"].into()
    );
    assert_eq!(
        keys(&report["flow_state"]),
        ["installed", "removed", "remaining", "install_ms"].into()
    );
    assert_eq!(
        keys(&report["flow_state"]["install_ms"]),
        ["p50", "p99"].into()
    );

    let hosts = report["hosts"].as_array().expect("a list of hosts");
    assert_eq!(hosts.len(), 5, "four, and the one that joins");
    for (index, host) in hosts.iter().enumerate() {
        let fields = [
            "id",
            "alive",
            "target_share",
            "connections",
            "most_connections",
            "most_flow_entries",
            "packets_served",
            "packets_rerouted",
        ];
        assert_eq!(keys(host), fields.into());
        assert_eq!(host["id"], format!("h{}", index + 1));
        assert_eq!(host["alive"], index != 2, "h3 is the one that is killed");
    }
    let total_share: f64 = hosts
        .iter()
        .filter_map(|host| host["target_share"].as_f64())
        .sum();
    assert!((total_share - 1.0).abs() < 0.01, "{total_share}");

    let connections = &report["connections"];
    assert_eq!(number(&connections["opened"]), 200);
    assert_eq!(number(&connections["failed"]), 0);
    assert_eq!(
        number(&connections["completed"]) + number(&connections["failed_on_killed_host"]),
        200
    );
    assert_eq!(number(&report["pcc_violations"]), 0);
    assert!(number(&report["bucket_moves"]) > 0);
    assert!(number(&report["packets"]["rerouted"]) > 0);
    assert!(number(&report["packets"]["served"]) > 1000);
    assert!(number(&report["flow_state"]["installed"]) >= 190);
    assert_eq!(number(&report["flow_state"]["remaining"]), 0);

    check_capture(&capture);
}

/// One interface for each link, and packets of every arrival class that there must be.
fn check_capture(path: &Path) {
    let mut reader =
        PcapNgReader::new(File::open(path).expect("the capture is there")).expect("it is pcapng");
    let mut packets = vec![0; 12];
    let mut finals = 0;
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.expect("the capture is whole") {
            packets[packet.interface_id as usize] += 1;
            assert!(packet.data.len() >= 14);
            // The stages' MACs are 02:00:00:02:00:xx; the low two bits of the last byte are the arrival class.
            let is_for_a_stage = packet.data[..5] == [0x02, 0, 0, 0x02, 0];
            finals += usize::from(is_for_a_stage && packet.data[5] & 3 == 3);
        }
    }
    let names: Vec<_> = reader
        .interfaces()
        .iter()
        .flat_map(|interface| &interface.options)
        .filter_map(|option| match option {
            pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
            _ => None,
        })
        .collect();
    let expected = [
        "outside", "router", "lan-h1", "h1", "lan-h2", "h2", "lan-h3", "h3", "lan-h4", "h4",
        "lan-h5", "h5",
    ];
    assert_eq!(names, expected);
    assert!(packets.iter().all(|count| *count > 10), "{packets:?}");
    assert!(
        finals > 10,
        "packets of known connections go straight to their host"
    );
}

#[test]
fn without_a_part_of_the_protocol_connections_break() {
    let arguments = [
        "--fault",
        "no-chain",
        "--connections",
        "600",
        "--moves-per-second",
        "400",
        "--kill",
        "none",
        "--join",
        "none",
        "--json",
    ];
    let output = demo(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let report = object(&output);
    assert!(number(&report["pcc_violations"]) > 0);
    assert!(number(&report["bucket_moves"]) > 0);
}

#[test]
fn people_get_a_summary() {
    let output = demo(&[
        "--connections",
        "50",
        "--hosts",
        "2",
        "--kill",
        "none",
        "--join",
        "none",
        "--loss",
        "0.01",
        "--reorder",
    ]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "2 hosts served 50 TCP connections",
        "target share",
        "bucket moves",
        "flow state",
        "violations    0",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn wrong_options_are_named() {
    for (arguments, part) in [
        (&["--hosts", "1"][..], "--hosts must be 2 to 16"),
        (
            &["--kill", "h7"],
            "--kill h7: there are only h1 to h4 at the start",
        ),
        (&["--weights", "1,2"], "--weights has 2 numbers for 4 hosts"),
        (&["--fault", "no-idea"], "no-chain"),
        (
            &["--pcap", "/nowhere/at/all.pcapng"],
            "cannot create the capture file /nowhere/at/all.pcapng",
        ),
    ] {
        let output = demo(arguments);
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

/// Every connection comes to its end in another topology, and its way between hosts was used.
fn a_topology_serves(arguments: &[&str], killed: bool) -> Value {
    let small = [
        "--connections",
        "150",
        "--clients",
        "16",
        "--seed",
        "3",
        "--settle",
        "3000",
        "--json",
    ];
    let output = demo(&[arguments, &small].concat());
    assert!(output.status.success());
    let report = object(&output);
    let connections = &report["connections"];
    assert_eq!(number(&connections["opened"]), 150);
    let lost = number(&connections["failed_on_killed_host"]);
    assert!(killed || lost == 0, "nobody was killed");
    assert_eq!(number(&connections["completed"]) + lost, 150);
    assert_eq!(number(&report["pcc_violations"]), 0);
    assert!(number(&report["packets"]["rerouted"]) > 500);
    assert!(number(&report["packets"]["served"]) > 1000);
    report
}

#[test]
fn two_lans_with_tunnels_serve() {
    a_topology_serves(&["--topology", "two-lans"], true);
}

#[test]
fn translated_ipv6_serves() {
    a_topology_serves(&["--topology", "nat", "--ipv6"], true);
}

#[test]
fn a_group_without_a_front_router_serves() {
    let report = a_topology_serves(&["--topology", "no-router"], false);
    assert_eq!(number(&report["packets"]["sprayed"]), 0);
}

#[test]
fn computers_of_the_lan_are_reached_through_all_hosts() {
    let report = a_topology_serves(&["--topology", "l3", "--ipv6"], false);
    assert!(number(&report["packets"]["sprayed"]) > 1000);
    assert_eq!(number(&report["flow_state"]["installed"]), 0);
    // Every member of the destination that is several hosts gets every datagram, once.
    let several = &report["several"];
    assert_eq!(several["members"], serde_json::json!(["h1", "h2", "h3"]));
    let sent = number(&several["sent"]);
    assert!(sent > 100, "{several}");
    assert_eq!(number(&several["received"]), 3 * sent, "{several}");
    for none in ["missing", "repeated", "astray"] {
        assert_eq!(number(&several[none]), 0, "{several}");
    }
}

#[test]
fn datagrams_to_several_hosts_are_part_of_the_summary() {
    let output = demo(&[
        "--topology",
        "l3",
        "--hosts",
        "3",
        "--connections",
        "50",
        "--clients",
        "8",
    ]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.contains("multicast"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("datagrams to 239.192.0.1 (h1, h2)"), "{line}");
    assert!(line.contains("0 missing, 0 repeated, 0 astray"), "{line}");
}
