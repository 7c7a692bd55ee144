//! The fault `no-recent`: stages that do not remember the SYNs that they deliver.

use dpr_p4::host_stage::recent;
use dpr_runtime::{Entity, Operation, Pipeline, Update, hash};

use super::net::Segment;

/// Empties the slot of `recent` that a packet may have written.
pub struct Forgetful;

impl Forgetful {
    /// To be called after each packet that a stage let through.
    pub fn after(&self, stage: &dyn Pipeline, frame: &[u8]) {
        let Some(segment) = Segment::parse(frame).filter(Segment::opens) else {
            return;
        };
        let mut tuple = Vec::with_capacity(13);
        tuple.extend_from_slice(&segment.src.0.octets());
        tuple.extend_from_slice(&segment.dst.0.octets());
        tuple.push(6);
        tuple.extend_from_slice(&segment.src.1.to_be_bytes());
        tuple.extend_from_slice(&segment.dst.1.to_be_bytes());
        let index = u64::from(hash::crc32(&tuple) >> 15);
        let entity = Entity::Register {
            register: recent::ID,
            index,
            value: dpr_runtime::Integer::ZERO,
        };
        if let Err(error) = stage.write(&Update {
            operation: Operation::Modify,
            entity,
        }) {
            tracing::error!(%error, "cannot empty a slot of `recent`");
        }
    }
}
