//! `dpr switch` on real network interfaces: a host stage between a client's and a host's network stack.

use dpr_bmv2_tests::namespace::{isolated, run, skip_optional, thread_id, unshare_network};
use dpr_bmv2_tests::{Launch, Platform, Target, TargetKind, eventually, simple_switch_grpc};
use dpr_p4::host_stage::{
    self, Affinity, NO_HOST, Outcome, PORT_HOST, PORT_NETWORK, PROTOCOL_TCP, buckets, identity,
    outcomes, services,
};
use dpr_runtime::Range;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const PUBLISHED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const STAGE_MAC: u64 = 0x0200_0001_0004;
const HOST_MAC: u64 = 0x0200_0002_0001;

/// Bytes that go each way.
const LENGTH: usize = 1 << 20;

#[test]
fn a_connection_passes_between_two_network_stacks() {
    isolated(
        "a_connection_passes_between_two_network_stacks",
        &["ip", "ethtool"],
        || connect(TargetKind::GeneratedRust),
    );
}

#[test]
fn a_connection_passes_the_engine_for_json() {
    isolated(
        "a_connection_passes_the_engine_for_json",
        &["ip", "ethtool"],
        || connect(TargetKind::JsonEngine),
    );
}

#[test]
fn a_connection_passes_bmv2() {
    const NAME: &str = "a_connection_passes_bmv2";
    match simple_switch_grpc() {
        Some(_) => isolated(NAME, &["ip", "ethtool"], || connect(TargetKind::Bmv2)),
        None => skip_optional(NAME, "DPR_BMV2 is not set"),
    }
}

fn connect(kind: TargetKind) {
    run("ip link set lo up");
    run("ip link add stage1 type veth peer name client0");
    run("ip link add stage2 type veth peer name host0 address 02:00:00:02:00:01");
    let (host_id, host_is) = mpsc::channel();
    let (client_id, client_is) = mpsc::channel();
    let (host_go, host_may) = mpsc::channel();
    let (client_go, client_may) = mpsc::channel();
    let (listening, is_listening) = mpsc::channel();
    let host = thread::spawn(move || {
        unshare_network().expect("a network namespace for the host");
        host_id.send(thread_id()).expect("the test waits");
        host_may.recv().expect("the test moves the interface");
        serve(&listening)
    });
    let client = thread::spawn(move || {
        unshare_network().expect("a network namespace for the client");
        client_id.send(thread_id()).expect("the test waits");
        client_may.recv().expect("the test moves the interface");
        talk()
    });
    for (interface, thread) in [("host0", host_is), ("client0", client_is)] {
        let id = thread.recv().expect("the thread has a namespace");
        run(&format!("ip link set {interface} netns {id}"));
    }
    for interface in ["stage1", "stage2"] {
        run(&format!("ip link set {interface} addrgenmode none up"));
    }
    let mut target = start(kind);
    host_go.send(()).expect("the host waits");
    is_listening.recv().expect("the host listens");
    client_go.send(()).expect("the client waits");

    assert_eq!(client.join().expect("the client's connection"), LENGTH);
    assert_eq!(host.join().expect("the host's connection"), LENGTH);
    // Every packet from the client was served by the owner of the bucket; those back, and ARP, passed.
    eventually("the outcomes", [true, true, true], || {
        let counted = target.client.counters(outcomes::ID);
        let packets = |outcome: Outcome| counted[outcome as usize].packets;
        [
            packets(Outcome::ServedAsOwner) > 100,
            packets(Outcome::FromHost) > 100,
            counted[Outcome::ServedAsOwner as usize].bytes > LENGTH as u64,
        ]
    });
}

/// The stage, which is its bucket's owner.
fn start(kind: TargetKind) -> Target {
    let dpr = Path::new(env!("CARGO_BIN_EXE_dpr"));
    let platform = Platform { kind, dpr };
    let launch = Launch {
        platform,
        program: &host_stage::PROGRAM,
        ports: &[],
        interfaces: &[(PORT_NETWORK, "stage1"), (PORT_HOST, "stage2")],
        cpu_port: None,
    };
    let mut target = launch.start();
    let be = dpr_p4::on_one_lan(1, HOST_MAC, STAGE_MAC, HOST.into());
    let service = services::Key {
        address: dpr_p4::address::mapped(PUBLISHED.into()),
        protocol: PROTOCOL_TCP,
        port: Range::exactly(80),
    };
    let owned_by = buckets::Action::OwnedBy {
        owner_id: 1,
        previous_id: NO_HOST,
        accept: 0,
    };
    let in_map = dpr_p4::in_map(1, 0, Affinity::Connection);
    target.client.write(&[
        identity::Entry::default_entry(&be),
        buckets::Entry::new(buckets::Key { map: 1, bucket: 0 }, owned_by).insert(),
        services::Entry::with_priority(service, 1, in_map).insert(),
    ]);
    target
}

/// The host: has the published address besides its own, and sends back what it gets.
fn serve(listening: &mpsc::Sender<()>) -> usize {
    run("ip link set lo up");
    run(&format!("ip address add {PUBLISHED}/32 dev lo"));
    run("ip link set host0 up");
    run(&format!("ip address add {HOST}/24 dev host0"));
    run("ip route add 198.51.100.0/24 dev host0");
    // A checksum that is left to the network card is never made: there is none.
    run("ethtool -K host0 tx off");
    let listener = TcpListener::bind((PUBLISHED, 80)).expect("the published address");
    listening.send(()).expect("the test waits");
    let (mut connection, _) = listener.accept().expect("a connection");
    set_limits(&connection);
    let mut received = Vec::new();
    connection.read_to_end(&mut received).expect("all of it");
    connection.write_all(&received).expect("all of it back");
    received.len()
}

/// The client: knows the stage as the way to the published address.
fn talk() -> usize {
    run("ip link set client0 up");
    run("ip address add 198.51.100.7/24 dev client0");
    run(&format!("ip route add {PUBLISHED}/32 dev client0"));
    run(&format!(
        "ip neighbour add {PUBLISHED} lladdr 02:00:00:01:00:04 dev client0"
    ));
    run("ethtool -K client0 tx off");
    let mut connection = TcpStream::connect((PUBLISHED, 80)).expect("a connection");
    set_limits(&connection);
    let sent: Vec<u8> = (0..LENGTH).map(|position| (position % 251) as u8).collect();
    connection.write_all(&sent).expect("all of it");
    connection.shutdown(Shutdown::Write).expect("an end");
    let mut received = Vec::new();
    connection
        .read_to_end(&mut received)
        .expect("all of it back");
    assert!(received == sent, "other bytes came back");
    received.len()
}

fn set_limits(connection: &TcpStream) {
    let limit = Some(Duration::from_secs(20));
    connection.set_read_timeout(limit).expect("a time limit");
    connection.set_write_timeout(limit).expect("a time limit");
}
