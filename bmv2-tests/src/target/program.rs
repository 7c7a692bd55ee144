use dpr_p4::{front_router, host_stage};
use dpr_runtime::ProgramInfo;

/// A program as a target of some kind takes it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What the control plane knows of it.
    pub info: &'static ProgramInfo,
    /// `p4_device_config`: the digest of a program that is built in, or BMv2's JSON.
    pub device_config: &'static [u8],
}

impl Program {
    /// One of ours that is built into `dpr`.
    pub fn built_in(info: &'static ProgramInfo) -> Self {
        Program {
            info,
            device_config: &info.digest,
        }
    }

    /// One of ours, compiled for BMv2.
    pub fn json(info: &'static ProgramInfo) -> Self {
        let programs = [
            (&host_stage::PROGRAM, host_stage::BMV2_JSON),
            (&front_router::PROGRAM, front_router::BMV2_JSON),
        ];
        let found = programs.iter().find(|(other, _)| other.name == info.name);
        let (_, json) = found.unwrap_or_else(|| panic!("{} is not compiled", info.name));
        Program {
            info,
            device_config: json.as_bytes(),
        }
    }
}
