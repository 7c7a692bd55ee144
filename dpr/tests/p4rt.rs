//! `dpr p4rt` against `dpr run`, as two processes.

use dpr_bmv2_tests::{Process, TestPort};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_dpr");

const PROGRAM: &str = r#"
#include <core.p4>
#include <v1model.p4>

@controller_header("packet_in")
header packet_in_t { bit<16> ingress_port; }
@controller_header("packet_out")
header packet_out_t { bit<16> egress_port; }
header ethernet_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv4_t { bit<96> start; bit<32> src; bit<32> dst; }
struct headers { packet_in_t packet_in; packet_out_t packet_out; ethernet_t ethernet; ipv4_t ipv4; }
struct metadata {}

parser P(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata_t standard) {
    state start {
        transition select(standard.ingress_port) { 255: out_of_the_cpu; default: ethernet; }
    }
    state out_of_the_cpu { packet.extract(hdr.packet_out); transition ethernet; }
    state ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) { 0x800: ipv4; default: accept; }
    }
    state ipv4 { packet.extract(hdr.ipv4); transition accept; }
}
control V(inout headers hdr, inout metadata meta) { apply {} }
control I(inout headers hdr, inout metadata meta, inout standard_metadata_t standard) {
    counter(8, CounterType.packets_and_bytes) arrivals;
    action drop() { mark_to_drop(standard); }
    action forward(bit<48> mac, bit<9> port) { hdr.ethernet.dst = mac; standard.egress_spec = port; }
    action to_cpu() {
        standard.egress_spec = 255;
        hdr.packet_in.setValid();
        hdr.packet_in.ingress_port = (bit<16>) standard.ingress_port;
    }
    action flood() { standard.mcast_grp = 1; }
    table routes {
        key = { hdr.ipv4.dst: lpm; }
        actions = { forward; to_cpu; flood; drop; }
        default_action = drop();
    }
    table filter {
        key = { hdr.ethernet.type: ternary; }
        actions = { drop; NoAction; }
        const default_action = NoAction();
    }
    apply {
        arrivals.count((bit<32>) (standard.ingress_port & 7));
        if (hdr.packet_out.isValid()) {
            standard.egress_spec = (bit<9>) hdr.packet_out.egress_port;
            hdr.packet_out.setInvalid();
        } else {
            routes.apply();
            filter.apply();
        }
    }
}
control E(inout headers hdr, inout metadata meta, inout standard_metadata_t standard) { apply {} }
control C(inout headers hdr, inout metadata meta) { apply {} }
control D(packet_out packet, in headers hdr) { apply { packet.emit(hdr); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
"#;

/// A target with ports 1 and 2, and where its program is.
struct Fixture {
    address: String,
    ports: Vec<TestPort>,
    process: Process,
    directory: TempDir,
}

impl Fixture {
    fn start(entries: Option<&str>) -> Fixture {
        let mut fixture = Fixture::launch(entries);
        fixture.address = fixture.process.wait_for_line("listening on ");
        fixture
    }

    /// A process that may not be there yet.
    fn launch(entries: Option<&str>) -> Fixture {
        let directory = TempDir::new().unwrap();
        let program = directory.path().join("router.p4");
        std::fs::write(&program, PROGRAM).unwrap();
        let mut command = Command::new(BINARY);
        command.arg("run").arg(&program);
        command.args(["--grpc", "127.0.0.1:0", "--cpu-port", "255"]);
        if let Some(entries) = entries {
            let path = directory.path().join("entries.stf");
            std::fs::write(&path, entries).unwrap();
            command.arg("--entries").arg(path);
        }
        let ports = (1..=2).map(|number| {
            let path = directory.path().join(number.to_string());
            command.args(["-i", &format!("{number}@unix:{}", path.display())]);
            TestPort::bind(number, &path)
        });
        let ports = ports.collect();
        Fixture {
            address: String::new(),
            ports,
            process: Process::start(command),
            directory,
        }
    }

    fn client(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.args(["p4rt", "--grpc", &self.address]);
        command
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        self.client().args(arguments).output().unwrap()
    }

    /// What a request that succeeds prints.
    fn answer(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a request that fails complains of.
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeds");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A frame for 10.0.0.`last`, from its destination address on.
fn frame(mac: [u8; 6], last: u8) -> Vec<u8> {
    let mut frame = mac.to_vec();
    frame.extend([2, 0, 0, 0, 0, 1, 8, 0]);
    frame.extend([0x45; 12]);
    frame.extend([192, 0, 2, 1, 10, 0, 0, last]);
    frame
}

const ANY: [u8; 6] = [0xff; 6];
const NEXT: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 1];

#[test]
fn the_first_packet_finds_the_first_entries() {
    let entries = "add routes hdr.ipv4.dst:10.0.0.0/8 forward(mac:00:00:5e:00:53:01, port:2)";
    let fixture = Fixture::launch(Some(entries));
    let sender = UnixDatagram::unbound().unwrap();
    let port = fixture.directory.path().join("1");
    let deadline = Instant::now() + Duration::from_secs(20);
    // There is a port from the moment on at which this can be sent.
    while let Err(error) = sender.send_to(&frame(ANY, 1), &port) {
        assert!(Instant::now() < deadline, "{}: {error}", port.display());
        thread::yield_now();
    }
    fixture.ports[1].expect(&frame(NEXT, 1));
}

#[test]
fn entries_are_added_shown_changed_and_removed() {
    let fixture = Fixture::start(None);
    let info = fixture.answer(&["info"]);
    for line in [
        "table I.routes: 1024 entries",
        "    key hdr.ipv4.dst: bit<32> lpm",
        "    action I.forward(mac: bit<48>, port: bit<9>)",
        "    const default_action NoAction",
        "counter I.arrivals: 8 cells of packets and bytes",
        "packet_out(egress_port: bit<16>)",
    ] {
        assert!(info.lines().any(|found| found == line), "{line} in\n{info}");
    }

    fixture.answer(&[
        "do",
        "add routes hdr.ipv4.dst:10.0.0.0/8 forward(mac:00:00:5e:00:53:01, port:2)",
        "add filter 7 hdr.ethernet.type:0x86dd drop()",
        "add routes hdr.ipv4.dst:10.0.0.9 flood()",
        "multicast 1 1/5 2",
    ]);
    fixture.ports[0].inject(&frame(ANY, 1));
    fixture.ports[1].expect(&frame(NEXT, 1));
    fixture.ports[0].inject(&frame(ANY, 9));
    fixture.ports[0].expect(&frame(ANY, 9));
    fixture.ports[1].expect(&frame(ANY, 9));

    let shown = fixture.answer(&["show"]);
    for line in [
        "add I.routes hdr.ipv4.dst:0x0a000000/8 I.forward(mac:0x00005e005301, port:0x002)",
        "add I.filter 7 hdr.ethernet.type:0x86dd&&&0xffff I.drop()",
        "setdefault I.routes I.drop()",
        "counter_write I.arrivals 1 2 68",
    ] {
        assert!(
            shown.lines().any(|found| found == line),
            "{line} in\n{shown}"
        );
    }
    let some = fixture.answer(&["show", "filter"]);
    assert!(
        !some.contains("I.routes") && some.contains("add I.filter"),
        "{some}"
    );

    fixture.answer(&[
        "do",
        "modify routes hdr.ipv4.dst:10.0.0.0/8 forward(mac:00:00:5e:00:53:01, port:1)",
    ]);
    fixture.ports[1].inject(&frame(ANY, 1));
    fixture.ports[0].expect(&frame(NEXT, 1));
    assert_eq!(
        fixture.answer(&["do", "counter_read arrivals 1"]),
        "arrivals[1]: 2 packets, 68 bytes\n"
    );

    fixture.answer(&["do", "remove all"]);
    let shown = fixture.answer(&["show"]);
    assert!(!shown.contains("add "), "{shown}");
}

#[test]
fn what_is_shown_fills_another_target() {
    let first = Fixture::start(None);
    first.answer(&[
        "do",
        "add routes hdr.ipv4.dst:10.0.0.0/8 forward(mac:00:00:5e:00:53:01, port:2)",
        "setdefault routes to_cpu()",
    ]);
    let shown = first.answer(&["show"]);
    let second = Fixture::start(Some(&shown));
    assert_eq!(second.answer(&["show"]), shown);
    second.ports[0].inject(&frame(ANY, 1));
    second.ports[1].expect(&frame(NEXT, 1));

    let file = first.directory.path().join("more.stf");
    std::fs::write(
        &file,
        "# more\nadd routes hdr.ipv4.dst:10.1.0.0/16 drop()\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    second.answer(&["do", "--file", file]);
    let complaint = second.complaint(&["do", "--file", file]);
    assert!(complaint.contains("more.stf:2:1: "), "{complaint}");
}

#[test]
fn packets_go_out_and_come_in() {
    let fixture = Fixture::start(Some("setdefault routes to_cpu()"));
    let hex: String = frame(ANY, 1)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    fixture.answer(&["packet-out", &hex, "egress_port:2"]);
    fixture.ports[1].expect(&frame(ANY, 1));
    let complaint = fixture.complaint(&["packet-out", &hex, "port:2"]);
    assert!(complaint.contains("[\"egress_port\"]"), "{complaint}");
    let complaint = fixture.complaint(&["packet-out", "00+1", "egress_port:2"]);
    assert!(complaint.contains("`00+1` is no packet"), "{complaint}");
    let complaint = fixture.complaint(&["packet-out", &hex, "egress_port:0x10000"]);
    assert!(complaint.contains("egress_port"), "{complaint}");

    let mut command = fixture.client();
    command.args(["watch", "--count", "1"]);
    let watcher = Process::start(command);
    watcher.wait_for_line("# watching");
    fixture.ports[0].inject(&frame(ANY, 1));
    let line = watcher.wait_for_line("packet_in ");
    assert_eq!(line, format!("ingress_port:0x1 {hex}"));
}

#[test]
fn a_target_takes_another_program() {
    let fixture = Fixture::start(None);
    let program = fixture.directory.path().join("other.p4");
    std::fs::write(&program, PROGRAM.replace("filter", "checks")).unwrap();
    fixture.answer(&["push", program.to_str().unwrap()]);
    assert!(fixture.answer(&["info"]).contains("table I.checks"));
    std::fs::write(&program, PROGRAM.replace("table filter", "table")).unwrap();
    let complaint = fixture.complaint(&["push", program.to_str().unwrap()]);
    assert!(complaint.contains("other.p4:"), "{complaint}");
    assert!(fixture.answer(&["info"]).contains("table I.checks"));
}

#[test]
fn complaints_name_what_is_wrong() {
    let fixture = Fixture::start(None);
    for (command, wrong) in [
        (
            "add route x:1 drop()",
            "command:1:1: there is no table `route`; there is I.",
        ),
        (
            "add routes hdr.ipv4.dst:10.0.0.0/33 drop()",
            "command:1:1: ",
        ),
        (
            "add routes hdr.ipv4.dst:1/8 forward(port:1)",
            "command:1:1: ",
        ),
        (
            "add routes hdr.ipv4.dst:x drop()",
            "command:1:25: expected a number",
        ),
        ("packet 1 00", "only a test"),
        ("shout", "`shout` is no command"),
    ] {
        let complaint = fixture.complaint(&["do", command]);
        assert!(complaint.contains(wrong), "{command}: {complaint}");
    }
    let nobody = Command::new(BINARY)
        .args(["p4rt", "--grpc", "127.0.0.1:1", "info"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&nobody.stderr);
    assert!(
        complaint.contains("no P4Runtime server answers on 127.0.0.1:1"),
        "{complaint}"
    );
}
