use crate::client::Client;
use crate::port::TestPort;
use crate::process::Process;
use dpr_runtime::ProgramInfo;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const DEVICE_ID: u64 = 1;

/// How a target is started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The `dpr` command.
    pub binary: &'a Path,
    /// What it is to run.
    pub program: &'static ProgramInfo,
    /// Its ports, each a UNIX datagram socket whose other end the test has.
    pub ports: &'a [u16],
    /// Its ports on network interfaces, which are in the network namespace of the calling thread.
    pub interfaces: &'a [(u16, &'a str)],
    /// Its port to the controller.
    pub cpu_port: Option<u16>,
}

/// A running target: a process with its ports and a client that is the primary and has pushed the program.
#[derive(Debug)]
pub struct Target {
    /// The primary.
    pub client: Client,
    ports: BTreeMap<u16, TestPort>,
    address: SocketAddr,
    program: &'static ProgramInfo,
    process: Process,
    // Removed last.
    _directory: TempDir,
}

impl Launch<'_> {
    /// Starts the target and pushes the program.
    pub fn start(self) -> Target {
        let directory = TempDir::new().expect("a temporary directory");
        let path = |number: u16| directory.path().join(number.to_string());
        let mut command = Command::new(self.binary);
        command
            .args(["switch", "--program", &*self.program.name])
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
        let address = address
            .parse()
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        let mut client = Client::primary(address, DEVICE_ID, self.program, 1);
        client.push(1);
        Target {
            client,
            ports,
            address,
            program: self.program,
            process,
            _directory: directory,
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
        Client::primary(self.address, DEVICE_ID, self.program, election_id)
    }

    /// Ends the target as an operator would; whether it ended well.
    pub fn terminate(&mut self) -> bool {
        self.process.terminate()
    }
}
