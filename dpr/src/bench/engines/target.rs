//! Switch processes between the interfaces of the measurement.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::load::Load;
use super::wire::{FROM_GENERATOR, TO_SINK};
use crate::p4rt::device::{Device, Primary};

const DEVICE_ID: u64 = 1;

/// What a switch may take to be there.
const PATIENCE: Duration = Duration::from_secs(20);

/// What runs a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `dpr switch` with generated Rust, of this program.
    Generated,
    /// `dpr switch` with the engine for BMv2's JSON.
    Json,
    /// BMv2's `simple_switch_grpc`, at this path.
    Bmv2(PathBuf),
}

impl Kind {
    /// What a person calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Generated => "generated Rust",
            Kind::Json => "JSON engine",
            Kind::Bmv2(_) => "BMv2",
        }
    }

    fn command(&self, load: &Load, grpc: &str) -> anyhow::Result<Command> {
        let interfaces = [format!("1@{FROM_GENERATOR}"), format!("2@{TO_SINK}")];
        let ports = interfaces.iter().flat_map(|port| ["-i", port.as_str()]);
        let mut command = match self {
            Kind::Bmv2(path) => Command::new(path),
            _ => Command::new(std::env::current_exe()?),
        };
        match self {
            Kind::Generated => command.args(["switch", "--program", load.name]),
            Kind::Json => command.arg("switch"),
            Kind::Bmv2(_) => command.arg("--no-p4"),
        };
        command
            .args(ports)
            .args(["--device-id", &DEVICE_ID.to_string()]);
        match self {
            Kind::Bmv2(_) => command.args(["--", "--grpc-server-addr", grpc]),
            _ => command.args(["--grpc", grpc]),
        };
        Ok(command)
    }
}

/// A switch that runs a program. It is killed when this is dropped.
pub struct Target {
    child: Child,
}

impl Target {
    /// Starts the switch, gives it the program and its entries. `grpc` is where its server is to listen.
    pub fn start(kind: &Kind, load: &Load, grpc: &str) -> anyhow::Result<Self> {
        let mut command = kind.command(load, grpc)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut target = Target { child };
        let filled = target.fill(kind, load, grpc);
        filled.with_context(|| format!("{command:?}"))?;
        Ok(target)
    }

    fn fill(&mut self, kind: &Kind, load: &Load, grpc: &str) -> anyhow::Result<()> {
        let device = self.connect(grpc)?;
        let mut config = load.config.clone();
        if *kind == Kind::Generated {
            config.p4_device_config = dpr_p4::host_stage::PROGRAM.digest.to_vec();
        }
        Primary::of(&device, 1)?.push(config)?;
        // With the program, which the first one did not know.
        load.fill(&Primary::of(&device, 2)?)
    }

    fn connect(&mut self, grpc: &str) -> anyhow::Result<Device> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Device::connect(grpc, DEVICE_ID) {
                Ok(device) => return Ok(device),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended: {status}");
            }
        }
    }

    /// Processor time that it has taken so far: user and system, of all its threads.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(Path::new(&path))?;
        // The second field is a name in parentheses, which may have spaces; `utime` and `stime` are the 14th and 15th.
        let (_, rest) = text.rsplit_once(')').context("a process has a name")?;
        let mut fields = rest.split_whitespace().skip(11);
        let mut ticks = 0;
        for _ in 0..2 {
            ticks += fields
                .next()
                .context("/proc/PID/stat is short")?
                .parse::<u64>()?;
        }
        // USER_HZ is 100 on all that Linux runs on.
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
