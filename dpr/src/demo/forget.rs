//! The fault `no-recent`: stages that do not remember the SYNs that they deliver.

use dpr_controller::core::{FlowKey, hash_five_tuple};
use dpr_p4::{
    address,
    host_stage::{PROTOCOL_TCP, recent},
};
use dpr_runtime::{Entity, Operation, Pipeline, Update};

use super::net::Segment;

/// Empties the slot of `recent` that a packet may have written.
pub struct Forgetful;

impl Forgetful {
    /// To be called after each packet that a stage let through.
    pub fn after(&self, stage: &dyn Pipeline, frame: &[u8]) {
        let Some(segment) = Segment::parse(frame).filter(Segment::opens) else {
            return;
        };
        let flow = FlowKey {
            src: address::to_bits(segment.src.0),
            dst: address::to_bits(segment.dst.0),
            protocol: PROTOCOL_TCP,
            src_port: segment.src.1,
            dst_port: segment.dst.1,
        };
        let index = u64::from(hash_five_tuple(&flow) >> 15);
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
