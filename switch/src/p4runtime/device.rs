//! The one device of a server: its pipeline with configuration, its clients, its CPU port.

use super::forwarding::{Forwarding, Loading};
use super::sessions::Sessions;
use crate::controller_header::ControllerHeader;
use crate::port::memory::{MemoryReceiver, MemorySender};
use arc_swap::ArcSwap;
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::PacketIn;
use dpr_p4runtime::{election_id, v1};
use dpr_runtime::Pipeline;
use std::sync::Arc;
use tokio::sync::{RwLock, watch};
use tonic::Status;

/// The headers of packets to and from the controller.
struct Headers {
    packet_out: ControllerHeader,
    packet_in: ControllerHeader,
}

impl Headers {
    fn of(p4info: &P4Info) -> Self {
        Headers {
            packet_out: ControllerHeader::of(p4info, "packet_out"),
            packet_in: ControllerHeader::of(p4info, "packet_in"),
        }
    }
}

/// What the RPCs share.
pub struct Device {
    pub id: u64,
    pub sessions: Sessions,
    /// Held for writing during a Write or a change of configuration, for reading during a Read.
    pub forwarding: Arc<RwLock<Forwarding>>,
    /// Towards the pipeline, as if from the CPU port.
    pub packet_out: Option<MemorySender>,
    headers: ArcSwap<Headers>,
    /// Changes when all streams are to end.
    pub generation: watch::Sender<u64>,
}

impl Device {
    pub fn new(
        id: u64,
        pipeline: Arc<dyn Pipeline>,
        p4info: P4Info,
        packet_out: Option<MemorySender>,
        loading: Option<Loading>,
    ) -> Self {
        let headers = ArcSwap::from_pointee(Headers::of(&p4info));
        let forwarding = Forwarding::new(pipeline, Arc::new(p4info));
        let forwarding = match loading {
            Some(loading) => forwarding.loading(loading),
            None => forwarding,
        };
        Device {
            id,
            sessions: Sessions::new(id),
            forwarding: Arc::new(RwLock::new(forwarding)),
            packet_out,
            headers,
            generation: watch::Sender::new(0),
        }
    }

    /// The header of packets from the controller, as the program has it.
    pub fn packet_out_header(&self) -> ControllerHeader {
        self.headers.load().packet_out.clone()
    }

    /// Reads the controller's headers from another program's P4Info.
    pub fn set_headers(&self, p4info: &P4Info) {
        self.headers.store(Arc::new(Headers::of(p4info)));
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
            let Some((metadata, payload)) = self.headers.load().packet_in.split(frame.bytes())
            else {
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
