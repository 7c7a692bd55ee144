//! The header of the probes that shims send through each other's stages. It is born here and included by `host_stage.p4`.

use dpr_codegen_macros::P4Header;

/// Marks an echo request's payload as a probe.
pub const PROBE_MAGIC: u32 = 0x6470_7270;

/// What an ICMP echo request carries when it is a probe: sent by a shim to another host's own address through that host's
/// stage, answered by the host's own network stack.
#[derive(P4Header, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// [`PROBE_MAGIC`].
    pub magic: u32,
    /// The host whose shim sent it.
    pub prober: u16,
    /// The host that it is for.
    pub target: u16,
    /// Counts the probes of one prober to one target.
    pub sequence: u32,
}
