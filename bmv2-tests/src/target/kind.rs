use std::path::{Path, PathBuf};

/// Names BMv2's `simple_switch_grpc` in the environment.
const BMV2: &str = "DPR_BMV2";

/// What runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Rust that was generated from it and built into `dpr`: `dpr switch --program`.
    GeneratedRust,
    /// The engine for BMv2's JSON: `dpr switch`, to which the program is pushed.
    JsonEngine,
    /// BMv2's `simple_switch_grpc`, to which the same JSON is pushed.
    Bmv2,
}

/// What a scenario can ask of a target beyond what all have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// It runs one program for good.
    FixedProgram,
    /// It runs whatever program is pushed.
    AnyProgram,
    /// It ends well on SIGTERM.
    EndsOnSignal,
    /// It takes frames of no bytes.
    EmptyFrames,
}

impl TargetKind {
    /// All there are.
    pub const ALL: [TargetKind; 3] = [
        TargetKind::GeneratedRust,
        TargetKind::JsonEngine,
        TargetKind::Bmv2,
    ];

    /// What names it in a list of tests: as `dpr test --engine` has it.
    pub fn name(self) -> &'static str {
        match self {
            TargetKind::GeneratedRust => "rust",
            TargetKind::JsonEngine => "bmv2-json",
            TargetKind::Bmv2 => "bmv2",
        }
    }

    /// Why it cannot do something; nothing if it can.
    pub fn lacks(self, capability: Capability) -> Option<&'static str> {
        match (self, capability) {
            (TargetKind::GeneratedRust, Capability::AnyProgram) => {
                Some("it has its program built in")
            }
            (TargetKind::JsonEngine | TargetKind::Bmv2, Capability::FixedProgram) => {
                Some("it runs any program that is pushed")
            }
            (TargetKind::Bmv2, Capability::EndsOnSignal) => {
                Some("simple_switch_grpc handles no signals")
            }
            (TargetKind::Bmv2, Capability::EmptyFrames) => {
                Some("simple_switch_grpc ignores frames of no bytes")
            }
            _ => None,
        }
    }
}

/// A kind of target on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Platform<'a> {
    /// What runs programs.
    pub kind: TargetKind,
    /// The `dpr` command.
    pub dpr: &'a Path,
}

impl Platform<'_> {
    /// Why it cannot do something; nothing if it can.
    pub fn lacks(self, capability: Capability) -> Option<&'static str> {
        self.kind.lacks(capability)
    }
}

/// Where BMv2's `simple_switch_grpc` is: what `DPR_BMV2` says.
pub fn simple_switch_grpc() -> Option<PathBuf> {
    std::env::var_os(BMV2).map(PathBuf::from)
}
