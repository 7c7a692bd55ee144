//! The packet pipelines of dpr, and the types that their control planes use: generated from the P4 programs beside this crate's
//! manifest each time it is built.

use dpr_runtime::{Entity, EntryFilter, Pipeline, Query, TableEntry};

pub mod address;
pub mod by_hand;
pub mod probe;

/// `host_stage.p4`: serves a packet at its own host or reroutes it to the host that should.
pub mod host_stage {
    include!(concat!(env!("OUT_DIR"), "/host_stage.rs"));

    /// The same program for BMv2, and for whatever else runs its JSON.
    pub const BMV2_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/host_stage.json"));
}

/// `front_router.p4`: sprays packets over the hosts' stages and routes the rest.
pub mod front_router {
    include!(concat!(env!("OUT_DIR"), "/front_router.rs"));

    /// The same program for BMv2, and for whatever else runs its JSON.
    pub const BMV2_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/front_router.json"));
}

/// Shows the entries of a host stage's flow state, which is in a table for each family.
pub fn read_flow_state(stage: &dyn Pipeline, visit: &mut dyn FnMut(TableEntry)) {
    for table in [host_stage::flow_state::ID, host_stage::flow_state6::ID] {
        let query = Query::Tables {
            table: Some(table),
            filter: EntryFilter::All,
        };
        stage.read(&query, &mut |entity| {
            if let Entity::Table(entry) = entity {
                visit(entry);
            }
        });
    }
}

/// Who a stage is in one LAN of IPv4, where the host has the published addresses and nobody is told of packets that are dropped.
pub fn on_one_lan(
    host: u16,
    host_mac: u64,
    stage_mac: u64,
    address: u32,
) -> host_stage::identity::Action {
    host_stage::identity::Action::Be {
        host,
        host_mac,
        stage_mac,
        gateway_mac: 0,
        address,
        address6: 0,
        nat_address: 0,
        nat_address6: 0,
    }
}

/// What a stage does with packets to a service whose buckets are on a map: `mask` is the map's number of buckets (a power of two)
/// less one.
pub const fn in_map(
    map_id: u16,
    mask: u16,
    affinity: host_stage::Affinity,
) -> host_stage::services::Action {
    host_stage::services::Action::InMap {
        map_id,
        mask,
        affinity: affinity as u8,
        by_class: 0,
    }
}
