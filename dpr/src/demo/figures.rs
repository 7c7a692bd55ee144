//! Reads the packet counters of the pipelines.

use dpr_p4::{front_router, host_stage};
use dpr_runtime::{Entity, Pipeline, Query};

use super::topology::{Topology, TopologyKind};

/// The outcomes of packets that a stage gives to its host because a service says so.
const SERVED: [host_stage::Outcome; 5] = [
    host_stage::Outcome::ServedFinal,
    host_stage::Outcome::ServedByState,
    host_stage::Outcome::ServedByChain,
    host_stage::Outcome::ServedAsOwner,
    host_stage::Outcome::ServedAsFirst,
];

/// The outcomes of packets that a stage sends to another host's.
const REROUTED: [host_stage::Outcome; 6] = [
    host_stage::Outcome::ReroutedByState,
    host_stage::Outcome::ReroutedByChain,
    host_stage::Outcome::ReroutedToOwner,
    host_stage::Outcome::ReroutedToPrevious,
    host_stage::Outcome::ReroutedAsFirst,
    host_stage::Outcome::Forwarded,
];

/// Packets that a stage gave to its host: of services, or where clients speak to the hosts themselves all of the hosts' own.
pub fn served(stage: &dyn Pipeline, topology: Topology) -> u64 {
    let outcomes: &[host_stage::Outcome] = match topology.kind {
        TopologyKind::L3 => &[host_stage::Outcome::OwnTraffic],
        _ => &SERVED,
    };
    outcomes
        .iter()
        .map(|outcome| packets(stage, host_stage::outcomes::ID, *outcome as u64))
        .sum()
}

/// Packets that a stage sent to another host's.
pub fn rerouted(stage: &dyn Pipeline) -> u64 {
    REROUTED
        .iter()
        .map(|outcome| packets(stage, host_stage::outcomes::ID, *outcome as u64))
        .sum()
}

/// Packets that the front router sprayed over the hosts.
pub fn sprayed(router: &dyn Pipeline) -> u64 {
    packets(
        router,
        front_router::outcomes::ID,
        front_router::Outcome::Sprayed as u64,
    )
}

/// Entries of flow state that a stage holds.
pub fn flow_entries(stage: &dyn Pipeline) -> u64 {
    let mut entries = 0;
    dpr_p4::read_flow_state(stage, &mut |_| entries += 1);
    entries
}

fn packets(pipeline: &dyn Pipeline, counter: u32, index: u64) -> u64 {
    let mut packets = 0;
    pipeline.read(
        &Query::Counters {
            counter: Some(counter),
            index: Some(index),
        },
        &mut |entity| {
            if let Entity::Counter { value, .. } = entity {
                packets += value.packets;
            }
        },
    );
    packets
}
