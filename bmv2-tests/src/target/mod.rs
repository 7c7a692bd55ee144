mod kind;
mod program;

pub use kind::{Capability, Platform, TargetKind, simple_switch_grpc};
pub use program::Program;

use crate::client::Client;
use crate::port::{TestPort, packet_stream};
use crate::process::Process;
use dpr_runtime::ProgramInfo;
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

pub(crate) const DEVICE_ID: u64 = 1;

/// How a target is started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// What it is.
    pub platform: Platform<'a>,
    /// What it is to run.
    pub program: &'static ProgramInfo,
    /// Its ports whose other end the test has: UNIX datagram sockets of `dpr switch`, a stream of packets of BMv2.
    pub ports: &'a [u16],
    /// Its ports on network interfaces, which are in the network namespace of the calling thread. BMv2 has either these or those.
    pub interfaces: &'a [(u16, &'a str)],
    /// Its port to the controller.
    pub cpu_port: Option<u16>,
}

/// A running target: a process with its ports and a client that is the primary and has pushed the program.
#[derive(Debug)]
pub struct Target {
    /// The primary.
    pub client: Client,
    kind: TargetKind,
    ports: BTreeMap<u16, TestPort>,
    uri: String,
    process: Process,
    // Removed last.
    _directory: TempDir,
}

impl Launch<'_> {
    /// Starts the target and pushes the program.
    pub fn start(self) -> Target {
        let directory = TempDir::new().expect("a temporary directory");
        let program = self.platform.kind.program(self.program);
        let (process, uri, ports) = match self.platform.kind {
            TargetKind::GeneratedRust | TargetKind::JsonEngine => self.start_dpr(directory.path()),
            TargetKind::Bmv2 => self.start_bmv2(directory.path()),
        };
        let mut client = Client::primary(&uri, DEVICE_ID, program, 1);
        client.push(1);
        Target {
            client,
            kind: self.platform.kind,
            ports,
            uri,
            process,
            _directory: directory,
        }
    }

    fn start_dpr(self, directory: &Path) -> (Process, String, BTreeMap<u16, TestPort>) {
        let path = |number: u16| directory.join(number.to_string());
        let mut command = Command::new(self.platform.dpr);
        command.arg("switch");
        if self.platform.kind == TargetKind::GeneratedRust {
            command.args(["--program", &*self.program.name]);
        }
        command
            .args(["--grpc", "127.0.0.1:0", "--seed", "1"])
            .args(["--device-id", &DEVICE_ID.to_string()]);
        if let Some(cpu_port) = self.cpu_port {
            command.args(["--cpu-port", &cpu_port.to_string()]);
        }
        for number in self.ports {
            let port = format!("{number}@unix:{}", path(*number).display());
            command.args(["-i", &port]);
        }
        for (number, interface) in self.interfaces {
            command.args(["-i", &format!("{number}@{interface}")]);
        }
        let ports = self
            .ports
            .iter()
            .map(|number| (*number, TestPort::bind(*number, &path(*number))));
        let ports = ports.collect();
        let process = Process::start(command);
        let address = process.wait_for_line("listening on ");
        (process, format!("http://{address}"), ports)
    }

    fn start_bmv2(self, directory: &Path) -> (Process, String, BTreeMap<u16, TestPort>) {
        let binary = simple_switch_grpc().expect("DPR_BMV2 names simple_switch_grpc");
        let [control, packets] = ["control", "packets"].map(|name| directory.join(name));
        let uri = |path: &Path| format!("unix:{}", path.display());
        let mut command = Command::new(binary);
        command
            .args(["--no-p4", "--log-console", "--log-level", "warn"])
            .args(["--device-id", &DEVICE_ID.to_string()]);
        for (number, interface) in self.interfaces {
            command.args(["-i", &format!("{number}@{interface}")]);
        }
        // What is the target's own follows.
        command.args(["--", "--grpc-server-addr", &uri(&control)]);
        if let Some(cpu_port) = self.cpu_port {
            command.args(["--cpu-port", &cpu_port.to_string()]);
        }
        if self.interfaces.is_empty() {
            command.args(["--dp-grpc-server-addr", &uri(&packets)]);
        } else {
            assert!(self.ports.is_empty(), "BMv2 has ports of one kind");
        }
        let process = Process::start(command);
        process.wait_until("it listens", || UnixStream::connect(&control).is_ok());
        let ports = if self.interfaces.is_empty() {
            // Its server for packets is there before that for control.
            packet_stream::connect(&uri(&packets), DEVICE_ID, self.ports)
        } else {
            BTreeMap::new()
        };
        (process, uri(&control), ports)
    }
}

impl TargetKind {
    /// A program as targets of this kind take it.
    pub fn program(self, info: &'static ProgramInfo) -> Program {
        match self {
            TargetKind::GeneratedRust => Program::built_in(info),
            TargetKind::JsonEngine | TargetKind::Bmv2 => Program::json(info),
        }
    }
}

impl Target {
    /// A port.
    pub fn port(&self, number: u16) -> &TestPort {
        self.ports
            .get(&number)
            .unwrap_or_else(|| panic!("the target was started without port {number}"))
    }

    /// Another client, with a higher election id than all before it.
    pub fn connect(&self, election_id: u128) -> Client {
        Client::primary(&self.uri, DEVICE_ID, self.client.program(), election_id)
    }

    /// Makes it run another program.
    pub fn run(&mut self, program: &'static ProgramInfo) {
        self.client.run(self.kind.program(program));
    }

    /// Ends the target as an operator would; whether it ended well.
    pub fn terminate(&mut self) -> bool {
        self.process.terminate()
    }
}
