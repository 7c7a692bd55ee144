//! The one device of a server: its pipeline with configuration, its clients, its CPU port.

use super::forwarding::Forwarding;
use super::sessions::Sessions;
use crate::controller_header::ControllerHeader;
use crate::port::memory::{MemoryReceiver, MemorySender};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::PacketIn;
use dpr_p4runtime::{election_id, v1};
use dpr_runtime::Pipeline;
use std::sync::Arc;
use tokio::sync::{RwLock, watch};
use tonic::Status;

/// What the RPCs share.
pub struct Device {
    pub id: u64,
    pub sessions: Sessions,
    /// Held for writing during a Write or a change of configuration, for reading during a Read.
    pub forwarding: Arc<RwLock<Forwarding>>,
    /// Towards the pipeline, as if from the CPU port.
    pub packet_out: Option<MemorySender>,
    pub packet_out_header: ControllerHeader,
    packet_in_header: ControllerHeader,
    /// Changes when all streams are to end.
    pub generation: watch::Sender<u64>,
}

impl Device {
    pub fn new(
        id: u64,
        pipeline: Arc<dyn Pipeline>,
        p4info: P4Info,
        packet_out: Option<MemorySender>,
    ) -> Self {
        let packet_out_header = ControllerHeader::of(&p4info, "packet_out");
        let packet_in_header = ControllerHeader::of(&p4info, "packet_in");
        let forwarding = Forwarding::new(pipeline, Arc::new(p4info));
        Device {
            id,
            sessions: Sessions::new(id),
            forwarding: Arc::new(RwLock::new(forwarding)),
            packet_out,
            packet_out_header,
            packet_in_header,
            generation: watch::Sender::new(0),
        }
    }

    /// Whether this is the device.
    pub fn check_id(&self, given: u64) -> Result<(), Status> {
        if given == self.id {
            return Ok(());
        }
        let known = self.id;
        Err(Status::not_found(format!(
            "this server has device {known}, not {given}"
        )))
    }

    /// Whether the client that says so is the primary of its role.
    pub fn check_primary(&self, role: &str, id: Option<&v1::Uint128>) -> Result<(), Status> {
        self.sessions
            .check_primary(role, id.map(election_id))
            .map_err(|denial| Status::new(denial.code(), denial.to_string()))
    }

    /// As after a start: no entries, no configuration, no clients, no election id.
    pub async fn restart(&self) {
        let mut forwarding = self.forwarding.write().await;
        self.sessions.reset();
        self.end_streams();
        forwarding.reset();
    }

    /// Ends all streams with `UNAVAILABLE`.
    pub fn end_streams(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Hands packets to the primaries until the CPU port is gone.
    pub async fn packets_in(&self, mut receiver: MemoryReceiver) {
        while let Some(frame) = receiver.receive().await {
            let Some((metadata, payload)) = self.packet_in_header.split(frame.bytes()) else {
                tracing::debug!(length = frame.len(), "a packet-in shorter than its header");
                continue;
            };
            let packet = PacketIn {
                payload: payload.to_vec(),
                metadata,
            };
            if !self.sessions.packet_in(&packet) {
                tracing::debug!("a packet-in that nobody takes");
            }
        }
    }
}
